"""probe: a small head on the inner layer of a trained network, which stays as it is (Alain & Bengio 2017).

What works on small data: the network has learnt from much sound what is worth telling apart, the head only has to name
it. The head is an ``mlp`` without hidden layers (that is logistic regression) or with some.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from earmark.errors import SettingError, UnknownNameError
from earmark.models.catalogue import Architecture
from earmark.models.freeze import freeze
from earmark.models.recipe import Recipe
from earmark.models.zoo.mlp import Mlp


class Probe(nn.Module):
    """Spectrograms ``(B, bins, frames)`` of the base → logits ``(B, labels)``.

    Parameters
    ----------
    base : a trained network over slices; its parameters are frozen.
    layer : whose output is read, by name; flattened where it has more than one dimension.
    head : embeddings ``(B, D)`` → logits.
    """

    def __init__(self, base: Architecture, layer: str, head: Mlp) -> None:
        super().__init__()
        self.base = cast(nn.Module, base)
        freeze(self.base)
        self.head = head
        self.layer = layer
        self.bins, self.frames = base.bins, base.frames
        self.cam_layers = tuple(f"base.{name}" for name in base.cam_layers)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        logits: Tensor = self.head(embed(self.base, self.layer, spectrogram))
        return logits

    def train(self, mode: bool = True) -> Probe:
        """Training mode for the head alone: the base is not trained, nor are its batch statistics or dropout."""
        super().train(mode)
        self.base.eval()
        return self


def embed(network: nn.Module, layer: str, spectrogram: Tensor) -> Tensor:
    """The output of a layer, flattened, ``(B, D)``, for spectrograms ``(B, bins, frames)``.

    Raises
    ------
    UnknownNameError
        If the network has no such layer.
    SettingError
        If the network does not run it once, or it gives no tensor with one row per spectrogram.
    """
    modules = dict(network.named_modules())
    if not layer or layer not in modules:
        raise UnknownNameError("layer", layer, [name for name in modules if name])
    seen: list[object] = []
    handle = modules[layer].register_forward_hook(lambda module, inputs, output: seen.append(output))
    try:
        network(spectrogram)
    finally:
        handle.remove()
    output = seen[0] if len(seen) == 1 else None
    if not isinstance(output, Tensor) or len(output) != len(spectrogram):
        raise SettingError(
            f"layer {layer} gives no embedding (run {len(seen)} times)",
            remedy="Choose a layer that is run once and gives one row per slice",
            where="layer",
        )
    return output.flatten(1)


# 200 numbers per slice of 3 s: what musicnn's tags are made of.
DEFAULTS = Recipe(
    architecture="mlp",
    kind="probe",
    pretrained="musicnn-msd",
    settings={"layer": "relu", "layers": ""},
    learning_rate=1e-3,
    batch_size=128,
    epochs=200,
    patience=20,
)
