"""cnn: three convolutions over 13 MFCCs of three seconds (Landschoot 2022).

Christopher Landschoot, "Music Genre Classification Using a CNN", 2022: Adam at 1e-4, at most 400 epochs, early stopping
with a patience of 20. Layers, sizes and dropout are those; three things differ. The first layer standardises each MFCC
with the training data's mean and deviation (there they went in as they were, with the first one a hundred times the
others). Batch norm has torch's momentum and ε. 22 050 Hz × 3 s are 130 frames (22 500 Hz was typed there: 132).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from earmark.features.front_end import FrontEndCard
from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole
from earmark.models.zoo.standardise import Standardise

# Filters, side of the kernel, side of the pooling window, dropout; every pooling has the step 2.
BLOCKS = ((32, 3, 3, 0.2), (64, 3, 3, 0.1), (64, 2, 2, 0.1))
HIDDEN = 128


def pooled(size: int, kernel: int) -> int:
    """Cells along one axis after a block: a convolution without padding, a pooling with step 2 that loses none.

    Examples
    --------
    >>> pooled(130, 3), pooled(13, 3)
    (64, 6)
    """
    return -(-(size - kernel + 1) // 2)


class Block(nn.Sequential):
    """Convolution, ReLU, batch norm, max pooling with step 2, dropout: ``(B, in, bins, frames)`` → ``(B, out, …)``.

    The pooling covers all cells: it is padded evenly, the odd cell coming last ("same" in Keras).

    Parameters
    ----------
    inside, outside : channels.
    kernel, window : sides of the convolution's and the pooling's square.
    dropout : part of the cells that training switches off.
    sizes : bins and frames that come in.
    """

    def __init__(
        self, inside: int, outside: int, kernel: int, window: int, dropout: float, sizes: tuple[int, int]
    ) -> None:
        super().__init__()
        convolved = [size - kernel + 1 for size in sizes]
        if min(convolved) < 1:
            raise ValueError(f"{sizes[0]} bins and {sizes[1]} frames are too few for a convolution of {kernel}")
        # What "same" adds to both sides; one cell more at the end is what ceil_mode does.
        each = [max(0, (-(-size // 2) - 1) * 2 + window - size) // 2 for size in convolved]
        self.conv = nn.Conv2d(inside, outside, kernel)
        self.relu = nn.ReLU()
        self.norm = nn.BatchNorm2d(outside)
        self.pool = nn.MaxPool2d(window, 2, padding=(each[0], each[1]), ceil_mode=True)
        self.drop = nn.Dropout(dropout)


class Cnn(nn.Module):
    """MFCCs ``(B, bins, frames)`` → logits ``(B, labels)``; 159 882 parameters at 13 × 130 and 10 labels.

    Parameters
    ----------
    labels : number of classes.
    bins, frames : of a slice.

    Raises
    ------
    ValueError
        If a slice is too small for three convolutions.
    """

    cam_layers: ClassVar[tuple[str, ...]] = ("block1", "block2", "block3")

    def __init__(self, labels: int, *, bins: int = 13, frames: int = 130) -> None:
        super().__init__()
        self.bins, self.frames = bins, frames
        self.norm = Standardise(bins)
        channels, sizes = 1, (bins, frames)
        for index, (filters, kernel, window, dropout) in enumerate(BLOCKS, start=1):
            self.add_module(f"block{index}", Block(channels, filters, kernel, window, dropout, sizes))
            channels, sizes = filters, (pooled(sizes[0], kernel), pooled(sizes[1], kernel))
        self.sizes = sizes
        self.hidden = nn.Linear(channels * sizes[0] * sizes[1], HIDDEN)
        self.relu = nn.ReLU()
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(HIDDEN, labels)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        logits: Tensor = self.out(self.drop(self.relu(self.hidden(self.features(spectrogram).flatten(1)))))
        return logits

    def features(self, spectrogram: Tensor) -> Tensor:
        """What the convolutions make of it, ``(B, 64, bins, steps)``: 1 × 15 of 13 × 130."""
        x: Tensor = self.norm(spectrogram).unsqueeze(1)
        for name in self.cam_layers:
            x = self.get_submodule(name)(x)
        return x

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Cnn:
        """An untrained one; settings ``bins`` and ``frames``."""
        only(settings, ("bins", "frames"), "cnn")
        return cls(labels, bins=whole(settings, "bins"), frames=whole(settings, "frames"))


FRONT_END = FrontEndCard(
    sample_rate=22050,
    n_fft=2048,
    hop_length=512,
    n_mels=128,
    fmin=0.0,
    fmax=11025.0,
    pad_mode="constant",
    scaling="dB",
    kind="mfcc",
    n_mfcc=13,
)
DEFAULTS = Recipe(
    architecture="cnn",
    front_end=FRONT_END,
    frames=130,
    settings={"bins": 13, "frames": 130},
    learning_rate=1e-4,
    batch_size=32,
    epochs=400,
    patience=20,
)
