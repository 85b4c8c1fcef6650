"""Where a mask is applied before the classifier is asked again: to the sound, or to the spectrogram that it sees.

Published measures are taken on the masked spectrogram. What a listener hears is the masked sound, and a spectrogram
made from that sound again is another one (frames overlap, edges are faded, phases no longer fit). So every measure is
taken in both, and the gap between them is reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.components.component import Component, Components
from earmark.components.lyrics import SoundAndText
from earmark.errors import CapabilityError
from earmark.explain.game import Floats, Watch
from earmark.explain.paired import pair
from earmark.explain.play import probabilities
from earmark.features.mfcc import Mfcc
from earmark.features.scaling import Scaling
from earmark.listen.cells import Cells
from earmark.listen.spectral import MaskedSpectrogram, masked_waveforms
from earmark.models.classifier import Classifier, Differentiable, FrontEnd, Patchwise
from earmark.models.device import device_of
from earmark.models.scores import checked_scores

Render = Callable[[Floats], torch.Tensor]


@dataclass(eq=False)
class Domain:
    """Scores of masked versions of one clip; each mask is asked once.

    Masks are of what the classifier hears. One that takes whole slices only does not hear the end of most clips: were
    the components or frames there counted, a mask that wastes nothing on them would beat random ones for that alone.

    Parameters
    ----------
    name : "audio" or "spectrogram".
    full : what there is: components ``(n,)``, or a map ``(bins, frames)``.
    heard : which of the components, or of the frames, the classifier hears; ascending.
    ask : masks ``(B, *full)`` in [0, 1] → probabilities ``(B, K)``.
    labels : K.
    batch_size : masks per call.
    watch : progress and cancellation.
    """

    name: str
    full: tuple[int, ...]
    heard: NDArray[np.intp]
    ask: Callable[[Floats], torch.Tensor]
    labels: int
    where: str
    batch_size: int = 16
    watch: Watch = field(default_factory=Watch)
    _known: dict[bytes, Floats] = field(default_factory=dict, init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a mask: components ``(n,)``, or a map ``(bins, frames)``, of which only what is heard is counted."""
        return (*self.full[:-1], len(self.heard))

    @property
    def evaluations(self) -> int:
        """Distinct masks that were scored."""
        return len(self._known)

    def scores(self, masks: Floats) -> Floats:
        """Probabilities ``(B, K)``; masks that were asked before cost nothing.

        Raises
        ------
        ScoresError
            If the classifier gives no probabilities.
        CancelledError
            If the watch says so.
        """
        masks = np.asarray(masks, dtype=np.float64)
        keys = [hashlib.sha1(mask.tobytes(), usedforsecurity=False).digest() for mask in masks]
        new = [i for i, key in enumerate(keys) if key not in self._known and key not in keys[:i]]
        for first in range(0, len(new), self.batch_size):
            rows = new[first : first + self.batch_size]
            self.watch.before_batch()
            with torch.inference_mode():
                answer = self.ask(self.whole(masks[rows])).double().cpu().numpy()
            checked = checked_scores(answer, len(rows), self.labels, where=self.where)
            self._known.update(zip([keys[i] for i in rows], checked, strict=True))
            self.watch.after_batch(len(rows))
        return np.stack([self._known[key] for key in keys])

    def whole(self, masks: Floats) -> Floats:
        """Masks ``(B, *shape)`` of what is heard → ``(B, *full)``: the rest goes with what is heard before it."""
        if len(self.heard) == self.full[-1]:
            return masks
        before = np.searchsorted(self.heard, np.arange(self.full[-1]), side="right") - 1
        return masks[..., np.maximum(before, 0)]

    def of_class(self, row: int) -> Callable[[Floats], Floats]:
        """Masks → the score of one class, ``(B,)``."""

        def score(masks: Floats) -> Floats:
            column: Floats = self.scores(masks)[:, row]
            return column

        return score


def component_domains(
    components: Components, classifier: Classifier, *, batch_size: int = 16, watch: Watch | None = None
) -> tuple[tuple[Domain, ...], str]:
    """The domains of masks of components, the audio first, and why there is no spectrogram where there is none.

    Parameters
    ----------
    components : of the clip as the classifier takes it.
    classifier : who is asked.
    batch_size : masks per call.
    watch : progress and cancellation.
    """
    device = device_of(classifier)
    watch = watch if watch is not None else Watch()
    k, heard_parts = len(classifier.labels), heard_components(components, classifier)
    if isinstance(components, SoundAndText):
        asked = _with_lyrics(classifier, components)
        joint = Domain("audio", (components.n,), heard_parts, asked, k, classifier.name, batch_size, watch)
        return (joint,), "words are no region of a spectrogram"

    def heard(masks: Floats) -> torch.Tensor:
        return classifier.scores(components.render(masks).to(device))

    audio = Domain("audio", (components.n,), heard_parts, heard, k, classifier.name, batch_size, watch)
    if not isinstance(classifier, Differentiable):
        return (audio,), f"{classifier.name} does not show the spectrogram that it sees"
    waveform = waveform_of(components.clip, classifier)
    why = _unscaled(classifier)
    if why:
        return (audio,), why
    # Cepstral coefficients have no frequencies: masks are of the mel bands that they are made of.
    front_end = classifier.front_end.mel if isinstance(classifier.front_end, Mfcc) else classifier.front_end
    cells, why = cell_owners(components.table, front_end, _spectrogram_shape(front_end, waveform))
    if cells is None:
        return (audio,), why
    see = _seen(classifier, waveform)

    def seen(masks: Floats) -> torch.Tensor:
        # One column more for cells that belong to no component and stay as they are.
        padded = np.concatenate([masks, np.ones((len(masks), 1))], axis=1)
        return see(padded[:, cells])

    return (audio, replace(audio, name="spectrogram", ask=seen)), ""


def _with_lyrics(classifier: Classifier, components: SoundAndText) -> Render:
    asked = pair(classifier, components)

    def ask(masks: Floats) -> torch.Tensor:
        on = masks > 0.5
        if not np.array_equal(on, masks):
            raise CapabilityError(
                "a word is on or off, and this mask keeps some by parts",
                remedy="Choose a mask of zeros and ones, such as binary or top_30",
                where="mask",
            )
        return asked(on)

    return ask


def map_domains(
    clip: Clip, classifier: Classifier, *, batch_size: int = 16, watch: Watch | None = None
) -> tuple[tuple[Domain, ...], str]:
    """The domains of masks ``(bins, frames)`` of the classifier's spectrogram, as ``component_domains`` gives them.

    Parameters
    ----------
    clip : as the classifier takes it (its rate and channels).
    classifier : who is asked.
    batch_size : masks per call.
    watch : progress and cancellation.

    Raises
    ------
    CapabilityError
        If the classifier does not show its spectrogram.
    """
    if not isinstance(classifier, Differentiable):
        raise CapabilityError(
            "does not show the spectrogram that it sees, so no map of it can be measured",
            remedy="Measure an explanation by components",
            where=classifier.name,
        )
    watch = watch if watch is not None else Watch()
    waveform = waveform_of(clip, classifier)
    shape = _spectrogram_shape(classifier.front_end, waveform)
    front_end = classifier.front_end

    def heard(masks: Floats) -> torch.Tensor:
        return classifier.scores(masked_waveforms(clip, front_end, masks).to(waveform.device))

    k = len(classifier.labels)
    frames = heard_frames(classifier, clip.samples, shape[1])
    audio = Domain("audio", shape, frames, heard, k, classifier.name, batch_size, watch)
    why = _unscaled(classifier)
    if why:
        return (audio,), why
    return (audio, replace(audio, name="spectrogram", ask=_seen(classifier, waveform))), ""


def heard_frames(classifier: Classifier, samples: int, frames: int) -> NDArray[np.intp]:
    """Frames of the spectrogram that the classifier hears, ascending: all, unless it takes whole slices only.

    Parameters
    ----------
    classifier : who hears.
    samples : of the clip at its rate.
    frames : of the clip's spectrogram.
    """
    if not isinstance(classifier, Patchwise):
        return np.arange(frames)
    heard = np.zeros(frames, dtype=np.bool_)
    for patch in classifier.patches(samples):
        heard[patch.first_frame : patch.first_frame + patch.frames] = True
    return np.flatnonzero(heard)


def heard_components(components: Components, classifier: Classifier) -> NDArray[np.intp]:
    """Components of which the classifier hears anything, ascending: all, unless it takes whole slices only.

    Parameters
    ----------
    components : of the clip as the classifier takes it.
    classifier : who hears.
    """
    if not isinstance(classifier, Patchwise):
        return np.arange(components.n)
    rate = components.clip.sample_rate
    patches = classifier.patches(components.clip.samples)
    return np.unique(np.concatenate([components.overlapping(p.start / rate, p.stop / rate) for p in patches]))


def waveform_of(clip: Clip, classifier: Classifier) -> torch.Tensor:
    """A clip's waveform ``(channels, samples)`` where the classifier computes."""
    return torch.tensor(clip.waveform).to(device_of(classifier))


def spectrogram_of(classifier: Differentiable, waveform: torch.Tensor) -> Floats:
    """What the network sees of a waveform ``(channels, samples)``, ``(bins, frames)``."""
    with torch.inference_mode():
        values: Floats = classifier.front_end(waveform[None])[0].double().cpu().numpy()
    return values


def _seen(classifier: Differentiable, waveform: torch.Tensor) -> Render:
    sound = MaskedSpectrogram(classifier.front_end, waveform)

    def ask(masks: Floats) -> torch.Tensor:
        return _network_scores(classifier, sound.apply(masks), waveform.shape[-1])

    return ask


def _network_scores(classifier: Differentiable, seen: torch.Tensor, samples: int) -> torch.Tensor:
    activation = classifier.activation  # type: ignore[attr-defined]
    if not isinstance(classifier, Patchwise):
        return probabilities(activation, classifier.logits(seen))
    patches = classifier.patches(samples)
    parts = [
        probabilities(activation, classifier.logits(seen[:, :, p.first_frame : p.first_frame + p.frames]))
        for p in patches
    ]
    return torch.stack(parts).mean(dim=0)


def _unscaled(classifier: Differentiable) -> str:
    front_end = classifier.front_end
    if isinstance(front_end, Mfcc) or isinstance(getattr(front_end, "power_scaling", None), Scaling):
        return ""
    return f"{type(front_end).__name__} does not say how its numbers are made of powers"


def _spectrogram_shape(front_end: FrontEnd, waveform: torch.Tensor) -> tuple[int, int]:
    with torch.inference_mode():
        bins, frames = front_end(waveform[None]).shape[1:]
    return int(bins), int(frames)


def cell_owners(
    table: Sequence[Component], front_end: FrontEnd, shape: tuple[int, int]
) -> tuple[NDArray[np.intp] | None, str]:
    """Which component each cell of the spectrogram belongs to (n: to none), or why that cannot be said.

    Parameters
    ----------
    table : the n components.
    front_end : whose cells they are.
    shape : bins and frames.
    """
    grid = Cells.of(front_end)
    times: Floats = grid.first_s + grid.step_s * np.arange(shape[1], dtype=np.float64)
    owner = np.full(shape, len(table), dtype=np.intp)
    for number, part in enumerate(table):
        if part.stem or part.word or part.name or (part.start_s is None and part.low_hz is None):
            return None, f"{part.label or 'a component'} is no region of the spectrogram"
        rows = _between(front_end.bin_hz, part.low_hz, part.high_hz)
        inside = rows[:, np.newaxis] & _between(times, part.start_s, part.end_s)
        if (owner[inside] < len(table)).any():
            return None, "the components overlap in the spectrogram"
        owner[inside] = number
    # The last frame is centred on the very end, which no span holds any more.
    for frame in range(1, shape[1]):
        if (owner[:, frame] == len(table)).all():
            owner[:, frame] = owner[:, frame - 1]
    return owner, ""


def _between(centres: NDArray[np.float64], low: float | None, high: float | None) -> NDArray[np.bool_]:
    inside = np.ones(len(centres), dtype=np.bool_)
    if low is not None:
        inside &= centres >= low
    if high is not None:
        inside &= centres < high
    return inside
