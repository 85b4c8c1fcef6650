"""Score-CAM: a layer's channels, each weighted by the score of the sound that it lets through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from earmark.explain.gradient.layer import find_layer
from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True)
class ScoreCam:
    """ReLU(Σ_k α_k A_k), α = softmax over k of f(b + H_k ⊙ (x − b)) − f(b) (Wang et al. 2020).

    H_k is channel k spread over the patch and scaled to [0, 1]. The paper multiplies the input by H_k, which for
    decibels is no attenuation: here the input moves towards the baseline b. Patches are taken one by one, each with
    its own output, and count 1/P each. A channel that is constant over the patch has no map and is left out.

    Parameters
    ----------
    layer : its name; None takes the last of the classifier's ``cam_layers``.
    baseline : "silence" or "median".
    relu : as in the paper; False keeps negative activations.
    """

    layer: str | None = None
    baseline: str = "silence"
    relu: bool = True

    name: ClassVar[str] = "score_cam"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram",)

    @property
    def signed(self) -> bool:
        """Whether negative values mean "against"."""
        return not self.relu

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward pass a channel and patch, for all targets at once. Raises UnknownNameError, CapabilityError."""
        found = find_layer(subject, self.layer)
        rows = subject.cut(subject.x.unsqueeze(0))
        references = subject.cut(subject.baseline(self.baseline).unsqueeze(0))
        values = torch.zeros(len(subject.target.names), 1, *subject.x.shape, device=rows.device)
        channels = 0
        for number, (row, reference) in enumerate(zip(rows, references, strict=True)):
            output, _ = found.run(subject, row.unsqueeze(0))
            activations = found.arrange(output.detach())[0]
            channels = len(activations)
            low, high = activations.amin(dim=(1, 2)), activations.amax(dim=(1, 2))
            lively = activations[high > low]
            if not len(lively):
                continue
            base = self._scores(subject, reference.unsqueeze(0))
            gains = []
            for _, part in subject.batches(lively):
                masks = found.spread(part, *row.shape)
                bottom = masks.amin(dim=(1, 2), keepdim=True)
                masks = (masks - bottom) / (masks.amax(dim=(1, 2), keepdim=True) - bottom)
                gains.append(self._scores(subject, reference + masks * (row - reference)) - base)
            weights = torch.softmax(torch.cat(gains), dim=0).to(lively)
            maps = torch.einsum("kt,kij->tij", weights, lively) / subject.target.patches
            maps = maps.clamp(min=0) if self.relu else maps
            for t, spread in enumerate(found.spread(maps, *row.shape)):
                subject.place(spread.unsqueeze(0), values[t], number)
        return MapAttribution(values[:, 0], diagnostics={"layer": found.name, "channels": channels})

    def _scores(self, subject: Subject, rows: Tensor) -> Tensor:
        with torch.no_grad():
            outputs = subject.target.alone(subject.classifier.logits(rows)).double()
        return outputs @ subject.target.weights.T.to(outputs)
