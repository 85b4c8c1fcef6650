"""Profiles of classes for the page of a whole model: what its explanations, put together, say of each class."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.explain_global.aggregate.importance import Aggregate
from earmark.report.aggregate import sentence
from earmark.report.aggregate_figures import effects_figure, profile_figure
from earmark.report.effects import Picture, slug
from earmark.report.images import png_bytes
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
    names, matrix = found.profile(label)
    pictures = []
    if names:
        caption = f"Mean effect on {label} by part of the clip."
        figure = png_bytes(profile_figure(names, matrix), dpi=100)
        pictures.append(Picture(f"profile-{slug(label)}.png", f"Profile of {label}", caption, figure))
    elif rows:
        caption = f"What counts for {label}: mean effect, interval over clips, number of clips."
        figure = png_bytes(effects_figure(rows), dpi=100)
        pictures.append(Picture(f"profile-{slug(label)}.png", f"Effects on {label}", caption, figure))
    told = tuple(sentence(row) for row in rows) or (f"Nothing occurs in {found.least} clips.",)
    return Section(title, told, tuple(pictures))
