"""The sound files of a folder, and which items of a data set have one that can be opened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.errors import AudioError, DatasetError

SOUND_SUFFIXES = frozenset({
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".m4a", ".aac", ".mp4", ".webm",
})  # fmt: skip
# What commonly lies beside sounds without being one; anything else that is no sound is reported.
COMPANION_SUFFIXES = frozenset(
    {
        "", ".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".parquet", ".jams", ".lab", ".xml", ".musicxml", ".mxl",
        ".mid", ".midi", ".krn", ".pdf", ".yaml", ".yml", ".toml", ".html", ".jpg", ".jpeg", ".png", ".npy", ".npz",
        ".h5", ".sha256", ".md5", ".cue", ".m3u", ".log", ".lrc", ".srt", ".vtt",
    }
)  # fmt: skip


def is_sound(path: Path) -> bool:
    """Whether the name is that of a sound file."""
    return path.suffix.lower() in SOUND_SUFFIXES


def files_under(folder: Path) -> list[Path]:
    """All files below a folder but hidden ones, in the order of their paths relative to it.

    Raises
    ------
    DatasetError
        If the folder cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise DatasetError(
            f"cannot be listed ({error.strerror or error})", remedy="Check its permissions", where=error.filename
        ) from error

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        found += [Path(parent) / name for name in names if not name.startswith(".")]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def not_sounds(files: Iterable[Path], root: Path) -> list[Problem]:
    """A problem for each file that is neither a sound nor what commonly lies beside sounds."""
    return [
        Problem(told(path, root), f"is left out: {path.suffix} is no sound file that earmark knows")
        for path in files
        if not is_sound(path) and path.suffix.lower() not in COMPANION_SUFFIXES
    ]


def told(path: Path, root: Path) -> str:
    """A path as it is told: relative to the data set's folder where it lies in it."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def usable(name: str, root: Path, items: Iterable[Item], problems: Iterable[Problem] = ()) -> Dataset:
    """The data set of those items whose files can be opened and hold their part; the others become problems.

    Only headers are read. That the samples are sound as well, ``data audit`` and the reading of each item say.

    Parameters
    ----------
    name, root : of the data set.
    items : in their order; a file may be in several of them.
    problems : found so far.

    Raises
    ------
    DatasetError
        If no item is left.
    """
    from earmark.audio.read import info

    kept: list[Item] = []
    found = list(problems)
    lengths: dict[Path, float | AudioError] = {}
    seen: set[tuple[Path, float | None, float | None]] = set()
    for item in items:
        where = told(item.path, root)
        if item.path not in lengths:
            try:
                lengths[item.path] = info(item.path).duration_s
            except AudioError as error:
                lengths[item.path] = error
        length = lengths[item.path]
        part = (item.path, item.start_s, item.end_s)
        if isinstance(length, AudioError):
            found.append(Problem(where, length.fact))
        elif item.start_s is not None and item.start_s >= length:
            found.append(Problem(where, f"begins at {item.start_s:g} s, the file ends at {length:.2f} s"))
        elif item.end_s is not None and item.end_s > length + _ROUNDING_S:
            found.append(Problem(where, f"ends at {item.end_s:g} s, the file at {length:.2f} s"))
        elif part in seen:
            found.append(Problem(where, "is named twice; the first counts"))
        else:
            seen.add(part)
            kept.append(item)
    if not kept:
        first = f"; the first of {len(found)} problems: {found[0].where}: {found[0].fact}" if found else ""
        raise DatasetError(
            f"holds no sound that can be used{first}", remedy="Check the path and what is in it", where=root
        )
    return Dataset(name, root, tuple(kept), tuple(found))


# Times in manifests are often rounded to hundredths.
_ROUNDING_S = 0.05
