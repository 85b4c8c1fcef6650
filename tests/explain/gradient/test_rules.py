"""Operations are found however they are written; what has no rule is refused by name; sums come out."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earmark.errors import CapabilityError, SettingError
from earmark.explain.gradient.deeplift import DeepLift
from earmark.explain.gradient.guided_backprop import GuidedBackprop
from earmark.explain.gradient.lrp import Lrp


class Spelled(nn.Module):
    """One network; only the way in which its ReLUs and pools are written differs."""

    def __init__(self, spelling: str) -> None:
        super().__init__()
        self.spelling = spelling
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.out = nn.Linear(8, 3)
        self.relu = nn.ReLU()
        self.again = nn.ReLU()
        self.in_place = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(4)
        self.script = torch.jit.script(ScriptedRelu()) if spelling == "TorchScript" else None

    def rectify(self, x: Tensor, number: int) -> Tensor:
        if self.spelling == "in place, answer dropped":
            x.relu_()
            return x
        if self.spelling == "torch.where":
            return torch.where(x > 0, x, torch.zeros_like(x))
        spellings = {
            "modules": lambda: (self.relu, self.again)[number](x),
            "one module twice": lambda: self.relu(x),
            "module in place": lambda: self.in_place(x),
            "F.relu": lambda: F.relu(x),
            "F.relu in place": lambda: F.relu(x, inplace=True),
            "torch.relu": lambda: torch.relu(x),
            "method": x.relu,
            "clamp": lambda: x.clamp(min=0),
            "torch.clamp": lambda: torch.clamp(x, 0),
            "clamp_min": lambda: x.clamp_min(0),
            "TorchScript": lambda: self.script(x),
        }
        return spellings[self.spelling]()

    def forward(self, x: Tensor) -> Tensor:
        x = self.rectify(self.conv1(x.unsqueeze(1)), 0)
        x = self.pool(x) if self.spelling == "modules" else F.max_pool2d(x, 4)
        x = self.rectify(self.conv2(x), 1)
        return self.out(torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1))


class ScriptedRelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x)


SPELLINGS = (
    "one module twice",
    "module in place",
    "F.relu",
    "F.relu in place",
    "in place, answer dropped",
    "torch.relu",
    "method",
    "clamp",
    "torch.clamp",
    "clamp_min",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method", [GuidedBackprop(), DeepLift(), Lrp()], ids=lambda m: m.name)
def test_a_relu_is_a_relu_however_it_is_written(small, settle, subject_of, generator, method, spelling):
    if method.name == "lrp" and "clamp" in spelling:
        with pytest.raises(CapabilityError, match="Clamp"):
            method.attribute(subject_of(small(settle(Spelled(spelling)))), generator)
        return
    plain = method.attribute(subject_of(small(settle(Spelled("modules")))), generator).values
    assert plain.abs().max() > 1e-4
    found = method.attribute(subject_of(small(settle(Spelled(spelling)))), generator).values
    torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", [GuidedBackprop(), DeepLift(), Lrp()], ids=lambda m: m.name)
def test_a_relu_out_of_reach_is_refused(small, settle, subject_of, generator, method):
    subject = subject_of(small(settle(Spelled("TorchScript"))))
    with pytest.raises(CapabilityError, match=r"no rule for the operation .*(Relu|DifferentiableGraph)"):
        method.attribute(subject, generator)


@pytest.mark.parametrize("method", [DeepLift(), Lrp()], ids=lambda m: m.name)
def test_a_relu_hidden_in_a_choice_is_refused(small, settle, subject_of, generator, method):
    with pytest.raises(CapabilityError, match="Where"):
        method.attribute(subject_of(small(settle(Spelled("torch.where")))), generator)


class Gated(nn.Module):
    """Multiplies two activations, as attention and gates do."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(32, 3), nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.mean(dim=2)
        return self.a(x) * torch.sigmoid(self.b(x))


@pytest.mark.parametrize(("method", "named"), [(DeepLift(), "Mul"), (Lrp(), "Mul, Sigmoid")], ids=["deeplift", "lrp"])
def test_products_of_activations_are_refused_by_name(small, settle, subject_of, generator, method, named):
    with pytest.raises(CapabilityError, match=f"no rule for the operation {named} in"):
        method.attribute(subject_of(small(settle(Gated()))), generator)


class Overlapping(nn.Module):
    """Pools that overlap, many nonlinearities, a residual sum, maxima along axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.out = nn.Linear(9, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.elu(self.conv1((x.unsqueeze(1) - 0.3) / 2)), 3, stride=2, padding=1)
        y = F.gelu(self.conv2(x)) + torch.tanh(x)
        largest, _ = y.max(dim=3)
        pooled = F.max_pool1d(largest, 4, stride=2)
        return self.out(torch.cat([pooled.amax(2), F.softplus(y).mean((2, 3)), F.silu(largest[:, :, 3])], dim=1))


@pytest.mark.parametrize("baseline", ["silence", "median"])
def test_deeplift_is_complete(small, settle, subject_of, generator, baseline):
    subject = subject_of(small(settle(Overlapping(), seed=4)))
    found = DeepLift(baseline=baseline).attribute(subject, generator)
    change = (subject.full - found.base).abs()
    assert (change > 1e-2).all()
    assert (found.gap < 1e-5 * change.clamp_min(1)).all()


class InPieces(nn.Module):
    """Sends its batch through a network in pieces, or with time folded into it."""

    def __init__(self, network: nn.Module, how: str) -> None:
        super().__init__()
        self.network, self.how = network, how

    def forward(self, x: Tensor) -> Tensor:
        if self.how == "fold":
            folded = x.unflatten(2, (4, 20)).transpose(1, 2).flatten(0, 1)
            return self.network(folded).unflatten(0, (-1, 4)).mean(1)
        return torch.cat([self.network(piece) for piece in torch.split(x, 1 if self.how == "ones" else 8)])


@pytest.mark.parametrize("how", ["fold", "eights"])
def test_deeplift_of_networks_that_handle_their_batch(small, small_patchwise, cnn, subject_of, generator, how):
    found = DeepLift().attribute(subject_of(small_patchwise(cnn, frames=4)), generator) if how == "eights" else None
    kind = small_patchwise if how == "eights" else small
    settings = {"frames": 4} if how == "eights" else {}
    subject = subject_of(kind(InPieces(cnn, how), **settings))
    assert how == "fold" or subject.rows_per_point == 20
    pieces = DeepLift().attribute(subject, generator)
    assert (pieces.gap < 1e-6).all()
    assert pieces.values.abs().sum() > 0.01
    if found is not None:
        torch.testing.assert_close(pieces.values, found.values)


class TimeFirst(nn.Module):
    """Puts time before the batch, as recurrent networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.out = nn.Linear(32, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.inner(x.permute(2, 0, 1))).mean(0))


def test_deeplift_refuses_a_batch_that_it_cannot_follow(small, cnn, settle, subject_of, generator):
    with pytest.raises(CapabilityError, match="clip and baseline on separately"):
        DeepLift().attribute(subject_of(small(InPieces(cnn, "ones"))), generator)
    with pytest.raises(CapabilityError, match="does not keep the rows"):
        DeepLift().attribute(subject_of(small(settle(TimeFirst()))), generator)


def test_deeplift_of_probabilities(small, cnn, subject_of, generator):
    tags = small(cnn, activation="sigmoid")
    subject = subject_of(tags, output="probability")
    found = DeepLift().attribute(subject, generator)
    assert (found.gap < 1e-5).all()
    assert (subject.full - found.base).abs().min() > 1e-3
    with pytest.raises(SettingError, match="softmax"):
        DeepLift().attribute(subject_of(small(cnn), output="probability"), generator)


def test_lrp_shares_everything_without_biases(small, cnn, subject_of, generator):
    with torch.no_grad():
        for module in cnn.modules():
            if getattr(module, "bias", None) is not None:
                module.bias.zero_()
        cnn.norm.running_mean.zero_()
    subject = subject_of(small(cnn))
    found = Lrp(epsilon=1e-9).attribute(subject, generator)
    assert found.diagnostics["conservation_gap"] < 1e-4
    assert found.values.abs().sum() > 0.1


def test_lrp_against_the_formula_layer_by_layer(small, subject_of, generator):
    """Two dense layers, relevance computed by the sum of the paper, neuron by neuron."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(32 * 80, 4), nn.ReLU(), nn.Linear(4, 3))
    subject = subject_of(small(network), targets=["jazz"])
    epsilon = 0.05
    x = subject.x.flatten().double()
    w1, b1, w2, b2 = (p.detach().double() for p in network.parameters())
    z1 = w1 @ x + b1
    a1 = z1.clamp(min=0)
    z2 = (w2 @ a1 + b2)[1]
    top = [float(a1[j] * w2[1, j] * z2 / (z2 + epsilon * torch.sign(z2))) for j in range(4)]
    expected = sum(x * w1[j] * top[j] / (z1[j] + epsilon * torch.sign(z1[j])) for j in range(4))
    found = Lrp(epsilon=epsilon).attribute(subject, generator).values[0].flatten().double()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_parameters_are_as_before(small, cnn, subject_of, generator):
    cnn.out.bias.requires_grad_(False)
    before = {name: p.requires_grad for name, p in cnn.named_parameters()}
    for method in (GuidedBackprop(), DeepLift(), Lrp()):
        method.attribute(subject_of(small(cnn)), generator)
    assert {name: p.requires_grad for name, p in cnn.named_parameters()} == before
    assert all(p.grad is None for p in cnn.parameters())
    assert not any(m._forward_hooks or m._backward_hooks for m in cnn.modules())
