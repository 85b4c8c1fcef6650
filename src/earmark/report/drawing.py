"""Drawing on one pair of axes: the spectrogram with ticks in Hz, effects as boxes on it, effects in lanes, bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from earmark.explain.explanation import Effect
from earmark.explain.game import Floats
from earmark.report.layout import Cell
from earmark.report.theme import NEGATIVE_HATCH, Theme, written
from earmark.report.view import ModelView

_NICE_HZ = (30, 60, 125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000)


def symmetric_norm(values: Floats) -> Normalize:
    """−m to m with m the largest magnitude, so that the middle of a diverging map is 0."""
    largest = float(np.abs(values).max(initial=0.0))
    return Normalize(-largest or -1.0, largest or 1.0)


def effect_norm(values: Floats, *, directed: bool) -> Normalize:
    """``symmetric_norm``, or 0 to the largest where there is no direction."""
    return symmetric_norm(values) if directed else Normalize(0.0, float(values.max(initial=0.0)) or 1.0)


def colours_of(norm: Normalize, theme: Theme) -> LinearSegmentedColormap:
    """The diverging map for a norm that reaches below 0, else the one of a single hue."""
    return theme.diverging if _directed(norm) else theme.sequential


def decimals_for(values: Floats) -> int:
    """Two decimals, or as many as the largest value needs to show two digits."""
    largest = float(np.abs(values).max(initial=0.0))
    return 2 if largest >= 0.1 or largest == 0 else min(6, 1 - int(np.floor(np.log10(largest))))


def style_axes(axes: Axes, theme: Theme) -> None:
    """Thin rules, no box, text in the theme's colours."""
    axes.set_facecolor("none")
    for spine in axes.spines.values():
        spine.set_color(theme.line)
        spine.set_linewidth(0.8)
    axes.tick_params(colors=theme.muted, labelsize=9, length=3, width=0.8)
    axes.xaxis.label.set_color(theme.muted)
    axes.yaxis.label.set_color(theme.muted)
    axes.xaxis.label.set_fontsize(9.5)
    axes.yaxis.label.set_fontsize(9.5)


def hz_text(hz: float) -> str:
    """``500 Hz`` or ``2 kHz``."""
    return f"{hz:g} Hz" if hz < 1000 else f"{hz / 1000:g} kHz"


def rows_of(hz: NDArray[np.float64] | Sequence[float], rows_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies as (fractional) rows of the picture; beyond its ends, its lower and upper edge."""
    inner = np.interp(hz, rows_hz, np.arange(len(rows_hz), dtype=np.float64))
    below, above = np.asarray(hz) < rows_hz[0], np.asarray(hz) > rows_hz[-1]
    return np.where(below, -0.5, np.where(above, len(rows_hz) - 0.5, inner))


def draw_spectrogram(
    axes: Axes, view: ModelView, theme: Theme, *, cmap: str = "magma"
) -> tuple[AxesImage, NDArray[np.float64]]:
    """Image, and the frequency of each of its rows in Hz (the first at the bottom)."""
    values, rows_hz = _on_hearing_axis(view)
    frames = values.shape[1]
    image = axes.imshow(
        values,
        origin="lower",
        aspect="auto",
        cmap=cmap,
        vmin=view.low,
        vmax=view.high if view.high > view.low else view.low + 1,
        interpolation="nearest" if frames < 400 else "antialiased",
        extent=(-0.5 * view.frame_s, (frames - 0.5) * view.frame_s, -0.5, len(rows_hz) - 0.5),
    )
    axes.set_xlim(0, view.duration_s)
    ticks = _ticks_hz(rows_hz)
    axes.set_yticks(rows_of(ticks, rows_hz), [hz_text(hz) for hz in ticks])
    axes.set_ylabel("Frequency")
    style_axes(axes, theme)
    return image, rows_hz


def draw_boxes(
    axes: Axes, cells: Sequence[Cell], values: Floats, norm: Normalize, rows_hz: NDArray[np.float64], theme: Theme
) -> None:
    """Effects over a spectrogram: the stronger, the less transparent; hatched where they are below 0."""
    colours = colours_of(norm, theme)
    decimals = decimals_for(values)
    for cell in cells:
        value = float(values[cell.index])
        strength = abs(value) / float(norm.vmax or 1.0)
        low, high = _rows_between(cell, rows_hz)
        place = ((cell.start_s, low), cell.end_s - cell.start_s, high - low)
        fill = (*to_rgb(colours(float(norm(value)))), 0.2 + 0.55 * strength if strength > 0.03 else 0.0)
        edge = (*to_rgb(theme.ink), 0.2 + 0.8 * strength)
        axes.add_patch(Rectangle(*place, facecolor=fill, edgecolor=edge, linewidth=0.5 + 1.3 * strength))
        if value < 0 and strength > 0.1:
            # A patch of its own, because the hatch takes the colour of the edge.
            hatch = (*to_rgb(theme.ink), 0.25 + 0.3 * strength)
            axes.add_patch(Rectangle(*place, facecolor="none", edgecolor=hatch, hatch=NEGATIVE_HATCH, linewidth=0))
    for index in np.argsort(-np.abs(values), kind="stable")[: 12 if len(values) <= 12 else 6]:
        cell = cells[int(index)]
        low, high = _rows_between(cell, rows_hz)
        if abs(values[index]) > 0.02 * float(norm.vmax or 1.0):
            axes.text(
                (cell.start_s + cell.end_s) / 2,
                (low + high) / 2,
                written(float(values[index]), decimals, directed=_directed(norm)),
                ha="center",
                va="center",
                fontsize=9,
                color=theme.ink,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": theme.ground, "edgecolor": "none", "alpha": 0.88},
            )


def draw_lanes(
    axes: Axes,
    names: Sequence[str],
    cells: Sequence[Cell],
    values: Floats,
    norm: Normalize,
    duration_s: float,
    theme: Theme,
) -> None:
    """Effects as a table, one lane per name, seconds along x; sign in colour, in hatching and in numbers."""
    colours = colours_of(norm, theme)
    decimals = decimals_for(values)
    largest = float(norm.vmax or 1.0)
    crowded = len(cells) > 16 * len(names)
    for cell in cells:
        value = float(values[cell.index])
        strength = abs(value) / largest
        face = colours(float(norm(value)))
        axes.add_patch(
            Rectangle(
                (cell.start_s, cell.lane - 0.5),
                cell.end_s - cell.start_s,
                1.0,
                facecolor=face,
                edgecolor=theme.ground,
                linewidth=2.0,
            )
        )
        dark_on_light = _luminance(face[:3]) > 0.36
        text_colour = "#16181c" if dark_on_light else "#ffffff"
        if value < 0 and strength > 0.05:
            # A second patch, because the hatch takes the colour of the edge.
            axes.add_patch(
                Rectangle(
                    (cell.start_s, cell.lane - 0.5),
                    cell.end_s - cell.start_s,
                    1.0,
                    facecolor="none",
                    edgecolor=(*to_rgb(text_colour), 0.28),
                    hatch=NEGATIVE_HATCH,
                    linewidth=0.0,
                )
            )
        if strength > 0.05 and not crowded:
            axes.text(
                (cell.start_s + cell.end_s) / 2,
                cell.lane,
                written(value, decimals, directed=_directed(norm)),
                ha="center",
                va="center",
                fontsize=8.5,
                fontweight="bold" if strength > 0.5 else "normal",
                color=text_colour,
                bbox={"boxstyle": "round,pad=0.12", "facecolor": face, "edgecolor": "none"} if value < 0 else None,
            )
    axes.set_xlim(0, duration_s)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    style_axes(axes, theme)
    axes.tick_params(axis="y", length=0)
    for label in axes.get_yticklabels():
        label.set_color(theme.ink)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def draw_bars(axes: Axes, effects: Sequence[Effect], decimals: int, theme: Theme) -> None:
    """Horizontal bars with standard errors, the first effect on top; those below 0 are hatched."""
    for row, effect in enumerate(effects):
        raises = effect.value >= 0
        axes.barh(
            row,
            effect.value,
            height=0.68,
            color=(theme.raises if raises else theme.lowers) if effect.signed else theme.matters,
            hatch=None if raises else NEGATIVE_HATCH,
            edgecolor=theme.ground,
            linewidth=0,
        )
        # An error that is not known (NaN) has no bar either.
        if effect.error > 0:
            axes.errorbar(
                effect.value, row, xerr=effect.error, fmt="none", ecolor=theme.ink, elinewidth=1.1, capsize=2.5
            )
        error = effect.error if effect.error > 0 else 0.0
        beyond = effect.value + error if raises else effect.value - error
        axes.annotate(
            written(effect.value, decimals, directed=effect.signed),
            (beyond, row),
            xytext=(5 if raises else -5, 0),
            textcoords="offset points",
            ha="left" if raises else "right",
            va="center",
            fontsize=9,
            color=theme.ink,
        )
    axes.axvline(0, color=theme.muted, linewidth=0.9)
    axes.set_yticks(range(len(effects)), [shortened(effect.component.label, 34) for effect in effects])
    axes.set_ylim(len(effects) - 0.4, -0.6)
    axes.margins(x=0.16)
    style_axes(axes, theme)
    axes.tick_params(axis="y", length=0)
    for label in axes.get_yticklabels():
        label.set_color(theme.ink)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def draw_map(axes: Axes, cells: ModelView, norm: Normalize, theme: Theme) -> None:
    """A map (the numbers of ``cells``) over a spectrogram of the same shape: the stronger, the less transparent."""
    values, rows_hz = _on_hearing_axis(cells)
    picture = colours_of(norm, theme)(norm(values))
    picture[..., 3] = 0.92 * np.sqrt(np.clip(np.abs(values) / float(norm.vmax or 1.0), 0, 1))
    frames = values.shape[1]
    axes.imshow(
        picture,
        origin="lower",
        aspect="auto",
        interpolation="nearest" if frames < 400 else "antialiased",
        extent=(-0.5 * cells.frame_s, (frames - 0.5) * cells.frame_s, -0.5, len(rows_hz) - 0.5),
    )
    axes.set_xlim(0, cells.duration_s)


def draw_course(
    axes: Axes, times_s: Floats, values: Floats, duration_s: float, theme: Theme, *, directed: bool
) -> None:
    """A map of the waveform, summed over steps of time, as areas above and below 0."""
    over, under = (theme.raises, theme.lowers) if directed else (theme.matters, theme.matters)
    axes.fill_between(times_s, np.maximum(values, 0), step="mid", color=over, linewidth=0)
    axes.fill_between(
        times_s,
        np.minimum(values, 0),
        step="mid",
        color=under,
        linewidth=0,
        hatch=NEGATIVE_HATCH,
        edgecolor=theme.ground,
    )
    axes.axhline(0, color=theme.muted, linewidth=0.8)
    axes.set_xlim(0, duration_s)
    style_axes(axes, theme)


def shortened(text: str, length: int = 18) -> str:
    """Names longer than that end in "…"; a dollar sign stays a dollar sign (no mathematics in names)."""
    text = text if len(text) <= length else text[: length - 1] + "…"
    return text.replace("$", r"\$")


def _rows_between(cell: Cell, rows_hz: NDArray[np.float64]) -> tuple[float, float]:
    if cell.low_hz is None or cell.high_hz is None:
        return -0.5, len(rows_hz) - 0.5
    low, high = rows_of([cell.low_hz, cell.high_hz], rows_hz)
    return float(low), float(high)


def _ticks_hz(rows_hz: NDArray[np.float64]) -> list[int]:
    """Round frequencies from the top down, until one would touch the one above."""
    chosen: list[int] = []
    for hz in reversed(_NICE_HZ):
        if rows_hz[0] <= hz <= rows_hz[-1]:
            rows = rows_of([hz, *chosen[-1:]], rows_hz)
            if len(rows) == 2 and rows[1] - rows[0] < 0.06 * len(rows_hz):
                break
            chosen.append(hz)
    return chosen


def _on_hearing_axis(view: ModelView) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Rows evenly spaced as we hear: a linear frequency axis is read at mel-spaced rows, any other stays as it is."""
    steps = np.diff(view.bin_hz)
    if len(steps) < 2 or not np.allclose(steps, steps[0], rtol=1e-3):
        return view.spectrogram, view.bin_hz
    top = 2595 * np.log10(1 + view.bin_hz[-1] / 700)
    rows_hz = 700 * (10 ** (np.linspace(0, top, 200) / 2595) - 1)
    nearest = np.abs(view.bin_hz[None, :] - rows_hz[:, None]).argmin(axis=1)
    return view.spectrogram[nearest], rows_hz


def _luminance(rgb: Sequence[float]) -> float:
    # WCAG 2 relative luminance.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _directed(norm: Normalize) -> bool:
    return float(norm.vmin or 0.0) < 0
