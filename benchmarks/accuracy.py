"""Error per model call: estimators of Shapley values against exact ones, or against a long run where 2ⁿ is too many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks import peers
from benchmarks.machine import peer
from benchmarks.networks import BATCH, small_network
from benchmarks.record import Benchmark, Row
from earmark.components.cells import Cells
from earmark.explain.game import Bools, CachedGame, Floats
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.explain.shapley_permutation import ShapleyPermutation

LABELS = 3
GRIDS = {12: (3, 4), 40: (5, 8)}


@dataclass(frozen=True)
class Settings:
    """Inputs and seeds that the error is averaged over, numbers of calls, and calls of the reference at p = 40."""

    inputs: int
    seeds: int
    budgets: tuple[int, ...]
    reference: int


FULL, TINY = Settings(3, 5, (100, 400, 800), 24000), Settings(1, 1, (100,), 800)


def run(settings: Settings) -> Benchmark:
    """Mean relative L2 error over inputs and seeds, by estimator and budget."""
    rows: list[Row] = []
    stated = []
    for players in GRIDS:
        games = [game(players, index) for index in range(settings.inputs)]
        truths = [_truth(each, settings.reference) for each in games]
        if players > 12:
            own = np.mean([error for _, error in truths])
            stated.append(
                f"at p = {players} {settings.reference} calls of antithetic permutations, themselves {own:.3f} off"
            )
        for budget in settings.budgets:
            means = {
                name: float(
                    np.mean(
                        [
                            np.linalg.norm(estimate(each, budget, seed) - truth) / np.linalg.norm(truth)
                            for each, (truth, _) in zip(games, truths, strict=True)
                            for seed in range(settings.seeds)
                        ]
                    )
                )
                for name, estimate in ESTIMATORS.items()
            }
            rows += _rows(players, budget, means)
    setup = (
        f"A CNN of {LABELS} classes on smoothed noise (32 × 40), components 3 × 4 and 5 × 8 cells; mean over "
        f"{settings.inputs} inputs × {settings.seeds} seeds of the L2 error of all classes' values ÷ their L2 norm. "
        f"Exact values at p = 12; {'; '.join(stated)} (expected L2 error from its standard errors ÷ L2 norm). captum "
        "and shapiq explain one class a run; the same seed gives them the same coalitions, and those are counted once."
    )
    return Benchmark("accuracy", "Accuracy per model call", setup, tuple(rows))


def game(players: int, index: int) -> CachedGame:
    """Smoothed noise, cut into cells, under the small CNN."""
    rng = np.random.default_rng(100 + index)
    noise = gaussian_filter(rng.normal(size=(32, 40)), 2) * 6 + rng.normal(size=(32, 40)) * 0.5
    cells = Cells.grid(torch.from_numpy(noise.astype(np.float32)), *GRIDS[players])
    network = small_network(LABELS)

    def evaluate(masks: Bools) -> Floats:
        with torch.inference_mode():
            scores: Floats = (network(cells.render(masks)[:, None]) / 8).softmax(dim=1).double().numpy()
        return scores

    return CachedGame(players, LABELS, evaluate, batch_size=4 * BATCH)


def _truth(each: CachedGame, calls: int) -> tuple[Floats, float]:
    """Values ``(K, n)`` and their own relative error."""
    if each.n_players <= 12:
        return ShapleyExact().solve(each, np.random.default_rng(0)).values, 0.0
    # Another estimator than those on trial, so that none is compared with its own kind.
    answer = ShapleyPermutation(samples=calls, tolerance=0).solve(each, np.random.default_rng(1000))
    return answer.values, float(np.linalg.norm(answer.errors) / np.linalg.norm(answer.values))


def _earmark(each: CachedGame, budget: int, seed: int) -> Floats:
    return ShapleyKernel(samples=budget, tolerance=0).solve(each, np.random.default_rng(seed)).values


def _shapiq(each: CachedGame, budget: int, seed: int) -> Floats:
    def value(output: int) -> Callable[[NDArray[np.bool_]], Floats]:
        return lambda masks: each.values(masks)[:, output]

    return np.stack([peers.shapiq_kernel(value(k), each.n_players, budget, seed=seed) for k in range(LABELS)])


def _captum(each: CachedGame, budget: int, seed: int) -> Floats:
    n = each.n_players

    def forward(batch: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(each.values(batch.numpy() > 0.5))

    state = torch.random.get_rng_state()
    values = []
    for target in range(LABELS):
        torch.manual_seed(seed)  # captum draws from the global generator
        found = peers.captum_kernel_shap(
            forward,
            torch.ones(n, dtype=torch.float64),
            torch.arange(n),
            budget,
            peers.Captum(BATCH, target, 0.0),
        )
        values.append(found[0].numpy())
    torch.random.set_rng_state(state)
    return np.stack(values)


ESTIMATORS = {"earmark": _earmark, "shapiq": _shapiq, "captum": _captum}


def _rows(players: int, budget: int, means: dict[str, float]) -> list[Row]:
    where = f"p = {players}, {budget} calls"
    shapiq, captum = peer("shapiq", "KernelSHAP(pairing_trick=True)"), peer("captum", "KernelShap")
    return [
        Row(f"{where}: earmark ShapleyKernel", "relative error", (means["earmark"],)),
        Row(f"{where}: {shapiq}", "relative error", (means["shapiq"],)),
        Row(f"{where}: {captum}", "relative error", (means["captum"],)),
        Row(f"{where}: earmark ÷ shapiq", "×", (means["earmark"] / means["shapiq"],), at_most=1.0),
        Row(f"{where}: earmark ÷ captum", "×", (means["earmark"] / means["captum"],), at_most=0.5),
    ]
