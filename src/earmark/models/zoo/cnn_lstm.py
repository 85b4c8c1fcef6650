"""cnn_lstm: a trained cnn, cut after its convolutions and continued by three recurrent layers (Groove-Guide 2024).

The convolutions of ``earmark.models.zoo.cnn`` give one step every eight frames (15 of 130, as sizes come out at 22 050
Hz), each with 64 numbers; then BiLSTM 256, 128 and 64, each with batch norm, Dense 256 and 128 (ReLU, batch norm) and
the classes. The convolutions are taken from a trained cnn and stay as they are but for the last, which is thawed.

Differences: torch's LSTM has two biases per gate where Keras has one (same function); batch norm has torch's momentum
and ε.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.errors import SettingError
from earmark.models.freeze import freeze, thaw
from earmark.models.recipe import Recipe
from earmark.models.zoo.cnn import BLOCKS, FRONT_END, Cnn
from earmark.models.zoo.settings import only, whole

UNITS = (256, 128, 64)  # in each direction
DENSE = (256, 128)
THAWED = ("cnn.block3.conv",)


class CnnLstm(nn.Module):
    """MFCCs ``(B, bins, frames)`` → logits ``(B, labels)``.

    Parameters
    ----------
    labels : number of classes.
    bins, frames : of a slice.

    Raises
    ------
    ValueError
        If a slice is too small for three convolutions.
    """

    cam_layers: ClassVar[tuple[str, ...]] = ("cnn.block1", "cnn.block2", "cnn.block3")

    def __init__(self, labels: int, *, bins: int = 13, frames: int = 130) -> None:
        super().__init__()
        self.bins, self.frames = bins, frames
        trunk = Cnn(1, bins=bins, frames=frames)
        self.cnn = Trunk(trunk)
        width = BLOCKS[-1][0] * trunk.sizes[0]
        for index, units in enumerate(UNITS, start=1):
            self.add_module(f"lstm{index}", nn.LSTM(width, units, batch_first=True, bidirectional=True))
            self.add_module(f"norm{index}", nn.BatchNorm1d(2 * units))
            width = 2 * units
        layers: list[nn.Module] = []
        for units in DENSE:
            layers += [nn.Linear(width, units), nn.ReLU(), nn.BatchNorm1d(units)]
            width = units
        self.dense = nn.Sequential(*layers)
        self.out = nn.Linear(width, labels)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        x: Tensor = self.cnn(spectrogram).flatten(1, 2).transpose(1, 2)
        for index in range(1, len(UNITS) + 1):
            lstm, norm = self.get_submodule(f"lstm{index}"), self.get_submodule(f"norm{index}")
            # cuDNN's LSTM keeps nothing for a backward pass in eval mode, and explanations need one.
            with torch.backends.cudnn.flags(enabled=self.training):
                steps, (last, _) = lstm(x)
            if index < len(UNITS):
                x = norm(steps.transpose(1, 2)).transpose(1, 2)
            else:
                # The last state of either direction: at the end for one, at the start for the other.
                x = norm(torch.cat([last[0], last[1]], 1))
        logits: Tensor = self.out(self.dense(x))
        return logits

    def grow_on(self, cnn: Cnn, *, thawed: tuple[str, ...] = THAWED) -> None:
        """Take the convolutions and the standardisation of a trained cnn; freeze them but for ``thawed``.

        Raises
        ------
        SettingError
            If the cnn takes other slices.
        UnknownNameError
            If a name in ``thawed`` matches no layer.
        """
        if not isinstance(cnn, Cnn) or (cnn.bins, cnn.frames) != (self.bins, self.frames):
            raise SettingError(
                f"a {type(cnn).__name__} on slices of {getattr(cnn, 'bins', '?')} × {getattr(cnn, 'frames', '?')}",
                remedy=f"Train a cnn on slices of {self.bins} × {self.frames} first",
                where="cnn_lstm",
            )
        taken = {name: tensor for name, tensor in cnn.state_dict().items() if name in self.cnn.state_dict()}
        self.cnn.load_state_dict(taken)
        freeze(self, ["cnn"])
        thaw(self, thawed)

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> CnnLstm:
        """An untrained one; settings ``bins`` and ``frames``."""
        only(settings, ("bins", "frames"), "cnn_lstm")
        return cls(labels, bins=whole(settings, "bins"), frames=whole(settings, "frames"))


class Trunk(nn.Module):
    """The convolutions of a cnn without what follows them: ``(B, bins, frames)`` → ``(B, 64, bins, steps)``."""

    def __init__(self, cnn: Cnn) -> None:
        super().__init__()
        self.norm, self.block1, self.block2, self.block3 = (
            cnn.get_submodule(name) for name in ("norm", *cnn.cam_layers)
        )

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.block3(self.block2(self.block1(self.norm(spectrogram).unsqueeze(1))))
        return features


DEFAULTS = Recipe(
    architecture="cnn_lstm",
    front_end=FRONT_END,
    frames=130,
    settings={"bins": 13, "frames": 130},
    learning_rate=1e-4,
    batch_size=32,
    epochs=400,
    patience=20,
    grown_on="cnn",
    thawed=THAWED,
)
