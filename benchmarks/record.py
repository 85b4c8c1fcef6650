"""What a benchmark hands back, and its way to JSON and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure: the median over the rounds of one run, with the smallest and the largest.

    Parameters
    ----------
    subject : what was measured ("earmark ShapleyKernel ÷ bare model").
    unit : "×", "ms", "calls" …
    values : one per round; a single one for what does not vary (a count).
    at_most, at_least : the target, where there is one.
    note : what a reader must know to read it right.
    """

    subject: str
    unit: str
    values: tuple[float, ...]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def figure(self) -> float:
        """The median."""
        return float(median(self.values))

    @property
    def met(self) -> bool | None:
        """Whether the median keeps to the target; None where there is none."""
        if self.at_most is not None:
            return self.figure <= self.at_most
        if self.at_least is not None:
            return self.figure >= self.at_least
        return None


@dataclass(frozen=True)
class Benchmark:
    """One benchmark's answer.

    Parameters
    ----------
    name, title : in the file names and on the page.
    setup : what was run, in full sentences.
    rows : the figures.
    not_run : why there are none; empty where there are.
    """

    name: str
    title: str
    setup: str
    rows: tuple[Row, ...] = ()
    not_run: str = ""


@dataclass(frozen=True)
class Run:
    """Everything one run of the runner found out."""

    date: str
    tiny: bool
    machine: dict[str, Any]
    versions: dict[str, str]
    benchmarks: tuple[Benchmark, ...] = field(default_factory=tuple)


def to_json(run: Run) -> dict[str, Any]:
    """JSON values, with median and verdict written out."""
    made = asdict(run)
    for benchmark, written in zip(run.benchmarks, made["benchmarks"], strict=True):
        for row, line in zip(benchmark.rows, written["rows"], strict=True):
            line.update(median=row.figure, met=row.met, values=[float(f"{v:.5g}") for v in row.values])
    return made


def from_json(data: dict[str, Any]) -> Run:
    """The inverse of ``to_json``, to the digits written."""
    return Run(
        data["date"], data["tiny"], data["machine"], data["versions"], tuple(_benchmark(b) for b in data["benchmarks"])
    )


def _benchmark(data: dict[str, Any]) -> Benchmark:
    rows = tuple(
        Row(r["subject"], r["unit"], tuple(r["values"]), r["at_most"], r["at_least"], r["note"]) for r in data["rows"]
    )
    return Benchmark(data["name"], data["title"], data["setup"], rows, data["not_run"])


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, ...]:
    """Ratio of each round: both were measured right after one another."""
    return tuple(a / b for a, b in zip(numerators, denominators, strict=True))
