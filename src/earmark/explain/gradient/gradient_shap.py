"""GradientSHAP: integrated gradients in expectation over baselines, noise, and places on the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from earmark.errors import SettingError
from earmark.explain.gradient.draws import Draws
from earmark.explain.gradient.method import Domain, MapAttribution, completeness
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True, eq=False)
class Draw:
    """One sample: noisy clip, baseline, and the place α in [0, 1] between them."""

    noisy: Tensor
    baseline: Tensor
    alpha: float

    @property
    def point(self) -> Tensor:
        """Where the gradient is taken."""
        return self.baseline + self.alpha * (self.noisy - self.baseline)


@dataclass(frozen=True)
class GradientShap:
    """Mean of (x + ε − b) · ∂f/∂x at b + α (x + ε − b) (Erion et al. 2021, "expected gradients").

    The implementation of Lundberg & Lee's library, and captum's, with the noise ε that they add. In expectation the
    values sum to f(x) − mean f(b); the distance that sampling leaves is reported.

    Parameters
    ----------
    samples : draws.
    baselines : names that are drawn from with equal probability.
    noise : standard deviation of ε as a part of the clip's range max x − min x.
    stratified : α of draw i is uniform in its own 1/``samples`` of [0, 1], which is unbiased and less noisy; False
        draws each α from all of [0, 1] as the paper does.
    """

    samples: int = 50
    baselines: tuple[str, ...] = ("silence",)
    noise: float = 0.0
    stratified: bool = True

    name: ClassVar[str] = "gradient_shap"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram", "waveform")
    signed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "baselines", tuple(self.baselines))
        if self.samples < 1:
            raise SettingError(f"{self.samples} samples", remedy="Choose 1 or more", where="samples")
        if not self.noise >= 0:
            raise SettingError(f"noise of {self.noise}", remedy="Choose 0 or more", where="noise")
        if not self.baselines:
            raise SettingError("no baseline to draw from", remedy="Name one", where="baselines")

    def draws(self, subject: Subject, generator: torch.Generator) -> Iterator[Draw]:
        """One sample after the other: the same whatever the batch size."""
        x = subject.x
        known = [subject.baseline(name) for name in self.baselines]
        deviation = self.noise * float(x.max() - x.min())
        for i in range(self.samples):
            which = int(torch.randint(len(known), (1,), generator=generator))
            alpha = float(torch.rand(1, generator=generator, dtype=torch.float64))
            noisy = x
            if deviation > 0:
                noisy = x + (torch.randn(x.shape, generator=generator) * deviation).to(x.device)
            yield Draw(noisy, known[which], (i + alpha) / self.samples if self.stratified else alpha)

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """``samples`` forward and T · ``samples`` backward passes."""
        total = torch.zeros(len(subject.target.names), *subject.x.shape, device=subject.x.device)
        draws = self.draws(subject, generator)
        collected = Draws(subject)
        for part in subject.groups(self.samples):
            drawn = [next(draws) for _ in range(part.start, part.stop)]
            steps = torch.stack([draw.noisy - draw.baseline for draw in drawn])
            maps = subject.gradients(torch.stack([draw.point for draw in drawn])) * steps
            total += maps.sum(dim=1)
            collected.add(maps)
        values = total / self.samples
        base = subject.values(torch.stack([subject.baseline(name) for name in self.baselines])).mean(dim=0)
        errors = collected.errors(stratified=self.stratified)
        return MapAttribution(values, base, completeness(subject, values, base), errors=errors)
