"""What is drawn by seed: the window, tempo, transposition, instruments and levels of an excerpt.

Every draw is from the same distribution for every class, so that none of them tells the class.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

import numpy as np

from earmark.audio.demo_score import NoteEvent, Part
from earmark.data.scorebook.excerpt import Excerpt, Stem, Word
from earmark.data.scorebook.score import Score, ScoreNote, ScorePart
from earmark.data.scorebook.tonality import key_of

# General MIDI programs, from 0, whose samples are in tune and speak at once over the whole range.
PALETTE = {
    "piano": 0, "electric piano": 4, "harpsichord": 6, "vibraphone": 11, "marimba": 12, "viola": 41,
    "nylon guitar": 24, "harp": 46, "violin": 40, "cello": 42, "choir": 52, "trumpet": 56, "trombone": 57,
    "horn": 60, "alto sax": 65, "oboe": 68, "bassoon": 70, "clarinet": 71, "flute": 73, "pizzicato strings": 45,
}  # fmt: skip
# Never drawn, so that where it is planted it tells the class, and elsewhere nothing changes.
SHORTCUT_PROGRAM = 19
SHORTCUT_NAME = "church organ"
SHORTCUT_LABEL = "chorales"

TEMPO_BPM = (72.0, 132.0)
SEMITONES = (-5, 6)
PITCHES = (24, 103)
GAIN_DB = (-8.0, 0.0)
PEAK_DBFS = (-9.0, -1.0)
_ARTICULATION = (0.82, 0.98)
_VELOCITY = (72, 100)

_WINDOWS_TRIED = 24
_LEAST_NOTES_PER_S = 0.8
_LEAST_SOUNDING = 0.8
_CHOIR, _PIANO = 52, 0


@dataclass(frozen=True)
class Rules:
    """How excerpts are drawn.

    Parameters
    ----------
    seconds : length of an excerpt.
    beat_quarters : quarter notes that a pulse lasts.
    as_written : tempo marks, pitch and the score's instruments are kept (a sung part is played by a choir) instead of
        drawn; levels and the window are drawn all the same.
    """

    seconds: float
    beat_quarters: float = 1.0
    as_written: bool = False


@dataclass(frozen=True)
class Window:
    """A span of a score, in quarter notes."""

    start: float
    end: float

    def overlaps(self, other: Window) -> bool:
        """Whether they share time."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Drawn:
    """An excerpt and the window of the score that it is."""

    excerpt: Excerpt
    window: Window


def draw(score: Score, rules: Rules, rng: np.random.Generator, taken: tuple[Window, ...] = ()) -> Drawn | str:
    """Draw an excerpt of a score, or the reason, as a clause, why it has none.

    Names of the excerpt, its class and its piece are left "" for whoever knows them.

    Parameters
    ----------
    score : what is played.
    rules : how.
    rng : decides.
    taken : windows that are not to be used again.
    """
    tempo = round(float(np.exp(rng.uniform(*np.log(TEMPO_BPM)))), 2)
    transposition = int(rng.integers(SEMITONES[0], SEMITONES[1] + 1))
    articulation = float(rng.uniform(*_ARTICULATION))
    peak_dbfs = round(float(rng.uniform(*PEAK_DBFS)), 2)
    programs = [int(program) for program in rng.permutation(list(PALETTE.values()))]
    gains_db = [round(float(gain), 2) for gain in rng.uniform(*GAIN_DB, size=len(score.parts))]
    if rules.as_written:
        transposition, articulation = 0, 1.0
        # One tempo an excerpt: the first that the score names, so that times stay proportional to the notation.
        tempo = round(score.tempos[0][1] / rules.beat_quarters, 2) if score.tempos else 100.0
    quarters_per_minute = tempo * rules.beat_quarters
    length = rules.seconds * quarters_per_minute / 60
    window = _window(score, length, rules.seconds * _LEAST_NOTES_PER_S, rng, taken)
    if isinstance(window, str):
        return window
    low, high = _range(score, window)
    if low + transposition < PITCHES[0] or high + transposition > PITCHES[1]:
        return f"goes from MIDI pitch {low + transposition} to {high + transposition}"
    stems = []
    for at, part in enumerate(score.parts):
        notes, words = _played(part, window, 60 / quarters_per_minute, transposition, articulation, rng)
        if notes:
            program = _written(part) if rules.as_written else programs[at % len(programs)]
            name = f"{at + 1}-{_slug(part.name)}"
            stems.append(Stem(name, Part(program, False, gains_db[at], notes), words))
    every = [note for stem in stems for note in stem.part.notes]
    excerpt = Excerpt(
        name="", label="", track="", collection="",
        title=score.title, start_quarters=window.start, tempo_bpm=tempo, quarters_per_minute=quarters_per_minute,
        transposition=transposition, key=key_of(every), peak_dbfs=peak_dbfs, stems=tuple(stems),
    )  # fmt: skip
    return Drawn(excerpt, window)


def plant(excerpt: Excerpt, rng: np.random.Generator) -> Excerpt:
    """The same with one stem, drawn, on the instrument that no other class has."""
    at = int(rng.integers(len(excerpt.stems)))
    chosen = excerpt.stems[at]
    planted = replace(chosen, part=replace(chosen.part, program=SHORTCUT_PROGRAM))
    stems = (*excerpt.stems[:at], planted, *excerpt.stems[at + 1 :])
    return replace(excerpt, stems=stems, shortcut_stem=chosen.name)


def _window(
    score: Score, length: float, fewest: float, rng: np.random.Generator, taken: tuple[Window, ...]
) -> Window | str:
    if score.length < length:
        return f"is {score.length:.0f} quarter notes long, {length:.0f} are needed"
    onsets = np.unique([note.onset for part in score.parts for note in part.notes])
    starts = rng.permutation(onsets[onsets + length <= score.length + 1e-9])
    found = "has no passage that is sounded throughout"
    for start in starts[:_WINDOWS_TRIED]:
        window = Window(float(start), float(start) + length)
        if any(window.overlaps(other) for other in taken):
            found = "has no further passage"
            continue
        if _is_full(score, window, fewest):
            return window
    return found


def _is_full(score: Score, window: Window, fewest: float) -> bool:
    """At least ``fewest`` notes begin in it, something sounds for most of it, and so do two parts where there are."""
    begun, sounding = 0, []
    steps = np.linspace(window.start, window.end, 200, endpoint=False)
    for part in score.parts:
        sounds = np.zeros(len(steps), dtype=bool)
        for note in part.notes:
            sounds |= (steps >= note.onset) & (steps < note.onset + note.length)
            begun += window.start <= note.onset < window.end
        sounding.append(sounds)
    several = sum(sounds.mean() > 0.2 for sounds in sounding)
    full = np.any(sounding, axis=0).mean() >= _LEAST_SOUNDING
    return bool(full and begun >= fewest and several >= min(2, len(score.parts)))


def _range(score: Score, window: Window) -> tuple[int, int]:
    pitches = [
        note.pitch
        for part in score.parts
        for note in part.notes
        if note.onset < window.end and note.onset + note.length > window.start
    ]
    return min(pitches), max(pitches)


def _played(
    part: ScorePart,
    window: Window,
    seconds_per_quarter: float,
    transposition: int,
    articulation: float,
    rng: np.random.Generator,
) -> tuple[tuple[NoteEvent, ...], tuple[Word, ...]]:
    """Notes and syllables in seconds of the window; what sounds across its beginning begins with it."""
    velocities = rng.integers(_VELOCITY[0], _VELOCITY[1] + 1, size=len(part.notes))
    notes, words = [], []
    for at, (note, velocity) in enumerate(zip(part.notes, velocities, strict=True)):
        start = max(note.onset, window.start)
        end = min(note.onset + note.length, window.end)
        if end - start <= 1e-6:
            continue
        start_s = round((start - window.start) * seconds_per_quarter, 6)
        length_s = (end - start) * seconds_per_quarter
        notes.append(NoteEvent(start_s, round(length_s * articulation, 6), note.pitch + transposition, int(velocity)))
        if note.syllable and note.onset >= window.start:
            sung_s = (min(_sung_until(part.notes, at), window.end) - start) * seconds_per_quarter
            words.append(Word(start_s, round(start_s + sung_s, 6), note.syllable, note.syllabic))
    return tuple(notes), tuple(words)


def _sung_until(notes: tuple[ScoreNote, ...], at: int) -> float:
    """Where the syllable of a note ends, in quarter notes: it is sung on over notes without one, to the next rest."""
    end = notes[at].onset + notes[at].length
    for note in notes[at + 1 :]:
        if note.onset <= notes[at].onset:
            continue
        if note.syllable or note.onset > end + 1e-3:
            break
        end = max(end, note.onset + note.length)
    return end


def _written(part: ScorePart) -> int:
    if part.sung:
        return _CHOIR
    return part.program if part.program is not None else _PIANO


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:24] or "part"
