"""Turns a classifier and a cut clip into a game."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.components.component import Components
from earmark.errors import ScoresError
from earmark.explain.game import Bools, CachedGame, Floats, Part, SumGame, Watch
from earmark.models.classifier import Classifier, Patch, Patchwise


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
    if not isinstance(classifier, Patchwise):

        def whole(masks: Bools) -> Floats:
            return _scores(classifier, lambda: classifier.scores(components.render(masks)))

        return CachedGame(
            components.n, len(classifier.labels), whole, batch_size=batch_size, watch=watch, what=classifier.name
        )
    patches = classifier.patches(components.clip.samples)
    parts = []
    for patch in patches:
        players = _players(components, patch, strict)
        game = CachedGame(
            len(players),
            len(classifier.labels),
            _patch_evaluator(classifier, components, patch, players),
            batch_size=batch_size,
            watch=watch,
            what=classifier.name,
        )
        parts.append(Part(game, players, 1.0 / len(patches)))
    return SumGame(components.n, len(classifier.labels), parts, watch=watch)


def _players(components: Components, patch: Patch, strict: bool) -> NDArray[np.intp]:
    if not strict:
        return components.overlapping(patch.start_s, patch.end_s)
    rate = components.clip.sample_rate
    return components.overlapping(patch.start / rate, patch.stop / rate)


def _patch_evaluator(
    classifier: Classifier, components: Components, patch: Patch, players: NDArray[np.intp]
) -> Callable[[Bools], Floats]:
    def evaluate(masks: Bools) -> Floats:
        every: Bools = np.ones((len(masks), components.n), dtype=np.bool_)
        every[:, players] = masks
        if not isinstance(classifier, Patchwise):  # pragma: no cover - play() asks first
            raise TypeError("not patchwise")
        patchwise = classifier
        return _scores(
            classifier, lambda: patchwise.patch_scores(components.render(every, patch.start, patch.stop), patch)
        )

    return evaluate


def _scores(classifier: Classifier, ask: Callable[[], torch.Tensor]) -> Floats:
    with torch.inference_mode():
        scores: Floats = ask().double().cpu().numpy()
    outside = (scores < -1e-6) | (scores > 1 + 1e-6)
    if outside.any():
        worst = float(scores[outside].flat[0])
        raise ScoresError(
            f"a score of {worst:.6g} is no probability",
            remedy="Return probabilities in [0, 1]: put a softmax or sigmoid behind the model",
            where=classifier.name,
        )
    return scores
