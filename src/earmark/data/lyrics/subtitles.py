"""SubRip (.srt) and WebVTT (.vtt): one cue a line of song; WebVTT may also time its words, ``<00:00:01.500>``."""

from __future__ import annotations

import html
import itertools
import re

from earmark.data.lyrics.lrc import timed_line
from earmark.data.lyrics.lyrics import Line, Lyrics, Word, lyrics_of
from earmark.errors import LyricsError

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}[.,]\d{1,3})"
_ARROW = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}(\s.*)?$")
_INNER = re.compile(rf"<{_CLOCK}>")
# Looks and voices: <i>, </c>, <v Ann>; and {\an8} of SubRip.
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")
_LANGUAGE = re.compile(r"^Language:\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
# Blocks of WebVTT that are no cues.
_SILENT = ("NOTE", "STYLE", "REGION", "WEBVTT")


def is_subtitles(text: str) -> bool:
    """Whether a text has a line of times with an arrow."""
    return any(_ARROW.match(part) for part in text.splitlines())


def parse_subtitles(text: str, *, language: str | None = None, source: str = "") -> Lyrics:
    """Lyrics from .srt or .vtt, in the order in which they are sung; the lines of one cue are one line of song.

    Raises
    ------
    LyricsError
        If a block has no times, or those of two cues, or as ``lyrics_of``.

    Examples
    --------
    >>> parse_subtitles("1\\n00:00:01,500 --> 00:00:03,000\\n<i>so</i> long\\n").lines[0].text
    'so long'
    """
    lines: list[Line] = []
    every = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    for blank, numbered in itertools.groupby(every, key=lambda row: not row[1].strip()):
        if blank:
            continue
        numbers, rows = zip(*numbered, strict=True)
        at = numbers[0]
        place = next((index for index, row in enumerate(rows) if _ARROW.match(row)), None)
        if place is None:
            if rows[0].strip().startswith("WEBVTT"):
                told = _LANGUAGE.search("\n".join(rows))
                language = language or (told[1] if told else None)
            elif not rows[0].startswith(_SILENT):
                raise LyricsError(
                    f"line {at} begins no cue: {rows[0][:40]!r}",
                    remedy="Give each cue its times, 00:00:01,500 --> 00:00:03,000, and part cues by an empty line",
                    where=source,
                )
            continue
        match = _ARROW.match(rows[place])
        if match is None:
            continue
        second = next((n for n, row in enumerate(rows) if n > place and _ARROW.match(row)), None)
        if second is not None:
            raise LyricsError(
                f"line {at + second} has times inside the cue of line {at + place}",
                remedy="Part cues by an empty line",
                where=source,
            )
        line = _cue(" ".join(rows[place + 1 :]), _seconds(match.groups()[:3]), _seconds(match.groups()[3:6]))
        if line.words:
            lines.append(line)
    lines.sort(key=lambda line: line.start_s or 0.0)
    return lyrics_of(lines, language=language, source=source)


def _cue(text: str, start_s: float, end_s: float) -> Line:
    clean = _MARKUP.sub("", text)
    stamps = list(_INNER.finditer(clean))
    if not stamps:
        words = tuple(Word(word) for word in html.unescape(clean).split())
        return Line(" ".join(word.text for word in words), start_s, end_s, words)
    ends = [match.start() for match in stamps] + [len(clean)]
    pieces = [(start_s, html.unescape(clean[: ends[0]]))]
    pieces += [
        (_seconds(match.groups()), html.unescape(clean[match.end() : end]))
        for match, end in zip(stamps, ends[1:], strict=True)
    ]
    return timed_line(pieces, start_s, end_s)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float((seconds or "0").replace(",", "."))
