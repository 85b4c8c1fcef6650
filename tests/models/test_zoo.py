"""The fast way through the filters is the convolution."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.models.zoo.max_filters import TemporalFilters, TimbralFilters
from earmark.models.zoo.vgg import Vgg


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@given(height=st.integers(1, 12), extra=st.integers(0, 9), frames=st.integers(1, 40), rows=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_timbral_filters_are_a_convolution_and_a_maximum(height: int, extra: int, frames: int, rows: int) -> None:
    bank = TimbralFilters(5, height).requires_grad_(False)
    x = random(rows, height + extra, frames)
    expected = torch.nn.functional.conv2d(x[:, None], bank.conv.weight, padding=(0, 3)).amax(2)
    torch.testing.assert_close(bank(x), expected, rtol=1e-5, atol=1e-5)


@given(length=st.integers(1, 40), bins=st.integers(1, 100), frames=st.integers(1, 60), rows=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_temporal_filters_are_a_convolution_and_a_maximum(length: int, bins: int, frames: int, rows: int) -> None:
    bank = TemporalFilters(3, length).requires_grad_(False)
    x = random(rows, bins, frames)
    padded = torch.nn.functional.pad(x, ((length - 1) // 2, length // 2))
    expected = torch.nn.functional.conv2d(padded[:, None], bank.conv.weight).amax(2)
    torch.testing.assert_close(bank(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bank", [TimbralFilters(4, 9), TemporalFilters(4, 16)])
def test_changed_weights_are_noticed(bank: torch.nn.Module) -> None:
    bank.requires_grad_(False)
    x = random(2, 30, 25)
    before = bank(x)
    with torch.no_grad():
        bank.conv.weight.mul_(2.0)
    torch.testing.assert_close(bank(x), 2.0 * before)
    torch.testing.assert_close(bank.double()(x.double()), 2.0 * before.double(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{}, {"pools": [[1, 2, 3, 4]]}, {"pools": [[1, 1, 1, 0]] * 5}, {"pools": [[1, 1, 1, 1]] * 5, "more": 1}],
)
def test_bad_settings_of_vgg(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="pool"):
        Vgg.from_settings(3, settings)
