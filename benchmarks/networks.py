"""The models that the benchmarks ask: untrained, since only their cost and their being non-linear matter."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from earmark.models.classifier import Activation, InputSpec

BATCH = 16
RATE = 22050
SECONDS = 10
FRAME = 300  # 10 s at 22 050 Hz are 735 of them; small, so that a few more or fewer products meet the time


def spectrogram_network(labels: int) -> nn.Sequential:
    """Log-mel ``(B, 1, 64, 256)`` → logits: four 3 × 3 convolutions and two dense layers, 145 k parameters and more."""
    layers: list[nn.Module] = []
    for inside, outside in ((1, 16), (16, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.AdaptiveAvgPool2d((1, 2)), nn.Flatten(), nn.Linear(256, 184), nn.ReLU(), nn.Linear(184, labels)]
    return drawn(nn.Sequential(*layers))


def small_network(labels: int) -> nn.Sequential:
    """Pictures ``(B, 1, 32, 40)`` → logits: three convolutions and a dense layer, for games that are played often."""
    layers: list[nn.Module] = []
    for inside, outside in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return drawn(nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 4 * 5, labels)))


def drawn(network: nn.Sequential) -> nn.Sequential:
    """The network with weights of its own seed, in eval mode; the global generator is not touched."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in network.parameters():
            if weights.ndim > 1:
                nn.init.kaiming_normal_(weights, generator=generator)
    return network.eval()


@dataclass(frozen=True, eq=False)
class Busy:
    """A classifier of 10 s of sound that multiplies matrices for about as long as it is told to.

    Parameters
    ----------
    weights : one square matrix, applied ``times`` times to frames of 14 ms.
    """

    weights: Tensor
    times: int
    out: Tensor
    name: str = "busy"
    activation: Activation = "softmax"
    fingerprint: str = "benchmark"

    @property
    def labels(self) -> tuple[str, ...]:
        """Numbers."""
        return tuple(str(index) for index in range(self.out.shape[1]))

    @property
    def input(self) -> InputSpec:
        """Mono at 22 050 Hz."""
        return InputSpec(RATE)

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``."""
        with torch.inference_mode():
            x = batch.reshape(len(batch), -1, FRAME)
            for _ in range(self.times):
                x = torch.relu(x @ self.weights)
            return (x.mean(dim=1) @ self.out).softmax(dim=1)


def busy(seconds_per_row: float, labels: int, *, samples: int = RATE * SECONDS) -> Busy:
    """One that takes at least that long a row, in batches of 16, on this machine once it is warm.

    The number of products is chosen by measuring, four times over, after two seconds of work: processors are slower
    when they begin than later. From the fastest quarter of the batches, so that what else the machine does at that
    moment makes the model no smaller.
    """
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn((FRAME, FRAME), generator=generator) * (2 / FRAME) ** 0.5
    out = torch.randn((FRAME, labels), generator=generator)
    probe = torch.randn((BATCH, 1, samples), generator=generator)
    times = 1
    for rounds in (100, 20, 20, 20):
        fitting = Busy(weights, times, out)
        fitting.scores(probe)
        taken = []
        for _ in range(rounds):
            start = time.perf_counter()
            fitting.scores(probe)
            taken.append((time.perf_counter() - start) / BATCH)
        times = max(1, math.ceil(times * seconds_per_row / float(np.quantile(taken, 0.25))))
    return Busy(weights, times, out)
