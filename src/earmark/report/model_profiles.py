"""Profiles of classes for the page of a whole model: what its explanations, put together, say of each class."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.explain_global.aggregate.importance import Aggregate
from earmark.report.aggregate import class_pictures, told
from earmark.report.model_report import Section


def profile_section(found: Aggregate, labels: Sequence[str], *, source: str, k: int = 5) -> Section:
    """A part for each class: what counts for it in words, and where in clips.

    Parameters
    ----------
    found : the explanations, put together.
    labels : classes in the order of the page; those without explanations are named.
    source : where the explanations are from, a sentence.
    k : features of each class.
    """
    parts = tuple(_part(found, label, k) for label in labels if label in found.explanations)
    without = [label for label in labels if label not in found.explanations]
    about = (
        f"{source} A clip counts for the class that the model gave it; told and ranked is what occurs in "
        f"{found.least} clips or more, with {100 * found.confidence:g} % intervals over clips. With fewer than ten "
        "clips these are too narrow."
    )
    lines = (about, *((f"No explanations: {', '.join(without)}.",) if without else ()))
    return Section("Class profiles", lines, (), parts)


def _part(found: Aggregate, label: str, k: int) -> Section:
    rows = found.top(label, k)
    count = found.explanations[label]
    title = f"{label} ({count} clip{'' if count == 1 else 's'})"
    drawn = class_pictures(found, label, k)
    pictures = [drawn[name] for name in ("profile", "effects") if name in drawn][:1]
    lines = tuple(told(found, row) for row in rows) or (f"Nothing occurs in {found.least} clips.",)
    return Section(title, lines, tuple(pictures))
