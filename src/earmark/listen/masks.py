"""Masks: attributions become how much of each cell is kept, between 0 (removed) and 1 (kept).

``PUBLISHED_MASKS`` are the fourteen of the literature on listenable explanations. What they leave open (ties, constant
attributions, nothing positive) is decided here and said in ``Mask.notes``. Their areas differ from method to method: to
compare methods, use ``area:PERCENT``, which keeps the same number of cells for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earmark.errors import ExplanationError, SettingError, UnknownNameError
from earmark.listen.mask_rules import Floats, Ranked, Rule
from earmark.registry import Registry

MASKS: Registry[Rule] = Registry("mask")
_RULES = "earmark.listen.mask_rules"
MASKS.add("minmax", f"{_RULES}:minmax", "from the smallest attribution (0) to the largest (1)")
MASKS.add("minmax_positive", f"{_RULES}:minmax_positive", "positive attributions over the largest one")
MASKS.add("sigmoid", f"{_RULES}:sigmoid", "logistic function of the attributions over their largest magnitude")
MASKS.add("sigmoid_positive", f"{_RULES}:sigmoid_positive", "the same of positive attributions, 0.5 for the others")
MASKS.add("binary", f"{_RULES}:binary", "all positive attributions")
MASKS.add("binary_25", f"{_RULES}:binary_25", "attributions of at least a quarter of the largest")
MASKS.add("binary_50", f"{_RULES}:binary_50", "attributions of at least half of the largest")
MASKS.add("binary_75", f"{_RULES}:binary_75", "attributions of at least three quarters of the largest")
MASKS.add("top_5", f"{_RULES}:top_5", "the strongest 5 % of all cells, and what ties with them")
MASKS.add("top_30", f"{_RULES}:top_30", "the strongest 30 % of all cells, and what ties with them")
MASKS.add("top_50", f"{_RULES}:top_50", "the strongest 50 % of all cells, and what ties with them")
MASKS.add("top_5_positive", f"{_RULES}:top_5_positive", "the strongest 5 % of all cells, if they are positive")
MASKS.add("top_30_positive", f"{_RULES}:top_30_positive", "the strongest 30 % of all cells, if they are positive")
MASKS.add("top_50_positive", f"{_RULES}:top_50_positive", "the strongest 50 % of all cells, if they are positive")
PUBLISHED_MASKS = MASKS.names()
MASKS.add("sigmoid_unscaled", f"{_RULES}:sigmoid_unscaled", "logistic function of the attributions in their own unit")

_AREA = re.compile(r"area:([0-9]+(?:\.[0-9]+)?)")
AREA_MASK = "area:PERCENT"
AREA_SUMMARY = "exactly that share of the cells, the strongest: area:10 keeps 10 % for every method"


@dataclass(frozen=True, eq=False)
class Mask:
    """How much of each cell is kept.

    Parameters
    ----------
    values : float64 in [0, 1], in the shape of the attributions.
    name : the rule that made it.
    area : mean of the values: the share of the cells that is kept.
    notes : what the rule had to decide for these attributions (ties, nothing positive, all equal); mostly empty.
    """

    values: Floats
    name: str
    area: float
    notes: tuple[str, ...] = ()


def area_of(name: str) -> float | None:
    """The share of the cells that the mask of that name keeps of any attributions; None where they decide.

    Raises
    ------
    UnknownNameError
        If no mask has that name.
    SettingError
        If it is an ``area:PERCENT`` of nothing, or of more than everything.

    Examples
    --------
    >>> area_of("area:12.5"), area_of("binary")
    (0.125, None)
    >>> area_of("top_10")
    Traceback (most recent call last):
    earmark.errors.UnknownNameError: unknown mask 'top_10'. Did you mean area:10 or top_50 or top_30?
    """
    if name in MASKS:
        return None
    asked = _AREA.fullmatch(name)
    if asked is None:
        number = re.search(r"[0-9]+", name)
        share = f"area:{number[0]}" if number and 0 < int(number[0]) <= 100 else ""
        meant = share if name.lower().startswith(("top", "area")) else ""
        raise UnknownNameError("mask", name, (share or "area:10", *MASKS.names()), meant=meant)
    percent = float(asked[1])
    if not 0 < percent <= 100:
        raise SettingError(
            f"the mask {name} would keep {'nothing' if percent == 0 else 'more than everything'}",
            remedy="Give a percentage over 0 and at most 100, like area:10",
        )
    return percent / 100


def mask_summary(name: str) -> str:
    """What the mask of that name keeps, in a few words; raises what ``area_of`` raises."""
    share = area_of(name)
    return MASKS.entry(name).summary if share is None else f"exactly the strongest {100 * share:g} % of all cells"


def make_mask(attributions: NDArray[np.floating], name: str) -> Mask:
    """One mask.

    Parameters
    ----------
    attributions : any shape and unit, one number a cell.
    name : of ``MASKS``; or ``area:PERCENT``, the area-matched mask: that share of the cells, rounded to whole cells, at
        least one.

    Raises
    ------
    ExplanationError
        If there are no attributions, or they are not all finite, or all zero.
    UnknownNameError
        For another name.
    SettingError
        If the percentage is 0, or over 100.

    Examples
    --------
    >>> make_mask(np.array([[-1.0, 0.0], [1.0, 3.0]]), "minmax_positive").values
    array([[0.        , 0.        ],
           [0.33333333, 1.        ]])
    >>> make_mask(np.array([0.0, 0.0, 0.0, 1.0]), "top_50").notes
    ('3 cells tie at the threshold: 100.0% of the cells are kept instead of 50% (area:50 keeps exactly that)',)
    >>> make_mask(np.array([2.0, 5.0, 2.0, 2.0]), "area:50").values
    array([1., 1., 0., 0.])
    """
    return make_masks(attributions, [name])[0]


def make_masks(attributions: NDArray[np.floating], names: Iterable[str] = PUBLISHED_MASKS) -> list[Mask]:
    """Several masks of the same attributions, which are sorted once. Raises what ``make_mask`` raises."""
    asked = [(name, area_of(name)) for name in names]
    checked = check_attributions(attributions)
    unit = float(np.abs(checked).max())
    # The reciprocal of a tiny number would be infinite.
    cells = Ranked(checked.ravel() / unit, unit)
    masks = []
    for name, share in asked:
        if share is not None:
            masks.append(replace(area_mask(checked, max(1, round(share * checked.size))), name=name))
            continue
        values, notes = MASKS.get(name)(cells)
        masks.append(Mask(values.reshape(checked.shape), name, float(values.mean()), notes))
    return masks


def area_mask(attributions: NDArray[np.floating], k: int) -> Mask:
    """Exactly the k strongest cells, whatever ties: the same area for every method that is compared.

    Of cells that tie, the earlier one in C order is kept; a note says where that had to decide, and where cells with
    attributions of 0 or less were needed to make up the number.

    Raises
    ------
    ExplanationError
        If there are no attributions, or they are not all finite, or all zero.
    SettingError
        Unless k is between 1 and the number of cells.

    Examples
    --------
    >>> area_mask(np.array([2.0, 5.0, 2.0, 2.0]), 2).values
    array([1., 1., 0., 0.])
    """
    checked = check_attributions(attributions)
    flat = checked.ravel()
    if not 1 <= k <= flat.size:
        raise SettingError(f"{k} cells of {flat.size}", remedy=f"Choose 1 to {flat.size}", where="k")
    order = np.argsort(-flat, kind="stable")
    values = np.zeros(flat.size)
    values[order[:k]] = 1.0
    last = flat[order[k - 1]]
    notes = []
    if k < flat.size and flat[order[k]] == last:
        notes.append(f"{int((flat == last).sum())} cells tie at the edge of the mask: the earlier ones are kept")
    if last <= 0:
        notes.append(f"only {int((flat > 0).sum())} of the {k} cells are positive")
    return Mask(values.reshape(checked.shape), f"area:{100 * k / flat.size:g}", k / flat.size, tuple(notes))


def check_attributions(attributions: NDArray[np.floating]) -> Floats:
    """The attributions as float64, if a mask can be made of them.

    Raises
    ------
    ExplanationError
        If there are none, or they are not all finite, or all zero.
    """
    values = np.asarray(attributions, dtype=np.float64)
    again = "Look at the explanation's own warnings, or explain with another method"
    if values.size == 0:
        raise ExplanationError("there are no attributions", remedy="Give at least one", where="attributions")
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise ExplanationError(
            f"{bad} of {values.size} attributions are no finite numbers", remedy=again, where="attributions"
        )
    if not values.any():
        raise ExplanationError(
            "all attributions are zero: no mask can say what matters", remedy=again, where="attributions"
        )
    return values
