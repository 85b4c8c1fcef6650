"""vgg: five 3 × 3 convolutions with max pooling, as trained beside musicnn (Pons & Serra 2019).

After Choi, Fazekas and Sandler, "Automatic tagging using deep convolutional neural networks", ISMIR 2016.

Differences from the published code, none of which changes the function: where batch norm turns the sign of a channel,
the filter is stored with the sign turned, so that pooling can come before bias, ReLU and batch norm (on a quarter of
the numbers or fewer); a pooling window of one bin with a longer step is a step of the convolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.models.zoo.affine import ChannelAffine
from earmark.models.zoo.tensorflow import Variables

FILTERS = 128
Pool = tuple[int, int, int, int]


class PooledBlock(nn.Module):
    """3 × 3 convolution, max pooling, bias, ReLU, normalisation: ``(B, in, bins, frames)`` → ``(B, 128, …)``.

    Parameters
    ----------
    channels : in.
    pool : window and step of the pooling: bins, frames, bins, frames.
    """

    def __init__(self, channels: int, pool: Pool) -> None:
        super().__init__()
        bins, frames, step_bins, step_frames = pool
        stride = (step_bins if bins == 1 else 1, step_frames if frames == 1 else 1)
        self.conv = nn.Conv2d(channels, FILTERS, 3, stride=stride, padding=1, bias=False)
        self.pool = nn.MaxPool2d((bins, frames), (step_bins // stride[0], step_frames // stride[1]))
        self.bias = ChannelAffine(FILTERS, 4)
        self.relu = nn.ReLU()
        self.norm = ChannelAffine(FILTERS, 4)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 128, bins, frames)``."""
        y: Tensor = self.norm(self.relu(self.bias(self.pool(self.conv(x)))))
        return y


class Vgg(nn.Module):
    """Log-mel spectrograms ``(B, 96, 187)`` → logits ``(B, labels)``.

    Parameters
    ----------
    labels : number of tags.
    pools : window and step of the five poolings, each (bins, frames, bins, frames); they must leave 1 × 2.
    """

    frames: ClassVar[int] = 187
    bins: ClassVar[int] = 96
    cam_layers: ClassVar[tuple[str, ...]] = ("block1", "block2", "block3", "block4", "block5")

    def __init__(self, labels: int, pools: Sequence[Pool]) -> None:
        super().__init__()
        self.norm = ChannelAffine(1, 4)
        self.block1 = PooledBlock(1, pools[0])
        self.block2 = PooledBlock(FILTERS, pools[1])
        self.block3 = PooledBlock(FILTERS, pools[2])
        self.block4 = PooledBlock(FILTERS, pools[3])
        self.block5 = PooledBlock(FILTERS, pools[4])
        self.out = nn.Linear(2 * FILTERS, labels)
        # Channels innermost: 3 × 3 convolutions of 128 channels run faster so on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before the sigmoid, ``(B, labels)``."""
        x = self.norm(spectrogram.unsqueeze(1)).contiguous(memory_format=torch.channels_last)
        for block in (self.block1, self.block2, self.block3, self.block4, self.block5):
            x = block(x)
        logits: Tensor = self.out(x.flatten(1))
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Vgg:
        """An untrained one; ``settings["pools"]`` are five lists of four whole numbers."""
        pools = settings.get("pools")
        if set(settings) != {"pools"} or not isinstance(pools, (list, tuple)) or len(pools) != 5:
            raise ValueError("vgg needs the setting pools (five of them) and no other")
        checked: list[Pool] = []
        for pool in pools:
            if len(pool) != 4 or not all(isinstance(number, int) and number > 0 for number in pool):
                raise ValueError(f"a pool is four positive whole numbers, not {pool!r}")
            checked.append((pool[0], pool[1], pool[2], pool[3]))
        return cls(labels, checked)

    def load_tensorflow(self, weights: Variables) -> None:
        """Take the weights over from the variables of the original checkpoint, folding batch norm.

        Raises
        ------
        BundleError
            If a variable is missing or has another shape.
        """
        state: dict[str, Tensor] = {}
        state["norm.scale"], state["norm.shift"] = (t.view(1, 1, 1) for t in weights.batch_norm(0))
        for block in range(1, 6):
            scale, shift = weights.batch_norm(block)
            sign = torch.where(scale < 0, -1.0, 1.0)
            kernel = weights.get(f"{block}CNN/kernel").permute(3, 2, 1, 0)  # (filters, in, bins, frames)
            state[f"block{block}.conv.weight"] = kernel * sign[:, None, None, None]
            for name, tensor in (
                ("bias.scale", sign),
                ("bias.shift", weights.get(f"{block}CNN/bias")),
                ("norm.scale", scale),
                ("norm.shift", shift),
            ):
                state[f"block{block}.{name}"] = tensor[:, None, None]
        # The graph flattens (2 frames, 128 channels); here channels come first.
        weight, bias = weights.dense_after_norm("dense", None)
        order = torch.arange(2 * FILTERS).view(2, FILTERS).T.flatten()
        state["out.weight"], state["out.bias"] = weight[:, order], bias
        weights.load_into(self, state)
