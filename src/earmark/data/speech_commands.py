"""Speech Commands (Warden 2018): a folder a word, files named after the speaker, and the publisher's lists."""

from __future__ import annotations

from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.sound_files import files_under, is_sound, not_sounds, told, usable
from earmark.errors import DatasetError

LISTS = {"validation_list.txt": "validation", "testing_list.txt": "test"}
# Minutes of noise to mix in; no class, and none of the lists names it.
NOISE = "_background_noise_"
_MARK = "_nohash_"


def is_speech_commands(root: Path) -> bool:
    """Whether the folder has both lists."""
    return all((root / name).is_file() for name in LISTS)


def load_speech_commands(root: Path) -> Dataset:
    """One item a recording; its track is the speaker, so that no speaker is on both sides of a split.

    ``_background_noise_`` is no class and is not loaded.

    Raises
    ------
    DatasetError
        If a list is missing or cannot be read, or no recording is there.
    """
    listed = {name: _read(root / name) for name in LISTS}
    files = [path for path in files_under(root) if path.relative_to(root).parts[0] != NOISE]
    items: list[Item] = []
    problems = not_sounds(files, root)
    splits = {line: LISTS[name] for name, lines in listed.items() for line in lines}
    for path in (path for path in files if is_sound(path)):
        where = told(path, root)
        speaker, mark, _ = path.stem.partition(_MARK)
        if path.parent == root or not mark:
            problems.append(Problem(where, f"is left out: not named WORD/SPEAKER{_MARK}0.wav"))
            continue
        label = path.relative_to(root).parts[0]
        items.append(Item(path, label, track=speaker, split=splits.get(where, "train")))
    present = {told(item.path, root) for item in items}
    for name, lines in listed.items():
        missing = [line for line in lines if line not in present]
        if missing:
            problems.append(Problem(name, f"{len(missing)} of its {len(lines)} files are missing, first {missing[0]}"))
    return usable("speech_commands", root, items, problems)


def _read(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"cannot be read ({error})", remedy="Give the folder of Speech Commands as it was unpacked", where=path
        ) from error
