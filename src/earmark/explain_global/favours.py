"""Where along a feature a class is favoured or disfavoured, in words."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from earmark.data.published_names import descriptor_called
from earmark.errors import UnknownNameError
from earmark.explain_global.effect import Effect
from earmark.explain_global.steps import Floats
from earmark.features.descriptors.names import descriptor_unit
from earmark.resampling import percentile_ends


@dataclass(frozen=True)
class Favour:
    """A stretch of a feature in which its effect on a class has one sign, beyond its interval.

    Parameters
    ----------
    feature, label : which.
    start, end : of the stretch, in the unit of the feature; None where it reaches the end of the data.
    names : the values, for categories.
    value : mean effect over the rows in it, in probability.
    margin : half of the width of its interval (95 %).
    share : of the rows that lie in it.
    """

    feature: str
    label: str
    start: float | None
    end: float | None
    names: tuple[str, ...]
    value: float
    margin: float
    share: float

    @property
    def sentence(self) -> str:
        """In words.

        Examples
        --------
        >>> Favour("tempo_bpm", "disco", 95.0, 130.0, (), 0.123, 0.031, 0.24).sentence
        'between 95 and 130 BPM, tempo_bpm raises disco by 0.123 ± 0.031 (24 % of the rows)'
        """
        verb = "raises" if self.value > 0 else "lowers"
        many = 3 if abs(self.value) >= 0.1 or self.margin >= 0.01 else 4
        by = f"{abs(self.value):.{many}f} ± {self.margin:.{many}f}"
        return f"{self.where}, {self.feature} {verb} {self.label} by {by} ({100 * self.share:.0f} % of the rows)"

    @property
    def where(self) -> str:
        """The stretch in words."""
        if self.names:
            return f"at {', '.join(self.names)}"
        unit = unit_of(self.feature)
        after = f" {unit}" if unit else ""
        if self.start is None:
            return "everywhere" if self.end is None else f"up to {number(self.end)}{after}"
        if self.end is None:
            return f"above {number(self.start)}{after}"
        if self.start == self.end:
            return f"at {number(self.start)}{after}"
        return f"between {number(self.start)} and {number(self.end)}{after}"


def favours(effect: Effect, *, least: float = 0.01) -> tuple[Favour, ...]:
    """The stretches of an effect, for all classes, the strongest first.

    A stretch is a run of bins (or values) in each of which the effect's 95 % interval, by the bootstrap, leaves out 0.
    The intervals hold bin by bin, not for all bins and classes at once. A stretch whose mean is below half of the width
    of its own interval is not told.

    Parameters
    ----------
    effect : of ``earmark.explain_global.ale.ale``.
    least : mean effects below are not told, in probability.
    """
    curve, draws = effect.values, effect.draws.astype(np.float64)
    if effect.kind == "continuous":
        curve, draws = (curve[:, 1:] + curve[:, :-1]) / 2, (draws[:, :, 1:] + draws[:, :, :-1]) / 2
    low, high = percentile_ends(draws)
    found = []
    for k in range(len(effect.labels)):
        sign = np.where(low[k] > 0, 1, np.where(high[k] < 0, -1, 0))
        for first, last in _runs(sign):
            counts = effect.counts[first:last]
            weights = counts / counts.sum()
            value = float(curve[k, first:last] @ weights)
            least_drawn, most_drawn = percentile_ends(draws[:, k, first:last] @ weights)
            margin = float(most_drawn - least_drawn) / 2
            if abs(value) >= max(least, margin):
                share = float(counts.sum() / effect.counts.sum())
                found.append(
                    Favour(effect.feature, effect.labels[k], *_stretch(effect, first, last), value, margin, share)
                )
    return tuple(sorted(found, key=lambda each: -abs(each.value)))


def unit_of(feature: str) -> str:
    """Its unit, where it is a descriptor that has one."""
    try:
        unit = descriptor_unit(descriptor_called(feature))
    except UnknownNameError:
        return ""
    return "" if unit == "1" else unit


def number(value: float) -> str:
    """Three digits, and all of those before the point.

    Examples
    --------
    >>> number(1234.56), number(95.0), number(0.012345), number(-7.126)
    ('1235', '95', '0.0123', '−7.13')
    """
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if "e" in text:
        text = f"{value:.1e}"
    return text.replace("-", "−")


def _runs(sign: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[tuple[int, int]]:
    """First and one past last place of every run of equal signs other than 0."""
    borders = [0, *(np.flatnonzero(np.diff(sign)) + 1).tolist(), len(sign)]
    return [(a, b) for a, b in itertools.pairwise(borders) if sign[a]]


def _stretch(effect: Effect, first: int, last: int) -> tuple[float | None, float | None, tuple[str, ...]]:
    points: Floats = effect.points
    if effect.kind == "categorical":
        return None, None, effect.names[first:last]
    if effect.kind == "discrete":
        return float(points[first]), float(points[last - 1]), ()
    start = None if first == 0 else float(points[first])
    end = None if last == len(points) - 1 else float(points[last])
    return start, end, ()
