"""Checks that the settings of several kinds share. A setting that cannot be honoured is an error, never clamped."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from earmark.components.catalogue import FILLS
from earmark.errors import SettingError


def check_count(value: object, where: str) -> None:
    """A whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SettingError(f"{value!r} is no number of components", remedy="Give a whole number from 1 on", where=where)


def check_positive(value: float | None, where: str, *, unit: str) -> None:
    """A finite positive number, or None."""
    if value is not None and not (_is_number(value) and value > 0):
        raise SettingError(f"{value!r} {unit}", remedy=f"Give a positive number of {unit}", where=where)


def check_cut(fill: str, fade_s: float = 0.0) -> None:
    """A known fill, and a cross-fade of 0 to 0.1 s."""
    FILLS.entry(fill)
    if not (_is_number(fade_s) and 0 <= fade_s <= 0.1):
        raise SettingError(
            f"a cross-fade of {fade_s!r} s", remedy="Give 0 to 0.1 s, best 0.005 to 0.01", where="fade_s"
        )


def floats(values: Iterable[float] | None, where: str) -> tuple[float, ...] | None:
    """Ascending finite numbers as a tuple (JSON has only lists), or None."""
    if values is None:
        return None
    try:
        numbers = tuple(float(v) for v in values)
    except (TypeError, ValueError) as error:
        raise SettingError(f"{values!r} is no list of numbers", remedy="Give numbers", where=where) from error
    if len(numbers) < 2 or not all(a < b for a, b in itertools.pairwise(numbers)):
        raise SettingError(
            f"{len(numbers)} edges that do not ascend", remedy="Give at least two, ascending", where=where
        )
    return numbers


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
