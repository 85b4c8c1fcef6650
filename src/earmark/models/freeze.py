"""Layers that training leaves as they are, and layers that it changes, by name."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn

from earmark.errors import UnknownNameError


def freeze(network: nn.Module, names: Sequence[str] = ("*",)) -> tuple[str, ...]:
    """Freeze the layers of those names with all that is inside them; returns their parameters' names.

    Parameters
    ----------
    network : whose layers.
    names : as in ``network.named_modules()``, or patterns as in a shell ("block*"); "*" for everything.

    Raises
    ------
    UnknownNameError
        If a name matches no layer with parameters: a layer left untrained by a typing error shows in no figure.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> _ = freeze(net); thaw(net, ["2"])
    ('2.weight', '2.bias')
    >>> trainable(net)
    ('2.weight', '2.bias')
    """
    return _set(network, names, requires_grad=False)


def thaw(network: nn.Module, names: Sequence[str]) -> tuple[str, ...]:
    """Thaw the layers of those names with all that is inside them; parameters and errors as for ``freeze``."""
    return _set(network, names, requires_grad=True)


def trainable(network: nn.Module) -> tuple[str, ...]:
    """Names of the parameters that training changes."""
    return tuple(name for name, parameter in network.named_parameters() if parameter.requires_grad)


def train_mode(network: nn.Module) -> None:
    """Training mode, except in layers whose parameters are all frozen: their dropout and batch statistics rest too.

    ``network.train()`` alone would let frozen batch norms drift to the statistics of the new data.
    """
    network.train()
    for module in network.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def _set(network: nn.Module, names: Sequence[str], *, requires_grad: bool) -> tuple[str, ...]:
    changed: dict[str, nn.Parameter] = {}
    for wanted in names:
        found = {
            name: parameter
            for name, parameter in network.named_parameters()
            if any(fnmatchcase(part, wanted) for part in _prefixes(name))
        }
        if not found:
            layers = [name for name, module in network.named_modules() if name and list(module.parameters())]
            raise UnknownNameError("layer", wanted, layers)
        changed.update(found)
    # Only when every name is known: half a list of layers is worse than none.
    for parameter in changed.values():
        parameter.requires_grad_(requires_grad)
    return tuple(changed)


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
