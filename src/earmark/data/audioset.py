"""AudioSet (Gemmeke et al. 2017): published lists of segments over a folder of sounds that one has.

A list (``*segments*.csv``) has lines ``YTID, start_seconds, end_seconds, "label,label"``; names of labels are read from
``class_labels_indices.csv`` where it lies beside. Segments have several labels: ``merge.csv`` (from,to; label codes or
names) says which become which class. Sounds may be whole recordings (``YTID.wav``) or cut (``YTID_30.000_40.000.wav``,
``YTID_30000_40000.flac``, ``YTID_30.wav``), with or without a ``Y`` in front.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.merge import NAME, read_recipe
from earmark.data.sound_files import files_under, is_sound, told, usable
from earmark.errors import AudioError, DatasetError

NAMES = "class_labels_indices.csv"


@dataclass(frozen=True)
class Segment:
    """A line of a list: the recording, its part in seconds, its labels (codes such as /m/09x0r)."""

    identity: str
    start_s: float
    end_s: float
    labels: tuple[str, ...]
    where: str
    split: str | None


def segment_lists(root: Path) -> list[Path]:
    """The lists of segments in a folder."""
    return sorted(path for path in root.glob("*segments*.csv") if path.is_file())


def load_audioset(source: Path) -> Dataset:
    """The segments whose sound is there and whose labels become one class.

    Parameters
    ----------
    source : the folder with lists, recipe and sounds (at any depth); or one list in such a folder.

    Without a recipe only segments of a single label are taken. ``eval`` in a list's name makes it the test split.

    Raises
    ------
    DatasetError
        If there is no list, one is damaged, or no segment can be used.
    """
    root = source.parent if source.is_file() else source
    lists = [source] if source.is_file() else segment_lists(source)
    if not lists:
        raise DatasetError("holds no list of segments (*segments*.csv)", remedy="Name the list itself", where=source)
    recipe = read_recipe(root / NAME) if (root / NAME).is_file() else None
    names = _names(root / NAMES) if (root / NAMES).is_file() else {}
    sounds = {path.stem: path for path in files_under(root) if is_sound(path)}
    items: list[Item] = []
    problems: list[Problem] = []
    used: set[str] = set()
    for path in lists:
        segments, broken = _segments(path)
        problems += broken
        for segment in segments:
            known = [name for code in segment.labels for name in {code, names.get(code, code)}]
            told_labels = [names.get(code, code) for code in segment.labels]
            label = recipe.label(known) if recipe else (told_labels[0] if len(told_labels) == 1 else None)
            stem = _stem(segment, sounds)
            if stem is None:
                problems.append(Problem(segment.where, f"no sound of {segment.identity} here"))
                continue
            used.add(stem)
            if label is None:
                problems.append(Problem(segment.where, f"no one class in {'; '.join(told_labels)}"))
                continue
            items.append(_item(segment, label, sounds[stem], cut=stem not in _whole(segment)))
    problems += [Problem(told(sounds[stem], root), "is in no list") for stem in sorted(set(sounds) - used)]
    return usable("audioset", root, items, problems)


def _item(segment: Segment, label: str, path: Path, *, cut: bool) -> Item:
    from earmark.audio.read import info

    start, end = segment.start_s, segment.end_s
    try:
        # Named after the recording alone, it may still be cut; then it is as long as the segment.
        whole = not cut and info(path).duration_s > end - start + 0.5
    except AudioError:
        whole = False  # reported as unreadable when the items are checked
    return Item(
        path,
        label,
        start_s=start if whole else None,
        end_s=end if whole else None,
        track=segment.identity,
        split=segment.split,
    )


def _whole(segment: Segment) -> tuple[str, ...]:
    return segment.identity, f"Y{segment.identity}"


def _stem(segment: Segment, sounds: dict[str, Path]) -> str | None:
    start, end = segment.start_s, segment.end_s
    parts = [f"{start:.3f}_{end:.3f}", f"{start * 1000:.0f}_{end * 1000:.0f}", f"{start:g}_{end:g}", f"{start:g}"]
    cut = [f"{name}_{part}" for part in parts for name in _whole(segment)]
    return next((stem for stem in (*cut, *_whole(segment)) if stem in sounds), None)


def _segments(path: Path) -> tuple[list[Segment], list[Problem]]:
    split = "test" if "eval" in path.name else "train" if "train" in path.name else None
    segments: list[Segment] = []
    problems: list[Problem] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file, skipinitialspace=True):
                if not row or row[0].startswith("#"):
                    continue
                where = f"{path.name}, {row[0]}"
                try:
                    identity, start, end, labels = row
                    codes = tuple(code.strip() for code in labels.split(",") if code.strip())
                    segments.append(Segment(identity, float(start), float(end), codes, where, split))
                except ValueError:
                    problems.append(Problem(where, "is no line YTID, start, end, labels"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"is no list of segments ({error})", remedy="Download it again", where=path) from error
    return segments, problems


def _names(path: Path) -> dict[str, str]:
    from earmark.data.tables import need_columns, read_table

    table = read_table(path)
    need_columns(path, table, ("mid", "display_name"))
    return {row["mid"]: row["display_name"] for row in table.rows}
