"""The ways of becoming a classifier: a network over slices, a network or estimator over rows, a probe, words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from earmark.data.dataset import Dataset
from earmark.errors import DatasetError, SettingError
from earmark.features.front_end import front_end_from
from earmark.models.bundle import Bundle, Card
from earmark.models.card import TABLE, DescriptorCard
from earmark.models.recipe import Recipe
from earmark.training import material
from earmark.training.examples import Examples, RowExamples, slices
from earmark.training.history import Epoch
from earmark.training.network import Trained, standardise, train_network
from earmark.training.progress import Watch
from earmark.training.settings import FitSettings
from earmark.training.start import continue_from, fresh

DESCRIPTOR_RATE = 22050


@dataclass(frozen=True, eq=False)
class Made:
    """A fitted model before it is written.

    Parameters
    ----------
    bundle : without its record of training.
    history : of networks; empty for estimators.
    probabilities : of the validation examples, ``(N, K)``; None where there are none.
    items : the validation item of each of them.
    figures : further ones for the card.
    """

    bundle: Bundle
    history: tuple[Epoch, ...]
    probabilities: NDArray[np.float64] | None
    items: NDArray[np.int64]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """What to fit on what.

    Parameters
    ----------
    name : of the model, for its card.
    recipe, settings : how; the settings are filled.
    labels : K.
    training, validation : the items of each; no others are opened. ``validation`` may be empty.
    folder : for state and curves.
    source : weights to start from, if any.
    watch, on_epoch, say : who is told.
    """

    name: str
    recipe: Recipe
    settings: FitSettings
    labels: tuple[str, ...]
    training: Dataset
    validation: Dataset
    folder: Path
    source: Path | None = None
    watch: Watch | None = None
    on_epoch: Callable[[Epoch], None] | None = None
    say: Callable[[str], None] | None = None

    def made(self) -> Made:
        """Fit it."""
        if self.recipe.kind in ("text", "joint"):
            from earmark.training.fit_text import fit_joint, fit_text

            return fit_text(self) if self.recipe.kind == "text" else fit_joint(self)
        if not all(item.sound or item.row for item in self.training.items):
            raise DatasetError(
                "holds words alone, there is no sound to learn from",
                remedy="Train a model of text on it, such as tfidf or sentence",
                where=self.training.name,
            )
        if self.recipe.kind == "probe":
            return _probe(self)
        if self.recipe.kind == "estimator":
            return _estimator(self)
        return _rows(self) if self.recipe.descriptors is not None else _slices(self)

    @property
    def items(self) -> Dataset:
        """Training and validation items in one list, so that one cache holds both."""
        return replace(self.training, items=(*self.training.items, *self.validation.items))

    def card(self, **parts: object) -> Card:
        """The card with what every kind says."""
        card = Card(self.name, self.recipe.architecture, dict(self.recipe.settings), self.labels, "softmax")
        return replace(card, **parts)  # type: ignore[arg-type]


def _slices(task: Task) -> Made:
    recipe, settings, card = task.recipe, task.settings, task.recipe.front_end
    if card is None:
        raise SettingError("has no front end", remedy="Choose another recipe", where=recipe.architecture)
    length, count = recipe.frames, len(task.training.items)
    sounds = material.spectrograms(task.items, card, watch=task.watch)
    targets = material.targets_of(task.items, task.labels)
    names = [str(item.path) for item in task.items.items]
    shift = round(settings.augmentation.shift_s * card.sample_rate / card.hop_length)
    training = slices(
        sounds[:count], targets[:count].tolist(), names[:count], length, every=settings.slice_hop, shift=shift
    )
    validation = slices(sounds[count:], targets[count:].tolist(), names[count:], length) if sounds[count:] else None
    network = fresh(recipe.architecture, len(task.labels), recipe.settings, settings.seed)
    taken = continue_from(network, recipe, task.source, say=task.say)
    mean = standardise(nn.Sequential() if taken else network, training)
    learnt: Examples = training
    front_end = None
    if settings.augmentation.of_waveforms:
        made = front_end_from(card)
        padded = material.padded_waveforms(task.training, card, watch=task.watch)
        learnt = replace(training, sounds=padded, hop=card.hop_length, n_fft=made.n_fft)
        front_end = made
    trained = _train(task, network, learnt, validation, mean, front_end)
    network.load_state_dict(trained.weights)
    bundle = Bundle(task.card(front_end=card), trained.weights)
    return _judged(bundle, trained.history, network, validation)


def _rows(task: Task) -> Made:
    columns, values = _described(task)
    training, validation = _row_examples(task, torch.from_numpy(values).float(), np.arange(len(values)))
    settings = {**task.recipe.settings, "columns": len(columns)}
    network = fresh(task.recipe.architecture, len(task.labels), settings, task.settings.seed)
    mean = standardise(network, training)
    trained = _train(task, network, training, validation, mean)
    network.load_state_dict(trained.weights)
    descriptors = _descriptor_card(task, columns)
    return _judged(
        Bundle(task.card(settings=settings, descriptors=descriptors), trained.weights),
        trained.history,
        network,
        validation,
    )


def _estimator(task: Task) -> Made:
    from earmark.models.estimators import fit_estimator

    columns, values = _described(task)
    count = len(task.training.items)
    chosen = dict(task.recipe.settings)
    if task.settings.class_weights:
        chosen.setdefault("class_weight", "balanced")
    words = [item.label for item in task.training.items]
    fitted = fit_estimator(
        task.recipe.architecture, values[:count], words, columns, settings=chosen, seed=task.settings.seed
    )
    descriptors = _descriptor_card(task, columns)
    bundle = Bundle(task.card(kind="estimator", settings=chosen, descriptors=descriptors), estimator=fitted)
    held_out = values[count:]
    judged = np.asarray(fitted.predict_proba(held_out), dtype=np.float64) if len(held_out) else None
    return Made(bundle, (), judged, np.arange(len(held_out)))


def _probe(task: Task) -> Made:
    from earmark.models.load import load_model
    from earmark.models.probe import embedding_of, probe_bundle
    from earmark.models.zoo.mlp import Mlp

    chosen = task.recipe.settings
    model = str(chosen.get("pretrained", task.recipe.pretrained))
    layer, layers = str(chosen["layer"]), str(chosen.get("layers", ""))
    items, rows = material.embeddings(task.items, model, layer, watch=task.watch)
    training, validation = _row_examples(task, rows, items)
    settings = {"columns": rows.shape[1], "layers": layers}
    head = fresh("mlp", len(task.labels), settings, task.settings.seed)
    mean = standardise(head, training)
    trained = _train(task, head, training, validation, mean)
    head.load_state_dict(trained.weights)
    if not isinstance(head, Mlp):
        raise TypeError(type(head).__name__)
    embedding = embedding_of(load_model(model), model, layer)
    bundle = probe_bundle(embedding, head, task.labels, name=task.name, layers=layers)
    return _judged(bundle, trained.history, head, validation)


def _train(
    task: Task,
    network: nn.Module,
    training: Examples,
    validation: Examples | None,
    mean: torch.Tensor,
    front_end: nn.Module | None = None,
) -> Trained:
    return train_network(
        network,
        training,
        validation,
        len(task.labels),
        task.settings,
        task.folder,
        mean=mean,
        front_end=front_end,
        watch=task.watch,
        on_epoch=task.on_epoch,
    )


def _descriptor_card(task: Task, columns: tuple[str, ...]) -> DescriptorCard:
    """Of sound, the recipe's set; of a table, the set that it was made with, if it says so."""
    table = task.training
    if not table.columns:
        return DescriptorCard(str(task.recipe.descriptors), DESCRIPTOR_RATE, columns)
    if table.descriptors:
        return DescriptorCard(table.descriptors, DESCRIPTOR_RATE, columns)
    return DescriptorCard(TABLE, 0, columns)


def _described(task: Task) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    found = material.descriptor_rows(task.items, str(task.recipe.descriptors), task.recipe.columns, watch=task.watch)
    if task.say is not None and found[0] == task.training.columns:
        task.say(f"learns from all {len(found[0])} columns of {task.training.name}")
    return found


def _row_examples(task: Task, rows: torch.Tensor, items: NDArray[np.int64]) -> tuple[RowExamples, RowExamples | None]:
    """Rows of training and of validation items; ``items`` are places in ``task.items``, ascending."""
    targets = material.targets_of(task.items, task.labels)[items]
    count = int(np.searchsorted(items, len(task.training.items)))
    training = RowExamples(rows[:count], targets[:count], items[:count])
    if count == len(items):
        return training, None
    return training, RowExamples(rows[count:], targets[count:], items[count:] - len(task.training.items))


def _judged(bundle: Bundle, history: Sequence[Epoch], network: nn.Module, validation: Examples | None) -> Made:
    if validation is None:
        return Made(bundle, tuple(history), None, np.empty(0, dtype=np.int64))
    network.eval()
    said = []
    with torch.inference_mode():
        for first in range(0, len(validation.targets), 64):
            places = range(first, min(first + 64, len(validation.targets)))
            said.append(torch.softmax(network(validation.batch(places, None)).double(), 1))
    return Made(bundle, tuple(history), torch.cat(said).numpy(), validation.items)
