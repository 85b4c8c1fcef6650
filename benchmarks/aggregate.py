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
    below = np.cumsum(1 / rank / (1 / rank).sum())
    width, total = 100 // SEGMENTS, 0
    cells = [
        (f"{stem}, {width * part}–{width * (part + 1)} %", "stem × time", stem, part, None)
        for stem in STEMS
        for part in range(SEGMENTS)
    ]
    words = [(f"“w{word}”", "word", None, None, f"w{word}") for word in range(VOCABULARY)]
    subject = Subject("made-up", "0" * 64, "shapley", "probability", "joint", True, SEGMENTS)
    facts = {"earmark": json.dumps({"schema": SCHEMA} | asdict(subject))}
    with parquet.ParquetWriter(path, schema().with_metadata(facts)) as writer:
        for first in range(0, explanations, PIECE):
            features, clips = [], []
            for number in range(first, min(first + PIECE, explanations)):
                its = cells + [words[word] for word in np.unique(np.searchsorted(below[:-1], rng.random(WORDS)))]
                features += its
                clips += [number] * len(its)
            values = rng.normal(0, 0.05, len(features))
            number = np.array(clips)
            known: dict[str, object] = {
                "clip": [f"{n}.flac" for n in clips],
                "clip_id": [f"{n:064d}@0" for n in clips],
                "group": [str(n // 4) for n in clips],
                "truth": [f"class {n % CLASSES}" for n in clips],
                "label": [f"class {n % CLASSES}" for n in clips],
                "score": np.full(len(number), 0.9),
                "predicted": np.ones(len(number), dtype=bool),
                "heard": np.ones(len(number), dtype=bool),
                "converged": np.ones(len(number), dtype=bool),
                "value": values,
                "error": np.full(len(number), 0.01),
                "level_db": values * 10 - 30,
            }
            known |= dict(
                zip(("feature", "kind", "stem", "position", "word"), zip(*features, strict=True), strict=True)
            )
            columns = [known.get(field.name, [None] * len(number)) for field in schema()]
            arrays = [pyarrow.array(each, field.type) for each, field in zip(columns, schema(), strict=True)]
            writer.write_table(pyarrow.table(arrays, schema=schema()))
            total += len(number)
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
