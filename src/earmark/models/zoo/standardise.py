"""The first layer of the networks trained here: zero mean and unit deviation per bin or column of the training data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from earmark.errors import SettingError


class Standardise(nn.Module):
    """``(x − mean) / deviation`` per bin of spectrograms ``(B, bins, frames)`` or column of rows ``(B, bins)``.

    Mean and deviation are buffers: they are saved with the weights and are not trained. As made, nothing changes.

    Parameters
    ----------
    bins : how many.

    Examples
    --------
    >>> layer = Standardise(2)
    >>> layer.set(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 0.0]))
    >>> layer(torch.tensor([[3.0, 2.0]]))
    tensor([[1., 0.]])
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("deviation", torch.ones(bins))

    def set(self, mean: Tensor, deviation: Tensor) -> None:
        """Take mean and deviation, each ``(bins,)``, from the training data; a deviation of 0 counts as 1.

        Raises
        ------
        SettingError
            If they have another shape, are not finite, or a deviation is negative.
        """
        if mean.shape != self.mean.shape or deviation.shape != self.mean.shape:
            raise SettingError(
                f"mean and deviation of shapes {tuple(mean.shape)} and {tuple(deviation.shape)}",
                remedy=f"Give {len(self.mean)} numbers each",
                where="Standardise",
            )
        if not (torch.isfinite(mean).all() and torch.isfinite(deviation).all() and (deviation >= 0).all()):
            raise SettingError(
                "mean or deviation is no finite number", remedy="Leave broken rows out", where="Standardise"
            )
        self.mean.copy_(mean)
        # A constant bin says nothing; dividing by rounding errors would make it loud.
        self.deviation.copy_(torch.where(deviation > 1e-6 * (1 + mean.abs()), deviation, torch.ones_like(deviation)))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as the input."""
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return (x - self.mean.view(shape)) / self.deviation.view(shape)
