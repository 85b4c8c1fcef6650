"""Lyrics in the tags of a sound file: ID3 (USLT, and SYLT with times), Vorbis comments, MP4 (©lyr); by mutagen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from earmark.data.lyrics.lrc import is_lrc, parse_lrc
from earmark.data.lyrics.lyrics import Line, Lyrics, Word, lyrics_from_text, lyrics_of
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
    """SYLT: (text, ms) pieces. A piece that begins with a line break begins a line; without any, each is a line."""
    broken = any("\n" in text or "\r" in text for text, _ in pairs)
    lines: list[list[Word]] = []
    joined = False
    for index, (raw, time) in enumerate(pairs):
        text = raw.replace("\r\n", "\n").replace("\r", "\n")
        finish = pairs[index + 1][1] / 1000 if index + 1 < len(pairs) else None
        if not lines or not broken or text.startswith("\n"):
            lines.append([])
            joined = False
        parts = text.split()
        if not broken:
            lines[-1] += [Word(part) for part in parts]
        else:
            if parts and joined and not text[0].isspace():
                last = lines[-1][-1]
                lines[-1][-1] = Word(last.text + parts.pop(0), last.start_s, finish)
            lines[-1] += [Word(part, time / 1000, finish) for part in parts]
            joined = bool(lines[-1]) and not text[-1:].isspace()
    starts = _starts(pairs, broken)
    found = []
    for index, words in enumerate(lines):
        if words:
            end = starts[index + 1] if index + 1 < len(starts) else None
            found.append(Line(" ".join(word.text for word in words), starts[index], end, tuple(words)))
    return lyrics_of(found, language=language, source=source)


def _starts(pairs: list[tuple[str, int]], broken: bool) -> list[float]:
    """When each line begins, in seconds."""
    first = [n == 0 or not broken or text.startswith(("\n", "\r")) for n, (text, _) in enumerate(pairs)]
    return [time / 1000 for begins, (_, time) in zip(first, pairs, strict=True) if begins]


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
