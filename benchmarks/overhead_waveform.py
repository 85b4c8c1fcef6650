"""What an explanation costs beyond the model: 40 segments of 10 s of sound, under a model that takes 5 ms a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks import peers
from benchmarks.audiolime import audiolime
from benchmarks.machine import peer
from benchmarks.networks import BATCH, RATE, SECONDS, busy
from benchmarks.overhead_spectrogram import bare_ms, overhead_rows
from benchmarks.record import Benchmark, Row
from benchmarks.timing import Stopwatch, interleaved, lap
from earmark.audio.clip import Clip
from earmark.components.memory import Memory
from earmark.components.time import Time
from earmark.explain.game import Bools, CachedGame, Floats
from earmark.explain.lime import Lime
from earmark.explain.method import Method
from earmark.explain.shapley_kernel import ShapleyKernel

LABELS = 6
SEGMENTS = 40


@dataclass(frozen=True)
class Settings:
    """Perturbations, rounds, and what the model takes a row."""

    samples: int
    rounds: int
    model_s: float


FULL, TINY = Settings(500, 3, 0.005), Settings(96, 1, 0.0005)


def run(settings: Settings) -> Benchmark:
    """Explanation time over the time of the bare model on as many rows."""
    rng = np.random.default_rng(0)
    clip = Clip(rng.uniform(-0.5, 0.5, RATE * SECONDS).astype(np.float32), RATE)
    classifier = busy(settings.model_s, LABELS)
    cut = Time(n=SEGMENTS).build(clip)
    rows = cut.render(rng.random((BATCH, SEGMENTS)) < 0.5)
    watch = Stopwatch(lambda count: classifier.scores(rows[:count]))
    model = watch.around(classifier.scores)
    sound = torch.from_numpy(clip.waveform.copy())
    groups = torch.arange(clip.samples)[None] * SEGMENTS // clip.samples
    pieces = np.stack(
        [np.where(groups[0].numpy() == s, clip.waveform[0], 0).astype(np.float32) for s in range(SEGMENTS)]
    )

    memory = Memory()

    def evaluate(masks: Bools) -> Floats:
        # As ``earmark.explain.play`` asks a classifier that is not patchwise.
        with torch.inference_mode():
            scores: Floats = model(cut.render(masks, memory=memory)).double().numpy()
        return scores

    def ours(method: Method) -> Callable[[], object]:
        return lambda: method.solve(CachedGame(cut.n, LABELS, evaluate, batch_size=BATCH), np.random.default_rng(0))

    def forward(batch: Tensor) -> Tensor:
        answer: Tensor = model(batch).clone()
        return answer

    def predict(waveforms: NDArray[np.float32]) -> Floats:
        scores: Floats = model(torch.from_numpy(waveforms)[:, None]).double().numpy()
        return scores

    options = peers.Captum(batch=BATCH, target=0, fill=0.0)
    calls = {
        "earmark ShapleyKernel, 6 classes": ours(ShapleyKernel(samples=settings.samples, tolerance=0)),
        "earmark Lime, 6 classes": ours(Lime(samples=settings.samples)),
        peer("captum", "KernelShap, 1 class"): lambda: peers.captum_kernel_shap(
            forward, sound, groups, settings.samples, options
        ),
        peer("captum", "Lime, 1 class"): lambda: peers.captum_lime(forward, sound, groups, settings.samples, options),
        "audioLIME's sum over components, 6 classes": lambda: audiolime(pieces, predict, settings.samples, seed=0),
    }
    classifier.scores(rows)
    laps = interleaved(calls, settings.rounds, watch)
    setup = (
        f"{SECONDS} s of mono sound at {RATE} Hz, {SEGMENTS} segments of time, {settings.samples} perturbations in "
        f"batches of {BATCH}; a model of {classifier.times} products of matrices, as many as took at least "
        f"{1000 * settings.model_s:g} ms a row when it was chosen. Bare: "
        f"the same model on as many ready-made rows; the two take turns batch by batch (median {bare_ms(laps):.2f} ms "
        "a row). audioLIME's sum is written out in `benchmarks/audiolime.py`. Copying: ready-made rows into memory "
        "that is used again, which is the least that a row can cost here: its 0.9 MB have to be written."
    )
    rows_of_sound = overhead_rows(laps, 1.10)
    floor = Row("copying ready-made rows: outside the model, per perturbation", "ms", _copying(rows, watch, model))
    return Benchmark("overhead_waveform", "Overhead on a waveform", setup, (*rows_of_sound, floor))


def _copying(rows: Tensor, watch: Stopwatch, model: Callable[[Tensor], Tensor]) -> tuple[float, ...]:
    """Milliseconds a row to write a batch of sound into memory that is there, the model in between: a few rounds."""
    source, memory = rows.numpy(), np.empty_like(rows.numpy())

    def batches() -> None:
        for _ in range(BATCH):
            np.copyto(memory, source[:1])
            model(torch.from_numpy(memory))

    return tuple(lap(batches, watch).outside_ms for _ in range(3))
