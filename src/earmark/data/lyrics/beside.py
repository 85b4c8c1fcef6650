"""The lyrics that lie beside a sound: a file that is named like it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from earmark.data.lyrics.read import read_lyrics
from earmark.errors import LyricsError

BESIDE = (".lrc", ".srt", ".vtt", ".lines.csv", ".csv", ".json", ".txt")
"""Endings in the order in which they are looked for: what has times comes first."""
# These may hold anything: they count where they are lyrics.
_ANYTHING = (".csv", ".json")


@dataclass(frozen=True)
class Beside:
    """What lies beside a sound.

    Parameters
    ----------
    path : the lyrics; None where there are none.
    others : lyrics that come after these in order, and are left aside.
    refused : a file that could have been lyrics and is none, and why; "" where there is no such file.
    """

    path: Path | None
    others: tuple[Path, ...] = ()
    refused: str = ""


def lyrics_beside(sound: Path) -> Beside:
    """Look for lyrics beside a sound; ``song.lrc`` or ``song.lines.csv`` for ``song.mp3``.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name, text in (("a.txt", "so long"), ("a.lrc", "[00:01]so long"), ("a.json", "[1, 2]")):
    ...     _ = (folder / name).write_text(text)
    >>> found = lyrics_beside(folder / "a.mp3")
    >>> found.path.name, [path.name for path in found.others], found.refused[:28]
    ('a.lrc', ['a.txt'], 'a.json is no JSON of lyrics ')
    """
    found: list[Path] = []
    refused = ""
    for ending in BESIDE:
        path = sound.with_name(sound.stem + ending)
        if not path.is_file():
            continue
        if ending in _ANYTHING:
            try:
                read_lyrics(path)
            except LyricsError as error:
                refused = refused or f"{path.name} {error.fact}"
                continue
        found.append(path)
    return Beside(found[0] if found else None, tuple(found[1:]), refused)
