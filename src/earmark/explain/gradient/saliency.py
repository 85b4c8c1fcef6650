"""Saliency: the gradient itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True)
class Saliency:
    """∂f/∂x of every cell: how much the output moves for a small change there (Simonyan et al. 2014, section 3).

    Parameters
    ----------
    absolute : |∂f/∂x| as in the paper; False keeps the sign.
    """

    absolute: bool = True

    name: ClassVar[str] = "saliency"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram", "waveform")

    @property
    def signed(self) -> bool:
        """Whether negative values mean "against"."""
        return not self.absolute

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward and T backward passes; no randomness."""
        gradient = subject.gradients(subject.x.unsqueeze(0))[:, 0]
        return MapAttribution(gradient.abs() if self.absolute else gradient)
