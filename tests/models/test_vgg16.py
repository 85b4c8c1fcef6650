"""VGG16: its size, ImageNet weights from a file, and the layers that are thawed in turn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from earmark.errors import BundleError
from earmark.models.freeze import freeze, thaw, trainable
from earmark.models.zoo import vgg16
from earmark.models.zoo.vgg16 import STAGES, Vgg16

# torchvision's names of the thirteen convolutions of configuration D.
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few filters: the same keys in a thousandth of the memory."""
    monkeypatch.setattr(vgg16, "BLOCKS", ((2, 3), (2, 4), (3, 5), (3, 6), (3, 7)))


def made(labels: int, dense: int = 0, seed: int = 0) -> Vgg16:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Vgg16(labels, bins=32, frames=32, dense=dense).eval()


def test_has_the_published_size_and_names() -> None:
    with torch.device("meta"):
        net = Vgg16(1000, dense=4096)
    assert sum(p.numel() for p in net.parameters()) == 138_357_544
    names = {name for name, _ in net.named_parameters()}
    expected = {f"features.{i}" for i in CONVOLUTIONS} | {f"classifier.{i}" for i in (0, 3, 6)}
    assert names == {f"{layer}.{part}" for layer in expected for part in ("weight", "bias")}
    with torch.device("meta"):
        assert sum(p.numel() for p in Vgg16(10).parameters()) == 14_714_688 + 513 * 10


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(("dense", "left"), [(0, ("classifier.0",)), (8, ("classifier.6",)), (9, None)])
def test_takes_imagenet_weights_by_key(tmp_path: Path, dense: int, left: tuple[str, ...] | None) -> None:
    other = made(1000, dense=8, seed=1)
    state = {name: tensor for name, tensor in other.state_dict().items() if not name.startswith("norm.")}
    torch.save(state, tmp_path / "vgg16.pth")
    net = made(3, dense=dense)
    assert net.load_imagenet(tmp_path / "vgg16.pth") == (left or ("classifier.0", "classifier.3", "classifier.6"))
    x = torch.randn(2, 32, 32, generator=torch.Generator().manual_seed(0))
    picture = torch.stack([x, x, x], 1)
    literal = picture
    for layer in other.features:
        literal = layer(literal)
    torch.testing.assert_close(net.features(net.norm(x)[:, None].expand(-1, 3, -1, -1)), literal)


@pytest.mark.usefixtures("narrow")
def test_what_is_no_vgg16(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(BundleError, match="is no VGG16"):
        made(3).load_imagenet(tmp_path / "other.pth")
    with pytest.raises(ValueError, match="at least 32"):
        Vgg16(3, bins=20)


@pytest.mark.usefixtures("narrow")
def test_thaws_in_turn_from_the_end() -> None:
    net = made(3)
    freeze(net)
    counts = []
    for stage in STAGES:
        thaw(net, stage)
        counts.append(len(trainable(net)))
    assert counts == [2, 8, 14, 20]
    assert "features.7.weight" not in trainable(net)


def test_overfits_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg16, "BLOCKS", ((2, 6), (2, 8), (3, 10), (3, 16), (3, 16)))
    net = made(4).train()
    x = torch.randn(4, 32, 32, generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = nn.functional.cross_entropy(net(x), torch.arange(4))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if losses[-1] < 0.5 * losses[0]:
            break
    assert losses[-1] < 0.5 * losses[0]
