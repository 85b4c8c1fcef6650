"""Figures of effects: along one feature, over two, under an edit; importances as bars (matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from earmark.explain_global.edits import EditEffect
from earmark.explain_global.effect import Effect, Effect2
from earmark.explain_global.favours import unit_of
from earmark.explain_global.pdp import PartialDependence
from earmark.explain_global.permutation import Importance
from earmark.report.drawing import shortened, style_axes, symmetric_norm
from earmark.report.theme import Theme, theme_of

# Okabe and Ito (2008): told apart with any colour vision. The dashes say it a second time.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))
MOST_LINES = 5
_MOST_TICKS = 600

Floats = NDArray[np.float64]


def effect_figure(effect: Effect, labels: Sequence[str], *, theme: str = "light") -> Figure:
    """The classes that a feature moves most: curve, 95 % interval, and below where the rows lie."""
    colours = theme_of(theme)
    figure, axes, rug = _with_rug(colours)
    names = strongest(effect.labels, effect.swing, labels)
    places = [effect.labels.index(name) for name in names]
    if effect.kind == "continuous":
        _lines(axes, effect.points, [(effect.values[k], effect.low[k], effect.high[k]) for k in places], names, colours)
        _ticks(rug, effect.data, colours)
    else:
        at = np.arange(len(effect.points), dtype=np.float64)
        _lines(
            axes, at, [(effect.values[k], effect.low[k], effect.high[k]) for k in places], names, colours, marks=True
        )
        rug.bar(at, effect.counts, color=colours.line, width=0.6)
        shown = effect.names or tuple(f"{value:g}" for value in effect.points)
        rug.set_xticks(at, shown, rotation=30 if len(shown) > 8 else 0)
    rug.set_xlabel(_axis(effect.feature), color=colours.ink)
    axes.set_ylabel("effect on the probability", color=colours.ink)
    return figure


def dependence_figure(found: PartialDependence, labels: Sequence[str], *, theme: str = "light") -> Figure:
    """Partial dependence of the class that moves most, over the curve of every row (ICE)."""
    colours = theme_of(theme)
    figure, axes, rug = _with_rug(colours)
    swing = found.mean.max(axis=1) - found.mean.min(axis=1)
    name = strongest(found.labels, swing, labels)[0]
    k = found.labels.index(name)
    axes.plot(found.points, found.curves[:, k].T, color=colours.muted, linewidth=0.4, alpha=0.25)
    _lines(axes, found.points, [(found.mean[k], found.low[k], found.high[k])], [name], colours, zero=False)
    _ticks(rug, found.data, colours)
    rug.set_xlabel(_axis(found.feature), color=colours.ink)
    axes.set_ylabel("probability", color=colours.ink)
    return figure


def effect2_figure(effect: Effect2, labels: Sequence[str], *, theme: str = "light") -> Figure:
    """What two features do together, for the two classes with the most of it; cells without rows are left out."""
    colours = theme_of(theme)
    names = strongest(effect.labels, effect.swing, labels)[:2]
    figure = Figure(figsize=(4.6 * len(names), 3.9), facecolor=colours.ground, layout="constrained")
    values = [effect.values[effect.labels.index(name)] for name in names]
    cells = [(v[1:, 1:] + v[1:, :-1] + v[:-1, 1:] + v[:-1, :-1]) / 4 for v in values]
    cells = [np.where(effect.counts > 0, cell, np.nan) for cell in cells]
    norm = symmetric_norm(np.nan_to_num(np.stack(cells)))
    for place, (name, cell) in enumerate(zip(names, cells, strict=True), start=1):
        axes = figure.add_subplot(1, len(names), place)
        style_axes(axes, colours)
        axes.set_facecolor(colours.line)
        mesh = axes.pcolormesh(*effect.points, cell.T, cmap=colours.diverging, norm=norm, shading="flat")
        axes.set_title(name, color=colours.ink, fontsize=10)
        axes.set_xlabel(_axis(effect.features[0]), color=colours.ink)
        axes.set_ylabel(_axis(effect.features[1]), color=colours.ink)
    bar = figure.colorbar(mesh, ax=figure.axes, shrink=0.9)
    bar.ax.tick_params(colors=colours.muted, labelsize=8)
    bar.set_label("effect of both together", color=colours.ink, fontsize=9)
    return figure


def importance_figure(
    units: Sequence[Importance], baseline: Importance | None, *, most: int = 20, theme: str = "light"
) -> Figure:
    """Bars with 95 % intervals, the most important on top; dashed: what a column of random numbers reaches."""
    colours = theme_of(theme)
    shown = list(units[:most])[::-1]
    figure = Figure(figsize=(7.2, 0.9 + 0.27 * len(shown)), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    at = np.arange(len(shown))
    values = np.array([each.value for each in shown])
    axes.barh(at, values, color=colours.lowers, height=0.62, alpha=0.75)
    axes.hlines(at, [each.low for each in shown], [each.high for each in shown], color=colours.ink, linewidth=1.2)
    axes.axvline(0, color=colours.line, linewidth=0.8)
    if baseline is not None:
        axes.axvline(max(0.0, baseline.high), color=colours.raises, linestyle="--", linewidth=1.2)
        axes.text(
            max(0.0, baseline.high), -0.9, " random numbers", color=colours.raises, fontsize=8, va="top", clip_on=False
        )
    axes.set_yticks(at, [shortened(each.name) for each in shown])
    what = "rise of the log loss, nats" if shown[0].measure == "log_loss" else "drop of the accuracy"
    axes.set_xlabel(f"{what}, when permuted", color=colours.ink)
    return figure


def edit_figure(effect: EditEffect, labels: Sequence[str], *, theme: str = "light") -> Figure:
    """Change of the scores with the strength of an edit; dotted: the sound as it is."""
    colours = theme_of(theme)
    figure = Figure(figsize=(7.2, 3.4), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    names = strongest(effect.labels, effect.swing, labels)
    at = np.arange(len(effect.strengths), dtype=np.float64)
    places = [effect.labels.index(name) for name in names]
    _lines(axes, at, [(effect.values[k], effect.low[k], effect.high[k]) for k in places], names, colours, marks=True)
    axes.axvline(effect.neutral, color=colours.muted, linewidth=0.9, linestyle=":")
    axes.set_xticks(at, effect.names)
    axes.set_xlabel(effect.edit.label, color=colours.ink)
    axes.set_ylabel("change of the probability", color=colours.ink)
    return figure


def strongest(known: Sequence[str], swing: Floats, labels: Sequence[str], most: int = MOST_LINES) -> list[str]:
    """The classes among ``labels`` with the largest swing, at most so many."""
    order = sorted(labels, key=lambda label: -float(swing[list(known).index(label)]))
    return order[:most]


def _with_rug(colours: Theme) -> tuple[Figure, Axes, Axes]:
    figure = Figure(figsize=(7.2, 3.7), facecolor=colours.ground, layout="constrained")
    axes, rug = figure.subplots(2, 1, sharex=True, height_ratios=[7, 1])
    style_axes(axes, colours)
    style_axes(rug, colours)
    axes.tick_params(labelbottom=False)
    rug.set_yticks([])
    rug.set_ylabel("rows", color=colours.muted, rotation=0, ha="right", va="center", fontsize=8)
    return figure, axes, rug


def _lines(
    axes: Axes,
    at: Floats,
    curves: Sequence[tuple[Floats, Floats, Floats]],
    names: Sequence[str],
    colours: Theme,
    *,
    marks: bool = False,
    zero: bool = True,
) -> None:
    if zero:
        axes.axhline(0, color=colours.line, linewidth=0.9)
    for place, ((value, low, high), name) in enumerate(zip(curves, names, strict=True)):
        colour, dash = _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)]
        axes.fill_between(at, low, high, color=colour, alpha=0.14, linewidth=0)
        axes.plot(at, value, color=colour, linestyle=dash, linewidth=1.8, marker="o" if marks else "", label=name, ms=4)
    axes.legend(
        frameon=False,
        labelcolor=colours.ink,
        fontsize=8.5,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        handlelength=3,
    )


def _ticks(rug: Axes, data: Floats, colours: Theme) -> None:
    """One tick a row; where there are more than a picture can show, evenly many of them in order of their value."""
    ordered = np.sort(data)
    if len(ordered) > _MOST_TICKS:
        ordered = ordered[np.linspace(0, len(ordered) - 1, _MOST_TICKS).round().astype(int)]
    rug.vlines(ordered, 0, 1, color=colours.ink, linewidth=0.5, alpha=0.25)
    rug.set_ylim(0, 1)


def _axis(feature: str) -> str:
    unit = unit_of(feature)
    return f"{feature} ({unit})" if unit else feature
