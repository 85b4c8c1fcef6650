"""What all cut clips have in common, whatever their components are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.edges import SAME_LENGTH_S
from earmark.components.mask import checked_masks, checked_span
from earmark.components.memory import Memory
from earmark.errors import AudioError


class Cut(Protocol):
    """A kind of components whose settings are complete: ``build`` makes the same cut on any version of the sound."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> CutClip:
        """Cut the clip."""
        ...


class CutClip:
    """A clip and its components; see ``earmark.components.component.Components``. How they sound is the subclass's.

    Parameters
    ----------
    how : complete settings (edges included) that make this cut again.
    clip : the clip that was cut.
    table : what each component is.
    linear : whether kept and removed part add up to the clip.
    least_s : a component overlaps a span where it has more than half of this of it, in seconds.
    seed : of every random draw.
    notes : what had to be done to make the components fit, in words.
    """

    def __init__(
        self,
        how: Cut,
        clip: Clip,
        table: Sequence[Component],
        *,
        linear: bool,
        least_s: float,
        seed: int,
        notes: Sequence[str] = (),
    ) -> None:
        self._how = how
        self._clip = clip
        self._table = tuple(table)
        self._linear = linear
        self._least_s = least_s
        self._seed = seed
        self._original = torch.from_numpy(clip.waveform.copy())
        self.notes = tuple(notes)

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self._table)

    @property
    def table(self) -> tuple[Component, ...]:
        """What each one is."""
        return self._table

    @property
    def kind(self) -> str:
        """Registered name of the kind."""
        return self._how.name

    @property
    def how(self) -> Cut:
        """Complete settings, as the kind itself."""
        return self._how

    @property
    def settings(self) -> dict[str, object]:
        """Settings that make the same cut again (JSON values only), for ``catalogue.kind_from``."""
        return {key: _json(value) for key, value in asdict(self._how).items()}

    @property
    def linear(self) -> bool:
        """Whether kept and removed part add up to the clip."""
        return self._linear

    @property
    def clip(self) -> Clip:
        """The clip that was cut."""
        return self._clip

    def render(
        self, masks: NDArray[np.generic], start: int = 0, stop: int | None = None, *, memory: Memory | None = None
    ) -> Tensor:
        """Waveforms ``(B, channels, stop - start)`` of masks ``(B, n)`` in [0, 1], float32.

        A row of ones is the clip, bit for bit. Only the span that is asked for is computed. ``memory``, on the CPU, is
        where they are written: for many calls, one after the other.

        Raises
        ------
        SettingError
            If the masks are not ``(B, n)``, not finite or outside [0, 1], or the span is not inside the clip.
        """
        masks = checked_masks(masks, self.n)
        start, stop = checked_span(start, stop, self._clip.samples)
        device = self._original.device
        shape = (len(masks), self._clip.channels, stop - start)
        if memory is not None and device.type == "cpu":
            out = memory.rows(shape)
        else:
            out = torch.empty(shape, dtype=torch.float32, device=device)
        self.mix(torch.from_numpy(masks.astype(np.float32)).to(device), start, stop, out)
        whole = np.flatnonzero((masks == 1).all(axis=1))
        if len(whole):
            out[torch.from_numpy(whole).to(device)] = self._original[:, start:stop]
        return out

    def overlapping(self, start_s: float, end_s: float) -> NDArray[np.intp]:
        """Indices of the components that sound between two times, in seconds.

        A component counts where it has more than half a cross-fade of that span: a cut at its border (to the sample)
        brings in no neighbour. Components without times always count.
        """
        least = min(self._least_s, end_s - start_s) / 2 + 1 / self._clip.sample_rate
        found = [
            index
            for index, part in enumerate(self._table)
            if part.start_s is None or part.end_s is None or min(part.end_s, end_s) - max(part.start_s, start_s) > least
        ]
        return np.array(found, dtype=np.intp)

    def on(self, clip: Clip) -> CutClip:
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

    def mix(self, masks: Tensor, start: int, stop: int, out: Tensor) -> None:
        """Write the sound of ``masks (B, n)`` into every sample of ``out (B, channels, stop - start)``."""
        raise NotImplementedError


def mix_into(out: Tensor, gains: Tensor, sounds: Tensor) -> None:
    """``out (B, channels, S)`` = ``gains (B, J)`` · ``sounds (J, channels, S)``, without a copy in between."""
    # Channel by channel the slices are plain matrices with a stride: nothing is copied before the product.
    for channel in range(sounds.shape[1]):
        torch.mm(gains, sounds[:, channel], out=out[:, channel])


def _json(value: object) -> object:
    if isinstance(value, dict):
        return {key: _json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value
