"""Kept and removed part as files beside each other."""

from __future__ import annotations

from pathlib import Path

from earmark.audio.write import write
from earmark.listen.render import Listening


def write_listening(listening: Listening, folder: str | Path, *, suffix: str = ".flac") -> tuple[Path, Path]:
    """Write ``kept`` and ``removed`` into a folder, made where it is missing; returns their paths.

    Raises
    ------
    OutputError
        If they cannot be written, or no writer knows the suffix.
    """
    folder = Path(folder)
    kept = write(listening.kept, folder / f"kept{suffix}")
    return kept, write(listening.removed, folder / f"removed{suffix}")
