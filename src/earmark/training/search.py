"""What is searched for the best settings: which of them, and among which values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from earmark.errors import SettingError, UnknownNameError
from earmark.models.recipe import Recipe
from earmark.training.augment import Augmentation
from earmark.training.settings import FitSettings

Value = float | int | str | bool
_FIXED = {"augmentation", "model", "thaw", "device", "devices", "precision", "seed", "monitor"}


@dataclass(frozen=True)
class Choice:
    """Values of one setting: a list, or a range from ``low`` to ``high`` (whole numbers if both are)."""

    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether a range is of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)


def space_from(words: Sequence[str]) -> dict[str, Choice]:
    """From words such as "learning_rate=1e-4..1e-2:log", "batch_size=16,32" or "model.C=0.1,1,10".

    Raises
    ------
    UnknownNameError
        If there is no such setting.
    SettingError
        If the values cannot be read.

    Examples
    --------
    >>> space_from(["batch_size=16,32"])["batch_size"].values
    (16, 32)
    """
    space = {}
    for word in words:
        name, _, text = word.partition("=")
        check_name(name)
        space[name] = _choice(name, text)
    return space


def check_name(name: str) -> None:
    """Raise unless a setting of that name can be searched.

    Raises
    ------
    UnknownNameError
        If it cannot.
    """
    known = [f.name for f in fields(FitSettings) if f.name not in _FIXED]
    known += [f"augment.{f.name}" for f in fields(Augmentation)]
    if not (name in known or re.fullmatch(r"model\.\w+", name)):
        raise UnknownNameError("setting", name, [*known, "model.NAME"])


def usual_space(recipe: Recipe) -> dict[str, Choice]:
    """What is searched where nobody says anything."""
    of_estimators = {
        "logreg": ["model.C=1e-3..1e2:log"],
        "svm": ["model.C=1e-1..1e3:log", "model.gamma=1e-4..1e-1:log"],
        "random_forest": ["model.max_features=0.05..0.5", "model.min_samples_leaf=1..8"],
        "hist_gradient_boosting": ["model.learning_rate=0.02..0.3:log", "model.max_leaf_nodes=7..63"],
    }
    if recipe.kind == "estimator":
        return space_from(of_estimators[recipe.architecture])
    rate = recipe.learning_rate
    return space_from([f"learning_rate={rate / 10}..{rate * 10}:log", "batch_size=16,32,64", "weight_decay=0.0,1e-4"])


def with_values(settings: FitSettings, values: Mapping[str, Value]) -> FitSettings:
    """The settings with the values of one trial."""
    plain: dict[str, Any] = {}
    model, augmentation = dict(settings.model), settings.augmentation
    for name, value in values.items():
        kind, _, inner = name.partition(".")
        if not inner:
            plain[name] = value
        elif kind == "model":
            model[inner] = value
        else:
            augmentation = replace(augmentation, **{inner: value})  # type: ignore[arg-type]
    return replace(settings, model=model, augmentation=augmentation, **plain)


def grid(space: Mapping[str, Choice]) -> list[dict[str, Value]]:
    """Every combination of the values, the last setting changing fastest.

    Raises
    ------
    SettingError
        If a setting has a range instead of values.
    """
    for name, choice in space.items():
        if not choice.values:
            raise SettingError(
                f"{name} has a range, and a grid needs values", remedy=f"Write {name}=A,B,C", where="--search"
            )
    names = list(space)
    return [dict(zip(names, row, strict=True)) for row in itertools.product(*(space[n].values for n in names))]


def _choice(name: str, text: str) -> Choice:
    body, _, scale = text.partition(":")
    low, dots, high = body.partition("..")
    if dots:
        ends = [_value(low), _value(high)]
        numbers = [end for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
        if len(numbers) != 2 or not numbers[0] < numbers[1] or scale not in ("", "log"):
            raise SettingError(f"{text!r} is no range", remedy=f"Write {name}=LOW..HIGH or LOW..HIGH:log", where=name)
        if scale == "log" and numbers[0] <= 0:
            raise SettingError(f"{text!r} begins at 0 or below", remedy="Begin above 0", where=name)
        return Choice(low=numbers[0], high=numbers[1], log=scale == "log")
    values = tuple(_value(part) for part in text.split(",") if part)
    if not values:
        raise SettingError("no values", remedy=f"Write {name}=A,B,C or {name}=LOW..HIGH", where=name)
    return Choice(values)


def _value(text: str) -> Value:
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
