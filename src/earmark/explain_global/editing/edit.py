"""The contract of an edit of sound."""

from __future__ import annotations

import math
from typing import ClassVar, Protocol, runtime_checkable

from earmark.audio.clip import Clip
from earmark.errors import SettingError


@runtime_checkable
class Edit(Protocol):
    """Frozen settings of one kind of edit; ``apply`` does it at one strength.

    ``name`` is the registered one, ``unit`` that of the strength, ``neutral`` the strength at which nothing is changed
    (infinite for a low-pass filter and for noise), ``strengths`` the usual ones, ``quality`` what is to be known about
    how the sound is made.
    """

    name: ClassVar[str]
    unit: ClassVar[str]
    neutral: ClassVar[float]
    strengths: ClassVar[tuple[float, ...]]
    quality: ClassVar[str]

    @property
    def label(self) -> str:
        """What it is, for people: "gain 60–250 Hz"."""
        ...

    def check(self, strength: float) -> None:
        """Refuse a strength out of range.

        Raises
        ------
        SettingError
            Naming the range.
        """
        ...

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The edited clip, at its own rate and with its own channels; the clip itself at the neutral strength.

        Raises
        ------
        AudioError
            If this clip cannot be edited so.
        """
        ...


def number_between(strength: float, low: float, high: float, what: str, unit: str) -> None:
    """Refuse a strength outside a range, or none at all.

    Raises
    ------
    SettingError
        Naming the range.
    """
    if math.isnan(strength) or not low <= strength <= high:
        raise SettingError(
            f"{strength:g} {unit} is out of range", remedy=f"Give {low:g} to {high:g} {unit}", where=what
        )


def strength_text(edit: Edit, strength: float) -> str:
    """A strength in words; "as it is" for the neutral one.

    Examples
    --------
    >>> from earmark.explain_global.editing.spectral import Lowpass
    >>> strength_text(Lowpass(), 500.0), strength_text(Lowpass(), float("inf"))
    ('500 Hz', 'as it is')
    """
    if strength == edit.neutral:
        return "as it is"
    sign = "+" if edit.unit in ("dB", "semitones") and edit.neutral == 0 and strength > 0 else ""
    return f"{sign}{strength:g} {edit.unit}".replace("-", "−")
