"""An assessment as a page that needs nothing else, with its pictures, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from matplotlib.figure import Figure

from earmark.files import write_bytes, write_text
from earmark.report.images import png_bytes
from earmark.report.page_parts import Picture, page_policy, page_template
from earmark.report.training_figures import confusion_figure, curves_figure, noise_figure, reliability_figure
from earmark.training.assess import Assessment
from earmark.training.history import Epoch
from earmark.training.leak import LeakRow
from earmark.training.scores import Interval, Scores

NAMES = ("assessment.html", "assessment.json", "confusion.png", "reliability.png")


def write_assessment(
    folder: Path,
    found: Assessment,
    *,
    command: str,
    leak: Sequence[LeakRow] = (),
    history: Sequence[Epoch] = (),
) -> tuple[Path, ...]:
    """Write page, JSON and pictures into a folder; returns the paths.

    Parameters
    ----------
    folder : exists or is made.
    found : the assessment.
    command : that gives it again.
    leak : the rows of a leak report, if any.
    history : of the training, if known.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    pictures = _pictures(found, history)
    page = page_template("assessment.html.j2").render(
        a=found,
        rows=rows_of(found),
        classes=found.clips.classes,
        leak=[_leak_row(row) for row in leak],
        pictures=pictures,
        policy=page_policy(),
        command=command,
        interval=interval_text,
    )
    written = [write_text(folder / NAMES[0], page), write_text(folder / NAMES[1], as_json(found, leak))]
    written += [write_bytes(folder / picture.file, picture.png) for picture in pictures]
    return tuple(written)


def as_json(found: Assessment, leak: Sequence[LeakRow] = ()) -> str:
    """The document that ``--json`` prints, as text."""
    return json.dumps(document(found, leak), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def document(found: Assessment, leak: Sequence[LeakRow] = ()) -> dict[str, object]:
    """The assessment and the leak report as JSON values."""
    return {**found.document(), "leak": [asdict(row) for row in leak]}


def rows_of(found: Assessment) -> list[tuple[str, Scores, Interval | None]]:
    """What is compared in the first table: name, measures, and by how much the model is more accurate on the clips."""
    rows: list[tuple[str, Scores, Interval | None]] = [(f"{found.model}, by {found.unit}", found.clips, None)]
    if found.slices is not None:
        rows.append((f"{found.model}, by slice", found.slices, None))
    if found.songs is not None:
        rows.append((f"{found.model}, song vote", found.songs, None))
    return rows + [(each.name, each.scores, each.model_minus_this) for each in found.baselines]


def interval_text(value: Interval) -> str:
    """A figure with its interval, as in a table."""
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def _pictures(found: Assessment, history: Sequence[Epoch]) -> list[Picture]:
    after = found.calibration.after if found.calibration is not None else None
    figures: list[tuple[str, str, str, Figure]] = [
        (
            "confusion",
            "Confusion matrix",
            f"Confusion matrix of the test {found.unit}s: rows are the truth, columns what the model said.",
            confusion_figure(found.clips, found.labels),
        ),
        (
            "reliability",
            "Reliability diagram",
            f"Accuracy of the test {found.unit}s over the model's confidence; a point's size is their number.",
            reliability_figure(found.clips, after),
        ),
    ]
    if found.noise:
        caption = "Accuracy with white noise; dotted: without. Bands are the intervals."
        figures.append(("noise", "Accuracy under noise", caption, noise_figure(found.clips.accuracy, found.noise)))
    if history:
        caption = "The training, epoch by epoch; dotted: the epoch whose weights were kept."
        figures.append(("curves", "Training curves", caption, curves_figure(history)))
    return [
        Picture(f"{name}.png", heading, caption, png_bytes(figure, dpi=110))
        for name, heading, caption, figure in figures
    ]


def _leak_row(row: LeakRow) -> dict[str, str]:
    return {
        "split": row.split,
        "kept_apart": row.kept_apart,
        "slices": interval_text(row.slices.accuracy) if row.slices else "–",
        "songs": interval_text(row.songs.accuracy) if row.songs else "–",
        "why_not": row.why_not,
    }
