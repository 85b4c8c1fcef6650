"""A table of Hugging Face ``datasets`` with a column of audio, as a data set of files.

Sounds that lie in files already are used where they are; those that are bytes or arrays in the table are written to a
folder once. Bytes are taken undecoded, so that our own reader, not another, says what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.manifest import SPLITS
from earmark.data.sound_files import is_sound, usable
from earmark.errors import AudioError, DatasetError
from earmark.files import write_bytes

_LABELS = ("label", "genre", "class", "category", "target")


def from_table(
    table: Any, folder: str | Path, *, audio: str = "audio", label: str | None = None, split: str | None = None
) -> Dataset:
    """The data set in one table.

    Parameters
    ----------
    table : ``datasets.Dataset`` or what has its ``column_names``, ``features``, ``__len__`` and ``__getitem__``.
    folder : where sounds that are in no file of their own are written, as ``000000.wav`` and so on.
    audio : name of the column with the sounds.
    label : name of the column with the classes; by default the first of label, genre, class, category, target. Columns
        ``track`` (or ``group``), ``artist``, ``fold`` and ``lyrics`` are taken over where they are.
    split : "train", "validation" or "test", where the table is one of these.

    Raises
    ------
    DatasetError
        If a column is missing or nothing in it can be used.
    OutputError
        If a sound cannot be written.
    """
    folder = Path(folder)
    columns = list(table.column_names)
    label = label if label is not None else next((name for name in _LABELS if name in columns), "label")
    for name in (audio, label):
        if name not in columns:
            raise DatasetError(
                f"has no column {name} (its columns: {', '.join(columns)})", remedy="Name the column", where=folder
            )
    kind = table.features[audio]
    if getattr(kind, "decode", False):
        table = table.cast_column(audio, type(kind)(decode=False))
    names = getattr(table.features[label], "names", None)
    items: list[Item] = []
    problems: list[Problem] = []
    for number in range(len(table)):
        row = table[number]
        try:
            path = _file(row[audio], folder, number)
        except AudioError as error:
            problems.append(Problem(f"row {number}", error.fact))
            continue
        value = row[label]
        if value is None or (names and not 0 <= int(value) < len(names)):
            problems.append(Problem(f"row {number}", f"has the label {value!r}"))
            continue
        items.append(
            Item(
                path,
                str(names[int(value)]) if names else str(value),
                track=str(row.get("track") or row.get("group") or ""),
                artist=_text(row, "artist"),
                split=split,
                fold=_text(row, "fold"),
                lyrics=_text(row, "lyrics"),
            )
        )
    return usable(folder.name, folder, items, problems)


def from_tables(tables: Mapping[str, Any], folder: str | Path) -> Dataset:
    """The data set in several tables whose names are splits ("train", "validation", "test" and their synonyms).

    Raises
    ------
    DatasetError
        If a name is no split, or a table cannot be used.
    """
    folder = Path(folder)
    parts: list[Dataset] = []
    for name, table in tables.items():
        if name not in SPLITS:
            raise DatasetError(
                f"has the table {name!r}, which is no split", remedy="Name them train, validation, test", where=folder
            )
        parts.append(from_table(table, folder / name, split=SPLITS[name]))
    items = tuple(item for part in parts for item in part.items)
    if not items:
        raise DatasetError("has no table", remedy="Give one", where=folder)
    return Dataset(folder.name, folder, items, tuple(problem for part in parts for problem in part.problems))


def _file(sound: Any, folder: Path, number: int) -> Path:
    """Where the sound of a row lies."""
    if not isinstance(sound, Mapping):
        raise AudioError("holds no sound")
    path, data, samples = sound.get("path"), sound.get("bytes"), sound.get("array")
    if path and data is None and Path(path).is_file():
        return Path(path)
    if data is not None:
        suffix = Path(path).suffix if path and is_sound(Path(path)) else ".wav"
        return write_bytes(folder / f"{number:06}{suffix}", data)
    if samples is not None:
        array = np.asarray(samples, dtype=np.float32)
        return write(Clip(array, int(sound["sampling_rate"])), folder / f"{number:06}.wav")
    raise AudioError(f"no such file: {path}" if path else "holds no sound")


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None or value == "" else str(value)
