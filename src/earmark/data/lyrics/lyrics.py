"""Words, lines and stanzas, with their times in seconds where these are known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from earmark.errors import LyricsError

MOST_WORDS = 20_000
"""More than any song has; what is longer is a book, or no lyrics at all."""
# Times are typed by hand, and the end of a sound is known to a frame of its codec.
_TOLERANCE_S = 0.5


@dataclass(frozen=True)
class Word:
    """One word as it is written, with its punctuation; its times in seconds, None where they are not known."""

    text: str
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class Line:
    """One line.

    Parameters
    ----------
    text : its words, joined by one space each.
    start_s, end_s : when it is sung, in seconds; None where that is not known.
    words : what ``text.split()`` gives, with times where they are known.
    stanza : which stanza it belongs to, counted from 0.
    """

    text: str
    start_s: float | None
    end_s: float | None
    words: tuple[Word, ...]
    stanza: int = 0


Part = TypeVar("Part", "Line", Word)


def line(text: str, start_s: float | None = None, end_s: float | None = None, *, stanza: int = 0) -> Line:
    """A line whose words have no times of their own.

    Examples
    --------
    >>> line(" so  long ").words
    (Word(text='so', start_s=None, end_s=None), Word(text='long', start_s=None, end_s=None))
    """
    words = tuple(Word(word) for word in text.split())
    return Line(" ".join(word.text for word in words), start_s, end_s, words, stanza)


@dataclass(frozen=True)
class Lyrics:
    """The words of one song.

    Parameters
    ----------
    lines : in order, none of them empty.
    language : as the file names it ("en", "eng", "English"); None where it does not.
    source : the file, or where in it.
    """

    lines: tuple[Line, ...]
    language: str | None = None
    source: str = ""

    @cached_property
    def text(self) -> str:
        """All lines, one below the other, stanzas parted by an empty line: what a text model reads."""
        parts: list[str] = []
        for before, this in zip((None, *self.lines), self.lines, strict=False):
            if before is not None:
                parts.append("\n" if before.stanza == this.stanza else "\n\n")
            parts.append(this.text)
        return "".join(parts)

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def timed(self) -> bool:
        """Whether the times of all lines are known."""
        return all(line.start_s is not None for line in self.lines)

    def check_times(self, duration_s: float) -> None:
        """Raise if a line or word is sung after the end of a sound of ``duration_s`` seconds.

        Raises
        ------
        LyricsError
            Naming the first such line; half a second is let pass.
        """
        for number, this in enumerate(self.lines, start=1):
            for part in _parts(this):
                begin, end = part.start_s or 0.0, part.end_s or 0.0
                if max(begin, end) > duration_s + _TOLERANCE_S:
                    when = f"at {begin:.2f} s" if begin > duration_s + _TOLERANCE_S else f"until {end:.2f} s"
                    raise LyricsError(
                        f"line {number} ({_short(this.text)!r}) is sung {when}, the sound ends at {duration_s:.2f} s",
                        remedy="Give the lyrics of this recording, or the whole of it",
                        where=self.source,
                    )

    def part(self, start_s: float, end_s: float | None = None) -> Lyrics:
        """The words that are sung in a part of the sound, their times counted from its start.

        Where words have times, those whose middle lies in the part are kept; else the lines whose middle does. Without
        times nothing is known about parts, and all words are kept.

        Raises
        ------
        LyricsError
            If nothing is sung in it.
        """
        if not self.timed:
            return self
        end = math.inf if end_s is None else end_s
        kept = [found for found in (_cut(this, start_s, end) for this in self.lines) if found is not None]
        if not kept:
            raise LyricsError(
                f"nothing is sung from {start_s:g} to {end:g} s", remedy="Choose another part", where=self.source
            )
        return replace(self, lines=tuple(kept))


def lyrics_of(lines: Iterable[Line], *, language: str | None = None, source: str = "") -> Lyrics:
    """Lyrics from lines, checked.

    Raises
    ------
    LyricsError
        If there are no words, nothing but headers in brackets, more than ``MOST_WORDS`` words, or times that run
        backwards.

    Examples
    --------
    >>> lyrics_of([line("one two"), line("three", stanza=1)]).text
    'one two\\n\\nthree'
    """
    kept = tuple(this for this in lines if this.words)
    check_text("\n".join(this.text for this in kept), source)
    for number, this in enumerate(kept, start=1):
        for part in _parts(this):
            _check_order(part, number, this, source)
    return Lyrics(kept, language or None, source)


def lyrics_from_text(text: str, *, language: str | None = None, source: str = "") -> Lyrics:
    """Plain text as lyrics: a line a line, stanzas parted by empty lines.

    Raises
    ------
    LyricsError
        As ``lyrics_of``.
    """
    return lyrics_of(plain_lines(text.splitlines()), language=language, source=source)


def plain_lines(texts: Sequence[str]) -> list[Line]:
    """Lines without times; empty ones part stanzas."""
    found: list[Line] = []
    stanza, open_ = 0, False
    for text in texts:
        if text.strip():
            found.append(line(text, stanza=stanza))
            open_ = True
        elif open_:
            stanza, open_ = stanza + 1, False
    return found


def is_header(text: str) -> bool:
    """Whether a line is a header in brackets, such as ``[Chorus]`` or ``(Verse 2)``, and not sung.

    In round brackets much is sung, so that only the usual names of parts count there.

    Examples
    --------
    >>> is_header("[Verse 1: Ann]"), is_header("(Chorus)"), is_header("(oh yeah)")
    (True, True, False)
    """
    inside = text.strip()
    if len(inside) < 2:
        return False
    # Brackets may hold others; what stands beside them is sung: "[Ann] love me [Bo]".
    if not _BRACKETS.sub("", _BRACKETS.sub("", inside)).strip():
        return True
    named = inside.strip("()*:- 0123456789x").casefold().split()
    wrapped = inside[0] + inside[-1] == "()" or inside.endswith(":")
    return wrapped and bool(named) and named[0].rstrip(":") in PARTS and len(named) <= 2


_BRACKETS = re.compile(r"\[[^\[\]{}]*\]|\{[^\[\]{}]*\}")
PARTS = frozenset({
    "verse", "chorus", "bridge", "intro", "outro", "pre-chorus", "prechorus", "post-chorus", "hook", "refrain",
    "interlude", "solo", "instrumental", "break", "breakdown", "strophe", "refrão", "estribillo", "couplet", "coro",
    "strofa", "ritornello", "zwischenspiel", "spoken", "repeat",
})  # fmt: skip


def check_text(text: str, source: object) -> None:
    """Raise if a text is no lyrics: empty, nothing but headers, or more than ``MOST_WORDS`` words.

    Raises
    ------
    LyricsError
        As said.
    """
    count = len(text.split())
    if count > MOST_WORDS:
        raise LyricsError(
            f"holds {count:,} words, a song at most {MOST_WORDS:,}",
            remedy="Give the words of this song alone",
            where=source,
        )
    sung = [part for part in text.splitlines() if part.strip() and not is_header(part)]
    if count and not sung:
        headers = ", ".join(_short(part.strip()) for part in text.splitlines()[:3])
        raise LyricsError(
            f"holds nothing but headers ({headers})", remedy="Give the words that are sung as well", where=source
        )
    if not any(character.isalnum() for part in sung for character in part):
        raise LyricsError(
            "holds no words", remedy="Give the words, or none: a song may be without lyrics", where=source
        )


def _parts(this: Line) -> list[Line | Word]:
    return [this, *this.words]


def _check_order(part: Line | Word, number: int, this: Line, source: str) -> None:
    for time in (part.start_s, part.end_s):
        if time is not None and not (math.isfinite(time) and time >= 0):
            raise LyricsError(
                f"line {number} ({_short(this.text)!r}) has the time {time:g} s",
                remedy="Give seconds from the start of the song, 0 or more",
                where=source,
            )
    if part.start_s is not None and part.end_s is not None and part.end_s < part.start_s:
        raise LyricsError(
            f"line {number} ({_short(this.text)!r}) ends at {part.end_s:g} s, before it begins at {part.start_s:g} s",
            remedy="Mend its times",
            where=source,
        )


def _cut(this: Line, start_s: float, end_s: float) -> Line | None:
    if all(word.start_s is not None for word in this.words):
        kept = tuple(_moved(word, start_s) for word in this.words if _inside(word, start_s, end_s))
    else:
        kept = tuple(_moved(word, start_s) for word in this.words) if _inside(this, start_s, end_s) else ()
    if not kept:
        return None
    moved = replace(this, text=" ".join(word.text for word in kept), words=kept)
    first = this.start_s if kept[0].start_s is None else kept[0].start_s + start_s
    last = this.end_s if kept[-1].end_s is None else kept[-1].end_s + start_s
    return _moved(replace(moved, start_s=first, end_s=last), start_s)


def _inside(part: Line | Word, start_s: float, end_s: float) -> bool:
    begin = part.start_s if part.start_s is not None else 0.0
    middle = begin if part.end_s is None else (begin + part.end_s) / 2
    return start_s <= middle < end_s


def _moved(part: Part, by_s: float) -> Part:
    begin = None if part.start_s is None else max(0.0, part.start_s - by_s)
    end = None if part.end_s is None else max(0.0, part.end_s - by_s)
    return replace(part, start_s=begin, end_s=end)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
