"""Layers × time: the one representation behind time, bands, grid, stems and stems × time.

A clip is J layers ``(J, channels, samples)`` that sum to it, times T envelopes over time that sum to one. Component
``j * T + t`` is layer j during segment t. A mask turns into gains per layer and segment, so that rendering is a small
matrix product per steady stretch and per cross-fade; only the samples asked for are computed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.cut_clip import Cut, CutClip, mix_into
from earmark.components.fade import Fades, fades
from earmark.components.fill import fill_layers


class Layered(CutClip):
    """Components that are layers × segments of time.

    Parameters
    ----------
    how : complete settings (edges included) that make this cut again.
    clip : the clip that was cut.
    layers : J layers that sum to the clip, float32 ``(J, channels, samples)``.
    parts : what each layer is, J of them, without times.
    edges_s : edges of T segments in seconds, or None where the components last as long as the clip.
    fade_s : length of the cross-fade at each cut, in seconds.
    fill : registered name of what takes the place of what is off.
    seed : of the noise in the fill.
    notes : what had to be done to make the layers fit, in words.
    """

    def __init__(
        self,
        how: Cut,
        clip: Clip,
        layers: Tensor,
        parts: Sequence[Component],
        *,
        edges_s: Sequence[float] | None,
        fade_s: float = 0.0,
        fill: str = "silence",
        seed: int = 0,
        notes: Sequence[str] = (),
    ) -> None:
        self._fades = fades(edges_s if edges_s is not None else (0.0, clip.duration_s), fade_s, clip)
        fills = fill_layers(fill, layers, torch.from_numpy(clip.waveform.copy()), clip.sample_rate, seed)
        # off + mask × (on − off): one product serves every fill.
        self._differences = layers if fills is None else layers - fills
        self._off = None if fills is None else fills.sum(dim=0)
        super().__init__(
            how, clip, _cells(parts, edges_s), linear=fills is None, least_s=fade_s, seed=seed, notes=notes
        )
        self.edges_s = None if edges_s is None else tuple(edges_s)

    @property
    def fades(self) -> Fades:
        """The cuts in time, in samples."""
        return self._fades

    @property
    def layers(self) -> Tensor:
        """What each layer adds when it is on, ``(J, channels, samples)``: the layer, less its fill."""
        return self._differences

    @property
    def off(self) -> Tensor | None:
        """What sounds when everything is off, ``(channels, samples)``; None for silence."""
        return self._off

    @property
    def fade_s(self) -> float:
        """Length of the cross-fade at each cut, in seconds."""
        return self._least_s

    def recut(self, how: Cut, layers: Tensor, edges_s: Sequence[float] | None, fade_s: float) -> Layered:
        """The same sound as finer cells: layers that sum to ``self.layers``, other edges; ``off`` stays as it is."""
        parts = [Component()] * len(layers)
        other = Layered(how, self.clip, layers, parts, edges_s=edges_s, fade_s=fade_s, seed=self._seed)
        other._off = self._off
        other._linear = self._linear
        return other

    def to(self, device: str | torch.device) -> Layered:
        """The same components with their layers on another device; ``render`` answers there."""
        if self._original.device == torch.device(device):
            return self
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._differences = self._differences.to(device)
        other._original = self._original.to(device)
        other._off = None if self._off is None else self._off.to(device)
        return other

    def mix(self, masks: Tensor, start: int, stop: int, out: Tensor) -> None:
        """See ``CutClip.mix``."""
        gains = masks.reshape(len(masks), len(self._differences), self._fades.segments)
        if gains.shape[1] == 1 and out.device.type == "cpu":
            self._scale(gains[:, 0].numpy(), start, stop, out.numpy())
        else:
            self._add_up(gains, start, stop, out)
        if self._off is not None:
            out += self._off[:, start:stop]

    def _scale(self, gains: NDArray[np.float32], start: int, stop: int, out: NDArray[np.float32]) -> None:
        """One layer is only scaled: NumPy does that at the speed of memory, without waiting for threads each time."""
        steps = np.diff(gains, axis=1)
        stretches = self._fades.stretches(start, stop)
        for channel, sound in enumerate(self._differences[0].numpy()):
            # Matrices with a stride: NumPy is half as fast again as on three axes.
            rows = out[:, channel]
            for stretch, following in itertools.zip_longest(stretches, stretches[1:]):
                gain = gains[:, stretch.segment, np.newaxis]
                if stretch.rise is None:
                    # As far as the end of the cross-fade, to which the next segment is then added.
                    end = stretch.stop if following is None or following.rise is None else following.stop
                    np.multiply(gain, sound[stretch.start : end], out=rows[:, stretch.start - start : end - start])
                    continue
                piece = sound[stretch.start : stretch.stop]
                faded = rows[:, stretch.start - start : stretch.stop - start]
                if stretch is stretches[0]:
                    np.multiply(gain, piece, out=faded)
                faded += steps[:, stretch.segment, np.newaxis] * (piece * stretch.rise)

    def _add_up(self, gains: Tensor, start: int, stop: int, out: Tensor) -> None:
        for stretch in self._fades.stretches(start, stop):
            piece = self._differences[:, :, stretch.start : stretch.stop]
            sound = out[:, :, stretch.start - start : stretch.stop - start]
            if stretch.rise is None:
                mix_into(sound, gains[:, :, stretch.segment], piece)
                continue
            # The one after enters as the one before leaves; both at once, as one product over 2 J rows.
            rise = torch.from_numpy(stretch.rise).to(out.device)
            both = torch.cat((gains[:, :, stretch.segment], gains[:, :, stretch.segment + 1]), dim=1)
            mix_into(sound, both, torch.cat((piece * (1 - rise), piece * rise)))


def _cells(parts: Sequence[Component], edges_s: Sequence[float] | None) -> tuple[Component, ...]:
    if edges_s is None:
        return tuple(parts)
    spans = list(itertools.pairwise(edges_s))
    return tuple(replace(part, start_s=start, end_s=end) for part in parts for start, end in spans)
