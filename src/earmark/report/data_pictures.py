"""Pictures of a data set: counts, lengths, mean spectra, descriptor profiles, and one example of every class."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Template
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from earmark.data.overview import HOP_S, Example, Overview
from earmark.features.descriptors.analysis import N_FFT, N_MELS, RATE
from earmark.features.descriptors.names import descriptor_group
from earmark.features.mel import mel_bank
from earmark.files import write_bytes, write_text
from earmark.report.drawing import hz_text, shortened, style_axes, symmetric_norm
from earmark.report.images import png_bytes
from earmark.report.page_parts import Picture, page_policy, page_template
from earmark.report.theme import LIGHT

PAGE = "describe.html"
PROFILE_ROWS = 30

_TICKS_HZ = (125, 250, 500, 1000, 2000, 4000, 8000)
_PITCHES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_DRAWN_BPM = (40, 60, 80, 120, 160, 240)


def write_pictures(folder: str | Path, seen: Overview) -> tuple[Path, ...]:
    """Write the pictures as PNG and all of them as one HTML page, ``describe.html``; returns the paths, page first.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    made = pictures(seen)
    paths = [write_bytes(folder / one.file, one.png) for one in made]
    page = _template().render(
        o=seen,
        policy=page_policy(),
        command="",
        pictures=made,
        total=sum(seen.counts.values()),
        heard=sum(len(values) for values in seen.descriptors.values()),
    )
    return (write_text(folder / PAGE, page), *paths)


def pictures(seen: Overview) -> tuple[Picture, ...]:
    """All pictures, in the order of the page."""
    numbers = sorted(len(values) for values in seen.spectra_db.values())
    heard = str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"
    found = [
        Picture(
            "counts.png", "Classes and lengths",
            "Items of each class, and how long they are: every dot is an item.", png_bytes(counts_figure(seen)),
        ),
        Picture(
            "spectra.png", "Mean spectra",
            f"Level in 128 mel bands below the loudest of each sound: median and the middle 80 % of {heard} sounds "
            "a class; grey is the median of all classes.", png_bytes(spectra_figure(seen)),
        ),
        Picture(
            "profiles.png", "What tells the classes apart",
            "Class means in standard deviations from the mean of all sounds, for the descriptors that differ most. "
            "Right: the share of a descriptor's variance that lies between the classes.",
            png_bytes(profiles_figure(seen)),
        ),
    ]  # fmt: skip
    for at, (label, example) in enumerate(seen.examples.items()):
        found.append(
            Picture(
                f"example_{at + 1:02d}.png", f"Example: {label}",
                f"{example.name}: waveform, mel spectrogram with the roll-off (85 % of the magnitude lie below it), "
                "chromagram, tempogram.", png_bytes(example_figure(example), dpi=100),
            )
        )  # fmt: skip
    return tuple(found)


def counts_figure(seen: Overview) -> Figure:
    """Items a class as bars; lengths as dots."""
    labels = list(seen.counts)
    figure = Figure(figsize=(9.6, 1.1 + 0.34 * len(labels)), facecolor=LIGHT.ground, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    rows = np.arange(len(labels))
    counts = list(seen.counts.values())
    left.barh(rows, counts, color=LIGHT.matters, height=0.62)
    for count, place in zip(counts, rows, strict=True):
        left.text(count, place, f" {count}", va="center", color=LIGHT.ink, fontsize=9)
    left.set_xlim(0, max(counts) * 1.12)
    left.set_xlabel("items", color=LIGHT.ink)
    left.set_yticks(rows, [shortened(label) for label in labels])
    left.invert_yaxis()
    for row, label in enumerate(labels):
        lengths = seen.durations_s[label]
        # Dots of equal length lie beside each other instead of on top.
        spread = np.linspace(-0.22, 0.22, len(lengths)) if len(lengths) > 1 else np.zeros(len(lengths))
        right.scatter(lengths, row + spread, s=7, color=LIGHT.lowers, alpha=0.6, linewidths=0)
    longest = max((float(lengths.max()) for lengths in seen.durations_s.values() if len(lengths)), default=1.0)
    right.set_xlim(0, longest * 1.08)
    right.set_xlabel("length in s", color=LIGHT.ink)
    for axes in (left, right):
        style_axes(axes, LIGHT)
    return figure


def spectra_figure(seen: Overview) -> Figure:
    """A panel a class: the median spectrum and the middle 80 %, over the median of all classes."""
    labels = list(seen.spectra_db)
    columns = min(4, len(labels))
    lines = -(-len(labels) // columns)
    figure = Figure(figsize=(2.5 * columns + 0.4, 2.0 * lines + 0.4), facecolor=LIGHT.ground, layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    hz = _mel_hz()
    every = np.median(np.concatenate(list(seen.spectra_db.values())), axis=0)
    for axes, label in zip(grid.flat, labels, strict=False):
        low, middle, high = np.percentile(seen.spectra_db[label], (10, 50, 90), axis=0)
        axes.fill_between(hz, low, high, color=LIGHT.matters, alpha=0.22, linewidth=0)
        axes.plot(hz, every, color=LIGHT.muted, linewidth=0.9)
        axes.plot(hz, middle, color=LIGHT.matters, linewidth=1.4)
        axes.set_title(shortened(label), fontsize=9.5, color=LIGHT.ink, loc="left")
        axes.set_xscale("log")
        axes.set_xlim(60, RATE / 2)
        axes.set_ylim(-80, 3)
        axes.set_xticks(_TICKS_HZ, [hz_text(tick) if at % 2 == 1 else "" for at, tick in enumerate(_TICKS_HZ)])
        axes.minorticks_off()
        style_axes(axes, LIGHT)
    for axes in grid.flat[len(labels) :]:
        axes.set_visible(False)
    for at, axes in enumerate(grid.flat[: len(labels)]):
        # A panel with nothing below it has the ticks that its column shares.
        axes.tick_params(labelbottom=at + columns >= len(labels))
    figure.supylabel("dB below the loudest band", color=LIGHT.ink, fontsize=9)
    return figure


def profiles_figure(seen: Overview) -> Figure:
    """Descriptors that differ most between classes: their class means, and the share of variance between classes."""
    labels = list(seen.descriptors)
    telling = seen.telling
    order = np.argsort(-telling, kind="stable")[:PROFILE_ROWS]
    groups = {name: at for at, name in enumerate(("timbre", "harmony", "rhythm"))}
    order = np.array(sorted(order, key=lambda at: (groups[descriptor_group(seen.names[at])], -telling[at])))
    values = seen.profiles[:, order].T
    size = (3.4 + 0.62 * len(labels) + 2.2, 1.6 + 0.235 * len(order))
    figure = Figure(figsize=size, facecolor=LIGHT.ground, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(0.62 * len(labels) + 0.6, 1.7))
    norm = symmetric_norm(values)
    image = left.imshow(values, cmap=LIGHT.diverging, norm=norm, aspect="auto", interpolation="nearest")
    names = [f"{descriptor_group(seen.names[at])} · {seen.names[at]}" for at in order]
    left.set_yticks(range(len(order)), names, fontsize=8)
    left.set_xticks(
        range(len(labels)), [shortened(label) for label in labels], rotation=45, ha="right", rotation_mode="anchor"
    )
    right.barh(range(len(order)), telling[order], color=LIGHT.muted, height=0.6)
    right.set_xlim(0, 1)
    right.set_xlabel("between classes", color=LIGHT.ink, fontsize=9)
    right.tick_params(labelleft=False, left=False)
    for axes in (left, right):
        style_axes(axes, LIGHT)
    bar = figure.colorbar(image, ax=left, location="top", shrink=0.7, aspect=40, pad=0.01)
    bar.set_label("standard deviations from the mean of all", color=LIGHT.ink, fontsize=9)
    bar.ax.tick_params(labelsize=8, colors=LIGHT.muted)
    bar.outline.set_visible(False)
    return figure


def example_figure(example: Example) -> Figure:
    """Waveform, mel spectrogram with roll-off, chromagram and tempogram of one sound, under each other."""
    figure = Figure(figsize=(9.6, 7.6), facecolor=LIGHT.ground, layout="constrained")
    wave, mel, chroma, tempo = figure.subplots(4, 1, sharex=True, height_ratios=(1, 2.2, 1.6, 1.6))
    length_s = len(example.waveform) / RATE
    _draw_wave(wave, example.waveform)
    hz = _mel_hz()
    edges = (-HOP_S / 2, (example.mel_db.shape[1] - 0.5) * HOP_S)
    mel.imshow(example.mel_db, origin="lower", aspect="auto", cmap="magma", extent=(*edges, -0.5, N_MELS - 0.5))
    rows = np.interp(example.rolloff_hz, hz, np.arange(N_MELS))
    mel.plot(np.arange(len(rows)) * HOP_S, rows, color="#7fd4ff", linewidth=0.9, label="roll-off")
    ticks = _TICKS_HZ[1:]  # below, bands are so wide that the texts would touch
    mel.set_yticks(np.interp(ticks, hz, np.arange(N_MELS)), [hz_text(tick) for tick in ticks])
    mel.set_ylabel("Hz", color=LIGHT.ink)
    mel.legend(loc="upper right", fontsize=8, framealpha=0.75)
    chroma.imshow(
        example.chroma, origin="lower", aspect="auto", cmap="magma", extent=(*edges, -0.5, 11.5),
        interpolation="nearest",
    )  # fmt: skip
    chroma.set_yticks(range(0, 12, 2), _PITCHES[::2])
    chroma.set_ylabel("pitch class", color=LIGHT.ink)
    _draw_tempogram(tempo, example, edges)
    tempo.set_xlabel("s", color=LIGHT.ink)
    tempo.set_xlim(0, length_s)
    for axes in (wave, mel, chroma, tempo):
        style_axes(axes, LIGHT)
    return figure


def _draw_wave(axes: Axes, waveform: NDArray[np.float64]) -> None:
    # Highest and lowest sample of each of about 1200 columns: what a line through all samples would show.
    step = max(1, len(waveform) // 1200)
    columns = waveform[: len(waveform) // step * step].reshape(-1, step)
    seconds = (np.arange(len(columns)) + 0.5) * step / RATE
    axes.fill_between(seconds, columns.min(axis=1), columns.max(axis=1), color=LIGHT.lowers, linewidth=0.3)
    largest = float(np.abs(waveform).max()) or 1.0
    axes.set_ylim(-1.05 * largest, 1.05 * largest)
    axes.set_ylabel("full scale", color=LIGHT.ink)


def _draw_tempogram(axes: Axes, example: Example, edges: tuple[float, float]) -> None:
    # Tempos are unevenly spaced lags; drawn on a row a hundredth of an octave apart.
    rows = np.geomspace(32, 315, 240)
    lags = np.interp(-rows, -example.bpm, np.arange(len(example.bpm)))
    drawn = example.tempogram[np.rint(lags).astype(int)]
    axes.imshow(drawn, origin="lower", aspect="auto", cmap="magma", extent=(*edges, -0.5, len(rows) - 0.5), vmin=0)
    axes.set_yticks(np.interp(_DRAWN_BPM, rows, np.arange(len(rows))), [str(bpm) for bpm in _DRAWN_BPM])
    axes.set_ylabel("beats / min", color=LIGHT.ink)


def _mel_hz() -> NDArray[np.float64]:
    """The centre of each mel band."""
    return mel_bank(RATE, N_FFT, N_MELS, 0.0, RATE / 2)[1]


@cache
def _template() -> Template:
    return page_template("data_pictures.html.j2")
