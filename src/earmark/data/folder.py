"""A folder per class: the names of the folders are the labels."""

from __future__ import annotations

from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.sound_files import files_under, is_sound, not_sounds, usable
from earmark.errors import DatasetError


def load_folder(root: Path) -> Dataset:
    """The sounds below each direct sub-folder of ``root``, labelled with the sub-folder's name.

    Deeper folders belong to the class above them. Every file is a track of its own: where several come from one
    recording, say so with a manifest.

    Raises
    ------
    DatasetError
        If there is no sub-folder with a sound in it.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    files = files_under(root)
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
        raise DatasetError(
            "has no sub-folder with sound files in it",
            remedy="Put the sounds of each class into a folder of its name, or give a manifest.csv (path,label)",
            where=root,
        )
    return usable(root.name, root, items, [*problems, *not_sounds(files, root)])
