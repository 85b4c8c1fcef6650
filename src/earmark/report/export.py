"""Explanations for other programs: CSV tables, Audacity label tracks, Raven selection tables.

(JSON is ``Explanation.save``.) Times are seconds in the file that was explained: where only a span of it was, they
still count from the beginning of the file, so that labels lie where they belong when it is opened. Words of lyrics lie
at each of their times; those whose times are not known are in the CSV table only.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from earmark.explain.explanation import Effect, Explanation
from earmark.explain.modalities import has_words, sheet_of
from earmark.files import write_text
from earmark.report.layout import span_s

CSV_COLUMNS = (
    "label", "component", "name", "start_s", "end_s", "low_hz", "high_hz", "effect", "error", "output", "base", "full"
)  # fmt: skip


def to_csv(explanation: Explanation, path: str | Path) -> Path:
    """Write ``csv_text``; the path."""
    return write_text(path, csv_text(explanation))


def to_audacity(explanation: Explanation, path: str | Path, label: str | int | None = None) -> Path:
    """Write ``audacity_text``; the path."""
    return write_text(path, audacity_text(explanation, label))


def to_raven(explanation: Explanation, path: str | Path, label: str | int | None = None) -> Path:
    """Write ``raven_text``; the path."""
    return write_text(path, raven_text(explanation, label))


def csv_text(explanation: Explanation) -> str:
    """One row per target and component: ``CSV_COLUMNS``, numbers to nine digits, empty where a field does not apply."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in explanation.targets:
        for index, component in enumerate(explanation.components):
            shifted = [
                None if t is None else t + explanation.clip.start_s for t in (component.start_s, component.end_s)
            ]
            numbers = [*shifted, component.low_hz, component.high_hz]
            effects = [explanation.attributions[row, index], explanation.errors[row, index]]
            writer.writerow(
                [
                    explanation.labels[row],
                    index,
                    component.label,
                    *("" if n is None else _digits(n) for n in numbers),
                    *(_digits(e) for e in effects),
                    explanation.recipe.output,
                    _digits(explanation.base[row]),
                    _digits(explanation.full[row]),
                ]
            )
    return out.getvalue()


def audacity_text(explanation: Explanation, label: str | int | None = None) -> str:
    r"""An Audacity label track: ``start\tend\ttext``, and ``\\\tlow\thigh`` on a second line where there is a band.

    One label per component, in the order of time, for one of the explanation's labels (the first target by default).
    """
    lines = []
    for start, end, effect in _in_time(explanation, label):
        text = _one_line(effect.sentence(exact=explanation.exact))
        lines.append(f"{start:.6f}\t{end:.6f}\t{text}")
        if effect.component.low_hz is not None and effect.component.high_hz is not None:
            lines.append(f"\\\t{effect.component.low_hz:.6f}\t{effect.component.high_hz:.6f}")
    return "\n".join(lines) + "\n"


def raven_text(explanation: Explanation, label: str | int | None = None) -> str:
    """A Raven selection table (tab-separated) with our columns Component, Label, Effect and Standard Error.

    A component without a frequency range spans 0 Hz to half the clip's sample rate.
    """
    head = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"]
    lines = ["\t".join([*head, "Component", "Label", "Effect", "Standard Error"])]
    for number, (start, end, effect) in enumerate(_in_time(explanation, label), start=1):
        component = effect.component
        low = 0.0 if component.low_hz is None else component.low_hz
        high = explanation.clip.sample_rate / 2 if component.high_hz is None else component.high_hz
        cells = [
            str(number),
            "Spectrogram 1",
            "1",
            *(f"{value:.6f}" for value in (start, end, low, high)),
            _one_line(component.label),
            _one_line(effect.label),
            _digits(effect.value),
            _digits(effect.error),
        ]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _in_time(explanation: Explanation, label: str | int | None) -> list[tuple[float, float, Effect]]:
    shift, duration_s = explanation.clip.start_s, explanation.clip.duration_s
    placed = []
    words = _times_of_words(explanation)
    for effect in explanation.top(len(explanation.components), label):
        for start, end in words.get(effect.index, [span_s(effect.component, duration_s)]):
            placed.append((start + shift, end + shift, effect))
    return sorted(placed, key=lambda item: (item[0], item[1], item[2].index))


def _times_of_words(explanation: Explanation) -> dict[int, list[tuple[float, float]]]:
    """When each unit of the lyrics is sung, by the index of its component; in seconds of the clip."""
    if not has_words(explanation):
        return {}
    sheet = sheet_of(explanation)
    return {
        sheet.first + number: [
            (place.start_s, place.start_s if place.end_s is None else place.end_s)
            for place in unit.places
            if place.start_s is not None
        ]
        for number, unit in enumerate(sheet.units)
    }


def _digits(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.9g}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
