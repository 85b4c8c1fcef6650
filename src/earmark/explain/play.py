"""Turns a classifier and a cut clip into a game."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.components.component import Components
from earmark.components.cut_clip import CutClip
from earmark.components.joint import Joined
from earmark.components.layered import Layered
from earmark.components.lyrics import SoundAndText
from earmark.components.memory import Memory
from earmark.components.refined import RefinedCut
from earmark.components.spectral import SpectralRenderer
from earmark.errors import ScoresError
from earmark.explain.game import Bools, CachedGame, Floats, Part, SumGame, Watch
from earmark.explain.paired import pair
from earmark.features.linear import LinearFrontEnd
from earmark.models.classifier import Activation, Classifier, Differentiable, Patch, Patchwise
from earmark.models.device import device_of


def play(
    classifier: Classifier,
    components: Components,
    *,
    batch_size: int = 16,
    strict: bool = False,
    watch: Watch | None = None,
) -> CachedGame | SumGame:
    """The game of a clip's components: a sum over patches where the classifier is ``Patchwise``.

    Parameters
    ----------
    classifier : what is asked.
    components : the clip, cut, at the classifier's rate and channels.
    batch_size : rows per call of the classifier.
    strict : a patch reads up to half a frame beyond the seconds it stands for. By default only components that overlap
        those seconds are its players (the others stay on); strict takes in every component that it reads from at all.
    watch : progress and cancellation.
    """
    watch = watch if watch is not None else Watch()
    if isinstance(components, SoundAndText):
        return _with_lyrics(classifier, components, batch_size, watch)
    ask = _spectral(classifier, components) or _waveform(classifier, components)
    outputs = len(classifier.labels)
    if not isinstance(classifier, Patchwise):

        def whole(masks: Bools) -> Floats:
            with torch.inference_mode():
                return _scores(classifier, ask(masks, None))

        return CachedGame(components.n, outputs, whole, batch_size=batch_size, watch=watch, what=classifier.name)
    patches = classifier.patches(components.clip.samples)
    parts = []
    for patch in patches:
        players = _players(components, patch, strict)

        def part(masks: Bools, patch: Patch = patch, players: NDArray[np.intp] = players) -> Floats:
            every: Bools = np.ones((len(masks), components.n), dtype=np.bool_)
            every[:, players] = masks
            with torch.inference_mode():
                return _scores(classifier, ask(every, patch))

        game = CachedGame(len(players), outputs, part, batch_size=batch_size, watch=watch, what=classifier.name)
        parts.append(Part(game, players, 1.0 / len(patches)))
    return SumGame(components.n, outputs, parts, watch=watch)


def _with_lyrics(classifier: Classifier, components: SoundAndText, batch_size: int, watch: Watch) -> CachedGame:
    asked = pair(classifier, components)

    def whole(masks: Bools) -> Floats:
        with torch.inference_mode():
            return _scores(classifier, asked(masks))

    return CachedGame(
        components.n,
        len(classifier.labels),
        whole,
        batch_size=batch_size,
        watch=watch,
        what=classifier.name,
        # One that takes sound and words at once has no halves to be remembered.
        blocks=components.blocks if asked.audio or asked.text else (),
    )


def _players(components: Components, patch: Patch, strict: bool) -> NDArray[np.intp]:
    if not strict:
        return components.overlapping(patch.start_s, patch.end_s)
    rate = components.clip.sample_rate
    return components.overlapping(patch.start / rate, patch.stop / rate)


# Masks (B, n) of all components, and the patch that is asked for (None: the whole clip) → scores (B, K).
_Ask = Callable[[Bools, Patch | None], torch.Tensor]


def _waveform(classifier: Classifier, components: Components) -> _Ask:
    """Render every mask as sound and let the classifier listen: right for any classifier."""
    device = device_of(classifier)
    # What can be mixed where the classifier computes, is: then masks are all that travels.
    cut = components.to(device) if isinstance(components, Layered) else components
    memory = Memory()

    def ask(masks: Bools, patch: Patch | None) -> torch.Tensor:
        span = (0, None) if patch is None else (patch.start, patch.stop)
        rows = cut.render(masks, *span, memory=memory) if isinstance(cut, CutClip) else cut.render(masks, *span)
        if patch is None or not isinstance(classifier, Patchwise):
            return classifier.scores(rows.to(device))
        return classifier.patch_scores(rows.to(device), patch)

    return ask


def _spectral(classifier: Classifier, components: Components) -> _Ask | None:
    """Mix spectra instead of sound where front end and components allow it; None where they do not."""
    if not (
        isinstance(classifier, Differentiable)
        and isinstance(classifier.front_end, LinearFrontEnd)
        and isinstance(components, Layered | Joined | RefinedCut)
        and components.clip.channels == 1
    ):
        return None
    network, front_end = classifier, classifier.front_end
    # Components made of cells of layers × segments: their masks say what becomes of each cell.
    cut = None if isinstance(components, Layered) else components
    layered = components if isinstance(components, Layered) else components.cells
    renderer = SpectralRenderer(layered.to(device_of(classifier)), front_end)

    def ask(masks: Bools, patch: Patch | None) -> torch.Tensor:
        span = (0, None) if patch is None else (patch.first_frame, patch.first_frame + patch.frames)
        cells = masks if cut is None else cut.cell_masks(torch.from_numpy(masks)).numpy().astype(np.bool_)
        return probabilities(classifier.activation, network.logits(renderer.render(cells, *span)))

    return ask


def probabilities(activation: Activation, logits: torch.Tensor) -> torch.Tensor:
    """Softmax over the labels, or a sigmoid for each."""
    return logits.softmax(dim=1) if activation == "softmax" else logits.sigmoid()


def _scores(classifier: Classifier, answer: torch.Tensor) -> Floats:
    scores: Floats = answer.double().cpu().numpy()
    outside = (scores < -1e-6) | (scores > 1 + 1e-6)
    if outside.any():
        worst = float(scores[outside].flat[0])
        raise ScoresError(
            f"a score of {worst:.6g} is no probability",
            remedy="Return probabilities in [0, 1]: put a softmax or sigmoid behind the model",
            where=classifier.name,
        )
    return scores
