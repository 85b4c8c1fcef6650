"""Cnn14 against the paper: its parameter count, and a literal functional re-implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from earmark.errors import SettingError
from earmark.models.zoo.cnn14 import Cnn14


@pytest.fixture(scope="module")
def network():
    torch_state = torch.random.get_rng_state()
    torch.manual_seed(0)
    made = Cnn14(527).eval()
    torch.random.set_rng_state(torch_state)
    return made


def literal(state, x):
    def norm(name, x):
        return functional.batch_norm(
            x, *(state[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))
        )

    x = norm("norm", x)[:, None]
    for block in range(1, 7):
        for layer in (1, 2):
            x = functional.conv2d(x, state[f"block{block}.conv{layer}.weight"].contiguous(), padding=1)
            x = functional.relu(norm(f"block{block}.norm{layer}", x))
        if block < 6:
            x = functional.avg_pool2d(x, 2)
    x = x.mean(2)
    x = x.max(2).values + x.mean(2)
    x = functional.relu(functional.linear(x, state["hidden.weight"], state["hidden.bias"]))
    return functional.linear(x, state["out.weight"], state["out.bias"])


def test_it_has_the_published_number_of_parameters(network):
    assert sum(p.numel() for p in network.parameters()) == 80_753_615


def test_equals_the_literal_network(network):
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 64, 70))).float()
    with torch.inference_mode():
        torch.testing.assert_close(network(x), literal(network.state_dict(), x), rtol=1e-4, atol=1e-5)


def test_every_relu_is_used_once(network):
    calls = []
    relus = [m for m in network.modules() if isinstance(m, torch.nn.ReLU)]
    hooks = [m.register_forward_hook(lambda module, *_: calls.append(id(module))) for m in relus]
    with torch.inference_mode():
        network(torch.zeros(1, 64, 32))
    for hook in hooks:
        hook.remove()
    assert len(calls) == len(set(calls)) == len(relus) == 13


def test_layers_of_activation_maps_exist(network):
    assert all(network.get_submodule(name) is not None for name in network.cam_layers)
    assert network.block3.conv1.weight.is_contiguous(memory_format=torch.channels_last)


def test_refuses_what_is_too_small(network):
    with pytest.raises(SettingError, match="31 frames"):
        network(torch.zeros(1, 64, 31))
    with pytest.raises(SettingError, match="16 bins"):
        Cnn14(50, bins=16)
