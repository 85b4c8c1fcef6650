"""What can be switched off in lyrics: words, lines or stanzas; all places of one together, or each for itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from earmark.data.lyrics.lyrics import Line, Lyrics
from earmark.errors import LyricsError, SettingError

Unit = Literal["word", "line", "stanza"]
Repeated = Literal["together", "each"]
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Place:
    """Where a unit stands.

    Parameters
    ----------
    start, stop : characters of ``Lyrics.text``.
    line : number of its (first) line, from 0.
    start_s, end_s : when it is sung, in seconds; None where that is not known. A word without times of its own has
        those of its line.
    """

    start: int
    stop: int
    line: int
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class TextUnit:
    """A word, line or stanza, with all places where it counts as the same.

    Parameters
    ----------
    label : what to call it: as it is written the first time, words without the punctuation around them.
    key : in lower case and without punctuation: what two units have in common that are the same.
    places : at least one.
    """

    label: str
    key: str
    places: tuple[Place, ...]


def tokens(lyrics: Lyrics, unit: Unit = "word", repeated: Repeated = "together") -> tuple[TextUnit, ...]:
    """The units of lyrics, in the order in which they first occur.

    Parameters
    ----------
    unit : "word" (what is parted by spaces; punctuation alone is none), "line" or "stanza".
    repeated : "together" makes one unit of all places with the same words, as in *MusicLIME*; "each" one of each place.

    Raises
    ------
    SettingError
        If there is no such unit or way.
    LyricsError
        If there is no such unit in the lyrics.

    Examples
    --------
    >>> from earmark.data.lyrics.lyrics import lyrics_from_text
    >>> lyrics = lyrics_from_text("Love, love\\nis all")
    >>> [(u.label, len(u.places)) for u in tokens(lyrics)]
    [('Love', 2), ('is', 1), ('all', 1)]
    >>> len(tokens(lyrics, repeated="each")), len(tokens(lyrics, "line"))
    (4, 2)
    """
    for name, value, known in (("unit", unit, get_args(Unit)), ("repeated", repeated, get_args(Repeated))):
        if value not in known:
            raise SettingError(f"unknown {name} {value!r}", remedy=f"Use {', '.join(known)}", where=name)
    starts = _line_starts(lyrics)
    found = {"word": _words, "line": _lines, "stanza": _stanzas}[unit](lyrics, starts)
    if not found:
        raise LyricsError(f"no {unit} in it", remedy="Give lyrics with words", where=lyrics.source)
    if repeated == "each":
        return tuple(TextUnit(label, key, (place,)) for label, key, place in found)
    grouped: dict[str, tuple[str, list[Place]]] = {}
    for label, key, place in found:
        grouped.setdefault(key, (label, []))[1].append(place)
    return tuple(TextUnit(label, key, tuple(places)) for key, (label, places) in grouped.items())


def text_with(text: str, units: Sequence[TextUnit], kept: Sequence[bool], *, placeholder: str = "") -> str:
    """The text without the units that are not kept.

    Parameters
    ----------
    text : ``Lyrics.text``.
    units : ``tokens`` of these lyrics.
    kept : one a unit. With all of them the text itself is returned, character for character.
    placeholder : stands for each place that is left out, such as "[MASK]"; by default nothing does, and spaces and
        lines that are left empty go with it, and so do stanzas.

    Examples
    --------
    >>> from earmark.data.lyrics.lyrics import lyrics_from_text
    >>> lyrics = lyrics_from_text("Love, love\\nis all")
    >>> text_with(lyrics.text, tokens(lyrics), [False, True, True])
    'is all'
    >>> text_with(lyrics.text, tokens(lyrics), [True, False, True], placeholder="…")
    'Love, love\\n… all'
    """
    if len(kept) != len(units):
        raise SettingError(f"{len(kept)} masks for {len(units)} units", remedy="Give one a unit", where="kept")
    if all(kept):
        return text
    gone = sorted((p.start, p.stop) for unit, on in zip(units, kept, strict=True) if not on for p in unit.places)
    parts, last = [], 0
    for start, stop in gone:
        parts.append(text[last:start])
        parts.append(placeholder)
        last = stop
    left = "".join([*parts, text[last:]])
    stanzas = [[" ".join(line.split()) for line in stanza.split("\n")] for stanza in left.split("\n\n")]
    told = ("\n".join(line for line in stanza if line) for stanza in stanzas)
    return "\n\n".join(stanza for stanza in told if stanza)


def folded(text: str) -> str:
    """In lower case, without punctuation around the words.

    Examples
    --------
    >>> folded("“Don't you,” (she) said!")
    "don't you she said"
    """
    return " ".join(bare for bare in (_key(_bare(word)) for word in text.split()) if bare)


def _key(word: str) -> str:
    # "é" may be written as one character or as two.
    return unicodedata.normalize("NFC", word.casefold())


def _bare(word: str) -> str:
    letters = [place for place, character in enumerate(word) if character.isalnum()]
    if not letters:
        return ""
    stop = letters[-1] + 1
    # Accents and vowel signs (of Hindi, Thai, …) that are characters of their own belong to the letter before them.
    while stop < len(word) and unicodedata.category(word[stop]).startswith("M"):
        stop += 1
    return word[letters[0] : stop]


def _line_starts(lyrics: Lyrics) -> list[int]:
    """Where each line begins in ``lyrics.text``."""
    starts, at = [], 0
    for before, this in zip((None, *lyrics.lines), lyrics.lines, strict=False):
        if before is not None:
            at += 1 if before.stanza == this.stanza else 2
        starts.append(at)
        at += len(this.text)
    return starts


def _words(lyrics: Lyrics, starts: list[int]) -> list[tuple[str, str, Place]]:
    found = []
    for number, (line, start) in enumerate(zip(lyrics.lines, starts, strict=True)):
        for match, word in zip(_WORD.finditer(line.text), line.words, strict=True):
            bare = _bare(match[0])
            if not bare:
                continue
            begin, end = (word.start_s, word.end_s) if word.start_s is not None else (line.start_s, line.end_s)
            place = Place(start + match.start(), start + match.end(), number, begin, end)
            found.append((bare, _key(bare), place))
    return found


def _lines(lyrics: Lyrics, starts: list[int]) -> list[tuple[str, str, Place]]:
    return [
        (line.text, folded(line.text), Place(start, start + len(line.text), number, line.start_s, line.end_s))
        for number, (line, start) in enumerate(zip(lyrics.lines, starts, strict=True))
    ]


def _stanzas(lyrics: Lyrics, starts: list[int]) -> list[tuple[str, str, Place]]:
    groups: dict[int, list[tuple[int, Line]]] = {}
    for number, line in enumerate(lyrics.lines):
        groups.setdefault(line.stanza, []).append((number, line))
    found = []
    for members in groups.values():
        (first, opening), (last, closing) = members[0], members[-1]
        stop = starts[last] + len(closing.text)
        label = opening.text if first == last else f"{opening.text} …"
        key = folded(" ".join(line.text for _, line in members))
        found.append((label, key, Place(starts[first], stop, first, opening.start_s, closing.end_s)))
    return found
