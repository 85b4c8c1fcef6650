"""Search for good settings with Optuna: every trial starts fresh, and only the validation items choose.

The trials are in a SQLite file; a search that was killed goes on, and finds what it would have found: what is proposed
next is a function of the seed and of the finished trials alone.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earmark.data.dataset import Dataset
from earmark.data.split import Split
from earmark.errors import OutputError, SettingError
from earmark.models.bundle import Card, read_card
from earmark.training.assess import Watching
from earmark.training.fit import chosen_recipe, fit
from earmark.training.search import Choice, Value, grid, usual_space, with_values
from earmark.training.settings import FitSettings

STUDY = "study.db"
BEST = "best"
METRICS = {"accuracy": "validation_accuracy", "macro_f1": "validation_macro_f1", "nll": "validation_nll"}


@dataclass(frozen=True)
class Trial:
    """One set of values and the figure it reached on the validation clips."""

    number: int
    values: Mapping[str, Value]
    figure: float


@dataclass(frozen=True)
class Tuned:
    """The search: its trials in order, the best of them, and where the best model is."""

    folder: Path
    metric: str
    trials: tuple[Trial, ...]
    best: Trial
    card: Card


def tune(
    model: str,
    dataset: Dataset,
    split: Split,
    *,
    folder: str | Path,
    space: Mapping[str, Choice] | None = None,
    sampler: str = "tpe",
    trials: int = 20,
    metric: str = "accuracy",
    settings: FitSettings | None = None,
    source: str | Path | None = None,
    watching: Watching | None = None,
    say: Callable[[str], None] | None = None,
) -> Tuned:
    """Try settings, keep the model that judges the validation clips best; the test items are not opened.

    Parameters
    ----------
    model, dataset, split, settings, source : as for ``fit``; ``settings`` are those that are not searched.
    folder : for the study and the best bundle; an unfinished search in it goes on.
    space : what is searched, see ``earmark.training.search``; None for the usual.
    sampler : "tpe" (tree-structured Parzen estimator, Bergstra et al. 2011) or "grid" (every combination once).
    trials : how many; of a grid, at most.
    metric : "accuracy", "macro_f1" or "nll".
    watching, say : for progress.

    Raises
    ------
    SettingError
        If sampler or metric are unknown, the grid has a range, or Optuna is not installed.
    DatasetError
        If there are no validation items, or as for ``fit``.
    OutputError
        If the folder holds a search of something else.
    """
    if sampler not in ("tpe", "grid") or metric not in METRICS or trials < 1:
        raise SettingError(
            f"sampler {sampler!r}, metric {metric!r}, {trials} trials",
            remedy=f"Use tpe or grid; {', '.join(METRICS)}; 1 or more",
            where="tune",
        )
    if not split.validation:
        raise SettingError("there are no validation items to choose by", remedy="Split off some", where=split.name)
    base, folder = settings or FitSettings(), Path(folder)
    recipe = chosen_recipe(model, base)
    space = dict(space) if space else usual_space(recipe)
    combinations = grid(space)[:trials] if sampler == "grid" else []
    study = _study(folder, metric, f"{model} {split.fingerprint} {base.filled(recipe).fingerprint} {sorted(space)}")
    _forget_unfinished(study)
    count = len(combinations) if sampler == "grid" else trials
    title = watching or (lambda text: nullcontext(None))
    sign = -1 if metric == "nll" else 1
    distributions = {name: _distribution(choice) for name, choice in space.items()}
    while len(done := _finished(study)) < count:
        asked = None if combinations else _ask(study, distributions, base.seed, len(done))
        values = combinations[len(done)] if asked is None else dict(asked.params)
        place = folder / "trial"
        with title(f"trial {len(done) + 1} of {count}") as watch:
            fitted = fit(
                model,
                dataset,
                split,
                folder=place,
                settings=with_values(base, values),
                source=source,
                overwrite=True,
                watch=watch,
            )
        figure = fitted.card.training.figures[METRICS[metric]] if fitted.card.training else float("nan")
        better = all(sign * figure > sign * t.figure for t in done)
        if better:
            shutil.rmtree(folder / BEST, ignore_errors=True)
            place.replace(folder / BEST)
        else:
            shutil.rmtree(place)
        _tell(study, asked, values, distributions, figure)
        if say is not None:
            say(f"trial {len(done) + 1}: {_told(values)}: {metric} {figure:.4f}{' (best)' if better else ''}")
    finished = _finished(study)
    best = max(finished, key=lambda t: (sign * t.figure, -t.number))
    card = _best_card(folder, model, dataset, split, with_values(base, best.values), source)
    return Tuned(folder, metric, tuple(finished), best, card)


def _study(folder: Path, metric: str, about: str) -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise SettingError(
            f"tuning needs the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[train]'",
        ) from error
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror})", remedy="Choose another folder with -o", where=folder
        ) from error
    study = optuna.create_study(
        storage=f"sqlite:///{(folder / STUDY).absolute()}",
        study_name="earmark",
        direction="minimize" if metric == "nll" else "maximize",
        load_if_exists=True,
    )
    known = study.user_attrs.get("about")
    if known is None:
        study.set_user_attr("about", f"{about} {metric}")
    elif known != f"{about} {metric}":
        raise OutputError(
            "holds a search with another model, split or settings", remedy="Choose another -o", where=folder
        )
    return study


def _distribution(choice: Choice) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if choice.values:
        return CategoricalDistribution(choice.values)
    if choice.whole:
        return IntDistribution(int(choice.low), int(choice.high), log=choice.log)
    return FloatDistribution(choice.low, choice.high, log=choice.log)


def _ask(study: Any, distributions: Mapping[str, Any], seed: int, done: int) -> Any:
    import optuna

    study.sampler = optuna.samplers.TPESampler(seed=seed * 100_003 + done, n_startup_trials=8)
    return study.ask(dict(distributions))


def _tell(study: Any, asked: Any, values: Mapping[str, Value], distributions: Mapping[str, Any], figure: float) -> None:
    import optuna

    if asked is not None:
        study.tell(asked, figure)
    else:
        study.add_trial(optuna.trial.create_trial(params=dict(values), distributions=dict(distributions), value=figure))


def _forget_unfinished(study: Any) -> None:
    """What a kill left running counts for nothing."""
    import optuna

    for trial in study.get_trials(deepcopy=False):
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def _finished(study: Any) -> list[Trial]:
    rows = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    return [Trial(number, dict(t.params), float(t.value)) for number, t in enumerate(rows)]


def _best_card(
    folder: Path, model: str, dataset: Dataset, split: Split, settings: FitSettings, source: str | Path | None
) -> Card:
    """The card of the best bundle; trained again where a kill came between its trial and its place."""
    place = folder / BEST
    wanted = json.loads(json.dumps(settings.filled(chosen_recipe(model, settings)).document()))
    if place.exists():
        card = read_card(place)
        if card.training is not None and card.training.settings.get("settings") == wanted:
            return card
    return fit(model, dataset, split, folder=place, settings=settings, source=source, overwrite=True).card


def _told(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())
