"""Layers × time: the one representation behind time, bands, grid, stems and stems × time.

A clip is J layers ``(J, channels, samples)`` that sum to it, times T envelopes over time that sum to one. Component
``j * T + t`` is layer j during segment t. A mask turns into gains per layer and segment, so that rendering is a small
matrix product per steady stretch and two per cross-fade; only the samples asked for are computed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.edges import SAME_LENGTH_S
from earmark.components.fade import Fades, fades
from earmark.components.fill import fill_layers
from earmark.components.mask import checked_masks, checked_span
from earmark.errors import AudioError


class Cut(Protocol):
    """A kind of components whose settings are complete: ``build`` makes the same cut on any version of the sound."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip."""
        ...


class Layered:
    """Components that are layers × segments of time; see ``earmark.components.component.Components``.

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
        self._how = how
        self._clip = clip
        self._seed = seed
        self._fade_s = fade_s
        self._fades = fades(edges_s if edges_s is not None else (0.0, clip.duration_s), fade_s, clip)
        self._original = torch.from_numpy(clip.waveform.copy())
        fills = fill_layers(fill, layers, self._original, clip.sample_rate, seed)
        # off + mask × (on − off): one product serves every fill.
        self._differences = layers if fills is None else layers - fills
        self._off = None if fills is None else fills.sum(dim=0)
        self._table = _table(parts, edges_s)
        self.notes = tuple(notes)

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self._table)

    @property
    def table(self) -> tuple[Component, ...]:
        """What each one is: layer by layer, in time order within a layer."""
        return self._table

    @property
    def kind(self) -> str:
        """Registered name of the kind."""
        return self._how.name

    @property
    def settings(self) -> dict[str, object]:
        """Settings that make the same cut again (JSON values only), for ``catalogue.kind_from``."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self._how).items()}

    @property
    def linear(self) -> bool:
        """Whether kept and removed part add up to the clip: yes where the fill is silence."""
        return self._off is None

    @property
    def clip(self) -> Clip:
        """The clip that was cut."""
        return self._clip

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

    def render(self, masks: NDArray[np.generic], start: int = 0, stop: int | None = None) -> Tensor:
        """Waveforms ``(B, channels, stop - start)`` of masks ``(B, n)`` in [0, 1], float32.

        A row of ones is the clip, bit for bit. Nothing of the size of the result is allocated but the result itself.

        Raises
        ------
        SettingError
            If the masks are not ``(B, n)``, not finite or outside [0, 1], or the span is not inside the clip.
        """
        masks = checked_masks(masks, self.n)
        start, stop = checked_span(start, stop, self._clip.samples)
        layers, channels, _ = self._differences.shape
        device = self._differences.device
        gains = torch.from_numpy(masks.astype(np.float32)).to(device).reshape(len(masks), layers, self._fades.segments)
        out = torch.empty((len(masks), channels, stop - start), dtype=torch.float32, device=device)
        for stretch in self._fades.stretches(start, stop):
            piece = self._differences[:, :, stretch.start : stretch.stop]
            sound = out[:, :, stretch.start - start : stretch.stop - start]
            if stretch.rise is None:
                _mix(gains[:, :, stretch.segment], piece, sound)
                continue
            # The one after enters as the one before leaves; both at once, as one product over 2 J rows.
            rise = torch.from_numpy(stretch.rise).to(device)
            both = torch.cat((gains[:, :, stretch.segment], gains[:, :, stretch.segment + 1]), dim=1)
            _mix(both, torch.cat((piece * (1 - rise), piece * rise)), sound)
        if self._off is not None:
            out += self._off[:, start:stop]
        whole = np.flatnonzero((masks == 1).all(axis=1))
        if len(whole):
            out[torch.from_numpy(whole).to(device)] = self._original[:, start:stop].to(device)
        return out

    def overlapping(self, start_s: float, end_s: float) -> NDArray[np.intp]:
        """Indices of the components that sound between two times, in seconds.

        A component counts where it has more than half a cross-fade of that span: a cut at its border (to the sample)
        brings in no neighbour. Components without times always count.
        """
        least = min(self._fade_s, end_s - start_s) / 2
        found = [
            index
            for index, part in enumerate(self._table)
            if part.start_s is None
            or part.end_s is None
            or min(part.end_s, end_s) - max(part.start_s, start_s) > least + 1 / self._clip.sample_rate
        ]
        return np.array(found, dtype=np.intp)

    def on(self, clip: Clip) -> Layered:
        """The same cuts, in seconds and Hz, on another version of the same sound, at its rate and channels.

        Raises
        ------
        AudioError
            If that clip is longer or shorter by more than 50 ms.
        """
        if abs(clip.duration_s - self._clip.duration_s) > SAME_LENGTH_S:
            raise AudioError(
                f"lasts {clip.duration_s:.3f} s, the clip that was cut {self._clip.duration_s:.3f} s",
                remedy="Give another version (rate, channels) of the same span of the same sound",
                where=clip.name,
            )
        return self._how.build(clip, seed=self._seed)

    def to(self, device: str | torch.device) -> Layered:
        """The same components with their layers on another device; ``render`` answers there."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._differences = self._differences.to(device)
        other._original = self._original.to(device)
        other._off = None if self._off is None else self._off.to(device)
        return other


def _mix(gains: Tensor, layers: Tensor, out: Tensor) -> None:
    # Channel by channel the slices are plain matrices with a stride: nothing is copied before the product.
    for channel in range(layers.shape[1]):
        torch.mm(gains, layers[:, channel], out=out[:, channel])


def _table(parts: Sequence[Component], edges_s: Sequence[float] | None) -> tuple[Component, ...]:
    if edges_s is None:
        return tuple(parts)
    spans = list(itertools.pairwise(edges_s))
    return tuple(replace(part, start_s=start, end_s=end) for part in parts for start, end in spans)
