"""The planted benchmark as one HTML page that asks nothing of any network, and its pictures as PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Template

from earmark.files import write_bytes, write_text
from earmark.metrics.planted.case import PlantedClip
from earmark.metrics.planted.run import CaseResult, Plan
from earmark.metrics.planted.score import BASELINES, NO_FILL, Score
from earmark.metrics.planted.table import (
    FAITHFULNESS,
    Disagreement,
    Mean,
    auc_intervals,
    by_fill,
    comparable,
    disagreements,
    exact,
    means,
    methods_of,
)
from earmark.metrics.statistics import FEW, Interval
from earmark.report.images import png_bytes
from earmark.report.page_parts import Picture, page_policy, page_template
from earmark.report.planted_figures import disagreement_figure, localisation_figure, sound_figure
from earmark.report.players import audio_uri
from earmark.report.theme import written

PAGE = "planted.html"


@dataclass(frozen=True)
class Cells:
    """A row of the page's table, in words."""

    method: str
    baseline: bool
    cells: tuple[str, ...]


@dataclass(frozen=True)
class CaseShown:
    """A case of the page.

    Parameters
    ----------
    name, about : of the case.
    picture : of one of its sounds.
    versions : titles and data: URIs of that sound, of its background and its evidence.
    told : what was shown of its listener, a sentence a seed.
    """

    name: str
    about: str
    picture: Picture
    versions: tuple[tuple[str, str], ...]
    told: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A table of the page: one case and kind of components; a row a method and fill."""

    heading: str
    rows: tuple[Cells, ...]


def write_planted(
    folder: Path, plan: Plan, results: Sequence[CaseResult], examples: Sequence[PlantedClip], command: str
) -> tuple[Path, ...]:
    """Write ``planted.html`` and the pictures; returns the paths, page first.

    Parameters
    ----------
    folder : where they go.
    plan, results : of the run.
    examples : one sound a case, for its picture.
    command : that makes it again.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    scores = [score for result in results for score in result.scores]
    every = comparable(scores)
    pictures = [
        Picture(
            "localisation.png", "Who finds the evidence",
            "Localisation AUC of every method (lines) on every case and kind of components (columns), mean over "
            "sounds. Orange: the evidence is found; white: as by chance; blue: it is taken for unimportant. Below the "
            "line: a random order, and the order of loudness. A dash: a gradient map cannot be added up in stems, and "
            "a detector in closed form has no gradients here.",
            png_bytes(localisation_figure(every)),
        ),
        Picture(
            "disagreement.png", "Truth against faithfulness",
            "A blue point a method and kind of components, an orange square a baseline; the line is chance. Points "
            "high on the left are right and look unfaithful; points low on the right look faithful and are wrong. "
            "Named are the most faithful one, and the most faithful of those that hardly find the evidence (AUC below "
            "0.75).",
            png_bytes(disagreement_figure(every)),
        ),
    ]  # fmt: skip
    cases = [_case_of(name, results, one) for name, one in zip(plan.cases, examples, strict=True)]
    checked = exact(scores)
    page = _template().render(
        policy=page_policy(sound=True),
        plan=plan,
        cases=cases,
        pictures=pictures,
        found=found_table(scores, plan.cases),
        sure=sure(scores),
        checked="" if checked is None else checked.sentence,
        disagreements=[one for one in disagreements(scores) if one.flips],
        fills=_fills(scores, plan.cases),
        correlations=_correlations(disagreements(scores)),
        blocks=_blocks(means(scores)),
        command=command,
    )
    drawn = [*pictures, *(case.picture for case in cases)]
    return (
        write_text(folder / PAGE, page),
        *(write_bytes(folder / picture.file, picture.png) for picture in drawn),
    )


def _case_of(name: str, results: Sequence[CaseResult], one: PlantedClip) -> CaseShown:
    here = [result for result in results if result.name == name]
    told = []
    for result in here:
        flags = " ".join(finding.sentence for finding in result.findings if finding.flagged)
        text = f"{result.proof.sentence} {verdict(result)} {flags}".rstrip()
        told.append(f"Seed {result.seed}: {text}" if len(here) > 1 else text)
    # What exceeds full scale is brought down to it, in all three alike.
    peak = max(float(np.abs(sound.waveform).max()) for sound in (one.clip, one.background, one.evidence))
    gain = np.float32(min(1.0, (1 - 1e-6) / peak))
    versions = tuple(
        # Lossless: MP3 would take away the shortcuts.
        (title, audio_uri(replace(sound, waveform=sound.waveform * gain), "flac"))
        for title, sound in (
            ("the sound", one.clip), ("without the evidence", one.background), ("the evidence alone", one.evidence)
        )
    )  # fmt: skip
    picture = Picture(
        f"sound_{name}.png", f"A sound of {name}", _where(one), png_bytes(sound_figure(name, one), dpi=110)
    )
    return CaseShown(name, f"{here[0].about[0].upper()}{here[0].about[1:]}.", picture, versions, tuple(told))


def _where(one: PlantedClip) -> str:
    """What the picture of a sound shows."""
    text = "Log-mel spectrogram as the listener hears it (nothing above 8 kHz), brighter is louder; "
    stems = ", ".join(place.stem for place in one.places if place.stem)
    if stems:
        return f"{text}the evidence is the stem {stems}."
    return f"{text}the blue frame is where the evidence lies."


def verdict(result: CaseResult) -> str:
    """What the shortcut detector says of a case, and whether that is right."""
    found = ", ".join(result.flagged) or "nothing"
    right = "as it should" if result.as_expected else f"but should flag {result.expected or 'nothing'}"
    return f"The shortcut detector flags {found}, {right}."


def table_lines(results: Sequence[CaseResult]) -> list[str]:
    """For the terminal: AUC with intervals and FF of every method on every case, AUC by fill, how sure all that is."""
    scores = [score for result in results for score in result.scores]
    cases = list(dict.fromkeys(result.name for result in results))
    rows = comparable(scores)
    fill = next((row.fill for row in rows if row.fill != NO_FILL), NO_FILL)
    lines: list[str] = []
    # So many to a line that it fits a terminal of 100 columns.
    for first in range(0, len(cases), 4):
        some = cases[first : first + 4]
        bounds = " (95 % interval)" if any(one.clips > 1 for one in auc_intervals(scores).values()) else ""
        lines += _aligned(f"localisation AUC ↑{bounds}; fill: {fill}", some, found_table(scores, some))
    lines += _aligned(f"FF ↑, what the class loses without the strongest quarter; fill: {fill}", cases, [
        Cells(method, method in BASELINES, tuple(
            _mean([row for row in rows if (row.case, row.method) == (case, method)], "ff") for case in cases
        )) for method in methods_of(rows)
    ])  # fmt: skip
    fills = _fills(scores, cases)
    if len(fills) > 1:
        lines += _aligned("localisation AUC ↑ by fill, mean of the methods that are played masks", cases, fills)
    checked = exact(scores)
    return [*lines, "↑ higher is better. " + sure(scores), *([checked.sentence] if checked is not None else [])]


def found_table(scores: Sequence[Score], cases: Sequence[str]) -> tuple[Cells, ...]:
    """A row a method: the AUC of each case with its interval."""
    found = auc_intervals(scores)
    return tuple(
        Cells(method, method in BASELINES, tuple(
            _with_interval(one) if (one := found.get((case, method))) else "–" for case in cases
        )) for method in methods_of(scores)
    )  # fmt: skip


def _with_interval(one: Interval) -> str:
    """A mean with its interval, which of one sound there is none."""
    return f"{one.mean:.2f} ({one.low:.2f}–{one.high:.2f})" if one.clips > 1 else f"{one.mean:.2f}"


def sure(scores: Sequence[Score]) -> str:
    """What the intervals are over, and whether that is enough."""
    sounds = {case: len({(row.seed, row.clip) for row in scores if row.case == case}) for case in dict.fromkeys(
        row.case for row in scores
    )}  # fmt: skip
    least = min(sounds.values())
    if least == 1:
        return "Of one sound a case there is no interval: add --clips or --seeds to tell methods apart."
    text = f"Intervals: bootstrap over the {least} sounds of a case"
    seeds = len({row.seed for row in scores})
    if seeds > 1:
        text += f", from {seeds} seeds with a listener each"
    if least < FEW:
        text += f"; from fewer than {FEW} sounds they are too narrow: add --clips or --seeds to tell methods apart"
    return f"{text}."


def _aligned(title: str, cases: Sequence[str], rows: Sequence[Cells]) -> list[str]:
    """A table for the terminal."""
    first = max(len(row.method) for row in rows)
    widths = [max(len(case), *(len(row.cells[at]) for row in rows)) for at, case in enumerate(cases)]
    lines = [("", cases), *((row.method, row.cells) for row in rows)]
    return [
        title,
        *(
            "  ".join([f"{name:{first}}", *(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True))]).rstrip()
            for name, cells in lines
        ),
    ]


def _fills(scores: Sequence[Score], cases: Sequence[str]) -> tuple[Cells, ...]:
    """A row a fill: the AUC of each case."""
    return tuple(
        Cells(fill, False, tuple(f"{row[case]:.2f}" if case in row else "–" for case in cases))
        for fill, row in by_fill(scores).items()
    )


def _mean(rows: Sequence[Mean], name: str) -> str:
    known = [getattr(row, name) for row in rows if not math.isnan(getattr(row, name))]
    return written(sum(known) / len(known), 2, directed=False) if known else "–"


def _blocks(rows: Sequence[Mean]) -> tuple[Block, ...]:
    blocks = []
    for case, kind in dict.fromkeys((row.case, row.components) for row in rows):
        here = [row for row in rows if (row.case, row.components) == (case, kind)]
        order = methods_of(here)
        here.sort(key=lambda row: order.index(row.method))
        blocks.append(Block(f"{case}, {kind}", tuple(_cells(row) for row in here)))
    return tuple(blocks)


def _cells(row: Mean) -> Cells:
    figures = [(row.auc, 2), (row.pointing, 2), (row.mass, 2), (row.ff, 2), (row.ai, 0), (row.ad, 0), (row.deletion, 2)]
    auc, *rest = ("–" if math.isnan(v) else written(v, d, directed=False) for v, d in figures)
    interval = f"{auc} ({row.low:.2f}–{row.high:.2f})"
    return Cells(row.method, row.method in BASELINES, (row.fill, interval, *rest))


def _correlations(found: Sequence[Disagreement]) -> tuple[Cells, ...]:
    """A row a case and kind: each measure's rank correlation with the truth, and how many pairs flip."""
    rows = []
    for case, kind in dict.fromkeys((one.case, one.components) for one in found):
        here = {one.measure: one for one in found if (one.case, one.components) == (case, kind)}
        cells = [
            "–" if name not in here or math.isnan(here[name].correlation)
            else f"{here[name].correlation:+.2f} ({len(here[name].flips)})".replace("-", "−")
            for name in FAITHFULNESS
        ]  # fmt: skip
        rows.append(Cells(f"{case}, {kind}", False, tuple(cells)))
    return tuple(rows)


@cache
def _template() -> Template:
    return page_template("planted.html.j2")
