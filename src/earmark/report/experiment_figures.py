"""Pictures of an experiment: figures against area, how far methods are from random masks, noises, and the gap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from earmark.metrics.experiment.table import RANDOM, Difference, Mean
from earmark.report.drawing import style_axes, symmetric_norm
from earmark.report.experiment_tables import Means, arrow, heading
from earmark.report.theme import LIGHT

_COLOURS = ("#c4490b", "#1f63a8", "#6b3fa0", "#1b7f5c", "#a8780a", "#a3195b", "#12a5c4", "#5c6168")
_MARKERS = "osD^vP*X"
_RANDOM = "#7d838b"


def area_figure(means: Means) -> Figure:
    """FF of every method and mask against the mask's area, random masks beside them; a panel a noise."""
    figure, panels = _panels(means.noises, height=3.3)
    ff = "ff" + means.main
    for axes, noise in zip(panels, means.noises, strict=True):
        for at, method in enumerate(means.methods):
            for source in ("random", "mask"):
                points = []
                for mask in means.masks:
                    x, y = (means.get(noise, method, mask, source, name) for name in ("area", ff))
                    if x is not None and y is not None:
                        points.append((x.mean, y.mean))
                if not points:
                    continue
                own = source == "mask"
                areas, figures = zip(*points, strict=True)
                axes.scatter(
                    areas, figures, s=24 if own else 30,
                    marker=_MARKERS[at % len(_MARKERS)] if own else ".",
                    color=_COLOURS[at % len(_COLOURS)] if own else _RANDOM, linewidths=0, alpha=0.85,
                    label=method if own else ("random" if at == 0 else None),
                )  # fmt: skip
        axes.set_title(noise, fontsize=9.5, color=LIGHT.ink, loc="left")
        axes.set_xlim(-0.03, 1.03)
        style_axes(axes, LIGHT)
    _legend(figure, panels[0])
    figure.supxlabel("area of the mask: share of the cells that is taken out", color=LIGHT.ink, fontsize=9)
    figure.supylabel(f"{heading(ff)}: what the class loses", color=LIGHT.ink, fontsize=9)
    return figure


def margin_figure(means: Means, tests: Sequence[Difference]) -> Figure:
    """FF minus that of the random mask of the same area: methods × masks, a panel a noise."""
    ff = "ff" + means.main
    rows, columns = len(means.methods), len(means.masks)
    found = {(t.noise, t.first, t.mask): t for t in tests if t.figure == ff and t.second == RANDOM}
    values = np.full((len(means.noises), rows, columns), np.nan)
    for (noise, method, mask), test in found.items():
        values[means.noises.index(noise), means.methods.index(method), means.masks.index(mask)] = test.difference
    norm = symmetric_norm(np.nan_to_num(values))
    size = (2.4 + 0.5 * columns, 1.7 + (0.28 * rows + 0.35) * len(means.noises))
    figure = Figure(figsize=size, facecolor=LIGHT.ground, layout="constrained")
    panels = figure.subplots(len(means.noises), 1, sharex=True, squeeze=False)[:, 0]
    image = None
    for axes, noise, block in zip(panels, means.noises, values, strict=True):
        image = axes.imshow(block, cmap=LIGHT.diverging, norm=norm, aspect="auto", interpolation="nearest")
        for (y, x), value in np.ndenumerate(block):
            here = found.get((noise, means.methods[y], means.masks[x]))
            if here is None:
                axes.text(x, y, "–", ha="center", va="center", fontsize=7, color=LIGHT.muted)
                continue
            far = abs(value) > 0.6 * float(norm.vmax or 1.0)
            text = f"{value:+.2f}".replace("-", "−") if here.clear else "·"
            axes.text(
                x, y, text, ha="center", va="center", fontsize=7, color=LIGHT.ground if far else LIGHT.ink
            )  # fmt: skip
        axes.set_yticks(range(rows), means.methods)
        axes.set_title(noise, fontsize=9.5, color=LIGHT.ink, loc="left")
        style_axes(axes, LIGHT)
    panels[-1].set_xticks(range(columns), means.masks, rotation=50, ha="right", rotation_mode="anchor")
    if image is not None:
        bar = figure.colorbar(image, ax=list(panels), shrink=0.6, aspect=30, pad=0.01)
        bar.set_label(f"{heading(ff)} − that of a random mask", color=LIGHT.ink, fontsize=9)
        bar.ax.tick_params(labelsize=8, colors=LIGHT.muted)
        bar.outline.set_visible(False)
    return figure


def noise_figure(means: Means, mask: str) -> Figure:
    """FF, AD and AI at equal area under each noise, with 95 % intervals; each method's random masks beside it."""
    names = [name + means.main for name in ("ff", "ad", "ai")]
    figure = Figure(figsize=(10.2, 3.5), facecolor=LIGHT.ground, layout="constrained")
    panels = list(figure.subplots(1, 3))
    for axes, name in zip(panels, names, strict=True):
        width = 0.8 / (len(means.methods) + 1)
        for at, method in enumerate(means.methods):
            x = np.arange(len(means.noises)) + (at - len(means.methods) / 2) * width
            own = (_MARKERS[at % len(_MARKERS)], _COLOURS[at % len(_COLOURS)], method)
            _draw_means(axes, x, [means.get(n, method, mask, "mask", name) for n in means.noises], *own)
            chance = ("x", _RANDOM, "random" if at == 0 else None)
            _draw_means(
                axes, x + width / 3, [means.get(n, method, mask, "random", name) for n in means.noises], *chance
            )
        x = np.arange(len(means.noises)) + len(means.methods) / 2 * width
        loudest = [means.get(n, means.methods[0], mask, "energy", name) for n in means.noises]
        _draw_means(axes, x, loudest, "+", LIGHT.ink, "loudest")
        axes.set_xticks(range(len(means.noises)), means.noises)
        axes.set_title(
            heading(name) + arrow(name) + (" (%)" if name[:2] != "ff" else ""),
            fontsize=9.5,
            color=LIGHT.ink,
            loc="left",
        )
        style_axes(axes, LIGHT)
    _legend(figure, panels[0])
    return figure


def gap_figure(means: Means) -> Figure:
    """FF on the masked spectrogram against FF on the masked sound: a point a method and mask, a panel a noise."""
    figure, panels = _panels(means.noises, height=3.0)
    for axes, noise in zip(panels, means.noises, strict=True):
        for at, method in enumerate(means.methods):
            both = [
                (x.mean, y.mean)
                for mask in means.masks
                if (x := means.get(noise, method, mask, "mask", "ff")) is not None
                and (y := means.get(noise, method, mask, "mask", "ff_audio")) is not None
            ]
            if both:
                seen, listened = zip(*both, strict=True)
                axes.scatter(
                    seen, listened, s=24, marker=_MARKERS[at % len(_MARKERS)], linewidths=0, alpha=0.85,
                    color=_COLOURS[at % len(_COLOURS)], label=method,
                )  # fmt: skip
        low, high = axes.get_xlim()
        axes.plot([low, high], [low, high], color=LIGHT.line, linewidth=0.9)
        axes.set_title(noise, fontsize=9.5, color=LIGHT.ink, loc="left")
        style_axes(axes, LIGHT)
    _legend(figure, panels[0])
    figure.supxlabel("FF on the masked spectrogram", color=LIGHT.ink, fontsize=9)
    figure.supylabel("FF on the masked sound", color=LIGHT.ink, fontsize=9)
    return figure


def _panels(names: Sequence[str], *, height: float) -> tuple[Figure, list[Axes]]:
    columns = min(2, len(names))
    lines = -(-len(names) // columns)
    size = (4.1 * columns + 1.6, height * lines + 0.5)
    figure = Figure(figsize=size, facecolor=LIGHT.ground, layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    return figure, list(grid.flat[: len(names)])


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside right upper", fontsize=8, frameon=False, labelcolor=LIGHT.ink)


def _draw_means(
    axes: Axes, x: NDArray[np.floating], means: Sequence[Mean | None], marker: str, colour: str, label: str | None
) -> None:
    known = [(place, m) for place, m in zip(x.tolist(), means, strict=True) if m is not None]
    if not known:
        return
    middle = np.array([m.mean for _, m in known])
    reach = np.array([middle - [m.low for _, m in known], [m.high for _, m in known] - middle])
    axes.errorbar(
        [place for place, _ in known], middle, yerr=np.maximum(reach, 0), linestyle="none", elinewidth=0.8,
        markersize=4.5, marker=marker, color=colour, label=label,
    )  # fmt: skip
