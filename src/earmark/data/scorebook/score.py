"""Read a score: parts and notes in quarter notes, at sounding pitch, with syllables, key and tempo marks.

Repeats are not played, grace notes are left out, tied notes are one. Read by the music21 package (an extra), which is
imported here alone and only when a score is read.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from earmark.data.scorebook.collections import REMEDY
from earmark.errors import DatasetError, SettingError

SUFFIXES = (".mxl", ".musicxml", ".xml", ".mid", ".midi", ".krn", ".abc")


@dataclass(frozen=True)
class ScoreNote:
    """One note: begin and length in quarter notes, MIDI pitch, syllable sung ("" for none) and its place in the word.

    ``syllabic`` is "single", "begin", "middle" or "end", as MusicXML has it; "" where there is no syllable.
    """

    onset: float
    length: float
    pitch: int
    syllable: str = ""
    syllabic: str = ""


@dataclass(frozen=True)
class ScorePart:
    """One part: its name, the General MIDI program that the score names (from 0; None for none), and its notes."""

    name: str
    program: int | None
    notes: tuple[ScoreNote, ...]

    @property
    def sung(self) -> bool:
        """Whether it has words."""
        return any(note.syllable for note in self.notes)


@dataclass(frozen=True)
class Score:
    """A score.

    Parameters
    ----------
    title : as the file has it; "" where it has none.
    parts : those with notes.
    length : in quarter notes.
    fifths : sharps (positive) or flats (negative) of the first key signature; None where there is none.
    tempos : (quarter notes from the start, quarter notes per minute) of its tempo marks.
    left_out : parts, or kinds of notes, that cannot be played, each told in a clause.
    """

    title: str
    parts: tuple[ScorePart, ...]
    length: float
    fifths: int | None
    tempos: tuple[tuple[float, float], ...]
    left_out: tuple[str, ...]


def read_score(path: Path, number: int | None = None) -> Score:
    """Read a MusicXML, MIDI, Humdrum or ABC file.

    Parameters
    ----------
    path : the file.
    number : of an ABC file with several tunes, the ``X:`` number of the one that is meant.

    Raises
    ------
    DatasetError
        If it is missing, no score, or has no notes.
    SettingError
        If music21 is not installed.
    """
    if not path.is_file():
        raise DatasetError("no such score", remedy="Check the path and its spelling", where=path)
    try:
        from music21 import converter
    except ModuleNotFoundError as error:
        raise SettingError(
            "scores are read by the package music21, which is not installed", remedy=REMEDY, where=path
        ) from error
    with warnings.catch_warnings():
        # Remarks on engraving, such as a bar that is too full by a 64th.
        warnings.simplefilter("ignore")
        try:
            if path.suffix.lower() in (".mid", ".midi"):
                # Given the path of a damaged one, music21 leaves it open.
                parsed = converter.parseData(path.read_bytes(), format="midi")
            elif number is None:
                parsed = converter.parseFile(path, forceSource=True, storePickle=False)
            else:
                parsed = converter.parseData(_tune(path, number), format="abc")
            score = _score(parsed)
        except DatasetError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise DatasetError(
                f"is no score that can be read ({reason})", remedy="Leave it out, or export it again", where=path
            ) from error
    if not score.parts:
        why = f" ({'; '.join(score.left_out)})" if score.left_out else ""
        raise DatasetError(f"has no notes with a pitch{why}", remedy="Leave it out", where=path)
    return score


def _tune(path: Path, number: int) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    found = re.search(rf"^X:\s*{number}\s*$.*?(?=^X:|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise DatasetError(f"has no tune {number}", remedy="Choose another", where=path)
    return found.group()


def _score(parsed: Any) -> Score:
    from music21 import instrument, tempo
    from music21 import metadata as titles
    from music21 import stream as streams

    opus = parsed.scores.first() if isinstance(parsed, streams.Opus) else parsed
    if any(i.transposition is not None for i in opus.recurse().getElementsByClass(instrument.Instrument)):
        opus = opus.toSoundingPitch()
    parts: dict[str, ScorePart] = {}
    left_out: list[str] = []
    for at, part in enumerate(opus.parts):
        # The staves of a piano are read as parts P2-Staff1, P2-Staff2.
        key = re.sub(r"-Staff\d+$", "", str(part.id)) if isinstance(part, streams.PartStaff) else f"{at}"
        flat = part.flatten()
        notes = _untied(_notes(flat))
        unpitched = len(flat.getElementsByClass("Unpitched")) + len(flat.getElementsByClass("PercussionChord"))
        name = " ".join(str(part.partName or "").split())
        if unpitched:
            left_out.append(f"{unpitched} notes of percussion in {name or 'a part without a name'}")
        if not notes:
            continue
        before = parts.get(key)
        if before is not None:
            notes = [*before.notes, *notes]
        notes.sort(key=lambda note: (note.onset, note.pitch))
        first = part.getInstruments(returnDefault=False, recurse=True).first()
        program = first.midiProgram if first is not None else None
        parts[key] = ScorePart(name, program, tuple(notes))
    signature = opus.recurse().getElementsByClass("KeySignature").first()
    about = opus.getElementsByClass(titles.Metadata).first()
    marks: dict[float, float] = {}
    for mark in opus.recurse().getElementsByClass(tempo.MetronomeMark):
        quarters = mark.getQuarterBPM()
        if quarters:
            marks.setdefault(float(mark.getOffsetInHierarchy(opus)), float(quarters))
    return Score(
        title=str(about.bestTitle or "") if about is not None else "",
        parts=tuple(parts.values()),
        length=max((note.onset + note.length for part in parts.values() for note in part.notes), default=0.0),
        fifths=int(signature.sharps) if signature is not None else None,
        tempos=tuple(sorted(marks.items())),
        left_out=tuple(left_out),
    )


def _notes(flat: Any) -> Iterator[tuple[ScoreNote, bool]]:
    """Notes by onset, and whether each is tied to what sounds before it."""
    for element in flat.notes:
        length = float(element.quarterLength)
        unpitched = "Unpitched" in element.classes or "PercussionChord" in element.classes
        if length <= 0 or unpitched or not hasattr(element, "pitches") or "ChordSymbol" in element.classes:
            continue
        sung = element.lyrics[0] if element.lyrics else None
        text = unicodedata.normalize("NFC", sung.text or "").strip() if sung is not None else ""
        heads = element.notes if "Chord" in element.classes else (element,)
        top = max(int(head.pitch.midi) for head in heads)
        for head in heads:
            pitch = int(head.pitch.midi)
            words = (text, str(sung.syllabic or "single")) if sung is not None and text and pitch == top else ("", "")
            tie = head.tie or element.tie
            tied = tie is not None and tie.type in ("stop", "continue")
            yield ScoreNote(float(element.offset), length, pitch, *words), tied


def _untied(notes: Iterable[tuple[ScoreNote, bool]]) -> list[ScoreNote]:
    """One note for all that are tied to each other; a tie from nothing begins a note."""
    whole: list[ScoreNote] = []
    sounding: dict[int, int] = {}
    for note, tied in notes:
        before = sounding.get(note.pitch)
        if tied and before is not None and abs(whole[before].onset + whole[before].length - note.onset) < 1e-4:
            whole[before] = replace(whole[before], length=whole[before].length + note.length)
            continue
        sounding[note.pitch] = len(whole)
        whole.append(note)
    return whole
