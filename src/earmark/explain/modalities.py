"""Sound and words of one explanation: where each unit of the lyrics stands, and what either half adds up to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from earmark.components.catalogue import kind_from
from earmark.components.lyrics import MusicAndLyrics
from earmark.data.lyrics.lyrics import Lyrics
from earmark.data.lyrics.tokens import TextUnit, tokens
from earmark.errors import ExplanationError
from earmark.explain.explanation import Explanation


@dataclass(frozen=True)
class Sheet:
    """The lyrics of an explanation.

    Parameters
    ----------
    lyrics : the words, with their times where they are known.
    units : what was switched off, in the order of its components behind those of the sound.
    beyond : units that the classifier does not read, since they stand behind its window: no components.
    first : index of the component of the first unit.
    unit : "word", "line" or "stanza".
    """

    lyrics: Lyrics
    units: tuple[TextUnit, ...]
    beyond: tuple[TextUnit, ...]
    first: int
    unit: str


@dataclass(frozen=True)
class Share:
    """What one half adds up to for one label, in units of the output.

    Parameters
    ----------
    name : "sound" or "words".
    components : how many it has.
    size, size_error : sum of the sizes |effect|, and its standard error.
    total, total_error : sum of the effects with their signs, and its standard error.
    chance : what sizes would sum to on average if every effect were 0 and only sampling made them differ from it.
    part, part_error : its size as a part of both, 0–1, and the standard error of that.
    """

    name: str
    components: int
    size: float
    size_error: float
    total: float
    total_error: float
    chance: float
    part: float
    part_error: float


def has_words(explanation: Explanation) -> bool:
    """Whether words played along (components of the kind "lyrics")."""
    return explanation.recipe.components == MusicAndLyrics.name


def sheet_of(explanation: Explanation) -> Sheet:
    """The lyrics of an explanation, and which components are which words.

    Raises
    ------
    ExplanationError
        If no words played along, or the settings do not give as many units as there are components.
    """
    if not has_words(explanation):
        raise ExplanationError(
            f"no words played along, the components are {explanation.recipe.components}",
            remedy="Explain a model that reads lyrics",
            where=explanation.clip.name,
        )
    kind = kind_from(MusicAndLyrics.name, explanation.recipe.component_settings)
    if not isinstance(kind, MusicAndLyrics):
        raise ExplanationError("holds no lyrics", remedy="Explain the clip again", where=explanation.clip.name)
    lyrics = kind.lyrics()
    every = tokens(lyrics, kind.unit, kind.repeated)
    read = tuple(unit for unit in every if kind.reads(unit))
    first = sum(component.word is None for component in explanation.components)
    if len(explanation.components) - first != len(read):
        raise ExplanationError(
            f"its lyrics have {len(read)} {kind.unit}s, its components {len(explanation.components) - first}",
            remedy="Explain the clip again",
            where=explanation.clip.name,
        )
    return Sheet(lyrics, read, tuple(unit for unit in every if not kind.reads(unit)), first, kind.unit)


def sound_of(explanation: Explanation) -> Explanation | None:
    """The explanation without its words: the components of the sound, to be drawn or rendered; None where it has none.

    Base and full output stay those of both.
    """
    count = sum(component.word is None for component in explanation.components)
    audio = explanation.recipe.component_settings.get("audio")
    if not has_words(explanation):
        return explanation
    if not count or not isinstance(audio, dict):
        return None
    settings = {key: value for key, value in audio.items() if key != "kind"}
    return replace(
        explanation,
        components=explanation.components[:count],
        attributions=explanation.attributions[:, :count],
        errors=explanation.errors[:, :count],
        levels_db=None if explanation.levels_db is None else explanation.levels_db[:count],
        recipe=replace(explanation.recipe, components=audio["kind"], component_settings=settings),
    )


def shares(explanation: Explanation, label: str | int | None = None) -> tuple[Share, ...]:
    """What sound and words add up to for a label; empty where not both took part.

    Errors are those of sums of independent estimates.

    Parameters
    ----------
    explanation : of a clip with its lyrics.
    label : the first target by default.
    """
    row = explanation.index(label)
    words = np.array([component.word is not None for component in explanation.components])
    if not words.any() or words.all():
        return ()
    values, errors = explanation.attributions[row], explanation.errors[row]
    sizes = [float(np.abs(values[its]).sum()) for its in (~words, words)]
    spread = [float(np.sqrt((errors[its] ** 2).sum())) for its in (~words, words)]
    both = sum(sizes)
    # The error of a / (a + b), to first order.
    part_error = math.hypot(sizes[1] * spread[0], sizes[0] * spread[1]) / both**2 if both else math.nan
    return tuple(
        Share(
            name,
            int(its.sum()),
            size,
            error,
            float(values[its].sum()),
            error,
            # The mean size of a normal deviate.
            float(math.sqrt(2 / math.pi) * errors[its].sum()),
            size / both if both else math.nan,
            part_error,
        )
        for name, its, size, error in zip(("sound", "words"), (~words, words), sizes, spread, strict=True)
    )
