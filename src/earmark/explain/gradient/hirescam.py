"""HiResCAM: a layer's activations times their gradients, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from earmark.explain.gradient.grad_cam import weighted_maps
from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True)
class HiResCam:
    """Σ_k ∂f/∂A_k ⊙ A_k (Draelos & Carin 2020).

    Unlike Grad-CAM it never shows cells that the network did not use, if all that follows the layer is linear.

    Parameters
    ----------
    layer : its name; None takes the last of the classifier's ``cam_layers``.
    relu : cut off what speaks against the target; the paper does so for display only.
    """

    layer: str | None = None
    relu: bool = False

    name: ClassVar[str] = "hirescam"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram",)

    @property
    def signed(self) -> bool:
        """Whether negative values mean "against"."""
        return not self.relu

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward and T partial backward passes; no randomness. Raises UnknownNameError, CapabilityError."""
        return weighted_maps(subject, self.layer, _cell_by_cell, relu=self.relu)


def _cell_by_cell(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients * activations).sum(dim=1)
