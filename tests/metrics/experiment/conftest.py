"""A detector with a front end whose answers are known in closed form, sounds on disk, and the same as a callable."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.open import open_dataset
from earmark.features.mel import LogMel
from earmark.models.callable import from_callable
from earmark.models.classifier import InputSpec

RATE = 8000
LABELS = ("high", "low")


class Bands(nn.Module):
    """Logit of "high" is the mean level of the upper half of the bands, of "low" that of the lower, times 3."""

    def __init__(self):
        super().__init__()
        self.blur = nn.Conv2d(1, 1, 1, bias=False)
        with torch.no_grad():
            self.blur.weight.fill_(3.0)

    def forward(self, x):
        x = self.blur(x[:, None])[:, 0]
        half = x.shape[1] // 2
        return torch.stack([x[:, half:].mean(dim=(1, 2)), x[:, :half].mean(dim=(1, 2))], dim=1)


@dataclass
class Detector:
    network: nn.Module = field(default_factory=lambda: Bands().requires_grad_(False).eval())
    name: str = "detector"
    labels: tuple = LABELS
    activation: str = "softmax"
    cam_layers: tuple = ("blur",)
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))
    front_end: LogMel = field(default_factory=lambda: LogMel(sample_rate=RATE, n_fft=256, hop_length=128, n_mels=16))
    fingerprint: str = "bands"

    def logits(self, spectrogram):
        return self.network(spectrogram)

    def scores(self, batch):
        return self.logits(self.front_end(batch)).softmax(dim=1)


@pytest.fixture(scope="session")
def detector():
    return Detector()


@pytest.fixture(scope="session")
def layerless():
    return Detector(cam_layers=(), name="layerless")


@pytest.fixture(scope="session")
def bare():
    """Scores only: which half of the spectrum is louder."""

    def listen(waveforms, sample_rate):
        power = np.square(np.abs(np.fft.rfft(waveforms[:, 0]))).reshape(len(waveforms), -1)[:, 1:]
        low, high = (part.sum(axis=1) + 1e-9 for part in np.array_split(power, 2, axis=1))
        return np.stack([high, low], axis=1) / (high + low)[:, None]

    return from_callable(listen, LABELS, RATE)


def tone(hz, seconds=0.5, seed=0, level=0.3):
    t = np.arange(round(seconds * RATE)) / RATE
    noise = 0.01 * np.random.default_rng(seed).standard_normal(len(t))
    return Clip(level * np.sin(2 * np.pi * hz * t) * (t < seconds / 2) + noise, RATE)


@pytest.fixture(scope="session")
def clip():
    return tone(2500)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds")
    for seed in range(3):
        write(tone(2500 + 300 * seed, seed=seed), root / "high" / f"h{seed}.wav")
        write(tone(300 + 50 * seed, seed=seed), root / "low" / f"l{seed}.wav")
    return open_dataset(root)
