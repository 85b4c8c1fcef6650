"""The files that ``--stems`` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earmark.errors import UsageError


def stem_files(given: Sequence[str] | None) -> tuple[str, ...] | None:
    """Paths of stems: those given, a folder standing for the sound files in it, in the order of their names.

    Raises
    ------
    UsageError
        If a folder holds no sound.
    """
    if not given:
        return None
    from earmark.data.sound_files import is_sound

    paths: list[str] = []
    for name in given:
        if not Path(name).is_dir():
            paths.append(name)
            continue
        inside = sorted(str(path) for path in Path(name).iterdir() if path.is_file() and is_sound(path))
        if not inside:
            raise UsageError("no sound files in this folder", remedy="Give the folder of the stems", where=name)
        paths += inside
    return tuple(paths)


def check_stems(stems: Sequence[str]) -> None:
    """That the files of stems are there.

    Raises
    ------
    UsageError
        If one is not: it may be the name of a part that is separated without any file.
    """
    for name in stems:
        if not Path(name).exists():
            raise UsageError(
                f"{name!r} is no file or folder",
                remedy="Give the files of stems, or leave it out: then harmonic and percussive part are separated",
                where="--stems",
            )
