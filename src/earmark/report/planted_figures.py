"""Pictures of the planted benchmark: who finds the evidence, truth against faithfulness, the sounds themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from earmark.features.front_end import front_end_from
from earmark.metrics.planted.case import PlantedClip
from earmark.metrics.planted.listener import FRONT_END
from earmark.metrics.planted.score import BASELINES
from earmark.metrics.planted.table import Mean, methods_of
from earmark.report.drawing import hz_text, style_axes
from earmark.report.theme import LIGHT

_TICKS_HZ = (250, 500, 1000, 2000, 4000)


def localisation_figure(rows: Sequence[Mean]) -> Figure:
    """AUC of every method (rows) on every case and kind of components (columns), means over sounds."""
    methods = methods_of(rows)
    columns = list(dict.fromkeys((row.case, row.components) for row in rows))
    values = np.full((len(methods), len(columns)), np.nan)
    for row in rows:
        values[methods.index(row.method), columns.index((row.case, row.components))] = row.auc
    size = (2.6 + 0.52 * len(columns), 1.9 + 0.33 * len(methods))
    figure = Figure(figsize=size, facecolor=LIGHT.ground, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap=LIGHT.diverging, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for (y, x), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else f"{value:.2f}"
        far = not np.isnan(value) and abs(value - 0.5) > 0.33
        axes.text(x, y, text, ha="center", va="center", fontsize=7.5, color=LIGHT.ground if far else LIGHT.ink)
    axes.set_xticks(
        range(len(columns)), [f"{case} · {kind}" for case, kind in columns], rotation=50, ha="right",
        rotation_mode="anchor",
    )  # fmt: skip
    axes.set_yticks(range(len(methods)), methods)
    first = next((at for at, name in enumerate(methods) if name in BASELINES), len(methods))
    axes.axhline(first - 0.5, color=LIGHT.ink, linewidth=1.2)
    style_axes(axes, LIGHT)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=30, pad=0.01)
    bar.set_label("localisation AUC", color=LIGHT.ink, fontsize=9)
    bar.ax.tick_params(labelsize=8, colors=LIGHT.muted)
    bar.outline.set_visible(False)
    return figure


def disagreement_figure(rows: Sequence[Mean]) -> Figure:
    """One panel a case: truth (AUC) against faithfulness (FF), a point a method and kind of components."""
    cases = list(dict.fromkeys(row.case for row in rows))
    columns = min(3, len(cases))
    lines = -(-len(cases) // columns)
    figure = Figure(figsize=(3.5 * columns + 0.4, 2.9 * lines + 0.4), facecolor=LIGHT.ground, layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes, case in zip(grid.flat, cases, strict=False):
        here = [row for row in rows if row.case == case]
        for row in here:
            known = row.method in BASELINES
            axes.scatter(
                row.ff, row.auc, s=26, color=LIGHT.raises if known else LIGHT.lowers, marker="s" if known else "o",
                linewidths=0, alpha=0.8,
            )  # fmt: skip
        _name_extremes(axes, here)
        axes.axhline(0.5, color=LIGHT.line, linewidth=0.9)
        axes.set_title(case, fontsize=9.5, color=LIGHT.ink, loc="left")
        axes.set_ylim(-0.05, 1.08)
        style_axes(axes, LIGHT)
    for axes in grid.flat[len(cases) :]:
        axes.set_visible(False)
    figure.supxlabel("FF: what the class loses without the strongest quarter", color=LIGHT.ink, fontsize=9)
    figure.supylabel("localisation AUC", color=LIGHT.ink, fontsize=9)
    return figure


def sound_figure(case: str, one: PlantedClip) -> Figure:
    """The sound as the listener sees it, and where its evidence lies (or which stem carries it)."""
    figure = Figure(figsize=(5.4, 2.7), facecolor=LIGHT.ground, layout="constrained")
    axes = figure.subplots()
    front_end = front_end_from(FRONT_END)
    with torch.inference_mode():
        seen = front_end(torch.tensor(one.clip.waveform)[None])[0].numpy()
    hz = np.asarray(front_end.bin_hz)
    step = FRONT_END.hop_length / FRONT_END.sample_rate
    edges = (-step / 2, (seen.shape[1] - 0.5) * step, -0.5, len(hz) - 0.5)
    axes.imshow(seen, origin="lower", aspect="auto", cmap="magma", extent=edges, interpolation="nearest")
    rows = np.arange(len(hz))
    for place in one.places:
        low = -0.5 if place.low_hz is None else float(np.interp(place.low_hz, hz, rows, left=-0.5))
        high = (
            len(hz) - 0.5 if place.high_hz is None else float(np.interp(place.high_hz, hz, rows, right=len(hz) - 0.5))
        )
        start = 0.0 if place.start_s is None else place.start_s
        end = one.clip.duration_s if place.end_s is None else place.end_s
        box = ((start, low), max(end - start, 0.02), max(high - low, 0.4))
        axes.add_patch(Rectangle(*box, facecolor="none", edgecolor="#7fd4ff", linewidth=1.6))
    carrier = next((place.stem for place in one.places if place.stem is not None), None)
    named = f", carried by {carrier}" if carrier else ""
    axes.set_title(f"{case}: {one.label}{named}", fontsize=9.5, color=LIGHT.ink, loc="left")
    axes.set_yticks(np.interp(_TICKS_HZ, hz, rows), [hz_text(tick) for tick in _TICKS_HZ])
    axes.set_xlim(0, one.clip.duration_s)
    axes.set_xlabel("time (s)", color=LIGHT.ink, fontsize=9)
    style_axes(axes, LIGHT)
    return figure


def _name_extremes(axes: Axes, rows: Sequence[Mean]) -> None:
    """Names at the points that matter: the most faithful, the most faithful far from the truth, and its opposite."""
    known = [row for row in rows if not np.isnan(row.ff)]
    if not known:
        return
    wrong = [row for row in known if row.auc < 0.75]
    chosen = {id(max(known, key=lambda row: row.ff)): max(known, key=lambda row: row.ff)}
    if wrong:
        worst = max(wrong, key=lambda row: row.ff)
        chosen[id(worst)] = worst
    for row in chosen.values():
        # Names lie inside the panel: to the right of points at its left edge.
        left = row.ff < 0.45
        axes.annotate(
            f"{row.method}, {row.components}",
            (row.ff, row.auc),
            xytext=(5 if left else -4, -9),
            textcoords="offset points",
            ha="left" if left else "right",
            fontsize=7,
            color=LIGHT.muted,
        )
