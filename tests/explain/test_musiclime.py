"""LIME with the published settings: what they come to, and that they can be had by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from earmark.cli.job import Job
from earmark.explain.catalogue import METHODS
from earmark.explain.game import CachedGame
from earmark.explain.lime import Lime, kernel_weights
from earmark.explain.musiclime import MusicLime

Make = Callable[..., CachedGame]


def test_the_published_settings_are_had_by_name() -> None:
    settings = asdict(METHODS.get("musiclime")())  # type: ignore[call-overload]
    assert settings == asdict(Lime(samples=1000, kernel_width=25.0, ridge=1.0))
    assert Job("m", method="musiclime", samples=5000).how() == MusicLime(samples=5000)
    assert asdict(Lime())["kernel_width"] == 0.25


def test_its_kernel_tells_no_mask_from_another() -> None:
    masks = np.random.default_rng(0).random((1000, 80)) < 0.5
    assert kernel_weights(masks, MusicLime().kernel_width).min() >= 0.9998
    local = kernel_weights(masks, Lime().kernel_width)
    assert local.max() > 2 * local.min()


def test_it_is_an_unweighted_ridge_regression(curved_game: Make) -> None:
    found = MusicLime().solve(curved_game(8), np.random.default_rng(3))
    masks = np.random.default_rng(3).random((1000, 8)) < 0.5
    masks[0] = True
    x = masks - masks.mean(axis=0)
    y = curved_game(8).values(masks)
    plain = np.linalg.solve(x.T @ x + np.eye(8), x.T @ (y - y.mean(axis=0))).T
    np.testing.assert_allclose(found.values, plain, atol=2e-5)
    # A local fit is another one.
    local = Lime().solve(curved_game(8), np.random.default_rng(3)).values
    assert np.abs(local - plain).max() > 100 * np.abs(found.values - plain).max()
