"""What else one game can tell besides attributions: pairs of components, and what flips the decision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earmark.components.component import Component
from earmark.explain.case import Case
from earmark.explain.counterfactual import Counterfactual
from earmark.explain.game import Floats
from earmark.explain.interactions import ShapleyInteractions
from earmark.files import write_text

PAIRS_SCHEMA = "earmark.interactions/1"
FLIP_SCHEMA = "earmark.counterfactual/1"


@dataclass(frozen=True)
class Pair:
    """What two components do together beyond what each does: ``value`` ± ``error``, in units of the output."""

    first: Component
    second: Component
    value: float
    error: float


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairwise interactions of some labels.

    Parameters
    ----------
    labels : T of them, as asked for.
    components : n of them.
    index : see ``earmark.explain.interactions``.
    values, errors : ``(T, n, n)``, symmetric, main effects on the diagonal.
    exact, converged : as for ``Interactions``.
    """

    labels: tuple[str, ...]
    components: tuple[Component, ...]
    index: str
    values: Floats
    errors: Floats
    exact: bool
    converged: bool

    def strongest(self, label: str, k: int = 8) -> tuple[Pair, ...]:
        """The k pairs of a label that do most together, either way; those that do nothing are none."""
        row = self.labels.index(label)
        first, second = np.triu_indices(len(self.components), 1)
        values, errors = self.values[row, first, second], self.errors[row, first, second]
        order = [p for p in np.argsort(-np.abs(values), kind="stable")[:k] if abs(values[p]) > 1e-9]
        return tuple(
            Pair(self.components[first[p]], self.components[second[p]], float(values[p]), float(errors[p]))
            for p in order
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values only; an error that is not known is null."""
        return {
            "schema": PAIRS_SCHEMA,
            "labels": list(self.labels),
            "components": [component.label for component in self.components],
            "index": self.index,
            "values": _numbers(self.values),
            "errors": _numbers(self.errors),
            "exact": self.exact,
            "converged": self.converged,
        }


@dataclass(frozen=True, eq=False)
class Flip:
    """A counterfactual in the words of a clip: what was taken out, and what the classifier said before and after.

    Parameters
    ----------
    label : whose decision it is about.
    labels : the K labels of the classifier.
    components : the n components.
    found : the answer of the search.
    """

    label: str
    labels: tuple[str, ...]
    components: tuple[Component, ...]
    found: Counterfactual

    @property
    def removed(self) -> tuple[Component, ...]:
        """The components without which the decision is another."""
        return tuple(self.components[i] for i in self.found.removed)

    @property
    def scores(self) -> tuple[float, float]:
        """The label's score before and after."""
        row = self.found.decision.output
        return float(self.found.before[row]), float(self.found.after[row])

    @property
    def after(self) -> str:
        """The label that is on top without them."""
        return self.labels[int(np.argmax(self.found.after))]

    @property
    def sentence(self) -> str:
        """What was found, and how much of it is proved."""
        n = len(self.components)
        if not self.found.found:
            size = min(self.found.at_least, n + 1) - 1
            tried = "no set of them" if size >= n else f"no set of up to {size} of them" if size else "none was found"
            return f"Of the {n} components, {tried} flips the decision about {self.label}."
        before, after = self.scores
        count = len(self.removed)
        what = "; ".join(part.label for part in self.removed)
        now = f"{self.label} falls" if after < before else f"{self.label} rises"
        top = f", and {self.after} is on top" if self.found.decision.rule == "top" else ""
        proved = (
            "no smaller set does that"
            if self.found.proven
            else f"a set smaller than {self.found.at_least} does not do it, one smaller than this might"
        )
        return (
            f"Without {'this component' if count == 1 else f'these {count} of {n} components'} ({what}) "
            f"{now} from {before:.3f} to {after:.3f}{top}; {proved}."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values only."""
        found = self.found
        return {
            "schema": FLIP_SCHEMA,
            "label": self.label,
            "rule": found.decision.rule,
            "threshold": found.decision.threshold,
            "found": found.found,
            "removed": [{"index": int(i), "component": self.components[i].label} for i in found.removed],
            "labels": list(self.labels),
            "before": _numbers(found.before),
            "after": _numbers(found.after),
            "proven": found.proven,
            "at_least": found.at_least,
            "irreducible": found.irreducible,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class Further:
    """What was asked besides attributions; None where it was not."""

    pairs: Pairs | None = None
    flip: Flip | None = None


def pairs_of(
    case: Case,
    labels: Sequence[str],
    *,
    output: str = "probability",
    contrast: tuple[str, str] | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> Pairs:
    """Pairwise Shapley interactions of some labels, from the game of a case.

    Parameters
    ----------
    case : whose answers so far are used again.
    labels : of the classifier; of a contrast its only one, as ``Explanation.labels`` has it.
    output, contrast : as for ``earmark.explain.run.explain``.
    samples : most evaluations; 4096 by default.

    Raises
    ------
    SettingError
        If the budget cannot weigh that many pairs.
    """
    how = ShapleyInteractions() if samples is None else ShapleyInteractions(samples=samples)
    asked, names = case.asked(output, contrast)
    found = how.solve(asked, np.random.default_rng(seed))
    rows = [names.index(label) for label in labels]
    return Pairs(
        labels=tuple(labels),
        components=case.components.table,
        index=found.index,
        values=found.values[rows],
        errors=found.errors[rows],
        exact=found.exact,
        converged=found.converged,
    )


def flip_of(case: Case, label: str, *, samples: int | None = None) -> Flip:
    """The smallest set of components without which the decision about a label is another.

    Raises
    ------
    SettingError
        If ``samples`` (2048 by default) are fewer than 2 n + 2.
    """
    found = case.counterfactual(label) if samples is None else case.counterfactual(label, samples=samples)
    return Flip(label, case.classifier.labels, case.components.table, found)


def save(document: dict[str, Any], path: str | Path) -> Path:
    """Write what ``to_dict`` made as JSON; under its final name only once it is whole."""
    return write_text(Path(path), json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _numbers(values: Floats) -> Any:
    """Nested lists with nine digits; NaN, which JSON has not, as None."""
    if values.ndim > 1:
        return [_numbers(row) for row in values]
    return [None if np.isnan(v) else float(f"{v:.9g}") for v in values]
