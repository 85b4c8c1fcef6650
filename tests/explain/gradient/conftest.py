"""Small classifiers with every capability that the gradient methods ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from earmark.explain.gradient.subject import Span, Subject
from earmark.explain.gradient.target import make_target
from earmark.models.classifier import Activation, InputSpec, Patch

RATE, N_FFT, HOP = 4000, 62, 40  # 32 bins


class Spectra:
    """log(1 + 100 |STFT|²) of the mean channel, frames centred, 32 bins."""

    sample_rate, n_fft, hop_length, scale = RATE, N_FFT, HOP, "log(100 power + 1)"
    bin_hz = np.linspace(0, RATE / 2, N_FFT // 2 + 1)

    def __call__(self, waveform: Tensor) -> Tensor:
        window = torch.hann_window(N_FFT, device=waveform.device)
        stft = torch.stft(
            waveform.mean(dim=1), N_FFT, HOP, window=window, center=True, pad_mode="constant", return_complex=True
        )
        return torch.log1p(100 * (stft.real**2 + stft.imag**2))


@dataclass
class Small:
    """A classifier around any network ``(B, bins, frames) -> (B, K)``."""

    network: nn.Module
    labels: tuple[str, ...] = ("rock", "jazz", "folk")
    activation: Activation = "softmax"
    cam_layers: tuple[str, ...] = ()
    name: str = "small"
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))
    front_end: Spectra = field(default_factory=Spectra)

    def __post_init__(self) -> None:
        self.network.eval()

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for parameter in self.network.parameters():
            digest.update(parameter.detach().numpy().tobytes())
        return digest.hexdigest()

    def logits(self, spectrogram: Tensor) -> Tensor:
        return self.network(spectrogram)

    def probabilities(self, spectrogram: Tensor) -> Tensor:
        z = self.logits(spectrogram)
        return torch.softmax(z, 1) if self.activation == "softmax" else torch.sigmoid(z)

    def scores(self, batch: Tensor) -> Tensor:
        return self.probabilities(self.front_end(batch))


@dataclass
class SmallPatchwise(Small):
    """The same in patches of 20 frames, side by side."""

    frames: int = 20

    def patches(self, samples: int) -> tuple[Patch, ...]:
        length = self.frames * HOP
        step = length / RATE
        return tuple(
            Patch(n * step, (n + 1) * step, n * length, (n + 1) * length, 0, 0, n * self.frames, self.frames)
            for n in range((samples // HOP + 1) // self.frames)
        )

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        raise NotImplementedError("the tests of this room take no patch by itself")

    def scores(self, batch: Tensor) -> Tensor:
        whole = self.front_end(batch)
        cut = [whole[:, :, p.first_frame : p.first_frame + p.frames] for p in self.patches(batch.shape[2])]
        return torch.stack([self.probabilities(piece) for piece in cut]).mean(dim=0)


class Cnn(nn.Module):
    """Convolutions, batch norm, ReLUs as modules, max and average pools: what captum supports."""

    def __init__(self, labels: int = 3, *, max_pool: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2) if max_pool else nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.AdaptiveAvgPool2d((2, 2))
        self.hidden = nn.Linear(24, 8)
        self.relu3 = nn.ReLU()
        self.out = nn.Linear(8, labels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.norm(self.conv1(x.unsqueeze(1))))
        # captum 0.9 loses a pool's DeepLIFT rule where a ReLU's output goes into it directly; the copy parts them.
        x = self.pool1(x.clone())
        x = self.pool2(self.relu2(self.conv2(x)))
        return self.out(self.relu3(self.hidden(x.flatten(1))))


def settled(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights from a seed; batch norms with statistics that do something."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            for parameter in module.parameters(recurse=False):
                fan = max(1, parameter[0].numel()) if parameter.ndim > 1 else 4
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan**0.5)
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.copy_(torch.randn(module.num_features, generator=generator) * 0.3)
                module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
                module.weight.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
    return network.eval()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small only lose time to threads that wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def settle() -> Callable[..., nn.Module]:
    return settled


@pytest.fixture
def cnn() -> nn.Module:
    return settled(Cnn())


@pytest.fixture
def cnn_class() -> type[Cnn]:
    return Cnn


@pytest.fixture
def small() -> type[Small]:
    return Small


@pytest.fixture
def small_patchwise() -> type[SmallPatchwise]:
    return SmallPatchwise


@pytest.fixture
def waveform() -> Tensor:
    """A chirp, a decaying hum and noise: (1, 3160), 80 frames."""
    rng = np.random.default_rng(5)
    t = np.arange(3160) / RATE
    sound = 0.5 * np.sin(2 * np.pi * (200 + 800 * t) * t) + 0.3 * np.exp(-4 * t) * np.sin(2 * np.pi * 120 * t)
    return torch.tensor((sound + 0.02 * rng.standard_normal(len(t)))[None], dtype=torch.float32)


@pytest.fixture
def subject_of(waveform: Tensor) -> Callable[..., Subject]:
    """A subject of any classifier on the sound above."""

    def make(
        classifier: Small,
        *,
        targets: object = ("rock", "folk"),
        output: str = "logit",
        contrast: tuple[str, str] | None = None,
        domain: str = "spectrogram",
        batch_size: int = 16,
    ) -> Subject:
        frames = classifier.front_end(waveform[None]).shape[2]
        spans = (Span(0, frames),)
        if isinstance(classifier, SmallPatchwise):
            spans = tuple(Span(p.first_frame, p.frames) for p in classifier.patches(waveform.shape[1]))
        target = make_target(
            classifier.labels,
            classifier.scores(waveform[None])[0].tolist(),
            targets=None if contrast else targets,
            output=output,
            contrast=contrast,
            activation=classifier.activation,
            patches=len(spans),
        )
        return Subject(classifier, target, domain, waveform, spans, batch_size)

    return make


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
