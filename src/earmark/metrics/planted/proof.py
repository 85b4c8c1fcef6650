"""Does the listener use what was planted? Shown by intervention on sounds that it has never heard.

Without the evidence its accuracy must fall, at least half of the way down to what guessing gives; with nothing of the
sound but its evidence, on the background of a sound of another label, it must keep three quarters of what it has above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.metrics.planted.case import PlantedClip, PlantedSet
from earmark.models.classifier import Classifier
from earmark.models.predict import predict

# Of what the accuracy has above guessing: what may be left without the evidence, and what must be left with it alone.
LOST = 0.5
KEPT = 0.75


@dataclass(frozen=True)
class Proof:
    """Accuracies on the same held-out sounds, 0 to 1.

    Parameters
    ----------
    clips : how many sounds.
    guessing : what naming one label always gives.
    accuracy : on the sounds as they are.
    without : without the evidence.
    only : with the evidence alone, on backgrounds of another label.
    """

    clips: int
    guessing: float
    accuracy: float
    without: float
    only: float

    @property
    def uses(self) -> bool:
        """Whether the listener provably goes by the evidence: most is lost without it, hardly any with it alone."""
        above = self.accuracy - self.guessing
        return (
            above > 0.2 and self.without - self.guessing <= LOST * above and self.only - self.guessing >= KEPT * above
        )

    @property
    def sentence(self) -> str:
        """In words."""
        verdict = "goes by" if self.uses else "is not shown to go by"
        return (
            f"The listener {verdict} what was planted: {_percent(self.accuracy)} of {self.clips} held-out sounds are "
            f"right, {_percent(self.without)} without the evidence, {_percent(self.only)} with nothing else of the "
            f"sound (guessing: {_percent(self.guessing)})."
        )


def prove(classifier: Classifier, held_out: PlantedSet) -> Proof:
    """Intervene on the evidence.

    Parameters
    ----------
    classifier : the listener.
    held_out : sounds that it did not learn from, all labels among them.
    """
    clips = held_out.clips
    labels = [held_out.labels.index(one.label) for one in clips]
    partners = [_of_another_label(clips, index) for index in range(len(clips))]
    swapped = [
        Clip(one.evidence.waveform + partner.background.waveform, one.clip.sample_rate)
        for one, partner in zip(clips, partners, strict=True)
    ]
    return Proof(
        clips=len(clips),
        guessing=float(np.bincount(labels).max() / len(labels)),
        accuracy=_accuracy(classifier, [one.clip for one in clips], labels),
        without=_accuracy(classifier, [one.background for one in clips], labels),
        only=_accuracy(classifier, swapped, labels),
    )


def _of_another_label(clips: tuple[PlantedClip, ...], index: int) -> PlantedClip:
    rest = (clips[(index + step) % len(clips)] for step in range(1, len(clips)))
    return next((one for one in rest if one.label != clips[index].label), clips[index])


def _accuracy(classifier: Classifier, clips: list[Clip], labels: list[int]) -> float:
    with torch.inference_mode():
        found: list[NDArray[np.float64]] = [predict(clip, classifier) for clip in clips]
    return float(np.mean([int(scores.argmax()) == label for scores, label in zip(found, labels, strict=True)]))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
