"""Cells of a spectrogram against a slow, literal filling of rectangles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from earmark.components.cells import Cells
from earmark.components.memory import Memory
from earmark.errors import SettingError


def picture(bins=7, frames=11):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(bins, frames)).astype(np.float32))


@pytest.mark.parametrize("fill", [None, 0.0, -3.5])
def test_each_cell_is_kept_or_filled(fill):
    spectrogram = picture()
    cells = Cells.grid(spectrogram, 3, 4, fill)
    masks = np.random.default_rng(1).random((5, 12)) < 0.5
    expected = np.empty((5, 7, 11), dtype=np.float32)
    for row, mask in enumerate(masks):
        for b in range(7):
            for f in range(11):
                kept = mask[(b * 3 // 7) * 4 + f * 4 // 11]
                expected[row, b, f] = spectrogram[b, f] if kept else spectrogram.min() if fill is None else fill
    np.testing.assert_array_equal(cells.render(masks).numpy(), expected)
    assert cells.n == 12


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_groups_of_any_shape_are_chosen_bit_for_bit(dtype):
    """Rows of cells that repeat, that do not, and the values that arithmetic would change."""
    rng = np.random.default_rng(2)
    spectrogram = torch.from_numpy(rng.normal(size=(9, 6))).to(dtype)
    spectrogram[0, 0], spectrogram[4, 2], spectrogram[8, 5] = float("inf"), -0.0, 1e30
    groups = np.array([[0, 0, 1, 1, 2, 2]] * 3 + [[3, 0, 1, 4, 4, 2]] + [[5, 5, 5, 4, 4, 2]] * 4 + [[0, 1, 2, 3, 4, 5]])
    masks = rng.random((8, 6)) < 0.5
    expected = torch.where(torch.from_numpy(masks[:, groups]), spectrogram, torch.tensor(0.1, dtype=dtype))
    memory = Memory()
    cells = Cells(spectrogram, groups, fill=0.1)
    cells.render(~masks, memory=memory)  # what is left in the memory does not shine through
    rendered = cells.render(masks, memory=memory)
    assert rendered.dtype == dtype
    assert rendered.numpy().tobytes() == expected.numpy().tobytes()


def test_all_on_is_the_spectrogram_bit_for_bit():
    spectrogram = picture()
    torch.testing.assert_close(Cells.grid(spectrogram, 2, 2).render(np.ones((1, 4)))[0], spectrogram, rtol=0, atol=0)


def test_refuses_what_does_not_fit():
    with pytest.raises(SettingError, match="8 × 4 cells"):
        Cells.grid(picture(), 8, 4)
    with pytest.raises(SettingError, match="leave a number out"):
        Cells(picture(1, 3), np.array([[0, 2, 2]]))
    with pytest.raises(SettingError, match="shape"):
        Cells(picture(), np.zeros((2, 2), dtype=int))
    with pytest.raises(SettingError):
        Cells.grid(picture(), 2, 2).render(np.ones((1, 5)))
