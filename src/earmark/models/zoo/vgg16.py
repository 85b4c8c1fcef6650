"""vgg16: thirteen 3 × 3 convolutions trained on photographs, taken over for spectrograms (Simonyan & Zisserman 2015).

"Very deep convolutional networks for large-scale image recognition", ICLR 2015, configuration D. Layers carry the names
that torchvision gives them, so that its ImageNet weights (``vgg16-397923af.pth``, a file that you name) fit by key.
The spectrogram, standardised per bin, is the grey picture that all three colours are given.

With ``dense`` 4096 the end is the published one (7 × 7 cells, two dense layers); with 0 it is the mean over all cells
and one dense layer, which is what small data can bear.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from earmark.errors import BundleError
from earmark.features.front_end import FrontEndCard
from earmark.models.recipe import Recipe
from earmark.models.zoo.panns import read_checkpoint
from earmark.models.zoo.settings import only, whole
from earmark.models.zoo.standardise import Standardise

# Convolutions and filters of the five blocks.
BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
CELLS = 7
LEAST = 32
# What training thaws in turn: the end, then one block of convolutions after the other, from the deepest.
STAGES = (
    ("classifier",),
    ("features.24", "features.26", "features.28"),
    ("features.17", "features.19", "features.21"),
    ("features.10", "features.12", "features.14"),
)


class Vgg16(nn.Module):
    """Spectrograms ``(B, bins, frames)`` → logits ``(B, labels)``; 138 M parameters as published.

    Parameters
    ----------
    labels : number of classes.
    bins, frames : of a slice, at least 32.
    dense : units of the two dense layers; 0 for none.

    Raises
    ------
    ValueError
        If a slice is too small for five poolings.
    """

    # The outputs of the five blocks, after pooling.
    cam_layers: ClassVar[tuple[str, ...]] = ("features.4", "features.9", "features.16", "features.23", "features.30")

    def __init__(self, labels: int, *, bins: int = 128, frames: int = 130, dense: int = 0) -> None:
        super().__init__()
        if min(bins, frames) < LEAST:
            raise ValueError(f"vgg16 needs at least {LEAST} bins and frames, not {bins} and {frames}")
        self.bins, self.frames = bins, frames
        self.norm = Standardise(bins)
        layers: list[nn.Module] = []
        channels = 3
        for convolutions, filters in BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
                channels = filters
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(CELLS if dense else 1)
        self.classifier = (
            nn.Sequential(
                nn.Linear(channels * CELLS * CELLS, dense),
                nn.ReLU(),
                nn.Dropout(0.5),
                nn.Linear(dense, dense),
                nn.ReLU(),
                nn.Dropout(0.5),
                nn.Linear(dense, labels),
            )
            if dense
            else nn.Sequential(nn.Linear(channels, labels))
        )
        # He et al. 2015: without batch norm, torch's own start would fade out before the thirteenth layer.
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        picture = self.norm(spectrogram).unsqueeze(1).expand(-1, 3, -1, -1)
        logits: Tensor = self.classifier(self.avgpool(self.features(picture)).flatten(1))
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Vgg16:
        """An untrained one; settings ``bins``, ``frames`` and ``dense``."""
        only(settings, ("bins", "frames", "dense"), "vgg16")
        bins, frames = whole(settings, "bins"), whole(settings, "frames")
        return cls(labels, bins=bins, frames=frames, dense=whole(settings, "dense", least=0, default=0))

    def load_imagenet(self, file: str | Path) -> tuple[str, ...]:
        """Take torchvision's weights over from a file; returns the layers that keep their own.

        Those are the last one, and the dense layers where there are other ones than the published.

        Raises
        ------
        BundleError
            If the file cannot be read as tensors, or is no VGG16.
        """
        state = read_checkpoint(file)
        own = self.state_dict()
        wanted = [name for name in own if name.startswith("features.")]
        lacking = [name for name in wanted if name not in state or state[name].shape != own[name].shape]
        if lacking:
            raise BundleError(
                f"is no VGG16 ({len(lacking)} of {len(wanted)} tensors are missing or of another shape, such as "
                f"{lacking[0]})",
                remedy="Give torchvision's vgg16 state dict, for instance vgg16-397923af.pth",
                where=file,
            )
        names = wanted + [
            name
            for name in own
            if name.startswith("classifier.") and name in state and state[name].shape == own[name].shape
        ]
        self.load_state_dict({name: state[name] for name in names}, strict=False)
        left = {name.rsplit(".", 1)[0] for name in own if name.startswith("classifier.") and name not in names}
        return tuple(sorted(left))


DEFAULTS = Recipe(
    architecture="vgg16",
    front_end=FrontEndCard(
        sample_rate=22050,
        n_fft=2048,
        hop_length=512,
        n_mels=128,
        fmin=0.0,
        fmax=11025.0,
        pad_mode="reflect",
        scaling="dB",
    ),
    frames=130,
    settings={"bins": 128, "frames": 130, "dense": 0},
    learning_rate=1e-4,
    batch_size=32,
    epochs=60,
    patience=10,
    stages=STAGES,
)
