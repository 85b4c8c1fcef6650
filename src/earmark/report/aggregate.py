"""An aggregate of many explanations as a page that needs nothing else, and as a table."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from earmark.explain_global.aggregate.importance import Aggregate, Importance
from earmark.files import write_text
from earmark.report.aggregate_figures import effects_figure, profile_figure
from earmark.report.images import png_bytes
from earmark.report.page_parts import Picture, page_policy, page_template, slug
from earmark.report.theme import signed

PAGE, TABLE = "aggregate.html", "aggregate.csv"
_FIGURES = (
    "count", "share", "mean", "low", "high", "spread", "raising", "mean_size", "root_sum", "average", "homogeneous",
    "signed_root_sum", "signed_homogeneous", "shrunken",
)  # fmt: skip
_FEATURE = ("kind", "stem", "position", "low_hz", "high_hz", "word")
CSV_COLUMNS = ("label", "feature", *_FEATURE, *_FIGURES, "supported", "unsung")
_MOST_LEAKS = 20


@dataclass(frozen=True)
class _Class:
    label: str
    explanations: int
    rows: tuple[Importance, ...]
    suspects: tuple[Importance, ...]
    shares: str
    pictures: tuple[Picture, ...]


def write_aggregate(folder: Path, found: Aggregate, *, command: str, k: int = 15) -> tuple[Path, Path]:
    """Write the page and the table into a folder; returns their paths.

    Parameters
    ----------
    folder : exists or is made.
    found : the aggregate.
    command : that gives it again.
    k : features shown for each class.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    page = page_template("aggregate.html.j2").render(
        a=found,
        classes=[
            _Class(
                label,
                found.explanations[label],
                found.top(label, k),
                _suspects(found, label),
                shares_text(found, label),
                tuple(class_pictures(found, label, k).values()),
            )
            for label in found.labels
        ],
        leaks=leak_lines(found),
        most_leaks=_MOST_LEAKS,
        unsung=lambda row: ", ".join(found.unsung(row)),
        policy=page_policy(),
        command=command,
        interval=interval_text,
        number=lambda value: "" if math.isnan(value) else f"{value:.3f}",
    )
    return write_text(folder / PAGE, page), write_text(folder / TABLE, csv_text(found))


def csv_text(found: Aggregate) -> str:
    """One row for each class and feature, best first: ``CSV_COLUMNS``; "unsung": what the leak screen says of words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in found.rows:
        feature = [getattr(row.feature, name) for name in _FEATURE]
        figures = [getattr(row, name) for name in _FIGURES]
        writer.writerow(
            [row.label, row.feature.name, *("" if v is None else v for v in feature)]
            + ["" if math.isnan(v) else f"{v:.9g}" for v in figures]
            + ["yes" if row.supported else "no", "; ".join(found.unsung(row))]
        )
    return out.getvalue()


def document(found: Aggregate, k: int = 15) -> dict[str, Any]:
    """JSON values: what was asked, the flags, and the first k features of each class."""
    return {
        "subject": asdict(found.subject),
        "of": found.of,
        "weights": found.weights,
        "least": found.least,
        "confidence": found.confidence,
        "replicates": found.replicates,
        "seed": found.seed,
        "groups": found.groups,
        "explanations": found.explanations,
        "leaks": None if found.screen is None else [asdict(leak) for leak in found.screen.rows],
        "flags": [_json(asdict(flag)) for flag in found.flags],
        "words": {label: _told(found, found.words(label, k)) for label in found.labels},
        "top": {label: _told(found, found.top(label, k)) for label in found.labels},
    }


def leak_lines(found: Aggregate) -> tuple[str, ...]:
    """What the leak screen found in the lyrics, the most telling first, with the classes; empty where nobody looked."""
    return () if found.screen is None else tuple(str(found.screen).splitlines())


def sentence(row: Importance) -> str:
    """In words: ``“night” raises rock by 0.31 [0.28, 0.34], in 40 clips``.

    Where the interval includes 0, that it does not settle the side.
    """
    ends = "" if math.isnan(row.low) else f" [{signed(row.low)}, {signed(row.high)}]"
    name = f"{row.feature.name} of the clip" if row.feature.position is not None else row.feature.name
    clips = f"{row.count} clip{'' if row.count == 1 else 's'}"
    if not row.sure:
        return f"{name}: no clear side for {row.label}, on average {signed(row.mean)}{ends} in {clips}"
    verb = "raises" if row.mean > 0 else "lowers"
    return f"{name} {verb} {row.label}: {signed(row.mean)}{ends} in {clips}"


def told(found: Aggregate, row: Importance) -> str:
    """The row's sentence, and why its word may never be sung, where the leak screen says so."""
    why = ", ".join(found.unsung(row))
    return sentence(row) + (f" ({why}: may never be sung)" if why else "")


def interval_text(row: Importance) -> str:
    """Mean and interval, as in a table."""
    ends = "" if math.isnan(row.low) else f" [{signed(row.low)}, {signed(row.high)}]"
    return f"{signed(row.mean)}{ends}"


def class_pictures(found: Aggregate, label: str, k: int) -> dict[str, Picture]:
    """What there is to see of a class: its first k features ("effects"), its first words, and its "profile".

    Parameters
    ----------
    found : the aggregate.
    label : a class of it.
    k : features and words shown.
    """
    rows, words = found.top(label, k), found.words(label, k)
    effect = f"Mean change of the {found.subject.output.replace('_', ' ')} of {label}"
    over = f"line: {100 * found.confidence:g} % interval; n: clips"
    pictures = {}
    if rows:
        figure = effects_figure(rows, axis=effect)
        pictures["effects"] = _picture(f"Effects on {label}", f"{effect}, the surest features first; {over}.", figure)
    if words and not math.isnan(found.word_share(label)):
        figure = effects_figure(words, axis=effect)
        pictures["words"] = _picture(f"Words for {label}", f"{effect}, words alone; {over}.", figure)
    names, matrix = found.profile(label)
    if names:
        caption = f"{effect}, by where it is in clips; empty: never explained."
        pictures["profile"] = _picture(f"Profile of {label}", caption, profile_figure(names, matrix))
    return pictures


def shares_text(found: Aggregate, label: str) -> str:
    """What sound and words have of all that counts for a class, in words; "" where not both took part."""
    share = found.word_share(label)
    if math.isnan(share):
        return ""
    return (
        f"Of all that counts (the sizes of the effects, summed) the sound has {1 - share:.0%}, the words {share:.0%}."
    )


def _suspects(found: Aggregate, label: str) -> tuple[Importance, ...]:
    """The words of a class that were not sung, or may not have been, however little they count and seldom they are."""
    return tuple(row for row in found.rows if row.label == label and found.unsung(row))


def _told(found: Aggregate, rows: tuple[Importance, ...]) -> list[dict[str, Any]]:
    return [_json(asdict(row) | {"unsung": list(found.unsung(row))}) for row in rows]


def _picture(heading: str, caption: str, figure: Figure) -> Picture:
    return Picture(f"{slug(heading)}.png", heading, caption, png_bytes(figure, dpi=110))


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
