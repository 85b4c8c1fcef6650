"""A table of descriptors as somebody published it: names, labels and numbers; and the audit of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.data.tables import Table, read_table
from earmark.errors import DatasetError

if TYPE_CHECKING:
    from earmark.data.audit import Audit

IDS = ("id", "path", "file", "filename", "name")
_FACTS = ("label", "track", "group", "artist", "split", "fold", "length", "start", "end", "start_s", "end_s")
# GTZAN and what is named like it says the class in the name: blues.00000.wav
_CLASS_IN_NAME = re.compile(r"([A-Za-z][\w-]*)\.\d+(\.\w+)?$")


@dataclass(frozen=True)
class Descriptors:
    """Descriptors of sounds.

    Parameters
    ----------
    names : of the sounds.
    labels : their classes.
    columns : names of the descriptors.
    values : ``(sounds, descriptors)``, finite.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]


def read_descriptors(path: str | Path) -> Descriptors:
    """Read a CSV, TSV or Parquet table with a column id, path, file, filename or name, and columns of numbers.

    The class is the column ``label`` or, where the names are like those of GTZAN (``blues.00000.wav``), in the name.

    Raises
    ------
    DatasetError
        If such columns are missing, or a number is missing, NaN or infinite.
    """
    path = Path(path)
    table = read_table(path)
    if not table.rows or table.broken:
        fact = f"line {table.broken[0]} has another number of values" if table.broken else "has no rows"
        raise DatasetError(fact, remedy="Write the table again", where=path)
    key = next((name for name in IDS if name in table.columns), None)
    columns = number_columns(table)
    if key is None or not columns:
        missing = f"has none of the columns {', '.join(IDS)}" if key is None else "has no column of numbers"
        raise DatasetError(missing, remedy="Name the sounds in one and the descriptors in others", where=path)
    names = tuple(row[key] for row in table.rows)
    return Descriptors(names, _labels(path, table, names), columns, _values(path, table, columns))


def audit_descriptors(path: str | Path, *, near: float = 0.1) -> Audit:
    """Duplicates and class balance, from descriptors alone; what needs the sound is left out.

    Parameters
    ----------
    path : as for ``read_descriptors``.
    near : see ``earmark.data.duplicates.same_descriptors``.

    Raises
    ------
    DatasetError, SettingError
        As these do.
    """
    import hashlib

    from earmark.data.audit import Audit, Entry
    from earmark.data.duplicates import same_descriptors

    found = read_descriptors(path)
    entries = tuple(Entry(name, label, name) for name, label in zip(found.names, found.labels, strict=True))
    fingerprint = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Audit(Path(path).stem, fingerprint, entries, duplicates=same_descriptors(found.values, near=near))


def number_columns(table: Table) -> tuple[str, ...]:
    """The columns that begin with a number, or with nothing, and say neither what a row is called nor where it is."""
    first = table.rows[0]
    return tuple(name for name in table.columns if name not in (*IDS, *_FACTS, "") and _is_number(first[name]))


def _labels(path: Path, table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    if "label" in table.columns:
        return tuple(row["label"] for row in table.rows)
    matches = [_CLASS_IN_NAME.search(name) for name in names]
    labels = tuple(match[1] for match in matches if match is not None)
    if len(labels) < len(names):
        raise DatasetError("has no column label", remedy="Add one with the class of each sound", where=path)
    return labels


def _values(path: Path, table: Table, columns: tuple[str, ...]) -> NDArray[np.float64]:
    values = np.array([[_number(row[name]) for name in columns] for row in table.rows])
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise DatasetError(
            f"{len(bad)} descriptors are missing, NaN or infinite, the first is {columns[column]}",
            remedy="Repair or leave out these rows",
            where=f"{path}, line {table.lines[row]}",
        )
    return values


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _number(text: str) -> float:
    return float(text) if _is_number(text) and text else float("nan")
