"""SmoothGrad: the gradient averaged over noisy copies of the clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from earmark.errors import SettingError
from earmark.explain.gradient.draws import Draws
from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True)
class SmoothGrad:
    """Mean of ∂f/∂x at x + ε, ε normal (Smilkov et al. 2017).

    Parameters
    ----------
    samples : noisy copies.
    noise : standard deviation of ε as a part of the clip's range max x − min x, as in the paper (0.1 to 0.2 there).
    absolute : the magnitude of the mean; False keeps its sign. The paper takes magnitudes for display only.
    """

    samples: int = 25
    noise: float = 0.15
    absolute: bool = False

    name: ClassVar[str] = "smoothgrad"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram", "waveform")

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise SettingError(f"{self.samples} samples", remedy="Choose 1 or more", where="samples")
        if not self.noise >= 0:
            raise SettingError(f"noise of {self.noise}", remedy="Choose 0 or more", where="noise")

    @property
    def signed(self) -> bool:
        """Whether negative values mean "against"."""
        return not self.absolute

    def draws(self, x: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
        """The noise of one sample after the other: the same whatever the batch size."""
        deviation = self.noise * float(x.max() - x.min())
        for _ in range(self.samples):
            yield (torch.randn(x.shape, generator=generator) * deviation).to(x.device)

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """``samples`` forward and T · ``samples`` backward passes."""
        total = torch.zeros(len(subject.target.names), *subject.x.shape, device=subject.x.device)
        noise = self.draws(subject.x, generator)
        draws = Draws(subject)
        for part in subject.groups(self.samples):
            points = torch.stack([subject.x + next(noise) for _ in range(part.start, part.stop)])
            gradients = subject.gradients(points)
            total += gradients.sum(dim=1)
            draws.add(gradients)
        mean = total / self.samples
        # The magnitude of a mean is no mean: how far its sums are off does not follow from those of the draws.
        return MapAttribution(mean.abs() if self.absolute else mean, errors=None if self.absolute else draws.errors())
