"""The networks that are trained here: sizes against the papers, and that each one learns."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn

from earmark.errors import SettingError, UnknownNameError
from earmark.models.catalogue import ARCHITECTURES, RECIPES
from earmark.models.freeze import freeze, thaw, train_mode, trainable
from earmark.models.recipe import recipe
from earmark.models.zoo.cnn import Cnn
from earmark.models.zoo.cnn14 import Cnn14
from earmark.models.zoo.cnn_lstm import CnnLstm
from earmark.models.zoo.cnn_mel import CnnMel
from earmark.models.zoo.crnn import Crnn
from earmark.models.zoo.mlp import LAYERS, Mlp

MAKERS: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: Mlp(10, columns=85),
    "cnn": lambda: Cnn(10),
    "cnn_lstm": lambda: CnnLstm(10),
    "crnn": lambda: Crnn(10, frames=96),
    "cnn14": lambda: Cnn14(10, bins=32, frames=32),
    "cnn_mel": lambda: CnnMel(10, bins=32, frames=48),
}


@pytest.fixture(params=MAKERS)
def network(request: pytest.FixtureRequest) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return MAKERS[request.param]()


def batch(network: nn.Module, rows: int) -> torch.Tensor:
    frames = (network.frames,) if network.frames else ()
    return torch.randn(rows, network.bins, *frames, generator=torch.Generator().manual_seed(1))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def lstm(inside: int, units: int) -> int:
    return 2 * 4 * units * (inside + units + 2)  # two directions, four gates, torch's two biases


def test_cnn_has_the_layers_of_the_paper() -> None:
    net = Cnn(10)
    convolutions = (9 * 32 + 32) + (9 * 32 * 64 + 64) + (4 * 64 * 64 + 64)
    norms = 2 * (32 + 64 + 64)
    assert count(net) == convolutions + norms + (15 * 64 * 128 + 128) + (128 * 10 + 10) == 159_882
    assert net.features(torch.zeros(2, 13, 130)).shape == (2, 64, 1, 15)
    # 22 500 Hz typed for 22 050 gives 132 frames and the 16 × 1 × 64 of the published notebook.
    assert Cnn(10, frames=132).features(torch.zeros(1, 13, 132)).shape == (1, 64, 1, 16)


def test_pooling_loses_no_cell_and_pads_as_keras_does() -> None:
    # 11 = 13 − 2 cells: "same" makes 6 windows, the first and the last of two cells; 128 cells: 64, the last of two.
    net = Cnn(2)
    ramp = torch.arange(11.0).view(1, 1, 11, 1).expand(1, 1, 11, 128) - torch.arange(128.0)
    pooled = net.block1.pool(ramp)
    assert pooled.shape == (1, 1, 6, 64)
    assert pooled[0, 0, :, 0].tolist() == [1, 3, 5, 7, 9, 10]
    assert pooled[0, 0, 0].tolist() == [1 - 2 * t for t in range(64)]


def test_cnn_lstm_has_the_layers_of_the_paper() -> None:
    net = CnnLstm(10)
    trunk = count(Cnn(10)) - (15 * 64 * 128 + 128) - (128 * 10 + 10)
    recurrent = lstm(64, 256) + lstm(512, 128) + lstm(256, 64) + 2 * (512 + 256 + 128)
    dense = (128 * 256 + 256) + 2 * 256 + (256 * 128 + 128) + 2 * 128 + (128 * 10 + 10)
    assert count(net) == trunk + recurrent + dense


def test_crnn_has_the_layers_of_the_paper() -> None:
    net = Crnn(10)
    convolutions = (9 * 64 + 64) + (9 * 64 * 128 + 128) + 2 * (9 * 128 * 128 + 128)
    norms = 2 * (96 + 64 + 3 * 128)
    gru = 3 * 32 * (128 + 32 + 2) + 3 * 32 * (32 + 32 + 2)
    assert count(net) == convolutions + norms + gru + 32 * 10 + 10
    seen = []
    handle = net.gru1.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape))
    net(torch.zeros(2, 96, 1366))
    handle.remove()
    assert seen == [(2, 15, 128)]


def test_cnn_mel_forgets_when_and_remembers_how_high() -> None:
    net = CnnMel(10).eval()
    weights = 25 * 24 + 9 * (24 * 48 + 48 * 64 + 64 * 64)
    assert count(net) == weights + 2 * (64 + 24 + 48 + 64 + 64) + (2 * 64 * 4 * 10 + 10)
    early, late, high = (torch.full((1, 64, 160), 0.0) for _ in range(3))
    early[:, 8:12, 48:64] = late[:, 8:12, 96:112] = high[:, 40:44, 48:64] = 3.0
    torch.testing.assert_close(net(early), net(late))
    assert (net(early) - net(high)).abs().max() > 1e-3
    with pytest.raises(ValueError, match="at least 16 bins and frames, not 64 and 15"):
        CnnMel(10, frames=15)


def test_cnn14_has_the_published_size() -> None:
    assert count(Cnn14(50)) == pytest.approx(79.8e6, rel=1e-3)


@pytest.mark.parametrize(
    ("columns", "hidden"),
    [
        (30, (30, 25, 20, 15)),
        (42, (42, 35, 24, 15)),
        (60, (60, 50, 40, 30, 20)),
        (85, (85, 75, 65, 55, 45, 35, 25)),
        (87, (85, 75, 65, 55, 45, 35, 25)),
        (89, (89, 79, 69, 59, 49, 39, 29)),
    ],
)
def test_mlp_and_its_sisters(columns: int, hidden: tuple[int, ...]) -> None:
    net = Mlp(10, columns=columns)
    widths = (columns, *hidden, 10)
    assert count(net) == sum((a + 1) * b for a, b in itertools.pairwise(widths))
    text = LAYERS[columns]
    relus = [isinstance(module, nn.ReLU) for module in net.hidden]
    assert sum(relus) == text.count("r")
    # A linear layer is followed by the next one at once.
    order = "".join("r" if isinstance(module, nn.ReLU) else "d" for module in net.hidden)
    assert order == text.replace("-", "").translate(str.maketrans("", "", "0123456789")).replace("r", "dR").replace(
        "l", "d"
    ).replace("R", "r")


def test_every_relu_is_a_module_of_its_own(network: nn.Module) -> None:
    calls: list[int] = []
    relus = [module for module in network.modules() if isinstance(module, nn.ReLU | nn.ELU)]
    handles = [module.register_forward_hook(lambda m, i, o: calls.append(id(m))) for module in relus]
    network.eval()(batch(network, 1))
    for handle in handles:
        handle.remove()
    assert sorted(calls) == sorted(id(module) for module in relus)
    for layer in network.cam_layers:
        network.get_submodule(layer)


def test_overfits_one_batch(network: nn.Module) -> None:
    x, y = batch(network, 4), torch.tensor([0, 1, 2, 3])
    network.train()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3 if len(list(network.parameters())) < 60 else 1e-3)
    first = 0.0
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for step in range(60):
            loss = nn.functional.cross_entropy(network(x), y)
            first = float(loss.detach()) if step == 0 else first
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if loss < 0.5 * first:
                break
    assert float(loss.detach()) < 0.5 * first


def test_rows_do_not_mix(network: nn.Module) -> None:
    x = batch(network, 3)
    network.eval()
    with torch.inference_mode():
        torch.testing.assert_close(network(x), torch.cat([network(row[None]) for row in x]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
def test_settings_are_checked(name: str) -> None:
    architecture = ARCHITECTURES.get(name)
    settings = dict(recipe(name).settings)
    with pytest.raises(ValueError, match="has no setting colour"):
        architecture.from_settings(3, {**settings, "colour": 1})
    key = "columns" if name == "mlp" else "bins"
    for wrong in (0, 1.5, "85", True, None):
        with pytest.raises(ValueError, match=f"{key} must be a whole number"):
            architecture.from_settings(3, {**settings, key: wrong})


def test_too_small_slices_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for a convolution"):
        Cnn(10, bins=5)
    with pytest.raises(ValueError, match="at least 96 bins"):
        Crnn(10, bins=64)
    with pytest.raises(SettingError, match="31 frames"):
        Cnn14(10, frames=31)
    with pytest.raises(ValueError, match="no published mlp for 12 columns"):
        Mlp(10, columns=12)
    with pytest.raises(ValueError, match="layers must be like"):
        Mlp(10, columns=12, layers="85x-3")


@pytest.mark.parametrize("name", RECIPES.names())
def test_recipes_fit_their_architecture(name: str) -> None:
    made = recipe(name)
    if made.kind != "network":
        return
    if made.front_end is not None:
        assert made.slice_s > 0
        assert made.with_frames(200).settings["frames"] == 200
    if name == "cnn14" or name == "cnn14_stft" or name == "vgg16":
        return  # large; built elsewhere
    net = ARCHITECTURES.get(made.architecture).from_settings(4, made.settings)
    assert net.frames == made.frames


def test_cnn_lstm_grows_on_a_trained_cnn() -> None:
    cnn, net = Cnn(7), CnnLstm(10)
    with torch.no_grad():
        for tensor in cnn.state_dict().values():
            tensor.add_(1)
    net.grow_on(cnn)
    torch.testing.assert_close(net.cnn.block2.norm.running_mean, cnn.block2.norm.running_mean)
    cnn.eval()
    net.eval()
    x = batch(net, 2)
    torch.testing.assert_close(net.cnn(x), cnn.features(x))
    left = {name for name in trainable(net) if name.startswith("cnn.")}
    assert left == {"cnn.block3.conv.weight", "cnn.block3.conv.bias"}
    assert "lstm1.weight_ih_l0" in trainable(net)
    with pytest.raises(UnknownNameError, match=r"Did you mean cnn\.block3"):
        net.grow_on(cnn, thawed=("cnn.blok3",))
    with pytest.raises(SettingError, match="13 × 132"):
        net.grow_on(Cnn(7, frames=132))


def test_frozen_layers_stay_as_they_are() -> None:
    net = CnnLstm(4)
    net.grow_on(Cnn(4))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    train_mode(net)
    assert not net.cnn.block1.norm.training
    assert net.cnn.block3.conv.training
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(2):
        loss = net(batch(net, 4)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    changed = {name for name, tensor in net.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name for name in changed if name.startswith("cnn.")} == {"cnn.block3.conv.weight", "cnn.block3.conv.bias"}
    assert "out.weight" in changed


def test_freezing_by_pattern_and_by_a_name_that_matches_nothing() -> None:
    net = Cnn(3)
    freeze(net, ["block*"])
    assert trainable(net) == ("hidden.weight", "hidden.bias", "out.weight", "out.bias")
    thaw(net, ["block1.conv"])
    assert trainable(net)[:2] == ("block1.conv.weight", "block1.conv.bias")
    with pytest.raises(UnknownNameError, match="layer 'block4'"):
        thaw(net, ["block2", "block4"])
    assert "block2.conv.weight" not in trainable(net)
