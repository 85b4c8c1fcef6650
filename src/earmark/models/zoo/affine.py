"""Batch normalisation as inference sees it: one multiplication and one addition per channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelAffine(nn.Module):
    """``x * scale + shift`` per channel (dimension 1), for inputs ``(B, channels, ...)``.

    Batch norm that follows a ReLU cannot go into the convolution before it, and behind zero padding its shift cannot
    go into the convolution after it: it stays as this.

    Parameters
    ----------
    channels : size of dimension 1.
    dims : dimensions of the input.
    """

    def __init__(self, channels: int, dims: int) -> None:
        super().__init__()
        shape = (channels,) + (1,) * (dims - 2)
        self.scale = nn.Parameter(torch.ones(shape))
        self.shift = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as the input."""
        return x * self.scale + self.shift
