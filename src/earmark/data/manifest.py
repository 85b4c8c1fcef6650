"""A manifest: a table with a row a sound.

Columns: ``path,label``, and where wanted ``start,end`` (seconds), ``track`` (or ``group``: what must stay together),
``artist``, ``split``, ``fold``, ``lyrics`` (the words, or the path of a file with them: .txt, .lrc, .srt, .vtt, .csv,
.json, or a sound with lyrics in its tags) with ``language`` and ``lyrics_encoding``. Paths are relative to the
manifest's folder. Further columns are left alone. A table with ``lyrics`` and without ``path`` is one of words alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from earmark.audio.read import info
from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.emotion import emotion_of
from earmark.data.lyrics.lyrics import Lyrics, lyrics_from_text
from earmark.data.lyrics.read import LYRICS_SUFFIXES, read_lyrics
from earmark.data.sound_files import SOUND_SUFFIXES, usable
from earmark.data.tables import Table, need_columns, read_table
from earmark.errors import AudioError, DatasetError, LyricsError

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
    path, table = _table(source, ("label",))
    return _items(path, table, lambda row: row["label"])


def load_manifest_emotion(source: Path) -> Dataset:
    """The same with the emotion of the columns ``valence`` and ``energy`` as the class, see ``earmark.data.emotion``.

    Raises
    ------
    DatasetError
        As ``load_manifest``.
    """
    path, table = _table(source, ("valence", "energy"))
    return _items(path, table, emotion_of)


def _table(source: Path, columns: tuple[str, ...]) -> tuple[Path, Table]:
    path = find_manifest(source)
    if path is None:
        raise DatasetError(f"holds none of {', '.join(NAMES)}", remedy="Name the manifest itself", where=source)
    table = read_table(path)
    need_columns(path, table, columns if "lyrics" in table.columns else ("path", *columns))
    if {"group", "track"} <= set(table.columns):
        raise DatasetError(
            "has columns group and track, which mean the same: what must stay together",
            remedy="Keep one of them, and call a wider group artist",
            where=path,
        )
    return path, table


def _items(path: Path, table: Table, label_of: Callable[[dict[str, str]], str]) -> Dataset:
    heard = "path" in table.columns
    items: list[Item] = []
    problems = [Problem(f"{path.name}, line {line}", "has another number of values") for line in table.broken]
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            items.append(_item(path, row, label_of(row)) if heard else _text_item(path, line, row, label_of(row)))
        except (_RowError, DatasetError) as error:
            fact = error.fact if isinstance(error, DatasetError) else str(error)
            problems.append(Problem(f"{path.name}, line {line}", fact))
    name = path.parent.absolute().name if path.stem == "manifest" else path.stem
    if heard:
        return usable(name, path.parent, items, problems)
    if not items:
        raise DatasetError(
            f"holds no lyrics that can be used; the first of {len(problems)} problems: {problems[0].fact}"
            if problems
            else "has no rows",
            remedy="Check what is in it",
            where=path,
        )
    return Dataset(name, path.parent, tuple(items), tuple(problems))


class _RowError(ValueError):
    """What is wrong with one row."""


def _item(path: Path, row: dict[str, str], label: str) -> Item:
    root = path.parent
    if not row["path"]:
        raise _RowError("has no path")
    start, end = _seconds(row, "start"), _seconds(row, "end")
    if end is not None and end <= (start or 0.0):
        raise _RowError(f"ends at {end:g} s, before it begins")
    item = _with_groups(Item(root / row["path"], label, start, end), row)
    words = _lyrics(root, row)
    if words is None:
        return item
    if words.timed:
        try:
            words.check_times(info(item.path).duration_s)
            words = words.part(start or 0.0, end)
        except LyricsError as error:
            raise _RowError(f"names lyrics that cannot be used: {error.fact}") from error
        except AudioError as error:
            raise _RowError(error.fact) from error
    return replace(item, lyrics=words.text)


def _text_item(path: Path, line: int, row: dict[str, str], label: str) -> Item:
    words = _lyrics(path.parent, row)
    if words is None:
        raise _RowError("has no lyrics")
    # Each text needs a name: its file, or where it stands in the table.
    named = path.parent / row["lyrics"] if _is_file_name(row["lyrics"]) else path.with_name(f"{path.name}#{line}")
    return replace(_with_groups(Item(named, label, sound=False), row), lyrics=words.text)


def _with_groups(item: Item, row: dict[str, str]) -> Item:
    if not item.label:
        raise _RowError("has no label")
    split = row.get("split", "")
    if split and split.lower() not in SPLITS:
        raise _RowError(f"has the split {split!r}, which is none of train, validation, test")
    return replace(
        item,
        track=row.get("track", "") or row.get("group", "") or item.track,
        artist=row.get("artist") or None,
        split=SPLITS[split.lower()] if split else None,
        fold=row.get("fold") or None,
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


def _is_file_name(text: str) -> bool:
    return "\n" not in text and Path(text[-300:]).suffix.lower() in {*LYRICS_SUFFIXES, *SOUND_SUFFIXES}


def _lyrics(root: Path, row: dict[str, str]) -> Lyrics | None:
    text, language = row.get("lyrics", ""), row.get("language") or None
    if not text:
        return None
    try:
        if not _is_file_name(text):
            return lyrics_from_text(text, language=language)
        return read_lyrics(root / text, language=language, encoding=row.get("lyrics_encoding") or None)
    except LyricsError as error:
        name = text if _is_file_name(text) else "the text"
        raise _RowError(f"names lyrics that cannot be read: {name} {error.fact}") from error
