"""LRC: a line of song a line of text, with its time in front, ``[01:23.45]``; in enhanced LRC each word has one too.

A line with several times is sung several times. An empty line with a time ends the one before. ``[offset:+500]`` means
that all of it is sung half a second earlier. Syllables that touch (``<..>hel<..>lo``) are one word.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from earmark.data.lyrics.lyrics import Line, Lyrics, Word, lyrics_of
from earmark.errors import LyricsError

_TIME = r"(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)"
_STAMP = re.compile(rf"\[{_TIME}\]")
_INNER = re.compile(rf"<{_TIME}>")
_HEADER = re.compile(r"\[\s*([A-Za-z#][\w#]*)\s*:(.*)\]\s*$")
_LANGUAGE = ("la", "lang", "language")


def is_lrc(text: str) -> bool:
    """Whether some line of a text begins with a time in brackets."""
    return any(_STAMP.match(part.strip()) for part in text.splitlines())


def parse_lrc(text: str, *, language: str | None = None, source: str = "") -> Lyrics:
    """Lyrics from LRC, in the order in which they are sung.

    Raises
    ------
    LyricsError
        If a line of words has no time, or as ``lyrics_of``.

    Examples
    --------
    >>> found = parse_lrc("[la:en]\\n[00:01.50]so long\\n[00:04.00]")
    >>> found.language, found.lines[0].start_s, found.lines[0].end_s
    ('en', 1.5, 4.0)
    """
    offset_s = 0.0
    rows: list[tuple[float, str, bool, float]] = []
    parted = False
    for number, raw in enumerate(text.splitlines(), start=1):
        stamps, rest = _stamps(raw.strip())
        header = _HEADER.match(rest) if not stamps else None
        if header is not None:
            key, value = header[1].lower(), header[2].strip()
            if key == "offset":
                offset_s = _offset(value, number, source)
            elif key in _LANGUAGE:
                language = language or value
        elif stamps:
            told_s = _told_for(stamps, rest)
            rows += [(time, rest, parted, time - told_s) for time in stamps]
            parted = parted and not rest
        elif rest:
            raise LyricsError(
                f"line {number} has no time: {rest[:40]!r}",
                remedy="Give it one, like [01:23.45], or save the words without times as .txt",
                where=source,
            )
        else:
            parted = True
    rows.sort(key=lambda row: row[0])
    lines: list[Line] = []
    stanza = 0
    for index, (start, words, breaks, later_s) in enumerate(rows):
        if not words:
            stanza += bool(lines) and lines[-1].stanza == stanza
            continue
        stanza += breaks and bool(lines) and lines[-1].stanza == stanza
        end = next((time for time, *_ in rows[index + 1 :] if time > start), None)
        lines.append(_line(words, start, end, stanza, later_s))
    shifted = [_shifted(line, -offset_s) for line in lines] if offset_s else lines
    return lyrics_of(shifted, language=language, source=source)


def _stamps(text: str) -> tuple[list[float], str]:
    """The times that a line begins with, in seconds, and what follows them."""
    found = []
    while match := _STAMP.match(text):
        found.append(_seconds(match))
        text = text[match.end() :].lstrip()
    return found, text


def _seconds(match: re.Match[str]) -> float:
    return int(match[1]) * 60 + float(match[2].replace(":", "."))


def _offset(text: str, number: int, source: str) -> float:
    try:
        found = float(text) / 1000
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise LyricsError(
            f"line {number} has the offset {text!r}", remedy="Give milliseconds, like [offset:500]", where=source
        )
    return found


def _told_for(stamps: list[float], text: str) -> float:
    """Of the times of a line that of the singing whose words are timed in it: the last that is not after them."""
    first = _INNER.search(text)
    before = [] if first is None else [time for time in stamps if time <= _seconds(first)]
    return max(before, default=min(stamps))


def _line(text: str, start_s: float, end_s: float | None, stanza: int, later_s: float) -> Line:
    """A line; ``later_s``: how long after the singing whose words are timed this one is."""
    stamps = list(_INNER.finditer(text))
    if not stamps:
        words = tuple(Word(word) for word in text.split())
        return Line(" ".join(word.text for word in words), start_s, end_s, words, stanza)
    # What stands before the first time begins with the line.
    ends = [match.start() for match in stamps] + [len(text)]
    pieces = [(start_s, text[: ends[0]])]
    pieces += [
        (_seconds(match) + later_s, text[match.end() : end]) for match, end in zip(stamps, ends[1:], strict=True)
    ]
    return timed_line(pieces, start_s, end_s, stanza)


def timed_line(pieces: list[tuple[float, str]], start_s: float, end_s: float | None, stanza: int = 0) -> Line:
    """A line from (time in seconds, text from then on) in order; what is not parted by a space is one word."""
    words: list[Word] = []
    touching = False
    for index, (begin, text) in enumerate(pieces):
        finish = pieces[index + 1][0] if index + 1 < len(pieces) else end_s
        parts = text.split()
        if not parts:
            touching = touching and not text
            continue
        # Of several words with one time only the first begins then, and only the last ends with it.
        last = len(parts) - 1
        made = [Word(part, None if n else begin, finish if n == last else None) for n, part in enumerate(parts)]
        if touching and not text[0].isspace():
            syllable = made.pop(0)
            words[-1] = replace(words[-1], text=words[-1].text + syllable.text, end_s=syllable.end_s)
        words += made
        touching = not text[-1].isspace()
    # The last time of a line often has no word: it is where the last word ends.
    if pieces and not pieces[-1][1].strip() and end_s is not None:
        end_s = min(end_s, pieces[-1][0])
    elif pieces and not pieces[-1][1].strip():
        end_s = pieces[-1][0]
    return Line(" ".join(word.text for word in words), start_s, end_s, tuple(words), stanza)


def _shifted(line: Line, by_s: float) -> Line:
    def moved(time: float | None) -> float | None:
        return None if time is None else max(0.0, time + by_s)

    words = tuple(Word(word.text, moved(word.start_s), moved(word.end_s)) for word in line.words)
    return Line(line.text, moved(line.start_s), moved(line.end_s), words, line.stanza)
