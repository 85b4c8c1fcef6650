"""The page docs/benchmarks.md, written from the results."""

from __future__ import annotations

from benchmarks.record import Benchmark, Row, Run

INTRO = """\
# Benchmarks

Written by `make bench` from `benchmarks/results.json`; do not edit. Each section comes from one run on one
machine, in which whatever is compared took turns (A B C, C B A, …). A figure is the median over the rounds, with the
smallest and the largest in brackets; ratios are taken within a round. Wall times depend on the machine and on what else
it does: compare the ratios. A target that was missed says so.
"""


def page(run: Run) -> str:
    """Markdown."""
    machine, versions = run.machine, run.versions
    missed = sum(row.met is False for benchmark in run.benchmarks for row in benchmark.rows)
    kept = sum(row.met is True for benchmark in run.benchmarks for row in benchmark.rows)
    lines = [
        INTRO,
        f"- Date: {run.date}",
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"{machine['threads']} threads for PyTorch and one for NumPy; load average when the run began: "
        f"{machine['load_at_start']}",
        f"- Python {machine['python']}; " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"- Targets: {kept} met, {missed} missed",
    ]
    if run.tiny:
        lines.append("- **Tiny sizes: a try of the runner, no measurement.**")
    for benchmark in run.benchmarks:
        lines += ["", *section(benchmark)]
    return "\n".join(lines) + "\n"


def section(benchmark: Benchmark) -> list[str]:
    lines = [f"## {benchmark.title}", ""]
    if benchmark.not_run:
        return [*lines, f"Not run: {benchmark.not_run}"]
    lines += [benchmark.setup, "", "| | figure | target | |", "|---|---|---|---|"]
    return lines + [_line(row) for row in benchmark.rows]


def _line(row: Row) -> str:
    subject = f"{row.subject} ({row.note})" if row.note else row.subject
    spread = f" ({number(min(row.values))}–{number(max(row.values))})" if len(row.values) > 1 else ""
    unit = f" {row.unit}" if row.unit not in ("", "relative error") else ""
    verdict = {True: "met", False: "**missed**", None: ""}[row.met]
    return f"| {subject} | {number(row.figure)}{unit}{spread} | {_target(row)} | {verdict} |"


def _target(row: Row) -> str:
    if row.at_most is not None:
        return f"≤ {number(row.at_most)}"
    return "" if row.at_least is None else f"≥ {number(row.at_least)}"


def number(value: float) -> str:
    """Three digits, four between 1 and 2, where 1.05 is a target; no exponent from 0.001 to a million."""
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    if 0.95 <= abs(value) < 2:
        return f"{value:.3f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.3g}"
