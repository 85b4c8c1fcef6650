"""The versions of a clip as files beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earmark.audio.write import write
from earmark.listen.render import Listening

PARTS = ("original", "kept", "removed")


def write_listening(
    listening: Listening,
    folder: str | Path,
    *,
    suffix: str = ".flac",
    parts: Sequence[str] = ("kept", "removed"),
    names: Sequence[str] | None = None,
) -> tuple[Path, ...]:
    """Write versions into a folder, made where it is missing; returns their paths.

    Parameters
    ----------
    listening : the versions.
    folder : where ``kept.flac`` and the like go.
    suffix : .flac, .wav, .ogg or .mp3.
    parts : of ``PARTS``, which ones.
    names : what to call them, without suffix; like the parts by default.

    Raises
    ------
    OutputError
        If they cannot be written.
    UnknownNameError
        If no writer knows the suffix.
    AudioError
        If the format cannot hold the clip's rate or channels.
    """
    folder = Path(folder)
    sounds = {"original": listening.original, "kept": listening.kept, "removed": listening.removed}
    called = parts if names is None else names
    return tuple(write(sounds[part], folder / f"{name}{suffix}") for part, name in zip(parts, called, strict=True))
