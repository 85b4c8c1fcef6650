"""Spectrograms from tables equal the front end run on every rendered mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.grid import Grid
from earmark.components.spectral import SpectralRenderer
from earmark.components.stems_time import StemsTime
from earmark.components.time import Time
from earmark.features.mel import LogMel

RATE = 16000


def clip(seconds: float = 4.0) -> Clip:
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * t) * (np.sin(2 * np.pi * 3 * t) > 0)
    return Clip((tone + 0.05 * rng.normal(size=t.size)).astype(np.float32), RATE)


@pytest.mark.parametrize(
    "kind",
    [
        Time(n=5),
        Time(n=90),  # segments of 44 ms: some frames hear three of them
        Bands(n=4),
        Grid(n_times=4, n_bands=3),
        Grid(n_times=3, n_bands=10),  # too many layers for a table
        StemsTime(n=4),
        StemsTime(n=4, fill="median"),
        Grid(n_times=4, n_bands=3, fill="noise_floor"),
    ],
    ids=str,
)
def test_equal_to_the_front_end_on_every_rendered_mask(kind: object) -> None:
    components = kind.build(clip(), seed=1)  # type: ignore[attr-defined]
    mel = LogMel(sample_rate=RATE)
    masks = np.random.default_rng(1).random((7, components.n)) < 0.5
    masks[0], masks[1] = True, False
    expected = mel(components.render(masks))
    renderer = SpectralRenderer(components, mel)
    whole = renderer.render(masks)
    assert whole.shape == expected.shape
    torch.testing.assert_close(whole, expected, rtol=0, atol=2e-3)
    # The tolerance is for float32 sums in another order, seen through a logarithm; on average they are the same.
    assert (whole - expected).abs().mean() < 2e-5
    torch.testing.assert_close(renderer.render(masks, 31, 97), whole[:, :, 31:97], rtol=0, atol=0)
