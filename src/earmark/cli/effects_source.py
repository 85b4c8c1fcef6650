"""What ``earmark effects`` works on: a classifier and rows of descriptors, or a classifier of sound and clips."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.cli import data_source
from earmark.errors import CapabilityError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from earmark.audio.clip import Clip
    from earmark.cli.console import Console
    from earmark.data.dataset import Dataset
    from earmark.models.classifier import Classifier
    from earmark.models.tabular import TabularClassifier

# Of the rows, for an estimator that is fitted here; the rest judges its features.
_LEARN = 2 / 3


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of named numbers.

    Parameters
    ----------
    name : of the table or data set.
    columns : names.
    values : ``(N, F)``.
    labels : N class names; empty where there are none.
    groups : N tracks, where known.
    """

    name: str
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    labels: tuple[str, ...]
    groups: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Subject:
    """A classifier of rows, and the rows in the order of its features.

    Parameters
    ----------
    learnt : ``(N,)``: rows that it was fitted on here; None for a model that was there before.
    estimator : unfitted copy's source, for the baseline.
    """

    classifier: TabularClassifier
    rows: Rows
    learnt: NDArray[np.bool_] | None
    estimator: Any
    notes: tuple[str, ...]


def is_estimator(model: str) -> bool:
    """Whether the name is that of an estimator to be fitted here."""
    from earmark.models.estimators import ESTIMATORS

    return model in ESTIMATORS and not Path(model).is_dir()


def opened_rows(data: str, kind: str | None, wanted: Sequence[str] | None, console: Console) -> Rows:
    """Rows of a table, or the descriptors of a data set (those that a model wants, or the set ``reference-89``).

    Raises
    ------
    DatasetError, SettingError
        If the table or data set cannot be used.
    """
    return rows_in(data_source.opened(data, kind, console), wanted, console)


def rows_in(dataset: Dataset, wanted: Sequence[str] | None, console: Console) -> Rows:
    """Rows of a data set: of its table, or its descriptors (those that a model wants, or the set ``reference-89``).

    Raises
    ------
    DatasetError, SettingError
        If it cannot be used.
    """
    from earmark.training.material import descriptor_rows, rows_of

    if dataset.columns:
        columns, values = dataset.columns, rows_of(dataset, dataset.columns)
    else:
        with console.watch("descriptors") as watch:
            columns, values = descriptor_rows(dataset, _set_for(wanted), watch=watch)
    labels = tuple(item.label for item in dataset.items)
    known = "artist" if all(item.artist is not None for item in dataset.items) else "track"
    return Rows(dataset.name, columns, values, labels if all(labels) else (), dataset.groups(known))


def _set_for(wanted: Sequence[str] | None) -> str:
    from earmark.features.descriptors.names import DESCRIPTOR_SETS, descriptor_names

    sets = [name for name in DESCRIPTOR_SETS if set(wanted or ()) <= set(descriptor_names(name))]
    return sets[0] if wanted and sets else "reference-89"


def subject_of(model: str, classifier: Classifier | None, rows: Rows, seed: int, console: Console) -> Subject:
    """The classifier of rows: a bundle's, or an estimator that is fitted here on two thirds of each class.

    Raises
    ------
    CapabilityError
        If the model hears sound, not descriptors.
    DatasetError
        If the table lacks a column that the model needs.
    """
    import numpy as np

    from earmark.models.descriptor_classifier import DescriptorClassifier
    from earmark.training.material import places_of

    if classifier is None:
        from earmark.models.estimators import fit_estimator
        from earmark.models.tabular import from_estimator

        learnt = _some_of_each(rows.labels, _LEARN, seed)
        names = np.array(rows.labels)
        estimator = fit_estimator(model, rows.values[learnt], names[learnt].tolist(), rows.columns, seed=seed)
        fitted = from_estimator(estimator, features=rows.columns, name=model)
        right = np.array(fitted.labels)[fitted.scores(rows.values[~learnt]).argmax(axis=1)] == names[~learnt]
        note = (
            f"{model} was fitted here on {int(learnt.sum())} of the {len(names)} rows, drawn from every class, and is "
            f"right on {right.mean():.3f} of the other {len(right)}. Rows of one recording or artist may be on both "
            "sides; a bundle of earmark train keeps them apart."
        )
        return Subject(fitted, rows, learnt, estimator, (note,))
    if not isinstance(classifier, DescriptorClassifier):
        raise CapabilityError(
            "it hears sound, not descriptors, so it has no features",
            remedy="Ask for the effects of edits: --edits lowpass,tempo,noise",
            where=classifier.name,
        )
    tabular = classifier.tabular
    values = rows.values[:, places_of(rows.columns, tabular.features, where=rows.name)]
    kept = Rows(rows.name, tabular.features, values, rows.labels, rows.groups)
    return Subject(tabular, kept, None, tabular.estimator, ())


def chosen_features(patterns: str | None, subject: Subject, console: Console) -> list[str]:
    """Names that match the patterns; by default all that vary, and those that do not are said.

    Raises
    ------
    UnknownNameError
        If a pattern matches nothing.
    """
    known = subject.classifier.features
    if patterns is None:
        varied = [n for n, c in zip(known, subject.rows.values.T, strict=True) if len(c) and (c != c[0]).any()]
        still = [name for name in known if name not in varied]
        if still:
            console.say(f"left out, because they have one value in all rows: {', '.join(still)}")
        return varied or list(known)
    found: list[str] = []
    for pattern in (word.strip() for word in patterns.split(",")):
        matching = [name for name in known if fnmatchcase(name, pattern)]
        if not matching:
            raise UnknownNameError("feature", pattern, known)
        found += [name for name in matching if name not in found]
    return found


def chosen_labels(classes: str | None, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The classes named, or all.

    Raises
    ------
    UnknownNameError
        If there is no such class.
    """
    if classes is None:
        return labels
    named = tuple(dict.fromkeys(word.strip() for word in classes.split(",")))
    for name in named:
        if name not in labels:
            raise UnknownNameError("class", name, labels)
    return named


def pair_from(text: str) -> tuple[str, str]:
    """Two names from ``A,B``.

    Raises
    ------
    UsageError
        If these are not two.
    """
    names = [word.strip() for word in text.split(",")]
    if len(names) != 2:
        raise UsageError(f"{text!r} is no pair", remedy="Write --two-way FEATURE,FEATURE", where="--two-way")
    return names[0], names[1]


def some_clips(dataset: Dataset, most: int, seed: int) -> Dataset:
    """At most so many items, drawn evenly from the classes."""
    import numpy as np

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(dataset.items))
    rank: dict[str, int] = {}
    turns = []
    for place in order.tolist():
        label = dataset.items[place].label
        rank[label] = rank.get(label, -1) + 1
        turns.append((rank[label], label, place))
    return dataset.subset(sorted(place for _, _, place in sorted(turns)[:most]))


def excerpt(clip: Clip, seconds: float) -> Clip:
    """The middle of a clip that is longer than that, else the clip."""
    if clip.duration_s <= seconds:
        return clip
    start_s = (clip.duration_s - seconds) / 2
    return clip.span(start_s, start_s + seconds)


def _some_of_each(labels: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    import numpy as np

    names = np.array(labels)
    rng = np.random.default_rng(seed)
    chosen: NDArray[np.bool_] = np.zeros(len(names), dtype=np.bool_)
    for label in np.unique(names):
        mine = rng.permutation(np.flatnonzero(names == label))
        chosen[mine[: max(1, round(share * len(mine)))]] = True
    return chosen
