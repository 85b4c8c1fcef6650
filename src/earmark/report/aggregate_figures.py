"""Figures of an aggregate: effects with their intervals, and the profile over stem (or band) and time (matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from earmark.explain_global.aggregate.importance import Importance
from earmark.report.drawing import shortened, style_axes, symmetric_norm
from earmark.report.theme import NEGATIVE_HATCH, signed, theme_of

# What tells cells of a grid apart stands at the end of their names.
_NAME = 34


def effects_figure(rows: Sequence[Importance], *, axis: str = "mean effect", theme: str = "light") -> Figure:
    """A bar for each feature, the best at the top, with the interval of its mean; hatched where it lowers the score.

    Parameters
    ----------
    rows : of one class, best first; at least one.
    axis : what the bars measure, in words.
    """
    colours = theme_of(theme)
    figure = Figure(figsize=(7.2, 0.8 + 0.34 * len(rows)), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    for place, row in enumerate(rows):
        raises = row.mean >= 0
        axes.barh(
            place,
            row.mean,
            height=0.68,
            color=colours.raises if raises else colours.lowers,
            alpha=0.85,
            hatch=None if raises else NEGATIVE_HATCH,
            edgecolor=colours.ground,
            linewidth=0,
        )
        if np.isfinite(row.low) and np.isfinite(row.high):
            axes.plot([row.low, row.high], [place, place], color=colours.ink, linewidth=1.4, solid_capstyle="butt")
    axes.axvline(0, color=colours.muted, linewidth=0.8)
    axes.set_yticks(
        range(len(rows)), [f"{shortened(row.feature.name, _NAME)}  n = {row.count}" for row in rows], color=colours.ink
    )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(axis[0].lower() + axis[1:])
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    return figure


def profile_figure(names: Sequence[str], matrix: np.ndarray, *, theme: str = "light") -> Figure:
    """Mean effect by stem (or band) and part of the clip; what was never explained stays empty.

    Parameters
    ----------
    names : of the rows.
    matrix : ``(names, segments)``.
    """
    colours = theme_of(theme)
    figure = Figure(figsize=(7.2, 1.2 + 0.42 * len(names)), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    norm = symmetric_norm(np.nan_to_num(matrix))
    axes.imshow(matrix, cmap=colours.diverging, norm=norm, aspect="auto")
    largest = float(np.nanmax(np.abs(matrix), initial=0.0))
    for (line, column), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            strong = abs(value) > 0.6 * largest
            ink = "#ffffff" if strong else colours.ink
            axes.text(column, line, signed(float(value), 2), ha="center", va="center", fontsize=8, color=ink)
    parts = matrix.shape[1]
    axes.set_xticks(np.arange(parts + 1) - 0.5, [f"{100 * i / parts:.3g}" for i in range(parts + 1)])
    axes.set_xlabel("part of the clip in %")
    axes.set_yticks(range(len(names)), [shortened(name) for name in names], color=colours.ink)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    return figure
