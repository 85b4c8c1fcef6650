"""Where effects are drawn: each component as a box in seconds and Hz, or as a cell in the lane of its stem.

Components that share a time and have no frequency of their own (stems, words) would cover each other on a spectrogram;
they get lanes under it instead, on the same time axis.
"""

from __future__ import annotations

from dataclasses import dataclass

from earmark.components.component import Component
from earmark.explain.explanation import Explanation


@dataclass(frozen=True)
class Cell:
    """A component at its place: seconds, and the lane (row) or the Hz that it covers."""

    index: int
    start_s: float
    end_s: float
    lane: int = 0
    low_hz: float | None = None
    high_hz: float | None = None


def span_s(component: Component, duration_s: float) -> tuple[float, float]:
    """Start and end in seconds; a component without times covers the whole clip."""
    start = 0.0 if component.start_s is None else component.start_s
    end = duration_s if component.end_s is None else component.end_s
    return start, end


def boxes(explanation: Explanation) -> tuple[Cell, ...]:
    """Every component as a box on the spectrogram; empty where some need lanes."""
    if any(c.stem or c.word for c in explanation.components) or not _have_place(explanation):
        return ()
    return tuple(
        Cell(i, *span_s(c, explanation.clip.duration_s), low_hz=c.low_hz, high_hz=c.high_hz)
        for i, c in enumerate(explanation.components)
    )


def lanes(explanation: Explanation) -> tuple[tuple[str, ...], tuple[Cell, ...]]:
    """Names of the lanes, top to bottom, and every component in its lane.

    A lane is what components have in common besides their time: the stem, or else the band; the highest band on top.
    """
    keys = [_lane(c) for c in explanation.components]
    bands = all(c.low_hz is not None and not c.stem and not c.word for c in explanation.components)
    if bands:
        pairs = {key: c.low_hz or 0.0 for key, c in zip(keys, explanation.components, strict=True)}
        names = tuple(sorted(pairs, key=lambda key: -pairs[key]))
    else:
        names = tuple(dict.fromkeys(keys))
    rows = {name: row for row, name in enumerate(names)}
    cells = tuple(
        Cell(i, *span_s(c, explanation.clip.duration_s), lane=rows[keys[i]])
        for i, c in enumerate(explanation.components)
    )
    return names, cells


def is_table(explanation: Explanation) -> bool:
    """Whether lanes × time is a table worth drawing: at least two lanes, and at least two times in one of them."""
    if any(c.word for c in explanation.components):
        return False
    names, cells = lanes(explanation)
    timed = all(c.start_s is not None for c in explanation.components)
    return timed and 2 <= len(names) <= 24 and len(cells) >= 2 * len(names)


def _have_place(explanation: Explanation) -> bool:
    return all(c.start_s is not None or c.low_hz is not None for c in explanation.components)


def _lane(component: Component) -> str:
    # The label of the component without its times.
    return Component(
        low_hz=component.low_hz,
        high_hz=component.high_hz,
        stem=component.stem,
        word=component.word,
        name=component.name,
    ).label
