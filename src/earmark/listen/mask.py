"""Which components of an explanation are kept: those that raise the score, or the strongest of them."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError
from earmark.explain.explanation import Explanation


def keep_mask(explanation: Explanation, label: str | int | None, keep: str) -> NDArray[np.bool_]:
    """True for each component that is kept, shape ``(n,)``.

    Parameters
    ----------
    explanation : what the components do.
    label : for which label; the first target by default.
    keep : "raising": all components with a positive attribution. "top:K": the K strongest of those (or all of them,
        where fewer raise the score; of equals the earlier one).

    Raises
    ------
    SettingError
        If ``keep`` is neither.
    UnknownNameError
        If the explanation has no such label.
    """
    values = explanation.values(label)
    raising = values > 0
    if keep == "raising":
        return raising
    asked = re.fullmatch(r"top:([1-9][0-9]*)", keep)
    if asked is None:
        raise SettingError(
            f"cannot keep {keep!r}", remedy="Choose 'raising', or 'top:3' for the three strongest", where="keep"
        )
    strongest = np.argsort(-values, kind="stable")[: int(asked[1])]
    mask = np.zeros(len(values), dtype=np.bool_)
    mask[strongest] = raising[strongest]
    return mask
