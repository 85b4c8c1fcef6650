"""The contract of a method that attributes to the cells of the model's own input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor

from earmark.explain.game import Floats
from earmark.explain.gradient.subject import Subject

Domain = Literal["spectrogram", "waveform"]
BASELINES = ("silence", "median")


@dataclass(frozen=True, eq=False)
class MapAttribution:
    """What a method says about a subject.

    Parameters
    ----------
    values : ``(T, bins, frames)`` or ``(T, channels, samples)``.
    base : the quantities at the method's baseline, ``(T,)`` float64; None where it has none.
    gap : |sum of the values − (quantity − base)|, ``(T,)`` float64; None where the method promises no such sum.
    diagnostics : figures about the run, JSON values only.
    errors : standard errors ``(T, n)`` of the sums over ``subject.pool``'s components; None where they are not known.
    """

    values: Tensor
    base: Tensor | None = None
    gap: Tensor | None = None
    diagnostics: dict[str, float | int | str] = field(default_factory=dict)
    errors: Floats | None = None


class MapMethod(Protocol):
    """Frozen settings of a method; ``attribute`` does it.

    ``signed``: whether negative values mean "against". ``domains``: at which inputs it can be taken.
    """

    name: ClassVar[str]
    domains: ClassVar[tuple[Domain, ...]]

    @property
    def signed(self) -> bool:
        """Whether negative values mean "against"."""
        ...

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """Attributions of all cells for all targets."""
        ...


def completeness(subject: Subject, values: Tensor, base: Tensor) -> Tensor:
    """|sum − (f(x) − base)| per target, ``(T,)`` float64."""
    total = values.flatten(1).sum(dim=1, dtype=torch.float64).cpu()
    return (total - (subject.full - base)).abs()
