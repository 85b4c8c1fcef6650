"""Figures of an explanation, for notebooks, papers and the report (matplotlib, without its global state).

Every figure comes in a light and a dark theme. Times are seconds, frequencies Hz; effects are drawn in a diverging map
centred at 0, and their sign also by hatching (lowers) and in numbers; what has no direction is drawn in one hue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from earmark.explain.explanation import Explanation
from earmark.explain.map import MapExplanation
from earmark.report.drawing import (
    colours_of,
    decimals_for,
    draw_bars,
    draw_boxes,
    draw_course,
    draw_lanes,
    draw_map,
    draw_spectrogram,
    effect_norm,
    style_axes,
)
from earmark.report.layout import boxes, is_table, lanes
from earmark.report.theme import Theme, theme_of
from earmark.report.view import ModelView
from earmark.report.words import quantity, unit

WIDTH_IN = 9.6
LEFT, RIGHT = 0.105, 0.895
"""Where the time axis begins and ends, as fractions of a figure's width: the report's playhead relies on it."""

_LEAST_FOR_LABEL_IN = 1.5
COURSE_STEPS = 800
FULL_PERCENTILE = 99.5


@dataclass(frozen=True)
class _Rows:
    """Heights in inches of what is stacked in a figure, top to bottom, with the gaps between."""

    heights: tuple[float, ...]
    gap: float = 0.32
    top: float = 0.12
    bottom: float = 0.52

    @property
    def total(self) -> float:
        return self.top + sum(self.heights) + self.gap * (len(self.heights) - 1) + self.bottom

    def rectangle(self, row: int, left: float = LEFT, right: float = RIGHT) -> tuple[float, float, float, float]:
        above = self.top + sum(self.heights[: row + 1]) + self.gap * row
        return left, 1 - above / self.total, right - left, self.heights[row] / self.total


def spectrogram_figure(view: ModelView, *, theme: str = "light") -> Figure:
    """What the model sees: time in seconds, frequency in Hz, colour bar with its unit."""
    colours = theme_of(theme)
    rows = _Rows((2.7,))
    figure = _figure(rows, colours)
    _spectrogram(figure, rows, 0, view, colours)
    return figure


def overlay_figure(
    explanation: Explanation, view: ModelView, label: str | int | None = None, *, theme: str = "light"
) -> Figure:
    """The spectrogram with the effects of the components on one label (the first target by default) at their places.

    Segments, bands and grid cells are boxes on the spectrogram; stems and words are lanes under it.
    """
    colours = theme_of(theme)
    values = explanation.values(label)
    norm = effect_norm(values, directed=explanation.signed)
    cells = boxes(explanation)
    if cells:
        rows = _Rows((3.0,))
        figure = _figure(rows, colours)
        axes = figure.add_axes(rows.rectangle(0))
        _, rows_hz = draw_spectrogram(axes, view, colours, cmap="gray" if colours.name == "dark" else "gray_r")
        draw_boxes(axes, cells, values, norm, rows_hz, colours)
        axes.set_xlabel("Time (s)")
        _effect_bar(figure, rows, 0, norm, colours, explanation)
        return figure
    names, lane_cells = lanes(explanation)
    rows = _Rows((1.9, _lanes_height(len(names))), gap=0.16)
    figure = _figure(rows, colours)
    upper = _spectrogram(figure, rows, 0, view, colours)
    upper.set_xlabel("")
    upper.tick_params(axis="x", labelbottom=False)
    axes = figure.add_axes(rows.rectangle(1))
    draw_lanes(axes, names, lane_cells, values, norm, explanation.clip.duration_s, colours)
    axes.set_xlabel("Time (s)")
    _effect_bar(figure, rows, 1, norm, colours, explanation)
    return figure


def attribution_figure(
    explanation: Explanation, label: str | int | None = None, *, k: int = 15, theme: str = "light"
) -> Figure:
    """Effects on one label without the sound: lanes × time where they form such a table, else the k strongest as bars.

    Parameters
    ----------
    explanation : what to draw.
    label : name or row of the label; the first target by default.
    k : how many bars at most.
    theme : "light" or "dark".
    """
    colours = theme_of(theme)
    values = explanation.values(label)
    if is_table(explanation):
        names, cells = lanes(explanation)
        rows = _Rows((_lanes_height(len(names)),))
        figure = _figure(rows, colours)
        norm = effect_norm(values, directed=explanation.signed)
        axes = figure.add_axes(rows.rectangle(0))
        draw_lanes(axes, names, cells, values, norm, explanation.clip.duration_s, colours)
        axes.set_xlabel("Time (s)")
        _effect_bar(figure, rows, 0, norm, colours, explanation)
        return figure
    effects = explanation.top(k, label)
    rows = _Rows((max(0.9, 0.31 * len(effects)),))
    figure = _figure(rows, colours)
    axes = figure.add_axes(rows.rectangle(0, left=0.27, right=0.97))
    draw_bars(axes, effects, decimals_for(values), colours)
    axes.set_xlabel(f"{quantity(explanation)}: {_name(explanation, label)} ({unit(explanation)})")
    return figure


def map_figure(
    found: MapExplanation, view: ModelView, target: str | int | None = None, *, theme: str = "light"
) -> Figure:
    """A gradient method's map for one target (the first by default), cell by cell.

    Of the spectrogram: over it, in grey. Of the waveform: under it, summed over ``COURSE_STEPS`` steps of time. Colours
    are full from the ``FULL_PERCENTILE`` th percentile of the magnitudes on: single cells would leave the rest pale.
    """
    colours = theme_of(theme)
    values = found.values[found.index(target)]
    if found.domain == "waveform":
        rows = _Rows((1.9, 1.1), gap=0.16)
        figure = _figure(rows, colours)
        upper = _spectrogram(figure, rows, 0, view, colours)
        upper.set_xlabel("")
        upper.tick_params(axis="x", labelbottom=False)
        starts = np.unique(np.linspace(0, values.shape[1], COURSE_STEPS, endpoint=False).astype(int))
        course = np.add.reduceat(values.sum(axis=0, dtype=np.float64), starts)
        axes = figure.add_axes(rows.rectangle(1))
        draw_course(axes, found.frame_s[starts], course, found.duration_s, colours, directed=found.signed)
        axes.set_xlabel("Time (s)")
        axes.set_ylabel("Sum of samples")
        return figure
    # A map that is zero almost everywhere has a percentile of 0.
    limit = np.percentile(np.abs(values), FULL_PERCENTILE) or np.abs(values).max()
    norm = effect_norm(np.array([limit], dtype=np.float64), directed=found.signed)
    rows = _Rows((3.0,))
    figure = _figure(rows, colours)
    axes = figure.add_axes(rows.rectangle(0))
    # At half its contrast, so that the map stands out.
    faint = replace(view, high=2 * view.high - view.low)
    draw_spectrogram(axes, faint, colours, cmap="gray" if colours.name == "dark" else "gray_r")
    draw_map(axes, replace(view, spectrogram=values), norm, colours)
    axes.set_xlabel("Time (s)")
    _colour_bar(figure, rows, 0, ScalarMappable(norm, colours_of(norm, colours)), "Attribution of a cell", colours)
    return figure


def _name(explanation: Explanation, label: str | int | None) -> str:
    return explanation.labels[explanation.index(label)].replace("$", r"\$")


def _lanes_height(lanes_count: int) -> float:
    return max(0.6, min(6.0, 0.36 * lanes_count))


def _figure(rows: _Rows, theme: Theme) -> Figure:
    return Figure(figsize=(WIDTH_IN, rows.total), facecolor=theme.ground)


def _spectrogram(figure: Figure, rows: _Rows, row: int, view: ModelView, theme: Theme) -> Axes:
    axes = figure.add_axes(rows.rectangle(row))
    image, _ = draw_spectrogram(axes, view, theme)
    axes.set_xlabel("Time (s)")
    _colour_bar(figure, rows, row, image, view.scale, theme)
    return axes


def _effect_bar(figure: Figure, rows: _Rows, row: int, norm: Normalize, theme: Theme, explanation: Explanation) -> None:
    mappable = ScalarMappable(norm, colours_of(norm, theme))
    _colour_bar(figure, rows, row, mappable, f"{quantity(explanation)} ({unit(explanation)})", theme)


def _colour_bar(figure: Figure, rows: _Rows, row: int, mappable: ScalarMappable, label: str, theme: Theme) -> None:
    axes = figure.add_axes(rows.rectangle(row, left=RIGHT + 0.015, right=RIGHT + 0.027))
    bar = figure.colorbar(mappable, cax=axes)
    bar.outline.set_visible(False)
    style_axes(axes, theme)
    axes.tick_params(labelsize=8)
    label = label.replace(" · ", "·")
    if rows.heights[row] < _LEAST_FOR_LABEL_IN:
        # Along so short a bar the label would be cut off: it goes below, right of the numbers of the time axis.
        _, bottom, _, _ = rows.rectangle(row)
        under = bottom - 0.2 / rows.total
        figure.text(
            0.995,
            under,
            label.replace(" (", "\n("),
            ha="right",
            va="top",
            fontsize=8,
            color=theme.muted,
            linespacing=1.1,
        )
        axes.locator_params(axis="y", nbins=3)
        return
    axes.set_ylabel(label.replace(" (", "\n(") if len(label) > 20 else label, fontsize=8.5, color=theme.muted)
    axes.locator_params(axis="y", nbins=5)
