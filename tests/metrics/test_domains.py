"""Where masks are applied: front ends whose rows are no frequencies."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from earmark.audio.clip import Clip
from earmark.components.grid import Grid
from earmark.features.mfcc import Mfcc
from earmark.metrics.domains import component_domains
from earmark.models.classifier import InputSpec

RATE = 8000


@dataclass
class Cepstral:
    """A classifier whose front end makes MFCC of a log-mel spectrogram."""

    front_end: Mfcc = field(default_factory=lambda: Mfcc(sample_rate=RATE, n_fft=512, hop_length=256, n_mels=32))
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))
    name: str = "cepstral"
    labels: tuple = ("a", "b")
    activation: str = "softmax"
    cam_layers: tuple = ()
    fingerprint: str = "cepstral"

    def __post_init__(self):
        self.network = nn.Linear(self.front_end.bins, 2)
        with torch.no_grad():
            self.network.bias.zero_()
            self.network.weight.copy_(torch.linspace(-0.004, 0.004, 2 * self.front_end.bins).reshape(2, -1))

    def logits(self, coefficients):
        return self.network(coefficients.mean(dim=-1))

    def scores(self, batch):
        return self.logits(self.front_end(batch)).softmax(dim=1)


def test_cells_of_a_cepstral_front_end_are_those_of_the_mel_spectrogram_under_it():
    classifier = Cepstral()
    t = np.arange(RATE) / RATE
    clip = Clip(0.1 * np.sin(2 * np.pi * 500 * t) + 0.1 * np.sin(2 * np.pi * 3000 * t) * (t > 0.5), RATE)
    components = Grid(n_times=2, n_bands=2).build(clip)
    domains, why = component_domains(components, classifier)
    assert [domain.name for domain in domains] == ["audio", "spectrogram"]
    assert why == ""
    masks = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.5, 0.5]])
    heard, seen = (domain.scores(masks) for domain in domains)
    # Everything, nothing and a volume are the same on either side; a soft edge is not.
    for row in (0, 1, 3):
        assert heard[row] == pytest.approx(seen[row], abs=1e-3)
    assert heard[2] == pytest.approx(seen[2], abs=0.01)
    assert np.ptp(seen[:, 0]) > 0.04
