"""cnn_mel: four convolutions over 64 mel bands, for short sounds and few of them.

No publication's: as small as what 240 sounds of ESC-10 can teach. Convolution, batch norm, ReLU and max pooling as in
VGG (Simonyan & Zisserman 2015), the batch norm over bands and the pooling over time (maximum and mean side by side) as
in PANNs (Kong et al. 2020). What the last convolution finds keeps its place in frequency, since a chirp and a rumble
may have the same shape, and loses its place in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.features.front_end import FrontEndCard
from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole

FILTERS = (24, 48, 64, 64)
# A step of two in the first convolution, then three poolings by two.
STEP = 16


class Block(nn.Sequential):
    """Convolution, batch norm, ReLU, max pooling by 2 (but in the last), dropout."""

    def __init__(self, inside: int, outside: int, kernel: int, step: int, pool: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, stride=step, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(pool) if pool > 1 else nn.Identity()
        self.drop = nn.Dropout(0.1)


class CnnMel(nn.Module):
    """Log-mel spectrograms ``(B, bins, frames)`` → logits ``(B, labels)``.

    Parameters
    ----------
    labels : number of classes.
    bins, frames : of a slice, at least 16 each.

    Raises
    ------
    ValueError
        If there are fewer bins or frames.
    """

    cam_layers: ClassVar[tuple[str, ...]] = ("block1", "block2", "block3", "block4")

    def __init__(self, labels: int, *, bins: int = 64, frames: int = 180) -> None:
        super().__init__()
        if min(bins, frames) < STEP:
            raise ValueError(f"cnn_mel needs at least {STEP} bins and frames, not {bins} and {frames}")
        self.bins, self.frames = bins, frames
        self.norm = nn.BatchNorm1d(bins)
        channels, rows = 1, bins
        for index, filters in enumerate(FILTERS, start=1):
            first, last = index == 1, index == len(FILTERS)
            pool = 1 if last else 2
            self.add_module(f"block{index}", Block(channels, filters, 5 if first else 3, 2 if first else 1, pool))
            channels, rows = filters, ((rows + 1) // 2 if first else rows) // pool
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(2 * channels * rows, labels)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on a CPU

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        x: Tensor = self.norm(spectrogram)[:, None].contiguous(memory_format=torch.channels_last)
        for name in self.cam_layers:
            x = self.get_submodule(name)(x)
        steps = x.flatten(1, 2)
        logits: Tensor = self.out(self.drop(torch.cat([steps.amax(2), steps.mean(2)], 1)))
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> CnnMel:
        """An untrained one; settings ``bins`` and ``frames``."""
        only(settings, ("bins", "frames"), "cnn_mel")
        return cls(labels, bins=whole(settings, "bins"), frames=whole(settings, "frames"))


# As Cnn14's front end, with twice its hop.
DEFAULTS = Recipe(
    architecture="cnn_mel",
    front_end=FrontEndCard(
        sample_rate=32000,
        n_fft=1024,
        hop_length=640,
        n_mels=64,
        fmin=50.0,
        fmax=14000.0,
        pad_mode="reflect",
        scaling="dB",
    ),
    frames=180,
    settings={"bins": 64, "frames": 180},
    learning_rate=2e-3,
    batch_size=32,
    epochs=80,
    patience=15,
)
