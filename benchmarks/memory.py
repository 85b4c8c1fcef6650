"""Peak memory of a long explanation, in a process of its own."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import THREADS
from benchmarks.record import Benchmark, Row


@dataclass(frozen=True)
class Settings:
    """Perturbations and seconds of sound."""

    samples: int
    seconds: float


FULL, TINY = Settings(5000, 30.0), Settings(100, 2.0)
RATE = 22050
SEGMENTS = 40


def run(settings: Settings) -> Benchmark:
    """Growth of the peak resident set from the loaded model to the end."""
    rows = []
    for method in ("shapley_kernel", "lime"):
        command = [
            sys.executable, "-m", "benchmarks.memory", "--method", method,
            "--samples", str(settings.samples), "--seconds", str(settings.seconds),
        ]  # fmt: skip
        root = Path(__file__).parents[1]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
        grown, evaluations = json.loads(done.stdout)
        rows.append(
            Row(
                f"earmark {method}: peak beyond the loaded model",
                "GiB",
                (grown,),
                at_most=1.0,
                note=f"{evaluations} evaluations",
            )
        )
    at_once = settings.samples * settings.seconds * RATE * 4 / 2**30
    setup = (
        f"{settings.seconds:g} s of mono sound at {RATE} Hz, {SEGMENTS} segments, {settings.samples} perturbations, "
        "batches of 16; peak resident set of a process of its own, less its peak once model and clip were loaded and "
        f"the clip had been scored. All perturbed waveforms at once would be {at_once:.2g} GiB."
    )
    return Benchmark("memory", "Memory", setup, tuple(rows))


def main() -> None:
    """The measured process: prints the growth in GiB, and the evaluations."""
    options = argparse.ArgumentParser()
    options.add_argument("--method", required=True)
    options.add_argument("--samples", type=int, required=True)
    options.add_argument("--seconds", type=float, required=True)
    asked = options.parse_args()

    import torch

    from benchmarks.networks import FRAME, Busy
    from earmark.audio.clip import Clip
    from earmark.components.time import Time
    from earmark.explain.lime import Lime
    from earmark.explain.play import play
    from earmark.explain.shapley_kernel import ShapleyKernel

    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(0)
    clip = Clip(rng.uniform(-0.5, 0.5, round(RATE * asked.seconds)).astype(np.float32), RATE)
    weights = torch.from_numpy((rng.normal(size=(FRAME, FRAME)) * 0.04).astype(np.float32))
    classifier = Busy(weights, 1, torch.from_numpy(rng.normal(size=(FRAME, 6)).astype(np.float32)))
    classifier.scores(torch.from_numpy(clip.waveform.copy())[None])
    loaded = _peak()
    method = Lime(asked.samples) if asked.method == "lime" else ShapleyKernel(asked.samples, tolerance=0)
    game = play(classifier, Time(n=SEGMENTS).build(clip))
    method.solve(game, np.random.default_rng(0))
    print(json.dumps([(_peak() - loaded) / 2**30, game.evaluations]))


def _peak() -> int:
    # A new process inherits the peak that getrusage reports on Linux; the kernel's own high-water mark starts afresh.
    status = Path("/proc/self/status")
    if status.exists():
        marks = [
            line.split()[1] for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")
        ]
        return int(marks[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
