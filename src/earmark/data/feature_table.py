"""A table of descriptors as a data set: its items are rows, and no sound is needed to learn from them.

What ``earmark features`` writes, or a CSV, TSV or Parquet file of anybody: a column ``id`` (or path, file, filename,
name), ``label`` (or names like ``blues.00000.wav``), columns of numbers, and where wanted ``track`` (or ``group``),
``artist``, ``split``, ``fold``.
"""

from __future__ import annotations

from pathlib import Path

from earmark.data.dataset import Dataset, Item
from earmark.data.descriptor_tables import IDS, number_columns, read_descriptors
from earmark.data.manifest import SPLITS
from earmark.data.tables import read_table
from earmark.errors import DatasetError
from earmark.features.descriptors import DESCRIPTOR_SETS, descriptor_names
from earmark.features.descriptors.table import set_of


def load_feature_table(path: Path) -> Dataset:
    """The rows of a table, in its order.

    Raises
    ------
    DatasetError
        If columns are missing, a number is missing, NaN or infinite (it names the column and the line), a row has no
        class, two rows have one name, or there are no rows.
    """
    found = read_descriptors(path)
    table = read_table(path)
    if {"group", "track"} <= set(table.columns):
        raise DatasetError(
            "has columns group and track, which mean the same: what must stay together", remedy="Keep one", where=path
        )
    seen: dict[str, int] = {}
    items = []
    for place, (name, label) in enumerate(zip(found.names, found.labels, strict=True)):
        row, line = table.rows[place], table.lines[place]
        if not name or not label:
            raise DatasetError(
                f"has no {'class' if name else 'name'}", remedy="Fill it in", where=f"{path}, line {line}"
            )
        if seen.setdefault(name, line) != line:
            raise DatasetError(
                f"is called {name} like line {seen[name]}",
                remedy="Give rows names of their own; a column track says which belong together",
                where=f"{path}, line {line}",
            )
        split = row.get("split", "")
        if split and split.lower() not in SPLITS:
            raise DatasetError(
                f"has the split {split!r}", remedy="Use train, validation or test", where=f"{path}, line {line}"
            )
        items.append(
            Item(
                path=path.parent / name,
                label=label,
                track=row.get("track", "") or row.get("group", ""),
                artist=row.get("artist") or None,
                split=SPLITS[split.lower()] if split else None,
                fold=row.get("fold") or None,
                sound=False,
                row=tuple(float(value) for value in found.values[place]),
            )
        )
    # Tables are read with their columns in lower case; earmark's own descriptors have capitals (chroma_C_mean).
    own = {name.lower(): name for each in DESCRIPTOR_SETS for name in descriptor_names(each)}
    columns = tuple(own.get(name, name) for name in found.columns)
    return Dataset(path.stem, path.parent, tuple(items), columns=columns, descriptors=set_of(path))


def is_feature_table(path: Path) -> bool:
    """Whether a file has names, columns of numbers, and no column ``path`` as manifests of sounds.

    Beside a column ``lyrics``, which makes a manifest of texts, it takes two of them.
    """
    table = read_table(path)
    named = bool(set(table.columns) & set(IDS)) and "path" not in table.columns
    least = 2 if "lyrics" in table.columns else 1
    return named and bool(table.rows) and len(number_columns(table)) >= least
