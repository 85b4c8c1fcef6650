"""Weights as TensorFlow stores them, in the layout that torch wants."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earmark.errors import BundleError

EPSILON = 1e-3  # of tf.layers.batch_normalization


class Variables:
    """The variables of a TensorFlow checkpoint by name, as float32 tensors.

    Parameters
    ----------
    arrays : name → array, as read by ``earmark.models.tf_checkpoint``.
    where : the file, for messages.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]], where: object) -> None:
        self._arrays = arrays
        self._where = where

    def get(self, name: str) -> Tensor:
        """One variable.

        Raises
        ------
        BundleError
            If the checkpoint does not hold it.
        """
        if name not in self._arrays:
            raise BundleError(
                f"the checkpoint has no variable {name!r}", remedy="Fetch the original file again", where=self._where
            )
        return torch.from_numpy(np.array(self._arrays[name], dtype=np.float32))

    def numbered(self, layer: str, index: int, kind: str) -> Tensor:
        """A variable of the ``index``-th layer of that name: TensorFlow counts ``conv2d``, ``conv2d_1``, …"""
        return self.get(f"{layer}_{index}/{kind}" if index else f"{layer}/{kind}")

    def batch_norm(self, index: int) -> tuple[Tensor, Tensor]:
        """``(scale, shift)`` such that ``x * scale + shift`` is that batch norm with the statistics of training."""
        gamma, beta, mean, variance = (
            self.numbered("batch_normalization", index, kind).double()
            for kind in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / torch.sqrt(variance + EPSILON)
        return scale.float(), (beta - mean * scale).float()

    def dense_after_norm(self, name: str, norm: int | None) -> tuple[Tensor, Tensor]:
        """Weight ``(out, in)`` and bias of a dense layer with the batch norm before it folded in."""
        kernel, bias = self.get(f"{name}/kernel").double(), self.get(f"{name}/bias").double()
        if norm is not None:
            scale, shift = (t.double() for t in self.batch_norm(norm))
            bias = bias + shift @ kernel
            kernel = kernel * scale[:, None]
        return kernel.T.float(), bias.float()

    def load_into(self, network: nn.Module, state: dict[str, Tensor]) -> None:
        """Fill a network, all of it.

        Raises
        ------
        BundleError
            If a shape is not the network's.
        """
        try:
            network.load_state_dict({name: tensor.contiguous() for name, tensor in state.items()}, strict=True)
        except RuntimeError as error:
            raise BundleError(
                f"the checkpoint does not fit {type(network).__name__}: {error}",
                remedy="Fetch the original file again",
                where=self._where,
            ) from error
