"""What an explanation costs beyond the model: cells of a log-mel spectrogram under a small CNN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks import peers
from benchmarks.machine import peer
from benchmarks.networks import BATCH, spectrogram_network
from benchmarks.record import Benchmark, Row, ratios
from benchmarks.timing import Lap, Stopwatch, interleaved
from earmark.components.cells import Cells
from earmark.components.memory import Memory
from earmark.explain.game import Bools, CachedGame, Floats
from earmark.explain.lime import Lime
from earmark.explain.method import Method
from earmark.explain.shapley_kernel import ShapleyKernel

LABELS = 6


@dataclass(frozen=True)
class Settings:
    """Perturbations, and rounds in which everything is measured once."""

    samples: int
    rounds: int


FULL, TINY = Settings(1000, 3), Settings(140, 1)


def run(settings: Settings) -> Benchmark:
    """Explanation time over the time of the bare model on as many rows."""
    rng = np.random.default_rng(0)
    spectrogram = torch.from_numpy(rng.normal(size=(64, 256)).astype(np.float32))
    network = spectrogram_network(LABELS)
    parameters = sum(p.numel() for p in network.parameters())
    cells = Cells.grid(spectrogram, 8, 8)
    groups = (np.arange(64) * 8 // 64)[:, None] * 8 + np.arange(256) * 8 // 256
    fill = float(spectrogram.min())
    rows = cells.render(rng.random((BATCH, cells.n)) < 0.5)

    def scores(batch: Tensor) -> Tensor:
        with torch.inference_mode():
            answer: Tensor = network(batch[:, None]).softmax(dim=1)
        return answer

    watch = Stopwatch(lambda count: scores(rows[:count]))
    model = watch.around(scores)

    memory = Memory()

    def evaluate(masks: Bools) -> Floats:
        with torch.inference_mode():
            scores: Floats = model(cells.render(masks, memory=memory)).double().numpy()
        return scores

    def ours(method: Method) -> Callable[[], object]:
        return lambda: method.solve(CachedGame(cells.n, LABELS, evaluate, batch_size=BATCH), np.random.default_rng(0))

    def of_masks(masks: NDArray[np.float64]) -> Floats:
        # shap hands over all masks at once; the model gets them in the batches that everybody gets.
        return np.concatenate([evaluate(masks[i : i + BATCH] > 0.5) for i in range(0, len(masks), BATCH)])

    def of_pictures(pictures: NDArray[np.float64]) -> Floats:
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(pictures[..., 0], dtype=np.float32))
            scores: Floats = model(batch).double().numpy()
        return scores

    def forward(batch: Tensor) -> Tensor:
        with torch.inference_mode():
            answer: Tensor = model(batch).clone()
        return answer

    index = torch.from_numpy(groups)
    options = peers.Captum(batch=BATCH, target=0, fill=fill)
    calls = {
        "earmark ShapleyKernel, 6 classes": ours(ShapleyKernel(samples=settings.samples, tolerance=0)),
        "earmark Lime, 6 classes": ours(Lime(samples=settings.samples)),
        peer("captum", "KernelShap, 1 class"): lambda: peers.captum_kernel_shap(
            forward, spectrogram, index, settings.samples, options
        ),
        peer("captum", "Lime, 1 class"): lambda: peers.captum_lime(
            forward, spectrogram, index, settings.samples, options
        ),
        peer("lime", "lime_image, 6 classes"): lambda: peers.lime_image(
            spectrogram.numpy(), groups, of_pictures, settings.samples, batch=BATCH, labels=LABELS
        ),
        peer("shap", "KernelExplainer, 6 classes"): lambda: peers.shap_kernel(of_masks, cells.n, settings.samples),
    }
    scores(rows)
    laps = interleaved(calls, settings.rounds, watch)
    setup = (
        f"Log-mel 64 × 256, a CNN of {parameters:,} parameters, 64 components (8 × 8 cells), {settings.samples} "
        f"perturbations in batches of {BATCH}. Bare: the same model on as many ready-made rows; the two "
        f"take turns batch by batch (median {bare_ms(laps):.2f} ms a row)."
    )
    return Benchmark("overhead_spectrogram", "Overhead on a spectrogram", setup, overhead_rows(laps, 1.05))


def overhead_rows(laps: dict[str, list[Lap]], target: float) -> tuple[Row, ...]:
    """Time over that of the bare model on as many rows, and the milliseconds a row outside the model, for each call."""
    made = []
    for name, own in laps.items():
        mine = name.startswith("earmark")
        ratio = ratios([each.seconds for each in own], [each.bare for each in own])
        outside = tuple(each.outside_ms for each in own)
        made.append(Row(f"{name} ÷ bare model", "×", ratio, at_most=target if mine else None))
        made.append(
            Row(f"{name}: outside the model, per perturbation", "ms", outside, at_most=0.1 if mine else None),
        )
    return tuple(made)


def bare_ms(laps: dict[str, list[Lap]]) -> float:
    """Milliseconds a row of the bare model, the median over everything."""
    return 1000 * float(np.median([each.bare / each.rows for own in laps.values() for each in own]))
