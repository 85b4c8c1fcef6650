"""Many explanations put together: peak memory and time, in a process of its own."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.record import Benchmark, Row


@dataclass(frozen=True)
class Settings:
    """Explanations, and the replicates of the bootstrap."""

    explanations: int
    replicates: int


FULL, TINY = Settings(100_000, 200), Settings(500, 20)
STEMS = ("drums", "bass", "voice", "other")
SEGMENTS, WORDS, VOCABULARY, CLASSES = 10, 40, 50_000, 9
PIECE = 2000


def run(settings: Settings) -> Benchmark:
    """Peak resident set of reading the table and putting it together."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.parquet"
        rows = write(path, settings.explanations)
        command = [sys.executable, "-m", "benchmarks.aggregate", str(path), str(settings.replicates)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
        peak_gib, taken_s, features = json.loads(done.stdout)
    return Benchmark(
        "aggregate",
        "Many explanations put together",
        f"{settings.explanations} made-up explanations in one Parquet table: {len(STEMS)} stems × {SEGMENTS} segments "
        f"and {WORDS} words of a vocabulary of {VOCABULARY} (Zipf), {CLASSES} classes, {rows:,} rows; all figures, "
        f"{settings.replicates} bootstrap replicates, flags. Peak resident set of a process of its own.",
        (
            Row("earmark aggregate: peak memory", "GiB", (peak_gib,), at_most=2.0, note=f"{features:,} class features"),
            Row("earmark aggregate: wall time", "s", (taken_s,)),
        ),
    )


def write(path: Path, explanations: int) -> int:
    """A table as ``collect`` writes it, made without 100 000 files; returns its rows."""
    import pyarrow
    from pyarrow import parquet

    from earmark.explain_global.aggregate.table import SCHEMA, Subject, schema

    rng = np.random.default_rng(0)
    rank = np.arange(1, VOCABULARY + 1)
    chance = 1 / rank / (1 / rank).sum()
    cells = [(stem, part) for stem in STEMS for part in range(SEGMENTS)]
    width, total = 100 // SEGMENTS, 0
    subject = Subject("made-up", "0" * 64, "shapley", "probability", "joint", True, SEGMENTS)
    facts = {"earmark": json.dumps({"schema": SCHEMA} | asdict(subject))}
    with parquet.ParquetWriter(path, schema().with_metadata(facts)) as writer:
        for first in range(0, explanations, PIECE):
            rows = []
            for number in range(first, min(first + PIECE, explanations)):
                label = f"class {number % CLASSES}"
                common = {
                    "clip": f"{number}.flac", "clip_id": f"{number:064d}@0", "group": f"{number // 4}", "truth": label,
                    "label": label, "score": 0.9, "predicted": True, "converged": True, "error": 0.01,
                }  # fmt: skip
                values = rng.normal(0, 0.05, len(cells))
                rows += [
                    common | {
                        "feature": f"{stem}, {width * part}–{width * (part + 1)} %", "kind": "stem × time",
                        "stem": stem, "position": part, "value": float(value), "level_db": float(value * 10 - 30),
                    }
                    for (stem, part), value in zip(cells, values, strict=True)
                ]  # fmt: skip
                words = np.unique(rng.choice(VOCABULARY, WORDS, p=chance))
                rows += [
                    common | {"feature": f"“w{word}”", "kind": "word", "word": f"w{word}", "value": float(value)}
                    for word, value in zip(words, rng.normal(0, 0.05, len(words)), strict=True)
                ]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema()))
            total += len(rows)
    return total


def _measure() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("path", type=Path)
    options.add_argument("replicates", type=int)
    asked = options.parse_args()
    from earmark.explain_global.aggregate.importance import aggregate

    start = time.perf_counter()
    found = aggregate([asked.path], replicates=asked.replicates)
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps([peak, taken, len(found.rows)]))


if __name__ == "__main__":
    _measure()
