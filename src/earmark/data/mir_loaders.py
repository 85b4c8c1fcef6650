"""A loader of mirdata or soundata as a data set: its tracks or clips, their files, an attribute of them as label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.sound_files import usable
from earmark.errors import DatasetError

# What the loaders call the class of a sound.
_LABELS = ("genre", "class_label", "category", "tags", "label", "instrument", "style")
# What a clip was cut from.
_SOURCES = ("src_file", "freesound_id")


def from_loader(loader: Any, *, label: str | None = None) -> Dataset:
    """The data set that a loader has on this machine.

    Parameters
    ----------
    loader : of mirdata (``load_tracks``) or soundata (``load_clips``), its data downloaded and ``validate``-d.
    label : the attribute of a track that is its class; by default the first of genre, class_label, category, tags,
        label, instrument, style that is there. Tags count where there is one.

    Raises
    ------
    DatasetError
        If the loader has no sounds or no such attribute, or no file can be used.
    """
    load = getattr(loader, "load_tracks", None) or getattr(loader, "load_clips", None)
    if load is None:
        raise DatasetError(
            f"{type(loader).__name__} has neither load_tracks nor load_clips",
            remedy="Give what mirdata.initialize or soundata.initialize returns",
        )
    tracks: Mapping[str, Any] = load()
    name, root = str(getattr(loader, "name", "loader")), Path(str(getattr(loader, "data_home", ".")))
    first = next(iter(tracks.values()), None)
    if first is None:
        raise DatasetError("holds no track", remedy="Download it with the loader's own download()", where=name)
    label = label if label is not None else next((known for known in _LABELS if _has(first, known)), None)
    if label is None or not _has(first, label):
        has = ", ".join(sorted(n for n in dir(first) if not n.startswith("_") and n not in ("to_jams", "audio")))
        raise DatasetError(
            f"its tracks have no attribute {label or 'that is a class'} (they have {has})",
            remedy="Name the attribute that is the class",
            where=name,
        )
    items: list[Item] = []
    problems: list[Problem] = []
    for identity in sorted(tracks):
        track = tracks[identity]
        path, value = getattr(track, "audio_path", None), _label(getattr(track, label))
        if path is None or value is None:
            problems.append(Problem(identity, f"has no {'audio' if path is None else 'one ' + label}"))
            continue
        source = next((str(getattr(track, known)) for known in _SOURCES if _has(track, known)), identity)
        artist = getattr(track, "artist", None)
        fold = getattr(track, "fold", None)
        items.append(
            Item(
                Path(path),
                value,
                track=source,
                artist=None if artist is None else str(artist),
                fold=None if fold is None else str(fold),
            )
        )
    return usable(name, root, items, problems)


def _has(track: Any, name: str) -> bool:
    return getattr(track, name, None) is not None


def _label(value: Any) -> str | None:
    """One class out of a word, a number, or tags with one label; None otherwise."""
    labels = getattr(value, "labels", None)
    if labels is not None:
        return str(labels[0]) if len(labels) == 1 else None
    return None if value is None or str(value) == "" else str(value)
