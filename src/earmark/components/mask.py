"""Checks of what is asked of ``render``: masks and spans."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import SettingError


def checked_masks(masks: ArrayLike, n: int) -> NDArray[np.float64]:
    """Masks as float64 ``(B, n)`` in [0, 1].

    Raises
    ------
    SettingError
        If the shape is another, or a value is not a number in [0, 1].
    """
    array = np.asarray(masks)
    if array.dtype.kind not in "buif":
        raise SettingError(f"masks of type {array.dtype}", remedy="Give booleans or numbers in [0, 1]", where="masks")
    if array.ndim != 2 or array.shape[1] != n:
        raise SettingError(
            f"masks of shape {array.shape} for {n} components", remedy=f"Give them as (B, {n})", where="masks"
        )
    checked = array.astype(np.float64)
    # Written so that NaN fails too.
    bad = int(np.count_nonzero(~((checked >= 0) & (checked <= 1))))
    if bad:
        raise SettingError(
            f"{bad} mask values are outside [0, 1] or NaN", remedy="0 removes a component, 1 keeps it", where="masks"
        )
    return checked


def checked_span(start: int, stop: int | None, samples: int) -> tuple[int, int]:
    """A span of samples inside a clip of that many; None stands for its end.

    Raises
    ------
    SettingError
        If it is empty or reaches beyond the clip.
    """
    end = samples if stop is None else stop
    if not 0 <= start < end <= samples:
        raise SettingError(
            f"samples {start} to {end} are not inside the clip's 0 to {samples}",
            remedy="Choose a start before the stop, both inside",
            where="start, stop",
        )
    return start, end
