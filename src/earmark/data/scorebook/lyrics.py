"""The words of a sung part: syllables joined, laid out in lines, and written with their times as an .lrc file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

_PAUSE_S = 1.0
_LONGEST_LINE = 12
_COMMA_AFTER = 4


class Syllable(Protocol):
    """When it is sung in seconds, its text, and its place in the word (single, begin, middle, end)."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def syllabic(self) -> str: ...


@dataclass(frozen=True)
class SungWord:
    """A word: from its first syllable's beginning to its last one's end, in seconds."""

    start_s: float
    end_s: float
    text: str


def whole_words(syllables: Sequence[Syllable]) -> tuple[SungWord, ...]:
    """The words that are sung from their first syllable to their last; what an edge cuts is left out.

    >>> from earmark.data.scorebook.excerpt import Word
    >>> sung = [Word(0, 1, "ling", "end"), Word(1, 2, "Früh", "begin"), Word(2, 3, "lings", "end")]
    >>> whole_words(sung)
    (SungWord(start_s=1, end_s=3, text='Frühlings'),)
    >>> [word.text for word in whole_words([Word(0, 1, "di-", "single"), Word(1, 2, "vine", "single")])]
    ['divine']
    """
    found: list[SungWord] = []
    begun: list[Syllable] = []
    for syllable in syllables:
        # Some scores write the hyphen into the syllable and call each of them a word.
        after_hyphen = bool(begun) and begun[-1].text.endswith("-")
        if syllable.syllabic in ("middle", "end") or after_hyphen:
            if not begun:
                continue
            begun.append(syllable)
        else:
            # A word that is begun and not ended before the next one is taken as it stands: scores have such slips.
            if begun:
                found.append(_word(begun))
            begun = [syllable]
        if syllable.syllabic not in ("begin", "middle") and not syllable.text.endswith("-"):
            found.append(_word(begun))
            begun = []
    return tuple(found)


def lines_of(words: Sequence[SungWord]) -> Iterator[tuple[SungWord, ...]]:
    """Words in lines: a score has none; they end at a full stop, a comma after four words, a rest of 1 s."""
    line: list[SungWord] = []
    for word in words:
        if line and word.start_s - line[-1].end_s >= _PAUSE_S:
            yield tuple(line)
            line = []
        line.append(word)
        mark = word.text.rstrip("\"'’”»)")[-1:]
        if mark in tuple(".!?;:") or (mark == "," and len(line) >= _COMMA_AFTER) or len(line) == _LONGEST_LINE:
            yield tuple(line)
            line = []
    if line:
        yield tuple(line)


def lrc(words: Sequence[SungWord], *, title: str = "") -> str:
    """An .lrc file with the time of each word and, at the end of a line, of its end; hundredths of seconds.

    >>> print(lrc([SungWord(0.5, 1, "Wie"), SungWord(1, 2.25, "sich")], title="Lied"), end="")
    [ti:Lied]
    [00:00.50]<00:00.50>Wie <00:01.00>sich <00:02.25>
    """
    head = [f"[ti:{' '.join(title.split())}]"] if title else []
    body = [
        f"[{_time(line[0].start_s)}]"
        + "".join(f"<{_time(w.start_s)}>{w.text} " for w in line)
        + f"<{_time(line[-1].end_s)}>"
        for line in lines_of(words)
    ]
    return "\n".join([*head, *body]) + "\n"


def _word(syllables: Sequence[Syllable]) -> SungWord:
    parts = [*(one.text.rstrip("-") for one in syllables[:-1]), syllables[-1].text]
    return SungWord(syllables[0].start_s, syllables[-1].end_s, "".join(parts))


def _time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"
