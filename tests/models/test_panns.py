"""Checkpoints of PANNs: a literal network in their layout, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from earmark.errors import BundleError
from earmark.models.zoo import cnn14, panns
from earmark.models.zoo.cnn14 import Cnn14
from earmark.models.zoo.panns import load_panns

WIDTHS = (3, 4, 5, 6, 7, 8)
State = dict[str, torch.Tensor]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cnn14 with few channels: the same keys and axes in a thousandth of the time."""
    monkeypatch.setattr(cnn14, "WIDTHS", WIDTHS)
    monkeypatch.setattr(panns, "WIDTHS", WIDTHS)


def published(labels: int = 527) -> State:
    """Random tensors under the keys of a published checkpoint."""
    generator = torch.Generator().manual_seed(0)

    def some(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator) - 0.3

    state: State = {"spectrogram_extractor.stft.conv_real.weight": some(3, 1, 4), "logmel_extractor.melW": some(3, 2)}

    def norm(name: str, width: int) -> None:
        for key in ("weight", "bias", "running_mean"):
            state[f"{name}.{key}"] = some(width)
        state[f"{name}.running_var"] = some(width).abs() + 0.5
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    norm("bn0", 64)
    for block, (inside, outside) in enumerate(zip((1, *WIDTHS), WIDTHS, strict=False), start=1):
        for layer, width in ((1, inside), (2, outside)):
            state[f"conv_block{block}.conv{layer}.weight"] = some(outside, width, 3, 3)
            norm(f"conv_block{block}.bn{layer}", outside)
    for name, rows in (("fc1", WIDTHS[-1]), ("fc_audioset", labels)):
        state[f"{name}.weight"], state[f"{name}.bias"] = some(rows, WIDTHS[-1]), some(rows)
    return state


def literal(state: State, x: torch.Tensor) -> torch.Tensor:
    """The published forward pass on (B, 1, frames, bins), up to the logits."""

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        keys = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(x, *(state[f"{name}.{key}"] for key in keys))

    x = norm("bn0", x.transpose(1, 3)).transpose(1, 3)
    for block in range(1, 7):
        for layer in (1, 2):
            x = functional.conv2d(x, state[f"conv_block{block}.conv{layer}.weight"], padding=1)
            x = functional.relu(norm(f"conv_block{block}.bn{layer}", x))
        x = functional.avg_pool2d(x, 2 if block < 6 else 1)
    x = x.mean(3)
    x = x.max(2).values + x.mean(2)
    x = functional.relu(functional.linear(x, state["fc1.weight"], state["fc1.bias"]))
    return functional.linear(x, state["fc_audioset.weight"], state["fc_audioset.bias"])


def test_the_published_network_runs_here(tmp_path: Path) -> None:
    state = published()
    torch.save({"iteration": 600_000, "model": state}, tmp_path / "Cnn14.pth")
    net = Cnn14(527, frames=70)
    assert load_panns(net, tmp_path / "Cnn14.pth") == ()
    x = torch.randn(2, 64, 70, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(net.eval()(x), literal(state, x.transpose(1, 2)[:, None]), rtol=1e-4, atol=1e-5)


def test_other_labels_and_bins_leave_their_layers(tmp_path: Path) -> None:
    torch.save(published(), tmp_path / "Cnn14.pth")
    net = Cnn14(50, bins=257)
    out = net.out.weight.clone()
    assert load_panns(net, tmp_path / "Cnn14.pth") == ("norm", "out")
    torch.testing.assert_close(net.out.weight, out)
    torch.testing.assert_close(net.hidden.weight, published()["fc1.weight"])


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "file.pth"
    net = Cnn14(527)
    with pytest.raises(BundleError, match="no such file"):
        load_panns(net, file)
    file.write_bytes(b"RIFF")
    with pytest.raises(BundleError, match="cannot be read as tensors"):
        load_panns(net, file)
    torch.save(nn.Linear(2, 2), file)  # a whole module: it would have to be unpickled
    with pytest.raises(BundleError, match="cannot be read as tensors"):
        load_panns(net, file)
    torch.save([1, 2], file)
    with pytest.raises(BundleError, match="holds no state_dict"):
        load_panns(net, file)
    torch.save({"model": nn.Linear(2, 2).state_dict()}, file)
    with pytest.raises(BundleError, match="no checkpoint of Cnn14"):
        load_panns(net, file)
    short = published()
    short["conv_block3.conv1.weight"] = short["conv_block3.conv1.weight"][:2]
    torch.save(short, file)
    with pytest.raises(BundleError, match="does not fit"):
        load_panns(net, file)
