"""Lyrics in the tags of a sound file: ID3 (USLT, and SYLT with times), Vorbis comments, MP4 (©lyr); by mutagen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from earmark.data.lyrics.lrc import is_lrc, parse_lrc, timed_line
from earmark.data.lyrics.lyrics import Lyrics, line, lyrics_from_text, lyrics_of
from earmark.errors import LyricsError, SettingError

_VORBIS = ("syncedlyrics", "lyrics", "unsyncedlyrics", "unsynced lyrics")
_MP4 = "\xa9lyr"
_MILLISECONDS = 2


def read_tags(path: Path) -> Lyrics | None:
    """The lyrics in the tags of a sound file, those with times first; None where there are none.

    Raises
    ------
    LyricsError
        If the tags cannot be read, or as ``lyrics_of``.
    SettingError
        If mutagen is not installed.
    """
    try:
        import mutagen
    except ModuleNotFoundError as error:
        raise SettingError(
            "tags are read by the package mutagen, which is not installed",
            remedy="Run: pip install 'earmark[text]'",
            where=path,
        ) from error
    try:
        file = mutagen.File(path)
    except (mutagen.MutagenError, OSError) as error:
        raise LyricsError(f"its tags cannot be read ({error})", remedy="Tag it again", where=path) from error
    tags = None if file is None else file.tags
    if tags is None:
        return None
    if hasattr(tags, "getall"):
        return _id3(tags, path)
    language = _first(tags, ("language",))
    for key in (_MP4, *_VORBIS):
        text = _first(tags, (key,))
        if text:
            return _from_text(text, language, f"{path} ({key})")
    return None


def _id3(tags: Any, path: Path) -> Lyrics | None:
    for frame in tags.getall("SYLT"):
        if frame.text and frame.format == _MILLISECONDS:
            return _synchronised(frame.text, _language(frame.lang), f"{path} (SYLT)")
        if frame.text:
            raise LyricsError(
                "its SYLT tag counts MPEG frames, not milliseconds", remedy="Write its times again", where=path
            )
    for frame in tags.getall("USLT"):
        if frame.text.strip():
            return _from_text(frame.text, _language(frame.lang), f"{path} (USLT)")
    return None


def _synchronised(pairs: list[tuple[str, int]], language: str | None, source: str) -> Lyrics:
    """SYLT: (text, ms) pieces. Line breaks, before or behind a piece, part lines; without any, each piece is one."""
    texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text, _ in pairs]
    times = [time / 1000 for _, time in pairs]
    if not any("\n" in text for text in texts):
        ends = [*times[1:], None]
        lines = [line(*each) for each in zip(texts, times, ends, strict=True)]
        return lyrics_of(lines, language=language, source=source)
    rows: list[list[tuple[float, str]]] = [[]]
    for text, time in zip(texts, times, strict=True):
        first, *others = text.split("\n")
        # A break, or nothing at all, ends the line before it at its time.
        if first or rows[-1]:
            rows[-1].append((time, first))
        elif not others:
            rows[-2:][0].append((time, first))
        rows += [[(time, other)] if other else [] for other in others]
    found = []
    kept = [row for row in rows if row]
    for row, after in zip(kept, [*kept[1:], None], strict=True):
        found.append(timed_line(row, row[0][0], None if after is None else after[0][0]))
    return lyrics_of(found, language=language, source=source)


def _from_text(text: str, language: str | None, source: str) -> Lyrics:
    if is_lrc(text):
        return parse_lrc(text, language=language, source=source)
    return lyrics_from_text(text, language=language, source=source)


def _first(tags: Any, names: tuple[str, ...]) -> str | None:
    for name in names:
        try:
            values = tags[name]
        except (KeyError, ValueError):  # Vorbis comments take only ASCII keys
            continue
        value = values[0] if isinstance(values, list) else values
        if str(value).strip():
            return str(value)
    return None


def _language(code: str) -> str | None:
    # ID3's ways of saying nothing.
    return None if code.strip("\0 ").lower() in ("", "xxx", "und") else code
