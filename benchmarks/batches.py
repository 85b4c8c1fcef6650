"""Batch size by a one-second probe, channels last: a large CNN against the naive loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.record import Benchmark, Row, ratios
from benchmarks.timing import Lap, Stopwatch, interleaved, seconds
from earmark.explain.game import Floats
from earmark.explain.tuning import tune_batch_size
from earmark.models.zoo.cnn14 import Cnn14


@dataclass(frozen=True)
class Settings:
    """Rows, frames (500 are 5 s), rounds, and seconds of the probe."""

    rows: int
    frames: int
    rounds: int
    probe_s: float


FULL, TINY = Settings(8, 500, 2, 6.0), Settings(4, 32, 1, 0.05)


def run(settings: Settings) -> Benchmark:
    """The naive loop: one row at a time, the default layout; ours: batches as probed, channels last."""
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    networks = {layout: Cnn14(50, channels_last=layout).eval() for layout in (True, False)}
    torch.random.set_rng_state(state)
    networks[False].load_state_dict(networks[True].state_dict())
    networks[False].to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.normal(size=(settings.rows, 64, settings.frames)).astype(np.float32))

    def asked(layout: bool, size: int, rows: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return torch.cat([networks[layout](rows[i : i + size]) for i in range(0, len(rows), size)])

    def evaluate(masks: NDArray[np.bool_]) -> Floats:
        with torch.inference_mode():
            batch = rows[torch.arange(len(masks)) % len(rows)]
            scores: Floats = networks[True](batch).double().numpy()
        return scores

    size = min(settings.rows, tune_batch_size(evaluate, np.ones((1, 1), dtype=np.bool_), settings.probe_s))
    apart = float((asked(True, size, rows) - asked(False, 1, rows)).abs().max())
    variants = {"naive": (False, 1), "layout": (True, 1), "batch": (False, size), "both": (True, size)}
    # Few rows a turn: what else the machine does then falls on all of them alike.
    laps: dict[str, list[Lap]] = {name: [] for name in variants}
    for start in range(0, settings.rows, size):
        some = rows[start : start + size]
        calls = {name: partial(asked, *variant, some) for name, variant in variants.items()}
        for name, found in interleaved(calls, settings.rounds, Stopwatch()).items():
            laps[name] += found
    spent = {name: seconds(each) for name, each in laps.items()}
    parameters = sum(p.numel() for p in networks[True].parameters())
    setup = (
        f"Cnn14 ({parameters:,} parameters) on {settings.rows} log-mel spectrograms of 64 × {settings.frames}; the "
        f"probe, given {settings.probe_s:g} s because one row takes so long, chose batches of {size}. Naive: one row "
        f"at a time, default layout, {1000 * float(np.median(spent['naive'])) / size:.0f} ms a row."
    )
    faster = {name: ratios(spent["naive"], spent[name]) for name in ("both", "layout", "batch")}
    rows_made = (
        Row("naive loop ÷ channels last, probed batch size", "×", faster["both"], at_least=1.3),
        Row("naive loop ÷ channels last, one row at a time", "×", faster["layout"]),
        Row("naive loop ÷ default layout, probed batch size", "×", faster["batch"]),
        Row("largest difference of a logit between the two", "", (apart,), note="float32 sums in another order"),
    )
    return Benchmark("batches", "Batch size and memory layout", setup, rows_made)
