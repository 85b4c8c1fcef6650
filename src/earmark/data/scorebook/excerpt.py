"""An excerpt: what is played, on what, how fast and how loud; all that is known about one sound of scorebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from earmark.audio.demo_score import NoteEvent, Part
from earmark.data.scorebook.lyrics import SungWord, whole_words


@dataclass(frozen=True)
class Word:
    """A syllable: when it is sung in seconds, its text, and its place in the word (single, begin, middle, end)."""

    start_s: float
    end_s: float
    text: str
    syllabic: str


@dataclass(frozen=True)
class Stem:
    """One part of an excerpt.

    Parameters
    ----------
    name : unique in the excerpt; also its file's name.
    part : program, gain and notes, in seconds of the excerpt.
    words : the syllables that it sings.
    """

    name: str
    part: Part
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """One sound, before it is played.

    Parameters
    ----------
    name : unique in the data set; also its file's name.
    label : the class.
    track : the piece.
    collection : the mass, opus, book … that the piece is from.
    title : of the piece; "" where the score has none.
    start_quarters : where in the piece it begins, in quarter notes.
    tempo_bpm : pulses per minute.
    quarters_per_minute : the same in the notation's quarter notes.
    transposition : semitones by which it is played higher than written.
    key : from the notes, as they are played (``tonality``).
    peak_dbfs : of the mix.
    stems : the parts that sound in it.
    shortcut_stem : the stem with the planted instrument; "" where there is none.
    """

    name: str
    label: str
    track: str
    collection: str
    title: str
    start_quarters: float
    tempo_bpm: float
    quarters_per_minute: float
    transposition: int
    key: str
    peak_dbfs: float
    stems: tuple[Stem, ...]
    shortcut_stem: str = ""

    @property
    def lyrics(self) -> str:
        """The words of all stems, one stem after the other; a word of which an edge cuts a syllable is left out."""
        return " ".join(word.text for stem in self.stems for word in whole_words(stem.words))

    @property
    def sung(self) -> tuple[SungWord, ...]:
        """The words of the stem that has most of them, with their times; where several have, of the first."""
        return max((whole_words(stem.words) for stem in self.stems), key=len, default=())

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def excerpt_from(document: Mapping[str, Any]) -> Excerpt:
    """The excerpt that ``document`` was made of.

    Raises
    ------
    KeyError, TypeError
        If it is none.
    """
    stems = tuple(
        Stem(
            stem["name"],
            Part(
                stem["part"]["program"],
                stem["part"]["is_drum"],
                stem["part"]["gain_db"],
                tuple(NoteEvent(**note) for note in stem["part"]["notes"]),
            ),
            tuple(Word(**word) for word in stem["words"]),
        )
        for stem in document["stems"]
    )
    return Excerpt(**{**document, "stems": stems})
