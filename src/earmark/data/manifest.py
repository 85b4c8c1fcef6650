"""A manifest: a table with a row a sound.

Columns: ``path,label``, and where wanted ``start,end`` (seconds), ``track`` (or ``group``: what must stay together),
``artist``, ``split``, ``fold``, ``lyrics`` (the words, or the path of a .txt file with them). Paths are relative to the
manifest's folder. Further columns are left alone.
"""

from __future__ import annotations

import math
from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.sound_files import usable
from earmark.data.tables import need_columns, read_table
from earmark.errors import DatasetError

NAMES = ("manifest.csv", "manifest.tsv", "manifest.parquet")
SPLITS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "eval": "test",
}  # fmt: skip


def find_manifest(source: Path) -> Path | None:
    """The manifest that ``source`` is, or that lies in it."""
    if source.is_file():
        return source
    return next((source / name for name in NAMES if (source / name).is_file()), None)


def load_manifest(source: Path) -> Dataset:
    """The items of a manifest, in its order.

    Parameters
    ----------
    source : the CSV, TSV or Parquet file, or the folder that holds it as ``manifest.csv`` (.tsv, .parquet).

    Raises
    ------
    DatasetError
        If there is none, it is no table, lacks a column, or names no sound that can be used.
    """
    path = find_manifest(source)
    if path is None:
        raise DatasetError(f"holds none of {', '.join(NAMES)}", remedy="Name the manifest itself", where=source)
    table = read_table(path)
    need_columns(path, table, ("path", "label"))
    if {"group", "track"} <= set(table.columns):
        raise DatasetError(
            "has columns group and track, which mean the same: what must stay together",
            remedy="Keep one of them, and call a wider group artist",
            where=path,
        )
    items: list[Item] = []
    problems = [Problem(f"{path.name}, line {line}", "has another number of values") for line in table.broken]
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            items.append(_item(path.parent, row))
        except _RowError as error:
            problems.append(Problem(f"{path.name}, line {line}", str(error)))
    name = path.parent.absolute().name if path.stem == "manifest" else path.stem
    return usable(name, path.parent, items, problems)


class _RowError(ValueError):
    """What is wrong with one row."""


def _item(root: Path, row: dict[str, str]) -> Item:
    for name in ("path", "label"):
        if not row[name]:
            raise _RowError(f"has no {name}")
    start, end = _seconds(row, "start"), _seconds(row, "end")
    if end is not None and end <= (start or 0.0):
        raise _RowError(f"ends at {end:g} s, before it begins")
    split = row.get("split", "")
    if split and split.lower() not in SPLITS:
        raise _RowError(f"has the split {split!r}, which is none of train, validation, test")
    return Item(
        path=root / row["path"],
        label=row["label"],
        start_s=start,
        end_s=end,
        track=row.get("track", "") or row.get("group", ""),
        artist=row.get("artist") or None,
        split=SPLITS[split.lower()] if split else None,
        fold=row.get("fold") or None,
        lyrics=_lyrics(root, row.get("lyrics", "")),
    )


def _seconds(row: dict[str, str], name: str) -> float | None:
    text = row.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _RowError(f"has the {name} {text!r}, which is no time in seconds")
    return value


def _lyrics(root: Path, text: str) -> str | None:
    if not text.lower().endswith(".txt") or "\n" in text:
        return text or None
    try:
        return (root / text).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _RowError(f"names lyrics that cannot be read: {text} ({error})") from error
