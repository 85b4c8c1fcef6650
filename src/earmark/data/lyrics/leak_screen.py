"""What in lyrics tells the class without being sung: headers, platforms' phrases, names of artists and of classes.

Texts that were collected from web pages carry the page with them. A model learns "Embed" as readily as "love", and it
is then the page that is recognised. Names of the artist tell the artist, names of a class the class; a line that
several artists share was seldom written by all of them. A text in two languages may hold its translation.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from earmark.data.lyrics.languages import languages
from earmark.data.lyrics.lyrics import is_header
from earmark.data.lyrics.tokens import folded
from earmark.errors import SettingError

Kind = Literal["platform", "header", "artist", "class", "shared line", "two languages"]
# A phrase of a song has been sung before; that three artists share a line of three words is no accident.
_LEAST_ARTISTS = 3
_LEAST_WORDS = 3
_WORD = re.compile(r"\S+")
_FLAGS = re.IGNORECASE | re.MULTILINE
_PLATFORM: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, _FLAGS))
    for name, pattern in (
        ("You might also like", r"you might also like"),
        ("Embed", r"(?:(?<=\w)\d+embed|\d*\bembed)[ \t\r]*$"),
        ("… Contributors", r"^\W*\d+[ \t]*contributors?\b.*$"),
        ("Translations", r"^[ \t]*translations?\b.*$"),
        ("See … live", r"see [^\n]{1,60} live(?=[ \t]*get tickets)"),
        ("Get tickets", r"get tickets as low as \D{0,4}\d+"),
        ("not for commercial use", r"\**[^\n]*this lyrics is not for commercial use[^\n]*"),
        ("all rights reserved", r"^.*\ball rights reserved\b.*$"),
        ("licensed by", r"^.*\blyrics (?:licensed|powered|provided|courtesy)\b.*$"),
        ("Submit Corrections", r"submit corrections"),
        ("Writer(s)", r"^[ \t]*(?:writer\(s\)|songwriters?|written by|produced by|paroles de la chanson)[ \t]*:?.*$"),
        ("web address", r"(?:https?://|www\.)\S+"),
        ("name of a site", r"\b(?:azlyrics|musixmatch|genius\.com|lyricfind|metrolyrics|songtexte\.com|vagalume)\S*"),
    )
)
# "Song Title Lyrics" opens the texts of one site; in a later line somebody may sing about lyrics.
_TITLE = re.compile(r"\A[^\n]{1,100}\bLyrics[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True)
class Leak:
    """One string that tells the class without being sung.

    Parameters
    ----------
    kind : what it is.
    string : the phrase's usual form; of headers, names and lines, as first found; of two languages, their names.
    counts : a class, texts of it that have the string; classes without are left out.
    share : the greatest share of a class's texts that have it, less the smallest of any class: 1 tells all, 0 nothing.
    """

    kind: Kind
    string: str
    counts: Mapping[str, int]
    share: float


@dataclass(frozen=True)
class LeakTable:
    """All that was found.

    Parameters
    ----------
    rows : the most telling first.
    texts : a class, how many texts it has.
    words : words of which more than half of the occurrences lie in such strings, with the kinds of these.
    """

    rows: tuple[Leak, ...]
    texts: Mapping[str, int]
    words: Mapping[str, tuple[Kind, ...]]

    def kinds_of(self, text: str) -> tuple[Kind, ...]:
        """Why a word, line or stanza is suspect; empty where it is not. Case and punctuation do not matter."""
        key = folded(text)
        found: dict[Kind, None] = dict.fromkeys(self.words.get(key, ()))
        for row in self.rows:
            if row.kind in ("class", "artist", "shared line") and folded(row.string) == key:
                found[row.kind] = None
        for kind, _, _, _ in _platform(text):
            found[kind] = None
        return tuple(found)

    def __str__(self) -> str:
        """One line a string: kind, string, and in how many texts of each class."""
        told = []
        for row in self.rows:
            classes = ", ".join(f"{label} {count} of {self.texts[label]}" for label, count in row.counts.items())
            told.append(f"{row.kind}: {row.string!r} in {classes}")
        return "\n".join(told)


def leak_screen(texts: Sequence[str], labels: Sequence[str], artists: Sequence[str | None] | None = None) -> LeakTable:
    """Find what tells the class without being sung.

    Parameters
    ----------
    texts : lyrics.
    labels : the class of each.
    artists : the artist of each, where known. Each is looked for in its own texts. A shared line needs three artists,
        or three texts where they are not known.

    Raises
    ------
    SettingError
        If there are not as many labels or artists as texts.

    Examples
    --------
    >>> table = leak_screen(["love me do12Embed", "my metal heart", "so long"], ["pop", "metal", "pop"])
    >>> print(table)
    class: 'metal' in metal 1 of 1
    platform: 'Embed' in pop 1 of 2
    """
    known = list(artists) if artists is not None else [None] * len(texts)
    if not len(texts) == len(labels) == len(known):
        raise SettingError(
            f"{len(texts)} texts, {len(labels)} labels, {len(known)} artists",
            remedy="Give one label, and one artist or none, a text",
            where="labels",
        )
    sizes = Counter(labels)
    shared = _shared_lines(texts, known)
    having: dict[tuple[Kind, str], Counter[str]] = defaultdict(Counter)
    shown: dict[tuple[Kind, str], str] = {}
    inside: Counter[str] = Counter()
    of_kind: dict[str, dict[Kind, None]] = defaultdict(dict)
    total: Counter[str] = Counter()
    for text, label, artist in zip(texts, labels, known, strict=True):
        total.update(folded(text).split())
        seen: set[tuple[Kind, str]] = set()
        covered: set[int] = set()
        for kind, name, start, stop in _found(text, sorted(sizes), artist, shared):
            seen.add((kind, name.casefold()))
            shown.setdefault((kind, name.casefold()), name)
            for match in _WORD.finditer(text, start, stop):
                for word in folded(match[0]).split():
                    of_kind[word][kind] = None
                    # Strings may overlap: each place counts once.
                    inside[word] += match.start() not in covered
                covered.add(match.start())
        mixed = languages(text)
        if len(mixed) > 1:
            name = " and ".join(sorted(mixed))
            seen.add(("two languages", name))
            shown["two languages", name] = name
        for key in seen:
            having[key][label] += 1
    rows = []
    for key, counts in having.items():
        shares = [counts[label] / size for label, size in sizes.items()]
        told = {label: counts[label] for label in sorted(counts)}
        rows.append(Leak(key[0], shown[key], told, max(shares) - min(shares)))
    rows.sort(key=lambda row: (-row.share, -sum(row.counts.values()), row.kind, row.string))
    words_told = {word: tuple(of_kind[word]) for word in sorted(inside) if 2 * inside[word] > total[word]}
    return LeakTable(tuple(rows), {label: sizes[label] for label in sorted(sizes)}, words_told)


def strip_boilerplate(text: str) -> str:
    """The text without headers in brackets and platforms' phrases; names and shared lines stay, since they may be sung.

    Examples
    --------
    >>> strip_boilerplate("[Chorus]\\nlove me do\\nYou might also like[Verse]\\nso long12Embed")
    'love me do\\n\\nso long'
    """
    spans = sorted((start, stop) for _, _, start, stop in _platform(text))
    parts, last = [], 0
    for start, stop in spans:
        parts.append(text[last : max(last, start)])
        last = max(last, stop)
    left = "".join([*parts, text[last:]])
    stanzas = re.split(r"\n[ \t]*\n", left)
    kept = ("\n".join(line for line in stanza.split("\n") if line.strip()) for stanza in stanzas)
    return "\n\n".join(stanza for stanza in kept if stanza)


def _platform(text: str) -> Iterator[tuple[Kind, str, int, int]]:
    """Headers and platforms' phrases: kind, name, and where."""
    at = 0
    for line in text.split("\n"):
        if is_header(line):
            yield "header", line.strip(), at, at + len(line)
        else:
            for match in re.finditer(r"\[[^\[\]\n]{1,80}\]", line):
                yield "header", match[0], at + match.start(), at + match.end()
        at += len(line) + 1
    title = _TITLE.match(text)
    if title is not None:
        yield "platform", "… Lyrics", title.start(), title.end()
    for name, pattern in _PLATFORM:
        for match in pattern.finditer(text):
            yield "platform", name, match.start(), match.end()


def _found(
    text: str, classes: Sequence[str], artist: str | None, shared: Mapping[str, str]
) -> Iterator[tuple[Kind, str, int, int]]:
    yield from _platform(text)
    for kind, names in (("class", classes), ("artist", [artist] if artist else [])):
        for name in names:
            for match in _as_words(name).finditer(text):
                yield kind, name, match.start(), match.end()  # type: ignore[misc]  # mypy widens the literals
    at = 0
    for line in text.split("\n"):
        key = folded(line)
        if key in shared:
            yield "shared line", shared[key], at, at + len(line)
        at += len(line) + 1


def _as_words(name: str) -> re.Pattern[str]:
    # "Hip-Hop" is also found as "hip hop" and "hiphop".
    parts = [re.escape(part) for part in re.split(r"[\s\-_]+", name.strip()) if part]
    if not parts:  # "-" stands for no name
        return re.compile(r"(?!)")
    return re.compile(r"(?<!\w)" + r"[\s\-_]?".join(parts) + r"(?!\w)", re.IGNORECASE)


def _shared_lines(texts: Sequence[str], artists: Sequence[str | None]) -> dict[str, str]:
    """Folded lines that several artists have, with how they are written first."""
    owners: dict[str, set[str]] = defaultdict(set)
    written: dict[str, str] = {}
    for place, (text, artist) in enumerate(zip(texts, artists, strict=True)):
        for line in text.split("\n"):
            key = folded(line)
            if len(key.split()) >= _LEAST_WORDS and strip_boilerplate(line):
                owners[key].add(artist if artist is not None else f"#{place}")
                written.setdefault(key, line.strip())
    return {key: written[key] for key, of in owners.items() if len(of) >= _LEAST_ARTISTS}
