"""The game: batching, cache, counting, cancelling, and what it says of a model that misbehaves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import CancelledError, ScoresError
from earmark.explain.game import CachedGame, OutputGame, Part, SumGame, Watch, log_odds


def rows(n: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, n)) < 0.5


def test_every_mask_is_asked_once_and_in_batches() -> None:
    asked: list[np.ndarray] = []

    def evaluate(masks: np.ndarray) -> np.ndarray:
        asked.append(masks.copy())
        return masks.sum(axis=1, keepdims=True).astype(float)

    game = CachedGame(10, 1, evaluate, batch_size=7)
    masks = rows(10, 100)
    first = game.values(masks)
    np.testing.assert_array_equal(first[:, 0], masks.sum(axis=1))
    again = game.values(masks[::-1])
    np.testing.assert_array_equal(again[::-1], first)
    seen = np.concatenate(asked)
    assert len(seen) == len(np.unique(masks, axis=0)) == game.evaluations
    assert max(len(batch) for batch in asked) <= 7


@given(n=st.integers(1, 70), count=st.integers(1, 50), batch=st.integers(1, 20), seed=st.integers(0, 5))
def test_values_do_not_depend_on_batching(n: int, count: int, batch: int, seed: int) -> None:
    weights = np.random.default_rng(1).normal(size=(n, 2))
    masks = rows(n, count, seed)
    game = CachedGame(n, 2, lambda m: m @ weights, batch_size=batch)
    np.testing.assert_allclose(game.values(masks), masks @ weights, atol=1e-12)


def test_a_model_that_raises_in_the_seventh_batch_is_reported_and_the_cache_stays_usable() -> None:
    calls = 0
    broken = True

    def evaluate(masks: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        if broken and calls == 7:
            raise RuntimeError("out of luck")
        return masks.sum(axis=1, keepdims=True).astype(float)

    game = CachedGame(12, 1, evaluate, batch_size=4)
    masks = np.unique(rows(12, 60), axis=0)
    with pytest.raises(ScoresError, match=r"batch 7 \(4 rows\).*RuntimeError: out of luck"):
        game.values(masks)
    assert game.evaluations == 24
    broken = False
    np.testing.assert_array_equal(game.values(masks)[:, 0], masks.sum(axis=1))
    assert game.evaluations == len(masks)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda m: np.zeros((len(m), 3)), "shape"),
        (lambda m: np.zeros(len(m)), "shape"),
        (lambda m: np.full((len(m), 2), np.nan), "NaN or infinity"),
    ],
)
def test_wrong_answers_are_refused(answer: object, message: str) -> None:
    game = CachedGame(4, 2, answer)  # type: ignore[arg-type]
    with pytest.raises(ScoresError, match=message):
        game.values(np.ones((3, 4), dtype=bool))
    assert game.evaluations == 0


def test_progress_and_cancelling_between_batches() -> None:
    seen: list[tuple[int, int]] = []
    stop_after = 2
    watch = Watch(
        on_progress=lambda done, planned: seen.append((done, planned)),
        cancelled=lambda: len(seen) >= stop_after,
        planned=100,
    )
    game = CachedGame(10, 1, lambda m: m.sum(axis=1, keepdims=True).astype(float), batch_size=8, watch=watch)
    masks = np.unique(rows(10, 100), axis=0)
    with pytest.raises(CancelledError):
        game.values(masks)
    assert seen == [(8, 100), (16, 100)]
    assert game.evaluations == 16
    stop_after = 10**6
    np.testing.assert_array_equal(game.values(masks)[:, 0], masks.sum(axis=1))


def test_a_sum_game_is_the_weighted_sum_and_shares_small_masks() -> None:
    left = CachedGame(2, 1, lambda m: (m.all(axis=1, keepdims=True)).astype(float))
    right = CachedGame(2, 1, lambda m: m.sum(axis=1, keepdims=True).astype(float))
    game = SumGame(3, 1, [Part(left, np.array([0, 1]), 0.25), Part(right, np.array([1, 2]), 0.75)])
    masks = ((np.arange(8)[:, None] >> np.arange(3)) & 1).astype(bool)
    expected = 0.25 * (masks[:, 0] & masks[:, 1]) + 0.75 * (masks[:, 1].astype(float) + masks[:, 2])
    np.testing.assert_allclose(game.values(masks)[:, 0], expected)
    assert game.evaluations == 8  # four masks each, not eight each


def test_output_game_shares_the_cache_underneath() -> None:
    game = CachedGame(3, 2, lambda m: np.stack([m.mean(axis=1), 1 - m.mean(axis=1)], axis=1))
    masks = np.eye(3, dtype=bool)
    odds = OutputGame(game, log_odds, 2).values(masks)
    np.testing.assert_allclose(odds[:, 0], np.log((1 / 3) / (2 / 3)))
    assert game.evaluations == 3
    game.values(masks)
    assert game.evaluations == 3


def test_log_odds_of_certainty_is_finite() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("n", [0, 3, 9])
def test_answers_are_taken_over_from_another_game_and_count_as_no_evaluations(n: int) -> None:
    first = CachedGame(n, 2, lambda m: np.stack([m.sum(axis=1), m[:, ::2].sum(axis=1)], axis=1))
    assert first.seen()[0].shape == (0, n)
    masks = np.random.default_rng(0).integers(0, 2, (6, n)).astype(bool)
    outputs = first.values(masks)
    second = CachedGame(n, 2, lambda m: np.full((len(m), 2), 7.0))
    second.values(masks[:1])
    second.remember(*first.seen())
    assert second.evaluations == 1
    np.testing.assert_array_equal(
        second.values(masks), np.where((masks == masks[0]).all(axis=1)[:, None], 7.0, outputs)
    )
    assert second.evaluations == 1
