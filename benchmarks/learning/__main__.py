"""The runner: ``python -m benchmarks.learning --date YYYY-MM-DD``."""

from __future__ import annotations

import argparse
import datetime
import importlib
import inspect
import json
import sys
import time
from pathlib import Path

from benchmarks.learning.page import page
from benchmarks.machine import machine, versions
from benchmarks.record import Benchmark, Run, from_json, to_json
from earmark.files import write_text

NAMES = (
    "gtzan_descriptors",
    "gtzan_tags",
    "esc10",
    "scorebook",
    "lieder",
    "lieder_explained",
    "jamendo_lyrics",
)
ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> None:
    """Run, write the results and the page."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.learning", description="Train and judge on real data.")
    options.add_argument("--date", required=True, type=datetime.date.fromisoformat, help="goes into the results")
    options.add_argument("--only", nargs="+", choices=NAMES, help="some of them; the others' sections stay as they are")
    options.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "learning" / "results.json")
    options.add_argument("--page", type=Path, default=ROOT / "docs" / "results.md")
    options.add_argument("--keep", type=Path, help="bundles and explanations are left in this folder")
    asked = options.parse_args(arguments)
    facts = machine()
    done = kept(asked.results) if asked.only else {}
    for name in asked.only or NAMES:
        start = time.perf_counter()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        run_it = importlib.import_module(f"benchmarks.learning.{name}").run
        keeps = asked.keep is not None and "keep" in inspect.signature(run_it).parameters
        done[name] = run_it(asked.keep / name) if keeps else run_it()
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        sections = tuple(done[name] for name in NAMES if name in done)
        run = to_json(Run(asked.date.isoformat(), False, facts, versions(), sections))
        write_text(asked.results, json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    write_text(asked.page, page(from_json(run)))


def kept(results: Path) -> dict[str, Benchmark]:
    """What earlier runs found, by name; nothing where there are no results yet."""
    if not results.exists():
        return {}
    return {each.name: each for each in from_json(json.loads(results.read_text(encoding="utf-8"))).benchmarks}


if __name__ == "__main__":
    main()
