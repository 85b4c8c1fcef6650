"""Figures of an assessment and of a training: confusion matrix, reliability diagram, curves, noise (matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from earmark.report.drawing import shortened, style_axes
from earmark.report.theme import theme_of
from earmark.training.assess import Noise
from earmark.training.history import Epoch, best_of
from earmark.training.scores import Interval, Scores


def confusion_figure(scores: Scores, labels: Sequence[str], *, theme: str = "light") -> Figure:
    """Rows are the truth, columns what was said; the number is the count, the colour its share of the row."""
    colours = theme_of(theme)
    counts = np.array(scores.confusion)
    side = max(3.6, 1.6 + 0.52 * len(labels))
    figure = Figure(figsize=(side, side), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sums, out=np.zeros(counts.shape), where=sums > 0)
    axes.imshow(shares, cmap=colours.sequential, vmin=0, vmax=1)
    for row in range(len(labels)):
        for column in range(len(labels)):
            if counts[row, column]:
                ink = colours.ground if shares[row, column] > 0.5 else colours.ink
                axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=9)
    names = [shortened(label) for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("said", color=colours.ink)
    axes.set_ylabel("true", color=colours.ink)
    return figure


def reliability_figure(before: Scores, after: Scores | None = None, *, theme: str = "light") -> Figure:
    """Accuracy over confidence, bin by bin, before and after temperature scaling; on the diagonal both are equal."""
    colours = theme_of(theme)
    figure = Figure(figsize=(4.8, 4.2), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    axes.plot([0, 1], [0, 1], color=colours.muted, linewidth=1, linestyle=":", label="as sure as right")
    for scores, name, colour, mark in (
        (before, "as it is", colours.raises, "o"),
        (after, "with temperature", colours.lowers, "s"),
    ):
        if scores is None:
            continue
        bins = scores.reliability
        axes.plot([b.confidence for b in bins], [b.accuracy for b in bins], color=colour, linewidth=1, alpha=0.6)
        axes.scatter(
            [b.confidence for b in bins],
            [b.accuracy for b in bins],
            s=[14 + 220 * b.count / scores.n for b in bins],
            color=colour,
            marker=mark,
            label=f"{name}: ECE {scores.ece.value:.3f}",
        )
    axes.set(xlim=(0, 1), ylim=(-0.02, 1.02))
    axes.set_xlabel("confidence (top probability)", color=colours.ink)
    axes.set_ylabel("accuracy", color=colours.ink)
    axes.legend(frameon=False, labelcolor=colours.ink, fontsize=8)
    return figure


def curves_figure(history: Sequence[Epoch], *, theme: str = "light") -> Figure:
    """Loss and accuracy by epoch, in training and on validation, with the epoch whose weights were kept."""
    colours = theme_of(theme)
    figure = Figure(figsize=(9.0, 3.4), facecolor=colours.ground, layout="constrained")
    epochs = [row.epoch for row in history]
    for place, (name, unit) in enumerate((("loss", "loss (nats)"), ("accuracy", "accuracy")), start=1):
        axes = figure.add_subplot(1, 2, place)
        style_axes(axes, colours)
        axes.plot(epochs, [getattr(row, f"train_{name}") for row in history], color=colours.lowers, label="training")
        axes.plot(
            epochs, [getattr(row, name) for row in history], color=colours.raises, linestyle="--", label="validation"
        )
        axes.axvline(best_of(history).epoch, color=colours.muted, linewidth=1, linestyle=":", label="kept")
        axes.set_xlabel("epoch", color=colours.ink)
        axes.set_ylabel(unit, color=colours.ink)
        axes.legend(frameon=False, labelcolor=colours.ink, fontsize=8)
    return figure


def noise_figure(clean: Interval, noise: Sequence[Noise], *, theme: str = "light") -> Figure:
    """Accuracy over the signal-to-noise ratio, with intervals; the line across is that without noise."""
    colours = theme_of(theme)
    figure = Figure(figsize=(4.8, 3.4), facecolor=colours.ground, layout="constrained")
    axes = figure.add_subplot()
    style_axes(axes, colours)
    ordered = sorted(noise, key=lambda point: point.snr_db)
    x = [point.snr_db for point in ordered]
    y = np.array([point.accuracy.value for point in ordered])
    ends = np.array([[point.accuracy.low, point.accuracy.high] for point in ordered]).T
    axes.fill_between(x, ends[0], ends[1], color=colours.lowers, alpha=0.2, linewidth=0)
    axes.plot(x, y, color=colours.lowers, marker="o")
    axes.axhline(clean.value, color=colours.muted, linewidth=1, linestyle=":")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("signal-to-noise ratio (dB, white noise)", color=colours.ink)
    axes.set_ylabel("accuracy", color=colours.ink)
    return figure
