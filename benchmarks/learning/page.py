"""The page docs/results.md, written from the results."""

from __future__ import annotations

from benchmarks.page import section
from benchmarks.record import Run

INTRO = """\
# Results

Written by `make bench-train` from `benchmarks/learning/results.json`; do not edit. What classifiers reach on real data,
honestly split. A figure is the accuracy, with its 95 % interval in brackets: whole artists (or recordings) are drawn
with replacement, since clips of one artist are no independent witnesses. What was chosen was chosen without a look at
the test. A target that was missed says so.
"""


def page(run: Run) -> str:
    """Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    lines = [INTRO, f"- Date: {run.date}", f"- Python {run.machine['python']}; {versions}"]
    for benchmark in run.benchmarks:
        lines += ["", *section(benchmark)]
    return "\n".join(lines) + "\n"
