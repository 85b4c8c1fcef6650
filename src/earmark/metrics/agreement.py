"""Agreement: is the class that the model predicts also the one to which the components contribute most?

For each clip, the mean contribution of the components to every class; the share of clips in which the predicted class
has the largest. Stands beside the classifier's own accuracy, for one or several methods on the same clips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earmark.errors import CapabilityError, SettingError
from earmark.explain.explanation import Explanation
from earmark.explain.game import Floats
from earmark.metrics.statistics import Interval, bootstrap_interval


@dataclass(frozen=True)
class Agreement:
    """One method on several clips.

    Parameters
    ----------
    method : what the explanations were made with.
    agrees : share of clips in which the predicted class has the largest mean contribution.
    accuracy : of the classifier on the same clips; None where their labels are not known.
    """

    method: str
    agrees: Interval
    accuracy: Interval | None


def mean_contributions(explanation: Explanation) -> Floats:
    """Mean attribution of the components for every class, ``(K,)``.

    Raises
    ------
    CapabilityError
        If the explanation is not of all classes (a contrast, or one that a gradient method made for a few targets), or
        its values have no direction.
    """
    if len(explanation.labels) < 2 or not explanation.perturbed or explanation.recipe.contrast is not None:
        raise CapabilityError(
            "it does not say what contributes to every class",
            remedy="Explain with a method that plays a game (shapley, lime), without a contrast",
            where=explanation.recipe.method,
        )
    if not explanation.signed:
        raise CapabilityError(
            "its values have no direction, so no class gains by them",
            remedy="Explain with shapley or lime",
            where=explanation.recipe.method,
        )
    means: Floats = explanation.attributions.mean(axis=1)
    return means


def agrees(explanation: Explanation) -> bool:
    """Whether the class with the highest score is the one with the largest mean contribution."""
    return int(explanation.scores.argmax()) == int(mean_contributions(explanation).argmax())


def agreement(
    explanations: Mapping[str, Sequence[Explanation]], truth: Sequence[str] | None = None, *, seed: int = 0
) -> tuple[Agreement, ...]:
    """For each method, the share of clips that agree, with a bootstrap interval, beside the classifier's accuracy.

    Parameters
    ----------
    explanations : of the same clips in the same order, by method ("lime", "shapley").
    truth : the labels of the clips.
    seed : of the bootstrap.

    Raises
    ------
    SettingError
        If the methods were not asked about the same clips, or there are not as many labels.
    CapabilityError
        If an explanation is not of all classes.
    """
    clips = [tuple(e.clip.fingerprint for e in found) for found in explanations.values()]
    if not clips or len(set(clips)) != 1 or not clips[0]:
        raise SettingError(
            "the methods were not asked about the same clips",
            remedy="Give explanations of the same clips in the same order",
            where="explanations",
        )
    if truth is not None and len(truth) != len(clips[0]):
        raise SettingError(
            f"{len(truth)} labels for {len(clips[0])} clips", remedy="Give one label per clip", where="truth"
        )
    rows = []
    for method, found in explanations.items():
        right = None
        if truth is not None:
            hits = [e.labels[int(e.scores.argmax())] == label for e, label in zip(found, truth, strict=True)]
            right = bootstrap_interval(np.array(hits, dtype=float), seed=seed)
        same = np.array([agrees(e) for e in found], dtype=float)
        rows.append(Agreement(method, bootstrap_interval(same, seed=seed), right))
    return tuple(rows)
