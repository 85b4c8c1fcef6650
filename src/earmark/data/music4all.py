"""Music4All (Santana et al. 2020) and what is laid out like it: clips, their lyrics, and tables keyed by ``id``.

``audios/ID.mp3``, ``lyrics/ID.txt``, ``id_genres.csv`` (id, genres), ``id_metadata.csv`` (id, valence, energy, …),
``id_information.csv`` (id, artist, …). The class is the genre, or one of nine emotions from valence and energy as in
*MusicLIME* (Sotirou et al. 2024).
"""

from __future__ import annotations

from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.emotion import emotion_of
from earmark.data.merge import NAME, read_recipe
from earmark.data.sound_files import is_sound, usable
from earmark.data.tables import need_columns, read_table
from earmark.errors import DatasetError


def is_music4all(root: Path) -> bool:
    """Whether the folder has the audio and one of the tables."""
    return _audio_folder(root) is not None and any(
        (root / name).is_file() for name in ("id_genres.csv", "id_metadata.csv")
    )


def load_music4all(root: Path) -> Dataset:
    """Sounds and lyrics with their first genre; or, with a ``merge.csv`` (from,to) in the folder, the merged genre.

    Raises
    ------
    DatasetError
        If a folder or table is missing, or nothing in it can be used.
    """
    path = root / "id_genres.csv"
    table = read_table(path)
    need_columns(path, table, ("id", "genres"))
    recipe = read_recipe(root / NAME) if (root / NAME).is_file() else None
    labels: dict[str, str] = {}
    problems: list[Problem] = []
    for line, row in zip(table.lines, table.rows, strict=True):
        genres = [genre.strip() for genre in row["genres"].split(",") if genre.strip()]
        label = recipe.label(genres) if recipe else (genres[0] if genres else None)
        if label is None:
            problems.append(Problem(f"{path.name}, line {line}", f"no one class in {', '.join(genres) or 'no genre'}"))
        else:
            labels[row["id"]] = label
    return _load(root, "music4all", labels, problems)


def load_music4all_emotion(root: Path) -> Dataset:
    """Sounds and lyrics with an emotion from their valence and energy.

    Raises
    ------
    DatasetError
        If a folder or table is missing, or nothing in it can be used.
    """
    path = root / "id_metadata.csv"
    table = read_table(path)
    need_columns(path, table, ("id", "valence", "energy"))
    labels: dict[str, str] = {}
    problems: list[Problem] = []
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            labels[row["id"]] = emotion_of(row)
        except DatasetError as error:
            problems.append(Problem(f"{path.name}, line {line}", error.fact))
    return _load(root, "music4all_emotion", labels, problems)


def _load(root: Path, name: str, labels: dict[str, str], problems: list[Problem]) -> Dataset:
    folder = _audio_folder(root)
    if folder is None:
        raise DatasetError("has no folder audios", remedy="Give the folder that holds audios and lyrics", where=root)
    sounds = {path.stem: path for path in sorted(folder.iterdir()) if is_sound(path)}
    problems += [Problem(f"{folder.name}/{sounds[i].name}", "has no usable row") for i in sounds if i not in labels]
    artists = _artists(root / "id_information.csv")
    items: list[Item] = []
    for identity in sorted(labels):
        if identity not in sounds:
            problems.append(Problem(identity, f"has no sound in {folder.name}"))
            continue
        lyrics, why = _lyrics(root / "lyrics" / f"{identity}.txt")
        if why:
            problems.append(Problem(f"lyrics/{identity}.txt", why))
            continue
        item = Item(
            sounds[identity], labels[identity], track=identity, artist=artists.get(identity), lyrics=lyrics or None
        )
        items.append(item)
    return usable(name, root, items, problems)


def _audio_folder(root: Path) -> Path | None:
    return next((root / name for name in ("audios", "audio") if (root / name).is_dir()), None)


def _artists(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    table = read_table(path)
    need_columns(path, table, ("id", "artist"))
    return {row["id"]: row["artist"] for row in table.rows if row["artist"]}


def _lyrics(path: Path) -> tuple[str | None, str]:
    """The words and "", or None and what is wrong with them; a sound may be without."""
    if not path.parent.is_dir():
        return None, ""
    if not path.is_file():
        return None, "is missing; its sound is left out"
    try:
        return path.read_text(encoding="utf-8-sig"), ""
    except (OSError, UnicodeDecodeError) as error:
        return None, f"cannot be read ({error}); its sound is left out"
