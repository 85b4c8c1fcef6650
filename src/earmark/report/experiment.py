"""An experiment as one HTML page that asks nothing of any network, with its tables, pictures and some of its sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Template

from earmark.audio.read import read
from earmark.files import write_bytes, write_text
from earmark.metrics.experiment.plan import Plan
from earmark.metrics.experiment.run import Outcome
from earmark.metrics.experiment.sounds import Sample, samples_in
from earmark.metrics.experiment.table import Difference, Mean, Unanswered
from earmark.report.experiment_figures import area_figure, gap_figure, margin_figure, noise_figure
from earmark.report.experiment_tables import Means, Table, legend, table_of, told, too_few
from earmark.report.images import png_bytes
from earmark.report.page_parts import Picture, page_policy, page_template
from earmark.report.players import compressed_uri

PAGE = "experiment.html"


@dataclass(frozen=True)
class Version:
    """A sound of the page: whose, its title and data: URI."""

    method: str
    title: str
    uri: str


@dataclass(frozen=True)
class Heard:
    """A clip of the page: name, what it is, the original, and for each method kept and removed."""

    name: str
    about: str
    original: Version
    rows: tuple[tuple[str, Version, Version], ...]


def write_experiment(
    folder: Path,
    plan: Plan,
    outcome: Outcome,
    means: Sequence[Mean],
    tests: Sequence[Difference],
    missing: Sequence[Unanswered],
    *,
    model: str,
    data: str,
    command: str,
) -> tuple[Path, ...]:
    """Write ``experiment.html`` and the pictures; returns the paths, page first.

    Parameters
    ----------
    folder : where they go; its ``sounds/`` are put into the page.
    plan, outcome : of the run.
    means, tests, missing : of its table.
    model, data : names of classifier and data set.
    command : that makes it again.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    found = Means(means)
    # Without a method that has anything to say there is nothing to draw.
    drawn = pictures(found, tests, plan) if found.methods else []
    tables = [
        (mask, [table_of(found, tests, noise, mask) for noise in found.noises])
        for mask in dict.fromkeys((*plan.equal_masks, *plan.masks))
        if mask in found.masks
    ]
    page = _template().render(
        policy=page_policy(sound=True),
        plan=plan,
        outcome=outcome,
        missing=missing,
        model=model,
        data=data,
        noises=", ".join(noise.name for noise in plan.noises),
        pictures=drawn,
        findings=told(found, tests, plan.equal_masks),
        legend=legend(found),
        few=too_few(tests, outcome.clips),
        tables=tables,
        heard=_heard(samples_in(folder)),
        command=command,
    )
    return (write_text(folder / PAGE, page), *(write_bytes(folder / one.file, one.png) for one in drawn))


def pictures(means: Means, tests: Sequence[Difference], plan: Plan) -> list[Picture]:
    """All pictures, in the order of the page."""
    mask = plan.equal_masks[0]
    made = [
        Picture(
            "against_random.png", "Further than chance?",
            "FF of every method and mask minus that of a random mask of the same area and grain, mean over clips. "
            "Orange: more than the random mask, blue: less. A number stands where the difference is clear (sign-flip "
            "test, Holm's correction, p < 0.05), a dot where it is not.", png_bytes(margin_figure(means, tests)),
        ),
        Picture(
            "area.png", "Larger masks, larger figures",
            "FF of every method and mask against the area of the mask. Grey points are random masks of the same areas: "
            "what lies among them says no more than the size of the mask.", png_bytes(area_figure(means)),
        ),
        Picture(
            "noise.png", "Under noise, at equal area",
            f"Mask {mask} of every method, mean over clips with 95 % bootstrap intervals. A grey cross is the random "
            "mask of the method to its left, the black one the loudest cells. ↑ higher is better, ↓ lower is.",
            png_bytes(noise_figure(means, mask)),
        ),
    ]  # fmt: skip
    if {"ff", "ff_audio"} <= means.figures:
        made.append(
            Picture(
                "gap.png", "On paper and in the ear",
                "FF on the masked spectrogram against FF on the masked sound. On the line, the figure holds for what "
                "can be heard.", png_bytes(gap_figure(means)),
            )
        )  # fmt: skip
    return made


def shown(means: Means, tests: Sequence[Difference], plan: Plan) -> list[Table]:
    """The tables that a command prints: for every noise the first mask of equal area and, if it was asked, binary."""
    masks = [plan.equal_masks[0], *(name for name in ("binary",) if name in plan.masks)]
    return [table_of(means, tests, noise, mask) for noise in means.noises for mask in masks]


def _heard(samples: Sequence[Sample]) -> list[Heard]:
    found = []
    for clip in dict.fromkeys(sample.clip for sample in samples):
        here = [sample for sample in samples if sample.clip == clip]
        versions = {
            (sample.method, sample.part): Version(sample.method, _title(sample), _uri(sample.path)) for sample in here
        }
        methods = list(dict.fromkeys(sample.method for sample in here if sample.part))
        methods.sort(key=lambda name: name in ("random", "energy"))
        rows = tuple((name, versions[name, "kept"], versions[name, "removed"]) for name in methods)
        found.append(Heard(clip, here[0].about, versions["original", ""], rows))
    return found


def _title(sample: Sample) -> str:
    return "the clip" if not sample.part else f"{sample.part} by {sample.method}"


def _uri(path: Path) -> str:
    return compressed_uri(read(path))


@cache
def _template() -> Template:
    return page_template("experiment.html.j2")
