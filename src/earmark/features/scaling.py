"""How a power is written: logarithms that networks like to see, each with its inverse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from earmark.errors import SettingError

FLOOR_DB = -100.0
_FLOOR_POWER = 10.0 ** (FLOOR_DB / 10.0)


@dataclass(frozen=True)
class Scaling:
    """A function of power, its inverse, and how to write it on an axis ({} stands for what the power is of)."""

    forward: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor]
    text: str


def power_to_db(power: Tensor) -> Tensor:
    """Decibels of a power, 0 dB being power 1, and nothing below −100 dB.

    The numbers of ``librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)``: the floor is a constant, so that
    what a network sees of one second does not depend on the loudest moment of the rest.

    Examples
    --------
    >>> power_to_db(torch.tensor([1.0, 0.01, 0.0]))
    tensor([   0.,  -20., -100.])
    """
    return 10.0 * torch.log10(power.clamp(min=_FLOOR_POWER))


def db_to_power(db: Tensor) -> Tensor:
    """The power of decibels: the inverse of ``power_to_db`` down to the floor, which comes back as 1e-10."""
    return torch.pow(10.0, db / 10.0)


# A card's ``scaling`` → what it does to a power.
SCALINGS: dict[str, Scaling] = {
    "log10(10000x+1)": Scaling(
        lambda power: torch.log10(10000.0 * power + 1.0),
        lambda value: (torch.pow(10.0, value) - 1.0) / 10000.0,
        "log10(10000 · {} + 1)",
    ),
    "dB": Scaling(power_to_db, db_to_power, "{}, dB (floor −100 dB)"),
}


def scaling_named(name: str, where: str) -> Scaling:
    """The scaling of that name.

    Raises
    ------
    SettingError
        If there is none; ``where`` is told as its place.
    """
    if name not in SCALINGS:
        raise SettingError(f"unknown scaling {name!r}", remedy=f"Choose one of {', '.join(SCALINGS)}", where=where)
    return SCALINGS[name]
