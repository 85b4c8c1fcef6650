"""What the components of different clips have in common: the feature that each of them stands for.

A word is the same word in every song, a stem the same stem. Times are compared by where in the clip they lie (the n-th
tenth), bands by their edges in Hz. What belongs to one clip alone (superpixel 17, the third NMF part) has no
counterpart in another, and is refused.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from earmark.components.component import Component
from earmark.errors import ExplanationError, SettingError
from earmark.explain.explanation import Explanation
from earmark.explain.modalities import has_words, sheet_of, sound_of

# Parts of a clip where its components do not say into how many it was cut.
SEGMENTS = 10
_MOST_SEGMENTS = 20
# Each of these cuts a clip into pieces that only this clip has.
_OF_ONE_CLIP = ("superpixels", "nmf", "segments", "refined")


@dataclass(frozen=True)
class Feature:
    """What components of several clips have in common; ``name`` is unique.

    Parameters
    ----------
    name : in words, e.g. ``drums, 40–50 %``.
    kind : "word", or which of stem, band and time tell features apart ("stem × time"), or "name".
    stem, low_hz, high_hz, word : as in ``Component``.
    position : which part of the clip, counted from 0.
    """

    name: str
    kind: str
    stem: str | None = None
    position: int | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    word: str | None = None


@dataclass(frozen=True)
class Row:
    """What one feature does to one label in one clip: the sum over its components.

    ``error`` is that of a sum of independent estimates, ``level_db`` the level of their powers' sum (None if unknown).
    """

    label: str
    feature: Feature
    value: float
    error: float
    level_db: float | None


def feature_of(component: Component, duration_s: float, *, segments: int = SEGMENTS) -> Feature:
    """The feature that a component stands for.

    Parameters
    ----------
    component : of a clip.
    duration_s : of that clip, seconds.
    segments : parts of equal length into which positions are counted.

    Raises
    ------
    SettingError
        For fewer than one segment.

    Examples
    --------
    >>> feature_of(Component(start_s=12, end_s=15, stem="drums"), 30.0).name
    'drums, 40–50 %'
    >>> feature_of(Component(word="Rain,", start_s=3, end_s=4), 30.0).name
    '“rain”'
    """
    if segments < 1:
        raise SettingError(f"{segments} parts of a clip", remedy="Give 1 or more", where="segments")
    if component.word is not None:
        word = bare(component.word)
        return Feature(f"“{word}”", "word", word=word)
    parts, names = [], []
    band = component.low_hz is not None and component.high_hz is not None
    timed = component.start_s is not None and component.end_s is not None and duration_s > 0
    # A component that lasts as long as the clip is at no particular place in it.
    timed = timed and not (_at(component.start_s, duration_s) < 1e-3 and _at(component.end_s, duration_s) > 1 - 1e-3)
    if component.stem is not None:
        parts.append("stem")
        names.append(component.stem)
    if band:
        parts.append("band")
        names.append(Component(low_hz=component.low_hz, high_hz=component.high_hz).label)
    position = None
    if timed:
        centre = (_at(component.start_s, duration_s) + _at(component.end_s, duration_s)) / 2
        # The middle of a segment that ends at the border belongs to the earlier part.
        position = min(segments - 1, max(0, math.floor(centre * segments - 1e-9)))
        parts.append("time")
        names.append(f"{100 * position / segments:.3g}–{100 * (position + 1) / segments:.3g} %")
    if not parts:
        name = component.name or component.group or component.label
        return Feature(name, "name")
    return Feature(
        ", ".join(names),
        " × ".join(parts),
        component.stem,
        position,
        component.low_hz if band else None,
        component.high_hz if band else None,
    )


def segments_of(explanation: Explanation) -> int:
    """Into how many parts an explanation cuts its clip, from how long its components last; from 2 to 20, or 10."""
    duration_s = explanation.clip.duration_s
    timed = [
        c.end_s - c.start_s
        for c in explanation.components
        if c.word is None and c.start_s is not None and c.end_s is not None and c.end_s - c.start_s < 0.99 * duration_s
    ]
    if not timed:
        return SEGMENTS
    return min(_MOST_SEGMENTS, max(2, round(duration_s / float(np.median(timed)))))


def rows_of(explanation: Explanation, *, segments: int) -> Iterator[Row]:
    """One row for each target (and the predicted label) and feature.

    Raises
    ------
    ExplanationError
        If the components have no counterpart in other clips.
    """
    sound = sound_of(explanation)
    if sound is not None and sound.recipe.components in _OF_ONE_CLIP:
        raise ExplanationError(
            f"{sound.recipe.components} of one clip have no counterpart in another",
            remedy="Explain with components that all clips share (stems, time, bands, grid, words)",
            where=explanation.clip.name,
        )
    features = [feature_of(c, explanation.clip.duration_s, segments=segments) for c in explanation.components]
    names = list(dict.fromkeys(feature.name for feature in features))
    place = {name: number for number, name in enumerate(names)}
    first = {feature.name: feature for feature in reversed(features)}
    at = np.array([place[feature.name] for feature in features], dtype=np.intp)
    power = np.zeros(len(names))
    if explanation.levels_db is not None:
        np.add.at(power, at, 10 ** (explanation.levels_db / 10))
    # A word is in no sound.
    heard = [first[name].word is None for name in names]
    levels = [10 * math.log10(p) if p > 0 and on else None for p, on in zip(power, heard, strict=True)]
    predicted = predicted_of(explanation)
    for target in dict.fromkeys((predicted, *explanation.targets)):
        values = np.zeros(len(names))
        squares = np.zeros(len(names))
        np.add.at(values, at, explanation.attributions[target])
        np.add.at(squares, at, explanation.errors[target] ** 2)
        if not np.isfinite(values).all():
            raise ExplanationError(
                f"attributions for {explanation.labels[target]} are not finite",
                remedy="Explain the clip again",
                where=explanation.clip.name,
            )
        for name, value, square, level in zip(names, values, squares, levels, strict=True):
            yield Row(explanation.labels[target], first[name], float(value), math.sqrt(square), level)


def kind_of(explanation: Explanation) -> str:
    """What the components are, as far as explanations must share it: ``stems_time + words``."""
    recipe = explanation.recipe
    if not has_words(explanation):
        return recipe.components
    sound = sound_of(explanation)
    words = f"{recipe.component_settings['unit']}s"
    return words if sound is None else f"{sound.recipe.components} + {words}"


def clip_id(explanation: Explanation) -> str:
    """What tells a clip from others: its sound, and its words where it is they that were explained."""
    fingerprint = explanation.clip.fingerprint
    if not has_words(explanation):
        return fingerprint
    text = sheet_of(explanation).lyrics.text
    return hashlib.sha256(f"{fingerprint} {text}".encode()).hexdigest()


def predicted_of(explanation: Explanation) -> int:
    """Row of the label that the classifier gives the clip; of a contrast, and where scores are unknown, the target."""
    scores = explanation.scores
    return int(np.argmax(scores)) if np.isfinite(scores).all() else explanation.targets[0]


def bare(word: str) -> str:
    """A word as it is counted: lower case, without what surrounds it.

    Examples
    --------
    >>> bare("“Rain,"), bare("don't")
    ('rain', "don't")
    """
    text = unicodedata.normalize("NFC", " ".join(word.casefold().split()))
    found = text.strip("\"'“”‘’«»„‚‹›.,;:!?…()[]{}*_–—-")
    return found or text


def _at(time_s: float | None, duration_s: float) -> float:
    return 0.0 if time_s is None else time_s / duration_s
