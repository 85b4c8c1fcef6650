"""mlp: dense networks over rows of descriptors (Ben Baccar & Rahis 2021), the 85-75-65-55-45-35-25 one and its sisters.

Seven sets of columns, each with a network of its own size; ReLU or no activation at all after a layer, Adam at 1e-3,
no dropout. Published epochs {100, 500, 800} and batch sizes {32, 200, 300}. One thing differs: the first layer
standardises each column with the training data's mean and deviation (as the authors did outside of the network).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from torch import Tensor, nn

from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole
from earmark.models.zoo.standardise import Standardise

# Units and activation ("r" ReLU, "l" linear) of the hidden layers, by the number of columns.
LAYERS: dict[int, str] = {
    30: "30r-25r-20l-15l",
    42: "42r-35l-24r-15l",
    60: "60r-50l-40l-30r-20l",
    85: "85r-75r-65l-55r-45l-35r-25r",
    87: "85r-75r-65l-55r-45l-35r-25r",
    89: "89r-79r-69l-59r-49l-39r-29r",
}


class Mlp(nn.Module):
    """Rows ``(B, columns)`` → logits ``(B, labels)``.

    Parameters
    ----------
    labels : number of classes.
    columns : of a row.
    layers : units and activation of each hidden layer, such as "85r-75r-65l"; "" for none; by default the published
        ones for that number of columns.

    Raises
    ------
    ValueError
        If the layers cannot be read, or there are none for that number of columns.
    """

    cam_layers: ClassVar[tuple[str, ...]] = ()
    frames: ClassVar[int] = 0

    def __init__(self, labels: int, *, columns: int, layers: str | None = None) -> None:
        super().__init__()
        self.bins = columns
        self.norm = Standardise(columns)
        made: list[nn.Module] = []
        width = columns
        for units, relu in parse_layers(layers if layers is not None else _published(columns)):
            made.append(nn.Linear(width, units))
            if relu:
                made.append(nn.ReLU())
            width = units
        self.hidden = nn.Sequential(*made)
        self.out = nn.Linear(width, labels)
        # As the published ones start (Glorot & Bengio 2010); torch's own start costs more than 0.1 of the accuracy.
        for layer in (*self.hidden, self.out):
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, rows: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        logits: Tensor = self.out(self.hidden(self.norm(rows)))
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Mlp:
        """An untrained one; settings ``columns`` and, where they are not the published ones, ``layers``."""
        only(settings, ("columns", "layers"), "mlp")
        layers = settings.get("layers")
        if layers is not None and not isinstance(layers, str):
            raise ValueError(f"layers must be a text such as 85r-75r-65l, not {layers!r}")
        return cls(labels, columns=whole(settings, "columns"), layers=layers)


def parse_layers(text: str) -> tuple[tuple[int, bool], ...]:
    """Units of each layer, and whether a ReLU follows.

    Raises
    ------
    ValueError
        If the text is none of this kind.

    Examples
    --------
    >>> parse_layers("42r-35l")
    ((42, True), (35, False))
    """
    parts = text.split("-") if text else []
    if not all(re.fullmatch(r"[1-9][0-9]*[rl]", part) for part in parts):
        raise ValueError(f"layers must be like 85r-75r-65l (units, then r for ReLU or l for linear), not {text!r}")
    return tuple((int(part[:-1]), part[-1] == "r") for part in parts)


def _published(columns: int) -> str:
    if columns not in LAYERS:
        raise ValueError(f"there is no published mlp for {columns} columns; give layers, such as 64r-32r")
    return LAYERS[columns]


def _recipe(columns: int, descriptors: str, patterns: Sequence[str] = ()) -> Recipe:
    return Recipe(
        architecture="mlp",
        descriptors=descriptors,
        columns=tuple(patterns),
        settings={"columns": columns},
        learning_rate=1e-3,
        batch_size=200,
        epochs=500,
    )


_MFCC = ("mfcc_*_mean", "mfcc_*_std")
_CHROMA = ("chroma_*_mean", "chroma_*_std")
MLP_30 = _recipe(30, "reference-85", ("mfcc_*_mean",))
MLP_42 = _recipe(42, "reference-85", ("mfcc_*_mean", "chroma_*_mean"))
MLP_60 = _recipe(60, "reference-85", _MFCC)
DEFAULTS = _recipe(85, "reference-85")
MLP_87 = _recipe(87, "reference-89", (*_MFCC, *_CHROMA, "tempo_bpm", "zero_crossing_rate_*"))
MLP_89 = _recipe(89, "reference-89")
MLP_89_CENTROID = _recipe(89, "reference-89-centroid")
# No publication's: one hidden layer over all that is described, for sounds that are no music too.
MLP_FULL = replace(_recipe(413, "full"), settings={"columns": 413, "layers": "128r"}, batch_size=32, epochs=150)
