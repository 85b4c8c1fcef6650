"""What there is: the pre-trained models that can be fetched, and the architectures that a bundle can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from earmark.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from earmark.models.musicnn_wheel import Pretrained


class Architecture(Protocol):
    """A network that a bundle can name: log-mel spectrogram → logits."""

    frames: ClassVar[int]
    bins: ClassVar[int]
    cam_layers: ClassVar[tuple[str, ...]]

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Architecture:
        """An untrained network; ``ValueError`` where the settings make no sense."""
        ...

    def __call__(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, bins, frames)`` → logits ``(B, labels)``."""
        ...


ARCHITECTURES: Registry[type[Architecture]] = Registry("architecture")
ARCHITECTURES.add(
    "musicnn", "earmark.models.zoo.musicnn:Musicnn", "timbral and temporal filters, pooling over time (Pons 2018)"
)
ARCHITECTURES.add("vgg", "earmark.models.zoo.vgg:Vgg", "five 3 × 3 convolutions with max pooling (Choi 2016)")

PRETRAINED: Registry[Pretrained] = Registry("pre-trained model")
PRETRAINED.add(
    "musicnn-msd",
    "earmark.models.musicnn_wheel:MUSICNN_MSD",
    "50 Last.fm tags (rock, jazz, electronic, Hip-Hop, 80s …), trained on the Million Song Dataset",
)
PRETRAINED.add(
    "musicnn-mtt",
    "earmark.models.musicnn_wheel:MUSICNN_MTT",
    "50 MagnaTagATune tags (guitar, techno, female voice, harpsichord …)",
)
PRETRAINED.add(
    "vgg-msd", "earmark.models.musicnn_wheel:VGG_MSD", "the tags of musicnn-msd by plain 3 × 3 convolutions, faster"
)
PRETRAINED.add(
    "vgg-mtt", "earmark.models.musicnn_wheel:VGG_MTT", "the tags of musicnn-mtt by plain 3 × 3 convolutions, faster"
)
