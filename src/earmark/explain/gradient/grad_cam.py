"""Grad-CAM: a layer's channels, each weighted by its mean gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from earmark.explain.gradient.intercept import frozen
from earmark.explain.gradient.layer import find_layer
from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject, each_gradient


@dataclass(frozen=True)
class GradCam:
    """ReLU(Σ_k α_k A_k), α_k = mean over cells of ∂f/∂A_k (Selvaraju et al. 2017, equations 1 and 2).

    Parameters
    ----------
    layer : its name; None takes the last of the classifier's ``cam_layers``.
    relu : as in the paper; False keeps what speaks against the target.
    """

    layer: str | None = None
    relu: bool = True

    name: ClassVar[str] = "grad_cam"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram",)

    @property
    def signed(self) -> bool:
        """Whether negative values mean "against"."""
        return not self.relu

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward and T partial backward passes; no randomness. Raises UnknownNameError, CapabilityError."""
        return weighted_maps(subject, self.layer, _channel_means, relu=self.relu)


def _channel_means(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients.mean(dim=(2, 3), keepdim=True) * activations).sum(dim=1)


def weighted_maps(
    subject: Subject, layer: str | None, combine: Callable[[Tensor, Tensor], Tensor], *, relu: bool
) -> MapAttribution:
    """Maps ``combine(activations, gradients)``, both ``(rows, channels, freq, time)``, laid over the spectrogram.

    The ReLU is taken at the layer's resolution, before the map is spread. Maps of overlapping patches add up.
    """
    found = find_layer(subject, layer)
    rows = subject.cut(subject.x.unsqueeze(0))
    seeds = subject.target.seeds(subject.means_of_clip).float().expand(-1, len(rows), -1)
    values = torch.zeros(len(subject.target.names), 1, *subject.x.shape, device=rows.device)
    facts: dict[str, float | int | str] = {}
    with frozen(subject.classifier.network):
        for start, batch in subject.batches(rows):
            output, result = found.run(subject, batch)
            activations = found.arrange(output.detach())
            cells = f"{activations.shape[2]} × {activations.shape[3]}"
            facts = {"layer": found.name, "cells (frequency × time)": cells, "channels": activations.shape[1]}
            for t, gradient in enumerate(each_gradient(result, output, seeds[:, start : start + len(batch)])):
                maps = combine(activations, found.arrange(gradient))
                maps = maps.clamp(min=0) if relu else maps
                subject.place(found.spread(maps, *batch.shape[1:]), values[t], start)
    return MapAttribution(values[:, 0], diagnostics=facts)
