"""Which masks a page offers to listen through, beside the one that it opens with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from earmark.audio.clip import Clip
from earmark.explain.explanation import Explanation
from earmark.explain.map import MapExplanation
from earmark.listen.masks import mask_summary
from earmark.listen.render import Listening, listen
from earmark.report.words import percent

REPORT_MASKS = ("minmax_positive", "binary_50", "top_30")
"""What ``earmark explain`` offers: one soft mask, and two that keep less than everything positive."""


@dataclass(frozen=True, eq=False)
class Choice:
    """One mask to listen through.

    Parameters
    ----------
    name : of the rule or mask.
    meaning : what its kept version is, for people.
    listening : its versions, at the gain that all choices share.
    """

    name: str
    meaning: str
    listening: Listening


def choices(
    explanation: Explanation,
    clip: Clip,
    listening: Listening,
    meaning: str,
    *,
    found_map: MapExplanation | None = None,
    masks: Sequence[str] = (),
) -> tuple[Choice, ...]:
    """The listening that the page opens with, and one for each mask that sounds different.

    Masks are made of the map's cells where there is a map of the spectrogram, else of the components. A mask that is
    the same as one before it is left out, and so are all where there is nothing to make a mask of (attributions that
    are all zero, a silent clip).

    Parameters
    ----------
    explanation, clip : what is explained.
    listening, meaning : the one that the page opens with, and what its kept version is.
    found_map : the map that the explanation was pooled from.
    masks : names in ``earmark.listen.masks.MASKS``, or ``area:PERCENT``.
    """
    found = found_map if found_map is not None and found_map.domain == "spectrogram" else None
    values = explanation.values(listening.label) if found is None else found.values[found.index(listening.label)]
    made = [Choice(listening.keep, meaning, listening)]
    if not np.any(values) or not clip.waveform.any():
        return tuple(made)
    for name in masks:
        heard = listen(explanation if found is None else found, clip, label=listening.label, mask=name)
        if not any(np.array_equal(heard.mask, choice.listening.mask) for choice in made):
            made.append(Choice(name, _meaning(name, heard, cells=found is not None), heard))
    return _level(made)


def _meaning(name: str, heard: Listening, *, cells: bool) -> str:
    what = "cells of the map" if cells else "components"
    summary = mask_summary(name)
    notes = "".join(f"; {note}" for note in heard.notes)
    return f"{summary[0].upper()}{summary[1:]}: {percent(heard.area)} of the {what}{notes}"


def _level(made: Sequence[Choice]) -> tuple[Choice, ...]:
    """All at the gain of the lowest, so that nothing but the mask changes from one to the next."""
    lowest = min(choice.listening.gain_db for choice in made)
    return tuple(replace(choice, listening=_lowered(choice.listening, lowest)) for choice in made)


def _lowered(heard: Listening, gain_db: float) -> Listening:
    by_db = gain_db - heard.gain_db
    if math.isclose(by_db, 0.0):
        return heard
    gain = np.float32(10 ** (by_db / 20))
    original, kept, removed = (
        replace(sound, waveform=sound.waveform * gain) for sound in (heard.original, heard.kept, heard.removed)
    )
    return replace(
        heard,
        original=original,
        kept=kept,
        removed=removed,
        gain_db=gain_db,
        original_lufs=heard.original_lufs + by_db,
        kept_lufs=heard.kept_lufs + by_db,
        removed_lufs=heard.removed_lufs + by_db,
    )
