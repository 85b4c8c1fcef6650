"""Nine emotions from valence and energy, as in *MusicLIME* (Sotirou et al. 2024), with cuts at 0.35 and 0.65."""

from __future__ import annotations

import math
from collections.abc import Mapping

from earmark.errors import DatasetError

# Low, middle and high valence; in each from low to high energy.
EMOTIONS = (
    ("depressed", "sad", "angry"),
    ("calm", "neutral", "tense"),
    ("relaxed", "happy", "excited"),
)
LOW, HIGH = 0.35, 0.65


def emotion(valence: float, energy: float) -> str:
    """One of nine emotions; either number is low below 0.35, high above 0.65, and in between otherwise.

    Raises
    ------
    DatasetError
        If one of them is not within 0 to 1.

    Examples
    --------
    >>> emotion(0.8, 0.9), emotion(0.5, 0.5), emotion(0.1, 0.1)
    ('excited', 'neutral', 'depressed')
    """
    for name, value in (("valence", valence), ("energy", energy)):
        if not 0.0 <= value <= 1.0:
            raise DatasetError(f"the {name} {value:g} is not within 0 to 1", remedy="Give it as Spotify does")
    return EMOTIONS[_third(valence)][_third(energy)]


def emotion_of(row: Mapping[str, str]) -> str:
    """The emotion of a row of a table with the columns ``valence`` and ``energy``.

    Raises
    ------
    DatasetError
        If one of them is no number within 0 to 1.
    """
    return emotion(_number(row["valence"]), _number(row["energy"]))


def _third(value: float) -> int:
    return 0 if value < LOW else 2 if value > HIGH else 1


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
