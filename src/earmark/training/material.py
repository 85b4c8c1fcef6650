"""From the items of a data set to what a model sees: spectrograms, waveforms, descriptors or embeddings, cached.

Only the items that are asked for are opened: a test item is not read before ``assess`` reads it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.data.dataset import Dataset
from earmark.data.published_names import descriptor_called
from earmark.data.read import read_item
from earmark.errors import DatasetError, SettingError
from earmark.features.front_end import FrontEndCard, front_end_from
from earmark.files import cache_folder
from earmark.models.classifier import InputSpec
from earmark.models.prepare import prepare
from earmark.training.progress import Watch

Floats = NDArray[np.float64]
Sound = NDArray[np.float32]


def targets_of(dataset: Dataset, labels: Sequence[str]) -> NDArray[np.int64]:
    """Place of each item's label, ``(N,)``.

    Raises
    ------
    DatasetError
        If an item has a label that is not in the list.
    """
    place = {label: index for index, label in enumerate(labels)}
    for item in dataset.items:
        if item.label not in place:
            raise DatasetError(
                f"has the class {item.label!r}, which the model does not know",
                remedy=f"Leave it out, or use a model with that class; known: {', '.join(labels[:12])}",
                where=item.path,
            )
    return np.array([place[item.label] for item in dataset.items], dtype=np.int64)


def spectrograms(dataset: Dataset, card: FrontEndCard, *, watch: Watch | None = None) -> list[Sound]:
    """One ``(bins, frames)`` an item, from the cache; computed where they are not in it."""
    from earmark.features.cache import FeatureCache

    with FeatureCache.open(cache_path(dataset, asdict(card), "h5"), card, dataset, watch=watch) as cache:
        return [np.asarray(cache.spectrogram(index), dtype=np.float32) for index in range(len(dataset.items))]


def waveforms(dataset: Dataset, sample_rate: int, *, watch: Watch | None = None) -> list[Sound]:
    """One mono ``(samples,)`` an item at that rate, Hz."""
    _plan(watch, len(dataset.items))
    sounds = []
    for item in dataset.items:
        if watch is not None:
            watch.before_batch()
        sounds.append(prepare(read_item(item), InputSpec(sample_rate)).clip.waveform[0])
        if watch is not None:
            watch.after_batch(1)
    return sounds


def padded_waveforms(dataset: Dataset, card: FrontEndCard, *, watch: Watch | None = None) -> list[Sound]:
    """Waveforms extended as the front end does, so that a slice of frames is a slice of samples."""
    front_end = front_end_from(card)
    half = front_end.n_fft // 2 if front_end.center else 0
    mode = "reflect" if card.pad_mode == "reflect" else "constant"
    return [np.pad(sound, half, mode=mode) for sound in waveforms(dataset, card.sample_rate, watch=watch)]  # type: ignore[call-overload]


def descriptor_rows(
    dataset: Dataset, descriptors: str, columns: Sequence[str] = (), *, watch: Watch | None = None
) -> tuple[tuple[str, ...], Floats]:
    """Names and values ``(N, F)`` of the descriptors of a set whose names match ``columns`` (all by default).

    Raises
    ------
    SettingError
        If a pattern matches no descriptor.
    DatasetError
        If a value is no finite number.
    """
    from earmark.features.descriptors import describe_to

    if dataset.columns:
        return _of_table(dataset, descriptors, columns)
    path = cache_path(dataset, {"descriptors": descriptors}, "parquet")
    table = describe_to(path, dataset, descriptors, watch=watch, reuse=True)
    names = tuple(table.names)
    for pattern in columns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise SettingError(f"no descriptor matches {pattern!r}", remedy="Check the recipe", where=descriptors)
    places = [i for i, name in enumerate(names) if not columns or any(fnmatchcase(name, p) for p in columns)]
    values = np.asarray(table.values, dtype=np.float64)[:, places]
    if not np.isfinite(values).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise DatasetError(
            f"{names[places[column]]} is {values[row, column]}",
            remedy="Repair the file, or leave it out",
            where=dataset.items[row].path,
        )
    return tuple(names[place] for place in places), values


def _of_table(dataset: Dataset, descriptors: str, columns: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """What the recipe sees where the table has all of it, or else every column that there is."""
    from earmark.features.descriptors import descriptor_names

    wanted = [n for n in descriptor_names(descriptors) if not columns or any(fnmatchcase(n, p) for p in columns)]
    names = tuple(wanted) if set(wanted) <= set(dataset.columns) else dataset.columns
    return names, rows_of(dataset, names)


def rows_of(dataset: Dataset, names: Sequence[str]) -> Floats:
    """The columns of those names ``(N, F)`` of a table of descriptors.

    Raises
    ------
    DatasetError
        If the table lacks one.
    """
    places = places_of(dataset.columns, names, where=dataset.name)
    return np.array([item.row for item in dataset.items], dtype=np.float64).reshape(len(dataset.items), -1)[:, places]


def places_of(columns: Sequence[str], names: Sequence[str], *, where: str) -> list[int]:
    """Where a model's descriptors are among the columns of a table, which may call them as published tables do.

    Raises
    ------
    DatasetError
        If the table, called ``where``, lacks one.

    Examples
    --------
    >>> places_of(["tempo", "mfcc01_mean"], ["mfcc_01_mean", "tempo"], where="songs")
    [1, 0]
    """
    called = {descriptor_called(column): place for place, column in enumerate(columns)}
    called |= {column: place for place, column in enumerate(columns)}
    lacking = [name for name in names if name not in called]
    if lacking:
        raise DatasetError(
            f"has no column {lacking[0]}, which the model needs ({len(lacking)} of {len(names)} are missing)",
            remedy="Give a table with the columns that the model was trained on, or make one with earmark features",
            where=where,
        )
    return [called[name] for name in names]


def embeddings(
    dataset: Dataset, model: str, layer: str, *, watch: Watch | None = None
) -> tuple[NDArray[np.int64], torch.Tensor]:
    """The item of each slice ``(N,)``, and the pre-trained model's embedding of each, ``(N, D)``."""
    from earmark.models.load import load_model
    from earmark.models.probe import embedding_of

    embedding = embedding_of(load_model(model), model, layer)
    _plan(watch, len(dataset.items))
    rows, items = [], []
    for index, item in enumerate(dataset.items):
        if watch is not None:
            watch.before_batch()
        clip = prepare(read_item(item), embedding.tagger.input).clip
        found = embedding.of_waveforms(torch.tensor(clip.waveform).unsqueeze(0))[0]
        rows.append(found)
        items += [index] * len(found)
        if watch is not None:
            watch.after_batch(1)
    return np.array(items, dtype=np.int64), torch.cat(rows).float()


def cache_path(dataset: Dataset, what: object, suffix: str) -> Path:
    """Where features of these items are kept; another path as soon as a file, a setting or the list changes."""
    facts: list[object] = [dataset.fingerprint, what]
    for item in dataset.items:
        try:
            stat = Path(item.path).stat()
        except OSError as error:
            raise DatasetError(
                f"cannot be opened ({error.strerror})", remedy="Check the path, or leave it out", where=item.path
            ) from error
        facts.append([stat.st_size, stat.st_mtime_ns])
    key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:20]
    return cache_folder() / "features" / f"{key}.{suffix}"


def _plan(watch: Watch | None, count: int) -> None:
    if watch is not None:
        watch.planned = count
