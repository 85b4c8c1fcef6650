"""A folder per class: the names of the folders are the labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from earmark.audio.read import info
from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.lyrics.beside import lyrics_beside
from earmark.data.lyrics.read import TEXT_SUFFIXES, read_lyrics
from earmark.data.sound_files import files_under, is_sound, not_sounds, told, usable
from earmark.errors import DatasetError, LyricsError


def load_folder(root: Path) -> Dataset:
    """The sounds below each direct sub-folder of ``root``, labelled with the sub-folder's name.

    Deeper folders belong to the class above them. Every file is a track of its own: where several come from one
    recording, say so with a manifest. Lyrics beside a sound (``song.lrc`` for ``song.mp3``) are its own; what cannot be
    used of them is told, and the sound stays without. Where there are no sounds, but texts (.txt, .lrc, .srt, .vtt),
    these are the items.

    Raises
    ------
    DatasetError
        If there is no sub-folder with a sound or a text in it.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    files = files_under(root)
    if not any(is_sound(path) for path in files):
        return _texts(root, [path for path in files if path.suffix.lower() in TEXT_SUFFIXES and path.parent != root])
    classes = sorted({path.relative_to(root).parts[0] for path in files if path.parent != root})
    for folder in sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if folder not in classes:
            problems.append(Problem(folder, "is an empty folder; the class is left out"))
    for label in classes:
        sounds = [path for path in files if path.relative_to(root).parts[0] == label and is_sound(path)]
        sounds = [path for path in sounds if path.parent != root]
        if not sounds:
            problems.append(Problem(label, "holds no sound file; the class is left out"))
        items += [Item(path, label) for path in sounds]
    problems += [
        Problem(path.name, "lies beside the class folders and has no class")
        for path in files
        if path.parent == root and is_sound(path)
    ]
    if not items:
        raise _nothing(root)
    dataset = usable(root.name, root, items, [*problems, *not_sounds(files, root)])
    return _with_lyrics(dataset)


def is_classless(root: Path) -> bool:
    """Whether sounds lie directly in a folder, and none in sub-folders."""
    sounds = [path for path in files_under(root) if is_sound(path)]
    return bool(sounds) and all(path.parent == root for path in sounds)


def load_classless(root: Path) -> Dataset:
    """All sounds of such a folder; the label of each is "".

    Raises
    ------
    DatasetError
        If none of them can be used.
    """
    files = files_under(root)
    items = [Item(path, "") for path in files if is_sound(path)]
    return usable(root.name, root, items, not_sounds(files, root))


def _nothing(root: Path) -> DatasetError:
    return DatasetError(
        "has no sub-folder with sound files in it, nor with texts",
        remedy="Put the sounds (or texts) of each class into a folder of its name, or give a manifest.csv (path,label)",
        where=root,
    )


def _with_lyrics(dataset: Dataset) -> Dataset:
    items, problems = [], list(dataset.problems)
    for item in dataset.items:
        words = None
        path = lyrics_beside(item.path).path
        if path is not None:
            try:
                lyrics = read_lyrics(path)
                lyrics.check_times(info(item.path).duration_s)
                words = lyrics.text
            except LyricsError as error:
                problems.append(Problem(told(path, dataset.root), f"is left aside as lyrics: {error.fact}"))
        items.append(replace(item, lyrics=words))
    return replace(dataset, items=tuple(items), problems=tuple(problems))


def _texts(root: Path, paths: Iterable[Path]) -> Dataset:
    items: list[Item] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            words = read_lyrics(path)
        except LyricsError as error:
            problems.append(Problem(told(path, root), error.fact))
        else:
            items.append(Item(path, path.relative_to(root).parts[0], lyrics=words.text, sound=False))
    if not items:
        raise _nothing(root)
    return Dataset(root.name, root, tuple(items), tuple(problems))
