"""All classes for the price of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.machine import peer
from benchmarks.networks import BATCH, spectrogram_network
from benchmarks.record import Benchmark, Row, ratios
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.components.cells import Cells
from earmark.explain.game import Bools, CachedGame, Floats
from earmark.explain.lime import Lime
from earmark.explain.method import Method
from earmark.explain.shapley_kernel import ShapleyKernel


@dataclass(frozen=True)
class Settings:
    """Classes, perturbations of ours and of captum for each class, rounds."""

    classes: int
    samples: int
    captum_samples: int
    rounds: int


FULL, TINY = Settings(50, 400, 32, 5), Settings(3, 140, 16, 1)


def run(settings: Settings) -> Benchmark:
    """The same explanation with all outputs and with one, by turns."""
    rng = np.random.default_rng(0)
    spectrogram = torch.from_numpy(rng.normal(size=(64, 256)).astype(np.float32))
    network = spectrogram_network(settings.classes)
    cells = Cells.grid(spectrogram, 8, 8)
    groups = torch.from_numpy((np.arange(64) * 8 // 64)[:, None] * 8 + np.arange(256) * 8 // 256)
    watch = Stopwatch()
    model = watch.around(lambda batch: network(batch[:, None]).softmax(dim=1))

    def ours(method: Method, outputs: int) -> Callable[[], object]:
        def evaluate(masks: Bools) -> Floats:
            with torch.inference_mode():
                scores: Floats = model(cells.render(masks))[:, :outputs].double().numpy()
            return scores

        return lambda: method.solve(CachedGame(cells.n, outputs, evaluate, batch_size=BATCH), np.random.default_rng(0))

    def forward(batch: Tensor) -> Tensor:
        with torch.inference_mode():
            answer: Tensor = model(batch).clone()
        return answer

    def captum(targets: int) -> None:
        for target in range(targets):
            peers.captum_kernel_shap(
                forward, spectrogram, groups, settings.captum_samples, peers.Captum(BATCH, target, 0.0)
            )

    kernel, lime = ShapleyKernel(samples=settings.samples, tolerance=0), Lime(samples=settings.samples)
    many = settings.classes
    calls = {
        "kernel, all": ours(kernel, many),
        "kernel, one": ours(kernel, 1),
        "lime, all": ours(lime, many),
        "lime, one": ours(lime, 1),
    }
    ours(kernel, many)()
    laps = interleaved(calls, settings.rounds, watch)
    # captum's ratio is far from 1: one round says enough.
    laps |= interleaved({"captum, one": lambda: captum(1), "captum, all": lambda: captum(many)}, 1, watch)

    def cost(name: str) -> tuple[float, ...]:
        return ratios(seconds(laps[f"{name}, all"]), seconds(laps[f"{name}, one"]))

    setup = (
        f"The spectrogram CNN with {many} outputs, 64 components, {settings.samples} perturbations (captum: "
        f"{settings.captum_samples} a class, whose number leaves the ratio alone). Wall time for all classes ÷ for one."
    )
    rows = (
        Row(f"earmark ShapleyKernel, {many} classes ÷ 1", "×", cost("kernel"), at_most=1.05),
        Row(f"earmark Lime, {many} classes ÷ 1", "×", cost("lime"), at_most=1.05),
        Row(f"{peer('captum', 'KernelShap')}, {many} classes ÷ 1", "×", cost("captum"), note="one round"),
    )
    return Benchmark("classes", "All classes for the price of one", setup, rows)
