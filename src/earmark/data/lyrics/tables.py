"""Lyrics as tables and as JSON.

``NAME.lines.csv``: a line of song a row, columns of begin, end (seconds) and text. Where ``NAME.words.csv`` lies beside
it, its rows are the words in the same order (begin, end), as in JamendoLyrics (Durand et al. 2023). A table of
syllables (columns ``text`` and ``syllabic``, as in the data set *scorebook*) is joined into words, and cut into lines
after punctuation and at pauses of a second. JSON is what ``to_json`` gives.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from earmark.data.lyrics.decode import read_text
from earmark.data.lyrics.lyrics import Line, Lyrics, Word, line, lyrics_of
from earmark.data.tables import read_table
from earmark.errors import DatasetError, LyricsError

_TEXT = ("lyrics_line", "line", "text", "lyrics", "word")
_START = ("start_s", "start_time", "start", "word_start")
_END = ("end_s", "end_time", "end", "word_end")
_PAUSE_S = 1.0
_STOPS = tuple(".,;:!?…")


def parse_lines_csv(path: Path, *, language: str | None = None) -> Lyrics:
    """Lyrics from a table of lines (with that of words beside it), or of syllables.

    Raises
    ------
    LyricsError
        If columns are missing, a time is no number, or words and lines do not belong together.
    """
    columns, rows = _table(path)
    text = _column(path, columns, _TEXT, "text")
    start, end = _column(path, columns, _START, "begin"), _column(path, columns, _END, "end")
    times = [(_time(path, n, row[start]), _time(path, n, row[end])) for n, row in enumerate(rows, start=2)]
    if "syllabic" in columns:
        found = _from_syllables([(row[text], row["syllabic"], *t) for row, t in zip(rows, times, strict=True)])
        return lyrics_of(found, language=language, source=str(path))
    lines = [line(row[text], *t) for row, t in zip(rows, times, strict=True)]
    beside = path.with_name(path.name.removesuffix(".lines.csv") + ".words.csv")
    if path.name.endswith(".lines.csv") and beside.is_file():
        lines = _with_words(lines, beside)
    return lyrics_of(lines, language=language, source=str(path))


def to_json(lyrics: Lyrics) -> str:
    """Lyrics as JSON, for ``parse_json``."""
    document = {"language": lyrics.language, "lines": [asdict(line) for line in lyrics.lines]}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def parse_json(path: Path, *, encoding: str | None = None, language: str | None = None) -> Lyrics:
    """Lyrics from ``{"language": …, "lines": [{"text": …, "start_s": …, "end_s": …, "words": […]}]}``.

    Only ``text`` has to be there; ``words`` are ``{"text", "start_s", "end_s"}``.

    Raises
    ------
    LyricsError
        If it is no such JSON.
    """
    try:
        stored = json.loads(read_text(path, encoding))
        lines = [_line(each) for each in stored["lines"]]
        told = None if stored.get("language") is None else _text(stored["language"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LyricsError(
            f"is no JSON of lyrics ({type(error).__name__}: {error})",
            remedy='Write {"lines": [{"text": "…", "start_s": 1.5, "end_s": 3.0}]}',
            where=path,
        ) from error
    return lyrics_of(lines, language=language or told, source=str(path))


def _line(stored: dict[str, Any]) -> Line:
    plain = line(_text(stored["text"]), _number(stored.get("start_s")), _number(stored.get("end_s")))
    told = stored.get("words") or ()
    words = (
        tuple(Word(_text(w["text"]), _number(w.get("start_s")), _number(w.get("end_s"))) for w in told) or plain.words
    )
    if [word.text for word in words] != plain.text.split():
        raise ValueError(f"the words of {plain.text[:40]!r} are not its text")
    return Line(plain.text, plain.start_s, plain.end_s, words, int(stored.get("stanza", 0)))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no time in seconds")
    return float(value)


def _with_words(lines: list[Line], path: Path) -> list[Line]:
    columns, rows = _table(path)
    start, end = _column(path, columns, _START[::-1], "begin"), _column(path, columns, _END[::-1], "end")
    count = sum(len(line.words) for line in lines)
    if count != len(rows):
        raise LyricsError(
            f"has {len(rows)} words, the lines beside it {count}", remedy="Mend one of the two tables", where=path
        )
    times = iter(
        [(_time(path, number, row[start]), _time(path, number, row[end])) for number, row in enumerate(rows, start=2)]
    )
    return [
        Line(line.text, line.start_s, line.end_s, tuple(Word(word.text, *next(times)) for word in line.words))
        for line in lines
    ]


def _from_syllables(syllables: list[tuple[str, str, float, float]]) -> list[Line]:
    words: list[Word] = []
    for text, syllabic, start, end in syllables:
        if syllabic in ("middle", "end") and words:
            words[-1] = Word(words[-1].text + text, words[-1].start_s, end)
        elif text.strip():
            words.append(Word(text.strip(), start, end))
    lines: list[Line] = []
    held: list[Word] = []
    for index, word in enumerate(words):
        held.append(word)
        after = words[index + 1] if index + 1 < len(words) else None
        pause = after is None or (after.start_s or 0.0) - (word.end_s or 0.0) >= _PAUSE_S
        if pause or word.text.endswith(_STOPS):
            # A syllable may hold a space where two words share one note.
            plain = [Word(part, w.start_s, w.end_s) for w in held for part in w.text.split()]
            text = " ".join(w.text for w in plain)
            lines.append(Line(text, held[0].start_s, held[-1].end_s, tuple(plain)))
            held = []
    return lines


def _table(path: Path) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    try:
        table = read_table(path)
    except DatasetError as error:
        raise LyricsError(error.fact, remedy=error.remedy, where=path) from error
    if table.broken:
        raise LyricsError(
            f"line {table.broken[0]} has another number of values", remedy="Write the table again", where=path
        )
    return table.columns, list(table.rows)


def _column(path: Path, columns: tuple[str, ...], names: tuple[str, ...], what: str) -> str:
    found = next((name for name in names if name in columns), None)
    if found is None:
        raise LyricsError(
            f"has no column of the {what} (one of {', '.join(names)}; its columns: {', '.join(columns)[:100]})",
            remedy="Name it in the first line",
            where=path,
        )
    return found


def _time(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value:
        raise LyricsError(f"line {number} has the time {text!r}", remedy="Give seconds", where=path)
    return value
