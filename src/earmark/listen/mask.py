"""Which components of an explanation are kept: those that raise the score, or the strongest of them."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError
from earmark.explain.explanation import Explanation
from earmark.explain.game import Floats

_TOP = re.compile(r"top:([1-9][0-9]*)")


def keep_rule(explanation: Explanation) -> str:
    """The rule where none is given: "raising", or "half" where attributions have no direction."""
    return "raising" if explanation.signed else "half"


def keep_mask(explanation: Explanation, label: str | int | None, keep: str) -> NDArray[np.bool_]:
    """True for each component that is kept, shape ``(n,)``.

    Parameters
    ----------
    explanation : what the components do.
    label : for which label; the first target by default.
    keep : "raising": all components with a positive attribution. "top:K": the K strongest of those (or all of them,
        where fewer raise the score; of equals the earlier one). "half": the fewest components that together have at
        least half of all positive attributions.

    Raises
    ------
    SettingError
        If ``keep`` is none of these, or "raising" where attributions have no direction.
    UnknownNameError
        If the explanation has no such label.
    """
    count = check_keep(explanation, keep)
    values = explanation.values(label)
    raising = values > 0
    if keep == "raising":
        return raising
    order = np.argsort(-values, kind="stable")
    strongest = order[: _half(values[order]) if count is None else count]
    mask = np.zeros(len(values), dtype=np.bool_)
    mask[strongest] = raising[strongest]
    return mask


def check_keep(explanation: Explanation, keep: str) -> int | None:
    """That the rule can be followed; K of "top:K", None of the others.

    Raises
    ------
    SettingError
        As ``keep_mask``.
    """
    if keep == "raising" and not explanation.signed:
        raise SettingError(
            f"{explanation.recipe.method} does not say what raises a score",
            remedy="Choose half, or top:3 for the three that matter most",
            where="keep",
        )
    asked = _TOP.fullmatch(keep)
    if asked is None and keep not in ("raising", "half"):
        raise SettingError(
            f"cannot keep {keep!r}", remedy="Choose raising, half, or top:3 for the three strongest", where="keep"
        )
    return int(asked[1]) if asked is not None else None


def keep_notes(explanation: Explanation, keep: str, mask: NDArray[np.bool_]) -> tuple[str, ...]:
    """That "top:K" kept fewer than K of the components, and why; empty where it did not."""
    count, kept = check_keep(explanation, keep), int(mask.sum())
    if count is None or kept == count:
        return ()
    raise_it = "matter" if not explanation.signed else "raise the score" if explanation.perturbed else "speak for it"
    why = f"no more than {kept} of the {len(mask)} components {raise_it}"
    return (f"{keep} keeps {kept}: {why if kept < len(mask) else 'there are no more components'}",)


def _half(falling: Floats) -> int:
    """How many of some values, the largest first, make half of all positive ones."""
    total = np.cumsum(np.maximum(falling, 0))
    # A rounding error must not cost one component more.
    return int(np.searchsorted(total, total[-1] / 2 * (1 - 1e-9))) + 1
