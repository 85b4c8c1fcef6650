"""crnn: four convolutions, then two recurrent layers over time (Choi, Fazekas, Sandler and Cho 2017).

"Convolutional recurrent neural networks for music classification", ICASSP 2017, in the sizes in which it was trained on
GTZAN (jsalbert 2017): 12 kHz, 96 mel bands in dB, 29.12 s (1366 frames), which the poolings make 15 steps of 128.

Differences: the zeros that make 1440 frames of 1366 are added after the batch norm over frequency, where zero is the
mean, not before it, where it is 0 dB, louder than the music; batch norm has torch's momentum and ε.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.features.front_end import FrontEndCard
from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole

FILTERS = (64, 128, 128, 128)
POOLS = (2, 3, 4, 4)
STEP = 2 * 3 * 4 * 4  # frames, and bins, behind one cell after all poolings
UNITS = 32


class Block(nn.Sequential):
    """3 × 3 convolution, batch norm, ELU, max pooling, dropout: ``(B, in, bins, frames)`` → ``(B, out, …)``."""

    def __init__(self, inside: int, outside: int, pool: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, padding=1)
        self.norm = nn.BatchNorm2d(outside)
        self.elu = nn.ELU()
        self.pool = nn.MaxPool2d(pool)
        self.drop = nn.Dropout(0.1)


class Crnn(nn.Module):
    """Log-mel spectrograms ``(B, bins, frames)`` → logits ``(B, labels)``.

    Parameters
    ----------
    labels : number of classes.
    bins : mel bands, at least 96 (what is left of more than 96 after the poolings goes side by side into a step).
    frames : of a slice; filled up to a multiple of 96.

    Raises
    ------
    ValueError
        If there are fewer than 96 bins.
    """

    cam_layers: ClassVar[tuple[str, ...]] = ("block1", "block2", "block3", "block4")

    def __init__(self, labels: int, *, bins: int = 96, frames: int = 1366) -> None:
        super().__init__()
        if bins < STEP:
            raise ValueError(f"crnn needs at least {STEP} bins, not {bins}")
        self.bins, self.frames = bins, frames
        lacking = -frames % STEP
        self.norm = nn.BatchNorm1d(bins)
        self.pad = nn.ConstantPad1d((lacking // 2, lacking - lacking // 2), 0.0)
        for index, (inside, outside, pool) in enumerate(zip((1, *FILTERS[:-1]), FILTERS, POOLS, strict=True), start=1):
            self.add_module(f"block{index}", Block(inside, outside, pool))
        self.gru1 = nn.GRU(FILTERS[-1] * (bins // STEP), UNITS, batch_first=True)
        self.gru2 = nn.GRU(UNITS, UNITS, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(UNITS, labels)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        x: Tensor = self.pad(self.norm(spectrogram)).unsqueeze(1)
        for name in self.cam_layers:
            x = self.get_submodule(name)(x)
        # cuDNN's GRU keeps nothing for a backward pass in eval mode, and explanations need one.
        with torch.backends.cudnn.flags(enabled=self.training):
            steps, _ = self.gru1(x.flatten(1, 2).transpose(1, 2))
            _, last = self.gru2(steps)
        logits: Tensor = self.out(self.drop(last[0]))
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Crnn:
        """An untrained one; settings ``bins`` and ``frames``."""
        only(settings, ("bins", "frames"), "crnn")
        return cls(labels, bins=whole(settings, "bins"), frames=whole(settings, "frames"))


DEFAULTS = Recipe(
    architecture="crnn",
    front_end=FrontEndCard(
        sample_rate=12000,
        n_fft=512,
        hop_length=256,
        n_mels=96,
        fmin=0.0,
        fmax=6000.0,
        pad_mode="reflect",
        scaling="dB",
    ),
    frames=1366,
    settings={"bins": 96, "frames": 1366},
    learning_rate=1e-3,
    batch_size=16,
    epochs=100,
    patience=15,
)
