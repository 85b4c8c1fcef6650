"""GTZAN (Tzanetakis and Cook, 2002): 1000 clips of 30 s in ten genres, in either of the layouts in circulation.

``genres/blues/blues.00000.wav`` (also ``genres_original/``, and .au), or all files in one folder. Artists are read from
Sturm's index (``GTZANindex_sturm.txt``) where it lies in the folder. How its repetitions and mislabellings distort
figures: Sturm, *The GTZAN dataset: its contents, its faults, …* (2013).
"""

from __future__ import annotations

import re
from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.sound_files import files_under, is_sound, not_sounds, told, usable
from earmark.errors import DatasetError

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
PER_GENRE = 100
INDEX = "GTZANindex_sturm.txt"
_NAME = re.compile(rf"({'|'.join(GENRES)})\.(\d{{5}})$")


def is_gtzan(root: Path) -> bool:
    """Whether the folder looks like GTZAN: files or folders named as there."""
    if any((root / name / genre).is_dir() for name in ("genres", "genres_original") for genre in GENRES):
        return True
    places = [root, *(root / genre for genre in GENRES if (root / genre).is_dir())]
    return any(is_sound(path) and _NAME.match(path.stem) for place in places for path in place.iterdir())


def load_gtzan(root: Path) -> Dataset:
    """GTZAN's clips in the order of genre and number; what is missing of the 100 a genre is reported.

    Raises
    ------
    DatasetError
        If no file is named as in GTZAN.
    """
    files = files_under(root)
    found: dict[tuple[str, int], Path] = {}
    problems: list[Problem] = []
    for path in (path for path in files if is_sound(path)):
        match = _NAME.match(path.stem)
        if match is None:
            problems.append(Problem(told(path, root), "is left out: not named as in GTZAN (blues.00000.wav)"))
            continue
        key = match[1], int(match[2])
        if key in found:
            problems.append(Problem(told(path, root), f"is left out: {told(found[key], root)} is the same clip"))
            continue
        found[key] = path
    if not found:
        raise DatasetError(
            "holds no file named as in GTZAN (blues.00000.wav)", remedy="Give the folder of its audio", where=root
        )
    problems += [_missing(genre, found) for genre in GENRES if _numbers(genre, found)]
    artists = read_artists(root / INDEX) if (root / INDEX).is_file() else {}
    items = [
        Item(found[key], key[0], track=found[key].stem, artist=artists.get(found[key].stem)) for key in sorted(found)
    ]
    return usable("gtzan", root, items, [*problems, *not_sounds(files, root)])


def read_artists(index: Path) -> dict[str, str]:
    """The artist of each clip ("blues.00000") whose artist Sturm's index knows.

    Raises
    ------
    DatasetError
        If the file cannot be read.
    """
    try:
        lines = index.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DatasetError(f"cannot be read ({error.strerror})", remedy="Check its permissions", where=index) from error
    rows = [[part.strip() for part in line.split(":::")] for line in lines if not line.startswith("#")]
    return {Path(row[0]).stem: row[1] for row in rows if len(row) > 1 and row[1]}


def _numbers(genre: str, found: dict[tuple[str, int], Path]) -> list[int]:
    return [number for number in range(PER_GENRE) if (genre, number) not in found]


def _missing(genre: str, found: dict[tuple[str, int], Path]) -> Problem:
    missing = _numbers(genre, found)
    shown = ", ".join(f"{genre}.{number:05}" for number in missing[:5]) + (", …" if len(missing) > 5 else "")
    return Problem(genre, f"{len(missing)} of {PER_GENRE} clips are missing: {shown}")
