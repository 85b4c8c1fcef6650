"""Train a model on a data set, from a split to a bundle on disk; what is interrupted goes on.

While a training runs, its state lies beside its target: ``.NAME.training``. The bundle appears when it is complete.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from earmark.data.dataset import Dataset
from earmark.data.split import Split
from earmark.data.split_lists import write_lists
from earmark.errors import BundleError, DatasetError, OutputError, SettingError
from earmark.files import write_text
from earmark.models.bundle import CARD, Bundle, Card, save_bundle
from earmark.models.card import TrainingRecord
from earmark.models.recipe import Recipe, recipe
from earmark.training import material
from earmark.training.augment import Augmentation
from earmark.training.calibration import mean_by_item, temperature, with_temperature
from earmark.training.fit_kinds import Made, Task
from earmark.training.history import CURVES, Epoch, best_of, write_curves
from earmark.training.keeper import STATE
from earmark.training.progress import Watch
from earmark.training.scores import Judged, Scores, score
from earmark.training.settings import FitSettings
from earmark.training.stages import EVERY, gradual

PLAN = "plan.json"
CURVES_PATH = f"training/{CURVES}"
ROW_SLICE_S = 3.0
"""Length of the slices for models that hear a clip as a whole, where slices are asked for; seconds."""
SPLIT = "split"
"""The folder inside a bundle with the lists of its split; ``assess`` reads them."""


@dataclass(frozen=True)
class Fitted:
    """What a training left.

    Parameters
    ----------
    folder : of the bundle.
    card : as written.
    history : epoch by epoch; empty for estimators.
    validation : how the model judged the validation items (clips, not slices); None where there are none.
    """

    folder: Path
    card: Card
    history: tuple[Epoch, ...]
    validation: Scores | None


def fit(
    model: str,
    dataset: Dataset,
    split: Split,
    *,
    folder: str | Path,
    settings: FitSettings | None = None,
    source: str | Path | None = None,
    calibrate: bool = False,
    overwrite: bool = False,
    watch: Watch | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Fitted:
    """Train a recipe on the training items, choose on the validation items, leave the test items unopened.

    Parameters
    ----------
    model : name of a recipe (``earmark list models``).
    dataset, split : of that data set.
    folder : of the bundle; an unfinished training of the same kind beside it is continued.
    settings : what differs from the recipe.
    source : a bundle or checkpoint to start from, see ``earmark.training.start.continue_from``. Where the recipe names
        stages and ``settings.thaw`` nothing, its layers are thawed gradually, see ``earmark.training.stages``.
    calibrate : also find the temperature on the validation items (Guo et al. 2017).
    overwrite : replace a bundle that is there, and forget an unfinished training with other settings.
    watch, on_epoch, say : told of batches, of epochs, of what is remarkable.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.
    SettingError
        If a setting makes no sense or cannot be honoured (no GPU, out of memory).
    DatasetError, AudioError
        If the split is not of this data set, leaks without saying so, or a sound cannot be used.
    OutputError
        If the folder holds something else, or cannot be written.
    CancelledError
        If the watch says so; the same call goes on later.
    """
    settings = settings or FitSettings()
    chosen = chosen_recipe(model, settings)
    if dataset.columns and chosen.descriptors is None:
        raise SettingError(
            f"{model} sees sound, and {dataset.name} is a table of descriptors",
            remedy="Choose logreg, svm, random_forest, hist_gradient_boosting or mlp, or give the sounds",
        )
    filled = _staged(settings.filled(chosen), chosen, taken_over=source is not None, say=say)
    check_split(dataset, split, validated=chosen.kind != "estimator" and bool(filled.patience))
    folder = Path(folder)
    _check_target(folder, overwrite=overwrite)
    plan: dict[str, object] = {
        "model": model,
        "settings": filled.document(),
        "source": None if source is None else str(source),
        "split": split.fingerprint,
        "calibrate": calibrate,
    }
    with _work(folder, plan, overwrite=overwrite) as work:
        task = Task(
            name=folder.name,
            recipe=chosen,
            settings=filled,
            labels=dataset.labels,
            training=dataset.subset(split.train),
            validation=dataset.subset(split.validation),
            folder=work,
            source=None if source is None else Path(source),
            watch=watch,
            on_epoch=on_epoch,
            say=say,
        )
        made = task.made()
        validation, factor = _validation(made, task, calibrate=calibrate)
        figures = _figures(made, validation)
        record = TrainingRecord(
            dataset=dataset.name,
            dataset_fingerprint=dataset.fingerprint,
            split=split.name,
            split_fingerprint=split.fingerprint,
            leaky=split.leaky,
            seed=filled.seed,
            figures=figures,
            settings={**plan, "group": split.group},
        )
        card = replace(made.bundle.card, training=record, temperature=factor)
        written = save_bundle(Bundle(card, made.bundle.weights, made.bundle.estimator), folder)
        write_lists(dataset, split, folder / SPLIT)
        if made.history:
            write_curves(made.history, folder / "training")
            for events in sorted(work.glob("events.*")):
                shutil.copy2(events, folder / "training" / events.name)
    shutil.rmtree(work, ignore_errors=True)
    return Fitted(folder, written, made.history, validation)


def chosen_recipe(model: str, settings: FitSettings) -> Recipe:
    """The recipe with the settings' own slice length and settings of the model.

    Raises
    ------
    SettingError
        If slices are asked of a model that has none.
    """
    found = recipe(model)
    if settings.frames is not None and settings.frames != found.frames:
        found = found.with_frames(settings.frames)
    return replace(found, settings={**found.settings, **settings.model})


def _staged(filled: FitSettings, chosen: Recipe, *, taken_over: bool, say: Callable[[str], None] | None) -> FitSettings:
    """Weights taken over are thawed gradually where the recipe names stages and the user nothing."""
    if not (taken_over and chosen.stages) or filled.thaw:
        return filled
    several = filled.devices > 1
    if say is not None:
        say(
            "all layers are trained from the start: layers cannot thaw while several devices train"
            if several
            else f"layers thaw in {len(chosen.stages)} stages, one in {EVERY} epochs (--thaw gradual:N says otherwise; "
            "--thaw '0:*' trains all from the start)"
        )
    return filled if several else replace(filled, thaw=gradual(chosen))


def check_split(dataset: Dataset, split: Split, *, validated: bool) -> None:
    """Raise if a split cannot be trained on honestly.

    Parameters
    ----------
    dataset, split : that belong together.
    validated : whether training stops by the validation items.

    Raises
    ------
    DatasetError
        If it is the split of another data set, a class is not learnt from, there are fewer than two classes, or one
        track lies on two sides of a split that is not called leaky.
    """
    if split.dataset != dataset.fingerprint:
        raise DatasetError(
            f"the split {split.name!r} is of another data set, or files were added since",
            remedy="Make the split again",
            where=dataset.name,
        )
    if len(dataset.labels) < 2:
        raise DatasetError("there is one class", remedy="Give sounds of at least two classes", where=dataset.name)
    learnt = {dataset.items[i].label for i in split.train}
    missing = [label for label in dataset.labels if label not in learnt]
    if missing:
        raise DatasetError(
            f"the class {missing[0]!r} has no training item",
            remedy="Add sounds of it, or leave it out",
            where=split.name,
        )
    if validated and not split.validation:
        raise DatasetError(
            "there are no validation items to stop by",
            remedy="Split off some, or train all epochs with --patience 0",
            where=split.name,
        )
    side: dict[str, str] = {}
    for name, places in (("training", split.train), ("validation", split.validation), ("test", split.test)):
        for place in places:
            track = dataset.items[place].track
            if side.setdefault(track, name) != name and not split.leaky:
                raise DatasetError(
                    f"parts of one track lie in {side[track]} and in {name}, and the figures would be too good",
                    remedy="Split by track; or say --leaky, and the card will say so too",
                    where=track,
                )


def _check_target(folder: Path, *, overwrite: bool) -> None:
    if (folder / CARD).exists() and not overwrite:
        raise OutputError("is there already", remedy="Add --overwrite, or choose another -o", where=folder)
    if folder.exists() and not (folder / CARD).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("exists and is no bundle", remedy="Choose another folder with -o", where=folder)


@contextmanager
def _work(folder: Path, plan: dict[str, object], *, overwrite: bool) -> Iterator[Path]:
    """The folder of the unfinished training, this process's alone."""
    from filelock import FileLock, Timeout

    work = folder.absolute().parent / f".{folder.absolute().name}.training"
    try:
        work.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(work.with_name(f"{work.name}.lock"))
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(
            "another process is training into it", remedy="Wait for it, or choose another -o", where=folder
        ) from None
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror})", remedy="Choose another folder with -o", where=folder
        ) from error
    try:
        told = json.dumps(plan, indent=1, sort_keys=True, ensure_ascii=False)
        kept = work / PLAN
        if kept.exists() and kept.read_text(encoding="utf-8") != told:
            if not overwrite:
                other = json.loads(kept.read_text(encoding="utf-8"))
                differs = [key for key in plan if json.loads(told)[key] != other.get(key)]
                raise SettingError(
                    f"an unfinished training lies beside it, with another {', '.join(differs)}",
                    remedy="Repeat its command to finish it, add --overwrite to forget it, or choose another -o",
                    where=folder,
                )
            shutil.rmtree(work)
        write_text(kept, told)
        yield work
    finally:
        if not (work / STATE).exists():  # nothing was learnt yet that could go on
            shutil.rmtree(work, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _validation(made: Made, task: Task, *, calibrate: bool) -> tuple[Scores | None, float]:
    if made.probabilities is None:
        if calibrate:
            raise SettingError("there are no validation items", remedy="Split off some", where="--calibrate")
        return None, 1.0
    truth = material.targets_of(task.validation, task.labels)
    factor = temperature(made.probabilities, truth, items=made.items) if calibrate else 1.0
    p = made.probabilities if factor == 1.0 else with_temperature(made.probabilities, factor)
    clips = mean_by_item(p, made.items)
    clips = clips / clips.sum(axis=1, keepdims=True)
    return score(Judged(task.labels, truth, clips, task.validation.groups("track"))), factor


def _figures(made: Made, validation: Scores | None) -> dict[str, float]:
    figures: dict[str, float] = {}
    if validation is not None:
        figures["validation_accuracy"] = validation.accuracy.value
        figures["validation_macro_f1"] = validation.macro_f1.value
        figures["validation_nll"] = validation.nll
    if made.history:
        figures["epochs"] = float(made.history[-1].epoch)
        figures["best_epoch"] = float(best_of(made.history).epoch)
    figures.update(made.figures)
    return {name: float(np.round(value, 6)) for name, value in figures.items()}


def repeated(record: TrainingRecord) -> tuple[str, FitSettings, Path | None]:
    """Model, settings and source of a training, from its record: to train the same again on another split."""
    plan = record.settings
    stored = plan["settings"]
    if not isinstance(stored, dict):
        raise BundleError("the record of training is damaged", remedy="Train the model again", where=record.dataset)
    told = dict(stored)
    told["augmentation"] = Augmentation(**told["augmentation"])
    told["thaw"] = tuple((int(epoch), str(layer)) for epoch, layer in told["thaw"])
    source = plan.get("source")
    return str(plan["model"]), FitSettings(**told), Path(str(source)) if source else None


def slice_length(record: TrainingRecord) -> float:
    """Seconds of the slices that a leaky training dealt out at random."""
    model, settings, _ = repeated(record)
    return chosen_recipe(model, settings).slice_s or ROW_SLICE_S
