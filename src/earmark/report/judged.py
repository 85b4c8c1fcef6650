"""Clips that a model has judged: the typical and the mistaken ones of each class, and those of each confusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip


@dataclass(frozen=True, eq=False)
class JudgedClip:
    """A clip and what the model said of it.

    Parameters
    ----------
    name : to show.
    truth : place of its label.
    scores : ``(K,)`` probabilities.
    sound : gives the clip to listen to; None where there is no sound.
    note : what counted for the answer, in words, where that is known.
    """

    name: str
    truth: int
    scores: NDArray[np.float64]
    sound: Callable[[], Clip] | None = None
    note: str = ""

    @property
    def said(self) -> int:
        """Place of the most probable label."""
        return int(self.scores.argmax())


@dataclass(frozen=True)
class ClassExamples:
    """Clips of one class: right ones, the most probable first, and mistaken ones, the least probable first."""

    label: str
    typical: tuple[JudgedClip, ...]
    mistaken: tuple[JudgedClip, ...]
    clips: int
    right: int
    instead: tuple[tuple[str, int], ...]
    """What was said of the others, and how often: the most frequent first."""


def class_examples(
    clips: Sequence[JudgedClip], labels: Sequence[str], *, most: int = 2, shown: Sequence[int] | None = None
) -> tuple[ClassExamples, ...]:
    """At most so many typical and mistaken clips of every class; a class without clips has none.

    Parameters
    ----------
    clips : judged.
    labels : K class names.
    most : of each sort.
    shown : places of the classes that are wanted; all by default.
    """
    found = []
    for k in range(len(labels)) if shown is None else shown:
        mine = sorted((clip for clip in clips if clip.truth == k), key=lambda clip: (-float(clip.scores[k]), clip.name))
        right = [clip for clip in mine if clip.said == k]
        wrong = [clip for clip in reversed(mine) if clip.said != k]
        counts = {labels[said]: sum(clip.said == said for clip in wrong) for said in {clip.said for clip in wrong}}
        instead = tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
        found.append(ClassExamples(labels[k], tuple(right[:most]), tuple(wrong[:most]), len(mine), len(right), instead))
    return tuple(found)


def confusion_cells(clips: Sequence[JudgedClip], labels: Sequence[str]) -> list[list[tuple[JudgedClip, ...]]]:
    """Clips by truth (row) and by what was said (column), in each the surest first."""
    size = len(labels)
    cells: list[list[list[JudgedClip]]] = [[[] for _ in range(size)] for _ in range(size)]
    for clip in clips:
        cells[clip.truth][clip.said].append(clip)
    return [[tuple(sorted(c, key=lambda x: (-float(x.scores.max()), x.name))) for c in row] for row in cells]


def to_be_played(
    examples: Sequence[ClassExamples], cells: Sequence[Sequence[Sequence[JudgedClip]]], most: int
) -> tuple[JudgedClip, ...]:
    """Which clips get a player, at most so many: the examples, then mistakes cell by cell in turn, then the others."""
    wanted = [clip for each in examples for clip in each.typical]
    wanted += [clip for each in examples for clip in each.mistaken]
    wrong = [cell for t, row in enumerate(cells) for s, cell in enumerate(row) if s != t]
    right = [row[t] for t, row in enumerate(cells)]
    for group in (wrong, right):
        for rank in range(max((len(cell) for cell in group), default=0)):
            wanted += [cell[rank] for cell in group if rank < len(cell)]
    heard = list({id(clip): clip for clip in wanted if clip.sound is not None}.values())
    return tuple(heard[:most])


def worst_confusion(cells: Sequence[Sequence[Sequence[JudgedClip]]]) -> tuple[int, int] | None:
    """Truth and what was said of the confusion with most clips, the first of equals; None where all is right."""
    wrong = [(len(cell), -t, -s) for t, row in enumerate(cells) for s, cell in enumerate(row) if s != t and cell]
    if not wrong:
        return None
    _, t, s = max(wrong)
    return -t, -s
