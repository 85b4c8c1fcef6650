"""The notes of the demo track: a short dance tune in A minor, 120 beats a minute, so that a bar lasts 2 s.

=====  =========  ==========  =======================================
bars   seconds    section     what plays
=====  =========  ==========  =======================================
1-2    0-4        intro       pad
3-4    4-8        build       pad, chords
5-8    8-16       verse       drums, bass, chords
9-10   16-20      chorus      drums, bass, chords, pad, lead
11-12  20-24      break       pad, lead (no drums, no bass)
13-15  24-30      chorus      drums, bass, chords, pad, lead
=====  =========  ==========  =======================================

Stems enter and leave on bar lines, so each one's times are known exactly (``SPANS``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LENGTH_S = 30.0
BAR_S = 2.0
_SIXTEENTH_S = BAR_S / 16

STEMS = ("drums", "bass", "chords", "lead", "pad")

SPANS: dict[str, tuple[tuple[float, float], ...]] = {
    "drums": ((8.0, 20.0), (24.0, 30.0)),
    "bass": ((8.0, 20.0), (24.0, 30.0)),
    "chords": ((4.0, 20.0), (24.0, 30.0)),
    "lead": ((16.0, 30.0),),
    "pad": ((0.0, 8.0), (16.0, 30.0)),
}


@dataclass(frozen=True)
class NoteEvent:
    """One note: begin and length in seconds, MIDI pitch (or General MIDI drum key) and velocity."""

    start_s: float
    duration_s: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """One stem: its General MIDI program (from 0), whether it is the drum kit, its gain in dB, and its notes."""

    program: int
    is_drum: bool
    gain_db: float
    notes: tuple[NoteEvent, ...]


# Am F C G, a bar each: (root of the bass, chord).
_PROGRESSION = ((33, (57, 60, 64)), (29, (53, 57, 60)), (36, (55, 60, 64)), (31, (55, 59, 62)))

# General MIDI drum keys.
_KICK, _CLAP, _SNARE, _CLOSED_HAT, _OPEN_HAT, _CRASH = 36, 39, 40, 42, 46, 49

# Four bars of melody: (sixteenth in the bar, length in sixteenths, pitch).
_MELODY = (
    ((0, 3, 76), (3, 3, 72), (6, 2, 74), (8, 4, 76), (12, 4, 81)),
    ((0, 3, 79), (3, 3, 77), (6, 2, 76), (8, 6, 72), (14, 2, 74)),
    ((0, 3, 76), (3, 3, 79), (6, 2, 76), (8, 4, 84), (12, 4, 79)),
    ((0, 3, 83), (3, 3, 79), (6, 2, 74), (8, 8, 79)),
)


def parts() -> dict[str, Part]:
    """The stems' parts by name, in the order of ``STEMS``: TR-808 kit, synth bass, polysynth, saw lead, warm pad."""
    return {
        "drums": Part(25, True, 0.0, tuple(_drums())),
        "bass": Part(38, False, -3.5, tuple(_bass())),
        "chords": Part(90, False, -3.0, tuple(_chords())),
        "lead": Part(81, False, -0.5, tuple(_lead())),
        "pad": Part(89, False, -3.5, tuple(_pad())),
    }


def _bars(stem: str) -> Iterator[tuple[int, float]]:
    """(bar from 0, its begin in seconds) of the bars in which the stem plays."""
    for start_s, end_s in SPANS[stem]:
        for bar in range(round(start_s / BAR_S), round(end_s / BAR_S)):
            yield bar, bar * BAR_S


def _at(bar_s: float, sixteenth: float) -> float:
    return bar_s + sixteenth * _SIXTEENTH_S


def _drums() -> Iterator[NoteEvent]:
    firsts = {round(start / BAR_S) for start, _ in SPANS["drums"]} | {8}
    for bar, s in _bars("drums"):
        if bar in firsts:
            yield NoteEvent(s, BAR_S, _CRASH, 100)
        for beat in range(4):
            yield NoteEvent(_at(s, 4 * beat), 0.2, _KICK, 127)
            yield NoteEvent(_at(s, 4 * beat + 2), 0.12, _OPEN_HAT, 92)
        for beat in (1, 3):
            yield NoteEvent(_at(s, 4 * beat), 0.2, _CLAP, 112)
            yield NoteEvent(_at(s, 4 * beat), 0.2, _SNARE, 84)
        for sixteenth in range(16):
            if sixteenth % 4 != 2:
                yield NoteEvent(_at(s, sixteenth), 0.06, _CLOSED_HAT, 84 if sixteenth % 4 == 0 else 62)
        if bar in (9, 14):  # a fill into the break and into the end
            for sixteenth, velocity in ((10, 78), (11, 86), (13, 98), (14, 108), (15, 118)):
                yield NoteEvent(_at(s, sixteenth), 0.1, _SNARE, velocity)


def _bass() -> Iterator[NoteEvent]:
    for bar, s in _bars("bass"):
        root, _ = _PROGRESSION[bar % 4]
        for beat in range(4):  # off the beat, around the kick
            yield NoteEvent(_at(s, 4 * beat + 2), 0.22, root, 112)
            yield NoteEvent(_at(s, 4 * beat + 3), 0.11, root + 12, 92)


def _chords() -> Iterator[NoteEvent]:
    for bar, s in _bars("chords"):
        _, chord = _PROGRESSION[bar % 4]
        for sixteenth in (0, 3, 6, 10, 13):
            for pitch in chord:
                yield NoteEvent(_at(s, sixteenth), 0.19, pitch + 12, 96 if sixteenth == 0 else 84)


def _lead() -> Iterator[NoteEvent]:
    for bar, s in _bars("lead"):
        for sixteenth, length, pitch in _MELODY[bar % 4]:
            yield NoteEvent(_at(s, sixteenth), length * _SIXTEENTH_S * 0.92, pitch, 98)


def _pad() -> Iterator[NoteEvent]:
    for bar, s in _bars("pad"):
        root, chord = _PROGRESSION[bar % 4]
        for pitch in (root + 12, *chord):
            yield NoteEvent(s, BAR_S, pitch, 88)
