"""How a model is fitted: what the user may choose, and what a recipe fills in."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from earmark.errors import SettingError
from earmark.models.recipe import Recipe
from earmark.training.augment import Augmentation

Schedule = Literal["constant", "cosine", "plateau"]
Monitor = Literal["loss", "accuracy", "macro_f1"]
Precision = Literal["32", "16", "bf16"]
CHOICES: dict[str, tuple[str, ...]] = {
    "schedule": ("constant", "cosine", "plateau"),
    "monitor": ("loss", "accuracy", "macro_f1"),
    "precision": ("32", "16", "bf16"),
}


@dataclass(frozen=True)
class FitSettings:
    """All that decides how a model comes out, besides the data. None means: as the recipe says.

    Parameters
    ----------
    epochs : at most so many.
    batch_size : slices (or rows) a step.
    learning_rate : of Adam.
    patience : epochs without improvement before training stops; 0 for never.
    monitor : what improves, on the validation items: "loss" (nats a slice), "accuracy" or "macro_f1".
    schedule : of the learning rate: "constant", "cosine" (down to 0 at the last epoch) or "plateau" (a tenth after
        every half patience without improvement of the monitored figure).
    warmup_epochs : over which the learning rate rises linearly to its value.
    weight_decay : of AdamW; 0 for plain Adam.
    label_smoothing : share of a target's weight that is spread over all classes.
    clip_norm : greatest norm of the gradient; 0 for any.
    class_weights : whether rare classes count more, so that all classes count the same.
    augmentation : what is done to the sounds.
    frames : of a slice; only where the architecture can.
    slice_hop : frames from slice to slice in training; by default a slice's length.
    model : settings of the architecture or estimator, over those of the recipe.
    thaw : (epoch, layer) pairs: layers that are frozen until that epoch (counted from 0), by name or pattern.
    device, devices : see ``earmark.training.device.place``.
    precision : "32", or mixed "16" or "bf16".
    seed : of weights, order, dropout and augmentation.
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    patience: int | None = None
    monitor: Monitor = "loss"
    schedule: Schedule = "constant"
    warmup_epochs: int = 0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 0.0
    class_weights: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    frames: int | None = None
    slice_hop: int | None = None
    model: Mapping[str, object] = field(default_factory=dict)
    thaw: tuple[tuple[int, str], ...] = ()
    device: str = "auto"
    devices: int = 1
    precision: Precision = "32"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingError(
                    f"unknown {name} {getattr(self, name)!r}", remedy=f"Use {', '.join(choices)}", where=name
                )
        for name, least in (("epochs", 1), ("batch_size", 2), ("patience", 0), ("frames", 1), ("slice_hop", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SettingError(f"{value} is below {least}", remedy=f"Give {least} or more", where=name)
        for name in ("warmup_epochs", "weight_decay", "clip_norm", "seed"):
            if not getattr(self, name) >= 0:
                raise SettingError(f"{getattr(self, name)} is below 0", remedy="Give 0 or more", where=name)
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise SettingError(f"{self.learning_rate} is not above 0", remedy="Try 0.001", where="learning_rate")
        if not 0 <= self.label_smoothing < 1:
            raise SettingError(f"{self.label_smoothing}", remedy="Give 0 to below 1", where="label_smoothing")
        if self.devices > 1 and self.thaw:
            raise SettingError(
                "layers cannot thaw while several devices train", remedy="Use one device", where="devices"
            )

    def filled(self, recipe: Recipe) -> FitSettings:
        """The same with the recipe's numbers where None was; what it does not have stays None."""
        return replace(
            self,
            epochs=self.epochs if self.epochs is not None else recipe.epochs or None,
            batch_size=self.batch_size if self.batch_size is not None else recipe.batch_size or None,
            learning_rate=self.learning_rate if self.learning_rate is not None else recipe.learning_rate or None,
            patience=self.patience if self.patience is not None else recipe.patience,
            frames=self.frames if self.frames is not None else recipe.frames or None,
        )

    def document(self) -> dict[str, object]:
        """For JSON, without what changes nothing in the result's meaning (where it was computed)."""
        return {k: v for k, v in asdict(self).items() if k not in ("device", "devices")}

    @property
    def fingerprint(self) -> str:
        """sha256 over ``document``."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()


def learning_rate_at(epoch: int, settings: FitSettings, since_better: tuple[int, ...] = ()) -> float:
    """The learning rate of an epoch (from 0), as a function of nothing but settings and history.

    Parameters
    ----------
    epoch : from 0.
    settings : filled.
    since_better : for each epoch before, how many there had been without improvement; for "plateau".

    Examples
    --------
    >>> settings = FitSettings(epochs=10, learning_rate=1.0, patience=4, schedule="plateau", warmup_epochs=1)
    >>> learning_rate_at(0, settings), learning_rate_at(5, settings, (0, 0, 0, 1, 2))
    (0.5, 0.1)
    """
    rate, epochs = settings.learning_rate or 0.0, settings.epochs or 1
    if epoch < settings.warmup_epochs:
        return rate * (epoch + 1) / (settings.warmup_epochs + 1)
    if settings.schedule == "cosine":
        along = (epoch - settings.warmup_epochs) / max(1, epochs - settings.warmup_epochs)
        return rate * 0.5 * (1 + math.cos(math.pi * along))
    if settings.schedule == "plateau":
        step = max(1, (settings.patience or 10) // 2)
        return rate * 10.0 ** -sum(1 for count in since_better if count and count % step == 0)
    return rate
