"""Cnn14: twelve 3 × 3 convolutions in six blocks, pooled over frequency and time (PANNs, Kong et al. 2020).

Qiuqiang Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition", IEEE/ACM
Transactions on Audio, Speech, and Language Processing 28, 2020, table I. Every ReLU is a module of its own, which
gradient rules such as DeepLIFT ask for. Inside, channels lie last in memory, where convolutions run faster on a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.errors import SettingError
from earmark.features.front_end import FrontEndCard
from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole

WIDTHS = (64, 128, 256, 512, 1024, 2048)
# Five blocks halve both axes; the sixth does not.
LEAST = 32


class ConvBlock(nn.Module):
    """Twice (3 × 3 convolution, batch norm, ReLU), then the mean over ``pool × pool`` cells.

    ``(B, in, bins, frames)`` → ``(B, out, bins // pool, frames // pool)``.
    """

    def __init__(self, inside: int, outside: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)
        self.relu2 = nn.ReLU()
        self.pool = nn.AvgPool2d(pool) if pool > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.relu1(self.norm1(self.conv1(x)))
        pooled: Tensor = self.pool(self.relu2(self.norm2(self.conv2(x))))
        return pooled


class Cnn14(nn.Module):
    """Log spectrograms ``(B, bins, frames)`` → logits ``(B, labels)``; 79.8 M parameters at 64 bins and 50 labels.

    Parameters
    ----------
    labels : number of classes.
    bins : mel bands (64 as published) or STFT bins, at least 32.
    frames : of a slice, at least 32. Nothing inside depends on it: other lengths pass, too.
    channels_last : how the features lie in memory; it changes the speed, and the last digits of float32 sums.

    Raises
    ------
    SettingError
        If there are fewer than 32 bins or frames, or no label.
    """

    cam_layers: ClassVar[tuple[str, ...]] = tuple(f"block{i}" for i in range(1, len(WIDTHS) + 1))

    def __init__(self, labels: int, *, bins: int = 64, frames: int = 501, channels_last: bool = True) -> None:
        super().__init__()
        if min(bins, frames) < LEAST or labels < 1:
            raise SettingError(
                f"{bins} bins, {frames} frames and {labels} labels",
                remedy=f"Give at least {LEAST} bins and frames, and one label",
                where="Cnn14",
            )
        self.bins, self.frames = bins, frames
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self.norm = nn.BatchNorm1d(bins)
        for index, (inside, outside) in enumerate(zip((1, *WIDTHS), WIDTHS, strict=False), start=1):
            self.add_module(f"block{index}", ConvBlock(inside, outside, 2 if index < len(WIDTHS) else 1))
        self.drop = nn.Dropout(0.2)
        self.drop_late = nn.Dropout(0.5)
        self.hidden = nn.Linear(WIDTHS[-1], WIDTHS[-1])
        self.relu = nn.ReLU()
        self.out = nn.Linear(WIDTHS[-1], labels)
        self.to(memory_format=self._layout)  # type: ignore[call-overload]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``.

        Raises
        ------
        SettingError
            If there are fewer than 32 frames.
        """
        if spectrogram.shape[-1] < LEAST:
            raise SettingError(
                f"{spectrogram.shape[-1]} frames", remedy=f"Give a sound of at least {LEAST} frames", where="Cnn14"
            )
        x = self.norm(spectrogram)[:, None].contiguous(memory_format=self._layout)
        for name in self.cam_layers:
            x = self.drop(self.get_submodule(name)(x))
        over_frequency = x.mean(dim=2)
        pooled = over_frequency.amax(dim=2) + over_frequency.mean(dim=2)
        features = self.drop_late(self.relu(self.hidden(self.drop_late(pooled))))
        logits: Tensor = self.out(features)
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Cnn14:
        """An untrained one; settings ``bins`` and ``frames``."""
        only(settings, ("bins", "frames"), "cnn14")
        return cls(labels, bins=whole(settings, "bins"), frames=whole(settings, "frames"))


MEL = FrontEndCard(
    sample_rate=32000,
    n_fft=1024,
    hop_length=320,
    n_mels=64,
    fmin=50.0,
    fmax=14000.0,
    pad_mode="reflect",
    scaling="dB",
)
STFT = FrontEndCard(
    sample_rate=16000,
    n_fft=512,
    hop_length=256,
    n_mels=0,
    fmin=0.0,
    fmax=8000.0,
    pad_mode="reflect",
    scaling="dB",
    kind="log_stft",
)
# Five seconds each, the length of an ESC-50 sound.
DEFAULTS = Recipe(
    architecture="cnn14",
    front_end=MEL,
    frames=501,
    settings={"bins": 64, "frames": 501},
    learning_rate=1e-4,
    batch_size=32,
    epochs=20,
)
DEFAULTS_STFT = Recipe(
    architecture="cnn14",
    front_end=STFT,
    frames=313,
    settings={"bins": 257, "frames": 313},
    learning_rate=1e-4,
    batch_size=32,
    epochs=20,
)
