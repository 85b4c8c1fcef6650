"""From masks straight to the network's spectrogram, without a Fourier transform per mask.

The STFT is linear. A frame that lies within one segment depends only on which of the J layers are on there: 2ᴶ columns,
computed once and looked up. A frame that straddles a cut depends on the layers of both segments: the spectra of the
faded parts are computed once and mixed. Both are exact to rounding.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.components.layered import Layered
from earmark.components.mask import checked_masks
from earmark.features.linear import LinearFrontEnd

# A table holds 2ᵖ columns for each of its frames: 64 for six layers over 30 s, 50 MB of 96 bands. Larger ones take
# longer to make than the masks of a usual run to mix.
_TABLE_COLUMNS = 1 << 17
_ROWS_AT_ONCE = 16


@dataclass(frozen=True)
class _Run:
    """Frames ``start`` to ``stop`` that hear the same segments, and the components that matter there."""

    start: int
    stop: int
    players: NDArray[np.intp]
    parts: Tensor  # spectra (players, bins, frames) of each one's contribution, complex
    off: Tensor | None  # spectrum (bins, frames) of what is there when all are off


class SpectralRenderer:
    """Spectrograms of masks for layered components and a front end that is an STFT and a function of it.

    Parameters
    ----------
    components : the clip, cut, mono at the front end's rate.
    front_end : waveform → spectrogram, split into its linear and its other half.
    """

    def __init__(self, components: Layered, front_end: LinearFrontEnd) -> None:
        self._components = components
        self._front_end = front_end
        self._tables: dict[int, Tensor] = {}
        self._mixed: Counter[int] = Counter()
        with torch.inference_mode():
            self._runs = _runs(components, front_end)

    @property
    def frames(self) -> int:
        """Frames of the whole clip."""
        return self._runs[-1].stop

    def render(self, masks: NDArray[np.bool_], start: int = 0, stop: int | None = None) -> Tensor:
        """Spectrograms ``(B, bins, stop - start)`` of boolean masks ``(B, n)``, frames ``start`` to ``stop``."""
        masks = checked_masks(masks, self._components.n).astype(np.bool_)
        stop = self.frames if stop is None else stop
        pieces = []
        for index, run in enumerate(self._runs):
            low, high = max(start, run.start), min(stop, run.stop)
            if low < high:
                pieces.append(self._piece(index, run, masks)[:, :, low - run.start : high - run.start])
        return torch.cat(pieces, dim=2)

    def _piece(self, index: int, run: _Run, masks: NDArray[np.bool_]) -> Tensor:
        gains = masks[:, run.players]
        if len(run.players) > 16 or (run.stop - run.start) << len(run.players) > _TABLE_COLUMNS:
            return self._mix(run, gains)
        if index not in self._tables:
            # A table has to earn its making: until as many rows were mixed as it would have, mixing was cheaper.
            self._mixed[index] += len(gains)
            if self._mixed[index] < 1 << len(run.players):
                return self._mix(run, gains)
            subsets = np.arange(1 << len(run.players))
            every = (subsets[:, np.newaxis] >> np.arange(len(run.players))) & 1
            rows = every.astype(np.bool_)
            chunks = [self._mix(run, rows[i : i + _ROWS_AT_ONCE]) for i in range(0, len(rows), _ROWS_AT_ONCE)]
            self._tables[index] = torch.cat(chunks)
        columns = gains @ (1 << np.arange(len(run.players)))
        return self._tables[index].index_select(0, torch.from_numpy(columns).to(run.parts.device))

    def _mix(self, run: _Run, gains: NDArray[np.bool_]) -> Tensor:
        parts = torch.view_as_real(run.parts).flatten(1)
        weights = torch.from_numpy(gains.astype(np.float32)).to(parts.device)
        mixed = (weights @ parts).reshape(len(gains), *run.parts.shape[1:], 2)
        spectrum = torch.view_as_complex(mixed)
        return self._front_end.from_spectrum(spectrum if run.off is None else spectrum + run.off)


def _runs(components: Layered, front_end: LinearFrontEnd) -> list[_Run]:
    fades, layers, off = components.fades, components.layers, components.off
    samples, segments = components.clip.samples, fades.segments
    first, last = _segments_heard(components, front_end)
    colours = int((last - first).max()) + 1
    # Segments of one colour are never heard in one frame, so one transform a layer and colour serves them all.
    envelopes = torch.zeros(colours, samples)
    for stretch in fades.stretches(0, samples):
        span = slice(stretch.start, stretch.stop)
        if stretch.rise is None:
            envelopes[stretch.segment % colours, span] = 1.0
            continue
        rise = torch.from_numpy(stretch.rise)
        envelopes[stretch.segment % colours, span] = 1.0 - rise
        envelopes[(stretch.segment + 1) % colours, span] = rise
    envelopes = envelopes.to(layers.device)
    spectra = [front_end.spectrum(layers * envelope) for envelope in envelopes]
    silence = None if off is None else front_end.spectrum(off[None])[0]
    runs = []
    heard = [(int(a), int(b)) for a, b in zip(first, last, strict=True)]
    frame = 0
    for (low, high), group in groupby(heard):
        length = len(list(group))
        span = slice(frame, frame + length)
        players = [layer * segments + s for s in range(low, high + 1) for layer in range(len(layers))]
        parts = torch.cat([spectra[s % colours][:, :, span] for s in range(low, high + 1)])
        runs.append(
            _Run(
                frame,
                frame + length,
                np.array(players, dtype=np.intp),
                parts.contiguous(),
                None if silence is None else silence[:, span],
            )
        )
        frame += length
    return runs


def _segments_heard(components: Layered, front_end: LinearFrontEnd) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last segment that each frame's window reaches, fades included."""
    samples = components.clip.samples
    frames = 1 + samples // front_end.hop_length
    centres = np.arange(frames) * front_end.hop_length
    half = front_end.n_fft // 2
    # One sample more on both sides: reflection at the ends of the clip reads one beyond the window.
    low = np.maximum(centres - half - 1, 0)
    high = np.minimum(centres + half, samples - 1)
    cuts = np.array(components.fades.edges[1:-1])
    first = np.searchsorted(cuts + components.fades.half, low, side="right")
    last = np.searchsorted(cuts - components.fades.half, high, side="right")
    return first, last
