"""The tables of an experiment for the terminal and the page: a method a line, its random and energy masks below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from earmark.metrics.experiment.rows import MEASURES
from earmark.metrics.experiment.table import CLEAR, RANDOM, Difference, Mean
from earmark.metrics.statistics import FEW
from earmark.report.theme import signed, written

_HEADINGS = {
    "area": "area", "ff": "FF", "ai": "AI", "ad": "AD", "ag": "AG", "fid_in": "Fid-In", "sparseness": "sparse",
    "entropy": "entropy",
}  # fmt: skip
_LOWER = ("ad",)
_LEGEND = {
    "area": "area: share of the cells that the mask marks",
    "ff": "FF ↑: probability that the class loses when what the mask marks is taken out",
    "ai": "AI ↑: share of the clips (%) whose class gains when only that is left",
    "ad": "AD ↓: by how many % the class drops when only that is left, 0 where it gains; mean over clips",
    "ag": "AG ↑: how many % of what it could gain the class gains when only that is left, 0 where it drops; mean",
    "fid_in": "Fid-In ↑: share of the clips whose most probable class stays when only that is left",
    "sparseness": "sparse, entropy (nats): of the values of the mask, whatever it finds",
}
_DECIMALS = {"ai": 1, "ad": 1, "ag": 1}
_SOURCES = {
    "random": "random, same area", "energy": "loudest, same area", "ones": "everything kept", "zeros": "nothing kept",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of a table, in words.

    Parameters
    ----------
    name : the method, or what stands below it.
    baseline : whether it knows nothing of the model.
    cells : one for each heading.
    """

    name: str
    baseline: bool
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One noise and mask.

    Parameters
    ----------
    noise, mask : which.
    clips : most that any line has.
    headings : of the cells.
    lines : methods, each with its baselines, then everything and nothing.
    """

    noise: str
    mask: str
    clips: int
    headings: tuple[str, ...]
    lines: tuple[Line, ...]


class Means:
    """Means by what they are of."""

    def __init__(self, means: Sequence[Mean]) -> None:
        self._found = {(m.noise, m.method, m.mask, m.source, m.figure): m for m in means}
        self.noises = tuple(dict.fromkeys(m.noise for m in means))
        self.methods = tuple(dict.fromkeys(m.method for m in means if m.method and m.mask))
        self.masks = tuple(dict.fromkeys(m.mask for m in means if m.mask))
        self.figures = {m.figure for m in means}

    def get(self, noise: str, method: str, mask: str, source: str, figure: str) -> Mean | None:
        """One of them; None where there is none."""
        return self._found.get((noise, method, mask, source, figure))

    @property
    def main(self) -> str:
        """ "" where the spectrogram was measured, "_audio" where only the sound was: what FF and the others end in."""
        return "" if "ff" in self.figures else "_audio"

    @property
    def columns(self) -> tuple[str, ...]:
        """Figures that a table shows."""
        both = ("ff_audio", "ff_gap", "ad_audio", "ad_gap") if {"ff", "ff_audio"} <= self.figures else ()
        return ("area", *(name + self.main for name in MEASURES), *both, "sparseness", "entropy")


def table_of(means: Means, tests: Sequence[Difference], noise: str, mask: str) -> Table:
    """A table with intervals for FF; a * stands where FF is clearly higher than that of the random mask."""
    clear = {
        (t.first, t.figure) for t in tests
        if t.noise == noise and t.mask == mask and t.second == RANDOM and t.clear and t.better
    }  # fmt: skip
    lines, clips = [], 0
    for method in means.methods:
        for source in ("mask", "random", "energy"):
            some = means.get(noise, method, mask, source, "area")
            if some is None:
                continue
            clips = max(clips, some.clips)
            name = method if source == "mask" else _SOURCES[source]
            cells = [
                _cell(means.get(noise, method, mask, source, figure), figure)
                + ("*" if source == "mask" and (method, figure) in clear else "")
                for figure in means.columns
            ]
            lines.append(Line(name, source != "mask", tuple(cells)))
    for source in ("ones", "zeros"):
        cells = [_cell(means.get(noise, "", "", source, figure), figure) for figure in means.columns]
        lines.append(Line(_SOURCES[source], True, tuple(cells)))
    return Table(noise, mask, clips, tuple(heading(f) + arrow(f) for f in means.columns), tuple(lines))


def legend(means: Means) -> list[str]:
    """What the columns of the tables and their marks are, a line each."""
    lines = [text for figure, text in _LEGEND.items() if {figure, figure + means.main} & means.figures]
    if {"ff", "ff_audio"} <= means.figures:
        lines.append("heard: the same after the mask was made sound; gap: on the spectrogram minus as heard")
    return [
        *lines,
        "(a–b): 95 % interval, bootstrap over clips",
        "*: clearly better than the random mask below it (paired sign-flip test, Holm's correction, p < 0.05)",
        "random, same area: the mask's values elsewhere; loudest, same area: the cells of most power",
    ]


def too_few(tests: Sequence[Difference], clips: int) -> str:
    """What so few clips cannot tell; "" where there are enough."""
    said = []
    if clips < FEW:
        said.append(f"intervals from fewer than {FEW} clips are too narrow")
    family = max(
        (sum((t.noise, t.figure, t.second) == key for t in tests)
         for key in {(t.noise, t.figure, t.second) for t in tests if t.second == RANDOM}), default=0,
    )  # fmt: skip
    # The smallest p of n clips is 2 / 2ⁿ, and Holm's correction multiplies it by the tests of the family.
    if family and 2.0 ** (1 - clips) * family >= CLEAR:
        enough = math.ceil(math.log2(2 * family / CLEAR) + 1e-9)
        said.append(f"no difference can be clear (*) with fewer than {enough}, at {family} tests a figure and noise")
    return f"Only {clips} {'clip' if clips == 1 else 'clips'}: {'; '.join(said)}." if said else ""


def text_of(table: Table) -> list[str]:
    """A table for the terminal."""
    width = max(len(line.name) + 2 * line.baseline for line in table.lines)
    widths = [
        max(len(table.headings[at]), *(len(line.cells[at]) for line in table.lines))
        for at in range(len(table.headings))
    ]
    title = f"{table.noise}, mask {table.mask}, {table.clips} clip{'s' if table.clips != 1 else ''}"
    rows = [(" " * width, table.headings)]
    rows += [(f"{'  ' if line.baseline else ''}{line.name}", line.cells) for line in table.lines]
    return [
        title,
        *(
            "  ".join([f"{name:<{width}}", *(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True))]).rstrip()
            for name, cells in rows
        ),
    ]


def findings(tests: Sequence[Difference], noises: Sequence[str], equal_masks: Sequence[str], figure: str) -> list[str]:
    """What tests of a figure say at equal area, a sentence a noise and mask: margins over random masks, and between."""
    name = figure.removesuffix("_audio")
    digits = _DECIMALS.get(name, 2)
    lower = name in _LOWER
    named = f"{heading(figure)} (lower is better)" if lower else heading(figure)
    said = []
    for noise in noises:
        for mask in equal_masks:
            here = [t for t in tests if (t.noise, t.mask, t.figure) == (noise, mask, figure)]
            sign = -1 if lower else 1
            random = sorted((t for t in here if t.second == RANDOM), key=lambda t: -sign * t.difference)
            if not random:
                continue
            margins = ", ".join(
                f"{t.first} {signed(sign * t.difference, digits)}{'*' if t.clear else ''}" for t in random
            )
            text = f"{noise}, {mask}: {named}, better than a random mask by: {margins}"
            pairs = [t for t in here if t.second not in ("random", "energy") and t.clear]
            won = [
                f"{t.first if t.better else t.second} over {t.second if t.better else t.first} "
                f"({signed(abs(t.difference), digits)})"
                for t in sorted(pairs, key=lambda t: -abs(t.difference))
            ]
            text += (
                f". By this margin clearly ahead: {'; '.join(won[:6])}"
                if won
                else ". By this margin no method is clearly ahead"
            )
            said.append(text + (f"; and {len(won) - 6} more pairs." if len(won) > 6 else "."))
    return said


def told(means: Means, tests: Sequence[Difference], equal_masks: Sequence[str]) -> list[str]:
    """``findings`` of FF (what is removed) and of AD (what is kept), and of FF as heard, if both were measured."""
    figures = ["ff" + means.main, "ad" + means.main]
    if {"ff", "ff_audio"} <= means.figures:
        figures.append("ff_audio")
    return [line for figure in figures for line in findings(tests, means.noises, equal_masks, figure)]


def arrow(figure: str) -> str:
    """ " ↑" or " ↓" where more or less of it is better."""
    name = figure.removesuffix("_audio")
    if name not in MEASURES:
        return ""
    return " ↓" if name in _LOWER else " ↑"


def heading(figure: str) -> str:
    """What stands above a column."""
    name = figure.split("_audio")[0].split("_gap")[0]
    text = _HEADINGS[name]
    if figure.endswith("_audio"):
        return f"{text} heard"
    return f"{text} gap" if figure.endswith("_gap") else text


def _cell(mean: Mean | None, figure: str) -> str:
    if mean is None:
        return "–"
    name = figure.split("_audio")[0].split("_gap")[0]
    digits = _DECIMALS.get(name, 2)
    if figure.endswith("_gap"):
        return signed(mean.mean, digits)
    text = written(mean.mean, digits, directed=False)
    if name == "ff":
        # A dash before a minus could not be read.
        to = " to " if mean.low < 0 else "–"
        text += f" ({written(mean.low, digits, directed=False)}{to}{written(mean.high, digits, directed=False)})"
    return text
