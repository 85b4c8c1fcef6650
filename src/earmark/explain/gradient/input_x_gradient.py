"""Input × gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True)
class InputXGradient:
    """x · ∂f/∂x of every cell (Shrikumar et al. 2016): exact for a linear network without bias."""

    name: ClassVar[str] = "input_x_gradient"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram", "waveform")
    signed: ClassVar[bool] = True

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward and T backward passes; no randomness."""
        return MapAttribution(subject.x * subject.gradients(subject.x.unsqueeze(0))[:, 0])
