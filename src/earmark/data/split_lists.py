"""Splits as lists of files: ``train.txt``, ``valid.txt`` and ``test.txt`` with one item a line.

A line is a path relative to the data set, with or without suffix and folders as far as that is unambiguous; a part of a
file is marked as in a media fragment (``a.wav#t=0.5,3.5``, seconds).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from earmark.data.dataset import Dataset, Item
from earmark.data.sound_files import is_sound, told
from earmark.data.split import Split
from earmark.data.splits import PARTS, split_from_parts
from earmark.errors import DatasetError
from earmark.files import write_text

_STEMS = {"train": ("train",), "validation": ("valid", "validation", "val"), "test": ("test",)}
FILES = ("train.txt", "valid.txt", "test.txt")


def split_from_lists(dataset: Dataset, folder: str | Path, *, leaky: bool = False) -> Split:
    """The split that lists in a folder describe; items in none of them are in no part.

    That listed items are missing from the data set is no error, but is counted in the split's name.

    Parameters
    ----------
    dataset : the items.
    folder : holds ``train.txt``, ``valid.txt`` (or ``validation.txt``, ``val.txt``; may be missing) and ``test.txt``.
        Where it holds several families (``train_filtered.txt``, ``train_stratified.txt``), add the name of one as if it
        were a folder: ``lists/filtered``.
    leaky : accept that parts of one track are on two sides.

    Raises
    ------
    DatasetError
        If lists are missing or damaged, hold one item twice, leave a part empty, or a track is on two sides.
    """
    folder = Path(folder)
    lists = _find(folder)
    if "train" not in lists or "test" not in lists:
        raise DatasetError(
            f"holds no {' and no '.join(f'{name}.txt' for name in ('train', 'test') if name not in lists)}",
            remedy="Give the folder of the lists; of several families one, as FOLDER/filtered",
            where=folder,
        )
    known = _keys(dataset)
    listed = missing = 0
    parts = [-1] * len(dataset.items)
    for name, path in lists.items():
        for number, line in enumerate(_lines(path), start=1):
            indices = known.get(_bare(line)) or known.get(f"/{Path(_bare(line)).name}") or []
            where = f"{path.name}, line {number}"
            listed += 1
            if not indices:
                missing += 1
                continue
            if len(indices) > 1:
                raise DatasetError(
                    f"{line!r} names {len(indices)} items of {dataset.name}",
                    remedy="Write paths relative to the data set's folder",
                    where=where,
                )
            index = indices[0]
            if parts[index] >= 0:
                raise DatasetError(
                    f"{line!r} is listed twice, before in {PARTS[parts[index]]}", remedy="Keep one", where=where
                )
            parts[index] = PARTS.index(name)
    name = f"lists {lists['train'].stem.partition('_')[2] or folder.name}"
    # What is left out stands on every card, so that figures of an incomplete copy are not taken for those of all.
    name += f", {missing} of {listed} listed items missing" if missing else ""
    return split_from_parts(dataset, parts, name, leaky=leaky)


def write_lists(dataset: Dataset, split: Split, folder: str | Path) -> Path:
    """Write a split as ``train.txt``, ``valid.txt`` and ``test.txt``, each whole or not at all.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    folder = Path(folder)
    for name, places in zip(FILES, (split.train, split.validation, split.test), strict=True):
        write_text(folder / name, "".join(f"{item_name(dataset, dataset.items[i])}\n" for i in places))
    return folder


def item_name(dataset: Dataset, item: Item) -> str:
    """An item's line in a list.

    Examples
    --------
    >>> item = Item(Path("d/a.wav"), "x", start_s=0.5, end_s=3.5)
    >>> item_name(Dataset("d", Path("d"), (item,)), item)
    'a.wav#t=0.5,3.5'
    """
    name = told(item.path, dataset.root)
    if item.start_s is None and item.end_s is None:
        return name
    start = "" if item.start_s is None else repr(float(item.start_s))
    return f"{name}#t={start}" + ("" if item.end_s is None else f",{float(item.end_s)!r}")


def _find(folder: Path) -> dict[str, Path]:
    place, ending = (folder, "") if folder.is_dir() else (folder.parent, f"_{folder.name}")
    found: dict[str, Path] = {}
    for part, stems in _STEMS.items():
        path = next((p for stem in stems if (p := place / f"{stem}{ending}.txt").is_file()), None)
        if path is not None:
            found[part] = path
    return found


def _keys(dataset: Dataset) -> dict[str, list[int]]:
    """Places of items by every ending of their path, without suffix; of one without folders, also after a slash."""
    keys: dict[str, set[int]] = defaultdict(set)
    for index, item in enumerate(dataset.items):
        parts = _bare(item_name(dataset, item)).split("/")
        for first in range(len(parts)):
            keys["/".join(parts[first:])].add(index)
        if len(parts) == 1:
            keys[f"/{parts[0]}"].add(index)
    return {key: sorted(places) for key, places in keys.items()}


def _bare(line: str) -> str:
    """A line without the sound's suffix."""
    path, mark, part = line.partition("#t=")
    name = Path(path).with_suffix("").as_posix() if is_sound(Path(path)) else path
    return name + mark + part


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot be read ({error})", remedy="Write it as UTF-8", where=path) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
