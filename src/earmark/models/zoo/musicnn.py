"""musicnn: timbral and temporal filters, a residual mid-end, pooling over time (Pons & Serra 2019).

Jordi Pons and Xavier Serra, "musicnn: Pre-trained convolutional neural networks for music audio tagging", late-breaking
demo at ISMIR 2019; the architecture is that of Pons et al., "End-to-end learning for music audio tagging at scale",
ISMIR 2018.

Differences from the published code, none of which changes the function: batch norm is folded into the dense layers or
kept as one scale and shift; a filter whose batch norm turns its sign is stored with the sign turned, so that the
maximum over frequency can be taken before bias, ReLU and batch norm; the mid-end are 1-D convolutions over time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.models.zoo.affine import ChannelAffine
from earmark.models.zoo.max_filters import TemporalFilters, TimbralFilters
from earmark.models.zoo.tensorflow import Variables

BINS = 96
TIMBRAL = ((204, 38), (204, 67))  # filters, height in mel bands: 0.4 and 0.7 of 96
TEMPORAL = ((51, 128), (51, 64), (51, 32))  # filters, length in frames
FRONT = sum(filters for filters, _ in TIMBRAL + TEMPORAL)
MID = 64
MID_FRAMES = 7
HIDDEN = 200


class FilterBank(nn.Module):
    """The front: all filters' largest responses over frequency, biased, rectified and normalised.

    Spectrograms ``(B, 96, frames)`` → ``(B, 561, frames)``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timbral = nn.ModuleList(TimbralFilters(filters, height) for filters, height in TIMBRAL)
        self.temporal = nn.ModuleList(TemporalFilters(filters, length) for filters, length in TEMPORAL)
        self.bias = ChannelAffine(FRONT, 3)
        self.relu = nn.ReLU()
        self.norm = ChannelAffine(FRONT, 3)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """``(B, 561, frames)``."""
        largest = [bank(spectrogram) for bank in (*self.timbral, *self.temporal)]
        rectified: Tensor = self.norm(self.relu(self.bias(torch.cat(largest, 1))))
        return rectified


class TimeBlock(nn.Module):
    """Convolution over 7 frames, ReLU, normalisation; the input added where ``residual``.

    Features ``(B, channels, frames)`` → ``(B, 64, frames)``.
    """

    def __init__(self, channels: int, *, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.conv = nn.Conv1d(channels, MID, MID_FRAMES, padding=MID_FRAMES // 2)
        self.relu = nn.ReLU()
        self.norm = ChannelAffine(MID, 3)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 64, frames)``."""
        y: Tensor = self.norm(self.relu(self.conv(x)))
        return y + x if self.residual else y


class Musicnn(nn.Module):
    """Log-mel spectrograms ``(B, 96, frames)`` → logits ``(B, labels)``. Trained on 187 frames, takes others too.

    Parameters
    ----------
    labels : number of tags.
    """

    frames: ClassVar[int] = 187
    bins: ClassVar[int] = BINS
    cam_layers: ClassVar[tuple[str, ...]] = ("front", "mid1", "mid2", "mid3")

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.norm = ChannelAffine(1, 3)
        self.front = FilterBank()
        self.mid1 = TimeBlock(FRONT, residual=False)
        self.mid2 = TimeBlock(MID, residual=True)
        self.mid3 = TimeBlock(MID, residual=True)
        self.hidden = nn.Linear(2 * (FRONT + 3 * MID), HIDDEN)
        self.relu = nn.ReLU()
        self.out = nn.Linear(HIDDEN, labels)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before the sigmoid, ``(B, labels)``."""
        front = self.front(self.norm(spectrogram))
        mid1 = self.mid1(front)
        mid2 = self.mid2(mid1)
        features = torch.cat([front, mid1, mid2, self.mid3(mid2)], 1)
        pooled = torch.cat([features.amax(2), features.mean(2)], 1)
        logits: Tensor = self.out(self.relu(self.hidden(pooled)))
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Musicnn:
        """An untrained one; musicnn has no settings."""
        if settings:
            raise ValueError(f"musicnn has no setting {', '.join(settings)}")
        return cls(labels)

    def load_tensorflow(self, weights: Variables) -> None:
        """Take the weights over from the variables of the original checkpoint, folding batch norm.

        Raises
        ------
        BundleError
            If a variable is missing or has another shape.
        """
        state: dict[str, Tensor] = {}
        state["norm.scale"], state["norm.shift"] = (t.view(1, 1) for t in weights.batch_norm(0))
        signs, biases, scales, shifts = [], [], [], []
        banks = [f"front.timbral.{i}" for i in range(2)] + [f"front.temporal.{i}" for i in range(3)]
        for index, bank in enumerate(banks):
            scale, shift = weights.batch_norm(index + 1)
            sign = torch.where(scale < 0, -1.0, 1.0)
            kernel = weights.numbered("conv2d", index, "kernel").permute(3, 2, 1, 0)  # (filters, 1, bins, frames)
            state[f"{bank}.conv.weight"] = kernel * sign[:, None, None, None]
            signs.append(sign)
            biases.append(weights.numbered("conv2d", index, "bias"))
            scales.append(scale)
            shifts.append(shift)
        state["front.bias.scale"], state["front.bias.shift"] = (torch.cat(t)[:, None] for t in (signs, biases))
        state["front.norm.scale"], state["front.norm.shift"] = (torch.cat(t)[:, None] for t in (scales, shifts))
        for block in (1, 2, 3):
            index = block + 4
            state[f"mid{block}.conv.weight"] = weights.numbered("conv2d", index, "kernel")[:, :, 0].permute(2, 1, 0)
            state[f"mid{block}.conv.bias"] = weights.numbered("conv2d", index, "bias")
            scale, shift = weights.batch_norm(index + 1)
            state[f"mid{block}.norm.scale"], state[f"mid{block}.norm.shift"] = scale[:, None], shift[:, None]
        # The graph interleaves maximum and mean of each channel; here all maxima come first.
        order = torch.arange(2 * (FRONT + 3 * MID)).view(-1, 2).T.flatten()
        weight, bias = weights.dense_after_norm("dense", 9)
        state["hidden.weight"], state["hidden.bias"] = weight[:, order], bias
        state["out.weight"], state["out.bias"] = weights.dense_after_norm("dense_1", 10)
        weights.load_into(self, state)
