"""ESC-50 and ESC-10 (Piczak 2015): the fold, the source recording and the class are in the file's name.

``1-100032-A-0.wav``: fold 1, recording 100032 on Freesound, take A, class 0. In the separate edition of ESC-10 the
class is the folder (``001 - Dog bark/1-100032-A.ogg``).
"""

from __future__ import annotations

import re
from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.sound_files import files_under, is_sound, not_sounds, told, usable
from earmark.errors import DatasetError

# Of classes 0 to 49, as in the data set's meta/esc50.csv.
CLASSES = (
    "dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow", "rain", "sea_waves",
    "crackling_fire", "crickets", "chirping_birds", "water_drops", "wind", "pouring_water", "toilet_flush",
    "thunderstorm", "crying_baby", "sneezing", "clapping", "breathing", "coughing", "footsteps", "laughing",
    "brushing_teeth", "snoring", "drinking_sipping", "door_wood_knock", "mouse_click", "keyboard_typing",
    "door_wood_creaks", "can_opening", "washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick",
    "glass_breaking", "helicopter", "chainsaw", "siren", "car_horn", "engine", "train", "church_bells", "airplane",
    "fireworks", "hand_saw",
)  # fmt: skip
ESC10 = frozenset({
    "dog", "rooster", "rain", "sea_waves", "crackling_fire", "crying_baby", "sneezing", "clock_tick", "helicopter",
    "chainsaw",
})  # fmt: skip
_NAME = re.compile(r"(\d)-(\d+)-([A-Z]\d?)(?:-(\d+))?$")


def is_esc50(root: Path) -> bool:
    """Whether most sounds in the folder (or in its ``audio``) are named as in ESC-50, class included."""
    place = root / "audio" if (root / "audio").is_dir() else root
    sounds = [path for path in place.iterdir() if is_sound(path)]
    named = [match for path in sounds if (match := _NAME.match(path.stem)) and match[4]]
    return len(named) * 2 > len(sounds) > 0


def is_esc10(root: Path) -> bool:
    """Whether the folder is the separate edition of ESC-10: folders "001 - Dog bark" with its files."""
    folders = [path for path in root.iterdir() if path.is_dir() and re.match(r"\d{3} - ", path.name)]
    return any(is_sound(path) and _NAME.match(path.stem) for folder in folders for path in folder.iterdir())


def load_esc50(root: Path) -> Dataset:
    """All fifty classes; track = source recording, fold = the publisher's.

    Raises
    ------
    DatasetError
        If no file is named as in ESC-50.
    """
    return _load(root, "esc50", frozenset(CLASSES))


def load_esc10(root: Path) -> Dataset:
    """The ten classes of ESC-10, out of ESC-50's folder or in the edition of their own.

    Raises
    ------
    DatasetError
        If no file is named as in ESC-10.
    """
    return _load(root, "esc10", ESC10)


def _load(root: Path, name: str, wanted: frozenset[str]) -> Dataset:
    files = files_under(root)
    items: list[Item] = []
    problems = not_sounds(files, root)
    for path in (path for path in files if is_sound(path)):
        match = _NAME.match(path.stem)
        label = _label(path, match[4]) if match else None
        if match is None or label is None:
            problems.append(Problem(told(path, root), "is left out: not named as in ESC-50 (1-100032-A-0.wav)"))
        elif label in wanted or match[4] is None:
            items.append(Item(path, label, track=match[2], fold=match[1]))
    if not items:
        raise DatasetError("holds no file named as in ESC-50", remedy="Give the folder of its audio", where=root)
    return usable(name, root, items, problems)


def _label(path: Path, number: str | None) -> str | None:
    if number is None:
        folder = re.match(r"\d{3} - (.+)$", path.parent.name)
        return folder[1].lower().replace(" ", "_") if folder else None
    return CLASSES[int(number)] if int(number) < len(CLASSES) else None
