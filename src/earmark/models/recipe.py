"""Recipes: how a model is made from sound, before anything is trained.

A recipe says what the model sees (a front end and slices of so many frames, descriptors, or the embedding of another
model), which architecture learns from it, and the settings of training that its authors report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from earmark.errors import SettingError
from earmark.features.front_end import FrontEndCard

Kind = Literal["network", "estimator", "probe", "text", "joint"]


@dataclass(frozen=True)
class Recipe:
    """What a model sees, what learns from it, and how.

    At most one of ``front_end``, ``descriptors`` and ``pretrained`` is given: what the model sees. Models of text, and
    joint ones, name theirs in ``settings``.

    Parameters
    ----------
    architecture : name in ``ARCHITECTURES`` (networks) or ``ESTIMATORS`` (scikit-learn).
    kind : "network", "estimator", "probe" (a head on a pre-trained model), "text" (a head on an encoder of text) or
        "joint" (on both).
    front_end : from the waveform to the spectrogram.
    frames : of a slice, in frames of the front end; 0 for rows of descriptors or embeddings.
    settings : of the architecture, as for its ``from_settings`` (networks: without the number of labels).
    learning_rate, batch_size, epochs : of training (Adam); 0 for estimators, which choose for themselves.
    patience : epochs without improvement before training stops; 0 for none.
    descriptors : a set in ``earmark.features.descriptors.DESCRIPTOR_SETS``.
    columns : patterns (as in a shell) for the columns of the set that are used; empty for all.
    pretrained : name of the model whose embedding is used.
    grown_on : the recipe of a trained network that this one takes over and continues; None to start afresh.
    thawed : the layers of the part taken over that are trained on; the others stay as they are.
    stages : layers to thaw one after the other where training starts from weights taken over (gradual thawing); the
        first are trained from the start, the rest are frozen until it is their turn.
    """

    architecture: str
    kind: Kind = "network"
    front_end: FrontEndCard | None = None
    frames: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)
    learning_rate: float = 0.0
    batch_size: int = 0
    epochs: int = 0
    patience: int = 0
    descriptors: str | None = None
    columns: tuple[str, ...] = ()
    pretrained: str | None = None
    grown_on: str | None = None
    thawed: tuple[str, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()

    def with_frames(self, frames: int) -> Recipe:
        """The same over slices of another length, in frames of the front end.

        Raises
        ------
        SettingError
            If it has no slices, or ``frames`` is not positive.
        """
        if self.front_end is None or frames < 1:
            raise SettingError(
                f"slices of {frames} frames for {self.architecture}",
                remedy="Give a positive number of frames, to a network over spectrograms",
                where="frames",
            )
        return replace(self, frames=frames, settings={**self.settings, "frames": frames})

    @property
    def slice_s(self) -> float:
        """Seconds of a slice: from the start of its first frame's hop to the end of its last; 0 without slices."""
        if self.front_end is None:
            return 0.0
        return self.frames * self.front_end.hop_length / self.front_end.sample_rate


def recipe(name: str) -> Recipe:
    """The recipe of that name; an unknown one is answered with the nearest.

    Examples
    --------
    >>> recipe("cnn").frames
    130
    """
    from earmark.models.catalogue import RECIPES

    return RECIPES.get(name)
