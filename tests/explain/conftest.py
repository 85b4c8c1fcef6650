"""Games with known answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from earmark.explain.game import CachedGame

Evaluate = Callable[[NDArray[np.bool_]], NDArray[np.float64]]


def linear(weights: NDArray[np.float64], offset: float = 0.0) -> Evaluate:
    return lambda masks: masks.astype(float) @ weights.T + offset


def curved(n: int, outputs: int = 3, seed: int = 0) -> Evaluate:
    """A small random network on the mask: effects of every order."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(n, 16)) * 0.8, rng.normal(size=(16, outputs))
    return lambda masks: 1 / (1 + np.exp(-np.tanh(masks @ first - 1) @ second))


@pytest.fixture
def linear_game() -> Callable[..., CachedGame]:
    def make(weights: NDArray[np.float64], offset: float = 0.0) -> CachedGame:
        return CachedGame(weights.shape[1], weights.shape[0], linear(weights, offset))

    return make


@pytest.fixture
def curved_game() -> Callable[..., CachedGame]:
    def make(n: int = 8, outputs: int = 3, seed: int = 0) -> CachedGame:
        return CachedGame(n, outputs, curved(n, outputs, seed))

    return make
