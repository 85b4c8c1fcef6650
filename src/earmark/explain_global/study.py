"""Everything that is said about a whole model over the rows of a data set, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from earmark.explain_global.effect import Effect, Effect2
from earmark.explain_global.favours import Favour, favours
from earmark.explain_global.pdp import PartialDependence
from earmark.explain_global.permutation import Importance


@dataclass(frozen=True)
class Study:
    """Effects and importances of features.

    Parameters
    ----------
    model, fingerprint : of the classifier.
    data : name of the table or data set.
    labels : classes that are reported.
    rows : how many.
    effects : of single features, those with the largest swing first.
    pairs : of pairs.
    dependences : partial dependence and ICE, if asked for.
    importances : "feature", "group", "cluster" → units, the most important first.
    baseline : importance of random numbers, where it could be had.
    judged : on which rows importance was measured, in words.
    notes : what a reader must know.
    seed : of all draws.
    """

    model: str
    fingerprint: str
    data: str
    labels: tuple[str, ...]
    rows: int
    effects: tuple[Effect, ...] = ()
    pairs: tuple[Effect2, ...] = ()
    dependences: tuple[PartialDependence, ...] = ()
    importances: Mapping[str, tuple[Importance, ...]] = field(default_factory=dict)
    baseline: Importance | None = None
    judged: str = ""
    notes: tuple[str, ...] = ()
    seed: int = 0

    def places(self, labels: tuple[str, ...]) -> list[int]:
        """Where the reported classes are among the labels of an effect."""
        return [labels.index(label) for label in self.labels]

    def swing(self, effect: Effect) -> float:
        """The largest swing among the reported classes."""
        return float(max(effect.swing[place] for place in self.places(effect.labels)))

    def favours(self) -> tuple[Favour, ...]:
        """All stretches of all features for the reported classes, the strongest first."""
        found = [each for effect in self.effects for each in favours(effect) if each.label in self.labels]
        return tuple(sorted(found, key=lambda each: -abs(each.value)))
