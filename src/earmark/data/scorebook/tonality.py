"""The key of notes: the major or minor key whose profile the durations of the pitch classes resemble most.

Source: Krumhansl (1990), Cognitive Foundations of Musical Pitch, chapter 4: the correlation of the total duration of
each pitch class with the Krumhansl-Kessler (1982) probe-tone ratings of the 24 keys.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from earmark.audio.demo_score import NoteEvent

TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def key_of(notes: Iterable[NoteEvent]) -> str:
    """The key, e.g. "G major" or "F# minor"; "" when no pitch class lasts longer than another.

    Examples
    --------
    >>> scale = (62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62)
    >>> key_of(NoteEvent(at, 1.0, pitch, 80) for at, pitch in enumerate(scale))
    'D major'
    """
    durations = np.zeros(12)
    for note in notes:
        durations[note.pitch % 12] += note.duration_s
    if np.ptp(durations) == 0:
        return ""
    fits = {
        f"{TONICS[tonic]} {mode}": float(np.corrcoef(durations, np.roll(profile, tonic))[0, 1])
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic in range(12)
    }
    return max(fits, key=lambda name: fits[name])
