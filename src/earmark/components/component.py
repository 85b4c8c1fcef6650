"""What a component is, and what a set of components can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Component:
    """One thing in a clip that can be switched off. Fields that do not apply are None.

    Parameters
    ----------
    start_s, end_s : seconds from the beginning of the clip.
    low_hz, high_hz : frequency range in Hz.
    stem : name of the stem or layer ("drums", "harmonic").
    word : a word or line of the lyrics.
    name : what to call it where none of these says it ("superpixel 17").
    group : what it belongs to, where that is no part of its name ("timbre", of a descriptor).
    """

    start_s: float | None = None
    end_s: float | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    stem: str | None = None
    word: str | None = None
    name: str | None = None
    group: str | None = None

    @property
    def label(self) -> str:
        """In words: ``drums, 8.0–12.0 s`` or ``250–500 Hz, 0.0–3.0 s``."""
        parts = [part for part in (self.name, self.stem, self.word and f"“{self.word}”") if part]
        if self.low_hz is not None and self.high_hz is not None:
            parts.append(_hz(self.low_hz, self.high_hz))
        if self.start_s is not None and self.end_s is not None:
            parts.append(f"{self.start_s:.1f}–{self.end_s:.1f} s")
        return ", ".join(parts)


def _hz(low: float, high: float) -> str:
    if high < 1000:
        return f"{low:.0f}–{high:.0f} Hz"
    return f"{low / 1000:.2g}–{high / 1000:.2g} kHz"


@runtime_checkable
class Components(Protocol):
    """A clip cut into ``n`` components: the only bridge from masks to sound.

    ``render`` of a mask of ones is the clip, bit for bit. Where ``linear`` (the fill is silence),
    ``render(m) + render(1 - m)`` is the clip to −80 dBFS.
    """

    @property
    def n(self) -> int:
        """Number of components."""
        ...

    @property
    def table(self) -> tuple[Component, ...]:
        """What each one is."""
        ...

    @property
    def kind(self) -> str:
        """The registered name of the kind ("time", "grid", "stems", …)."""
        ...

    @property
    def settings(self) -> dict[str, object]:
        """The settings that make the same cut again (JSON values only)."""
        ...

    @property
    def linear(self) -> bool:
        """Whether kept and removed part add up to the clip."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be done to make the components fit (a stem that was padded, a rest that was added), in words."""
        ...

    @property
    def clip(self) -> Clip:
        """The clip that was cut."""
        ...

    def render(self, masks: NDArray[np.generic], start: int = 0, stop: int | None = None) -> Tensor:
        """Waveforms ``(B, channels, stop - start)`` of masks ``(B, n)`` in [0, 1], samples ``start`` to ``stop``."""
        ...

    def overlapping(self, start_s: float, end_s: float) -> NDArray[np.intp]:
        """Indices of the components that have something to say between two times, in seconds."""
        ...

    def on(self, clip: Clip) -> Components:
        """The same cuts, in seconds and Hz, on another version of the same sound (its own rate, its channels)."""
        ...


class ComponentKind(Protocol):
    """Settings of a way to cut; ``build`` cuts."""

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Components:
        """Cut the clip. ``snap_s``: times in seconds to which time cuts move where the kind allows it."""
        ...
