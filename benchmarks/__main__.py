"""The runner: ``python -m benchmarks --date YYYY-MM-DD``."""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.record import Benchmark

NAMES = (
    "overhead_spectrogram",
    "overhead_waveform",
    "classes",
    "accuracy",
    "patchwise",
    "linearity",
    "musicnn",
    "batches",
    "memory",
    "descriptors",
    "effects",
    "joint",
    "aggregate",
    "experiment",
)
ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> None:
    """Run, write the results and the page."""
    asked = _options().parse_args(arguments)
    # Read when the libraries are first imported, so before anything else. The models get all the threads; NumPy's BLAS,
    # which every estimator here uses for small systems, gets one: two pools on two cores wait for one another.
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "2"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"

    import torch

    from benchmarks.machine import THREADS, machine, versions
    from benchmarks.page import page
    from benchmarks.record import Run, from_json, to_json
    from earmark.files import write_text

    torch.set_num_threads(THREADS)
    facts = machine()
    done = kept(asked.results) if asked.only else {}
    for name in asked.only or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        start = time.perf_counter()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        done[name] = module.run(module.TINY if asked.tiny else module.FULL)
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    sections = tuple(done[name] for name in NAMES if name in done)
    run = to_json(Run(asked.date.isoformat(), asked.tiny, facts, versions(), sections))
    write_text(asked.results, json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    write_text(asked.page, page(from_json(run)))


def kept(results: Path) -> dict[str, Benchmark]:
    """What earlier runs found, by name; nothing where there are no results yet."""
    if not results.exists():
        return {}
    from benchmarks.record import from_json

    return {each.name: each for each in from_json(json.loads(results.read_text(encoding="utf-8"))).benchmarks}


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure earmark beside its peers.")
    options.add_argument("--date", required=True, type=datetime.date.fromisoformat, help="goes into the results")
    options.add_argument(
        "--only", nargs="+", choices=NAMES, help="some of the benchmarks; the others' sections stay as they are"
    )
    options.add_argument("--tiny", action="store_true", help="tiny sizes: does everything run?")
    options.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results.json")
    options.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    return options


if __name__ == "__main__":
    main()
