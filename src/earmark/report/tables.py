"""What the page's tables hold: rows of text and numbers, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earmark.explain.explanation import Effect, Explanation
from earmark.report.drawing import decimals_for
from earmark.report.theme import written
from earmark.report.words import direction

SHOWN_SCORES = 10


@dataclass(frozen=True)
class ScoreRow:
    """One label of the prediction: ``share`` of the bar is 0–100."""

    label: str
    text: str
    share: float
    explained: bool


@dataclass(frozen=True)
class EffectRow:
    """One component in the table of a target; ``share`` of the bar is 0–100 of the largest effect.

    ``kind``: "raises" (or speaks for), "lowers", "matters" where there is no direction, "none" where zero is written.
    ``read``: a word, which is in no version of the sound.
    """

    rank: int
    name: str
    value: float
    text: str
    error_text: str
    error: float
    direction: str
    kind: str
    share: float
    sentence: str
    start_s: float | None
    kept: bool
    read: bool


def score_rows(explanation: Explanation) -> tuple[ScoreRow, ...]:
    """The most probable labels, and every target whatever its rank; empty for a contrast, which has no probability."""
    scores = explanation.scores
    if np.isnan(scores).any():
        return ()
    order = [int(i) for i in np.argsort(-scores, kind="stable")]
    shown = order[:SHOWN_SCORES] + [i for i in order[SHOWN_SCORES:] if i in explanation.targets]
    return tuple(
        ScoreRow(
            label=explanation.labels[i],
            text=f"{scores[i]:.3f}",
            share=round(100 * float(scores[i]), 2),
            explained=i in explanation.targets,
        )
        for i in shown
    )


def effect_rows(explanation: Explanation, label: str, kept: frozenset[int]) -> tuple[EffectRow, ...]:
    """Every component, the strongest first. ``kept``: the indices that the kept version is made of."""
    values = explanation.values(label)
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    decimals = decimals_for(values) + 1
    return tuple(
        _row(effect, rank, explanation.exact, largest, decimals, kept)
        for rank, effect in enumerate(explanation.top(len(values), label), start=1)
    )


def _row(effect: Effect, rank: int, exact: bool, largest: float, decimals: int, kept: frozenset[int]) -> EffectRow:
    if exact:
        error_text = "exact" if effect.perturbed else "no sampling"
    elif np.isnan(effect.error):
        error_text = "unknown"
    else:
        error_text = f"± {effect.error:.{decimals}f}"
    text = written(effect.value, decimals, directed=effect.signed)
    # "raises" beside a number that is written as zero would be a contradiction.
    nothing = effect.none or not text.strip("+−0.")
    return EffectRow(
        rank=rank,
        name=effect.component.label,
        value=effect.value,
        text=text,
        error_text=error_text,
        error=0.0 if np.isnan(effect.error) else effect.error,
        direction="no effect" if nothing else direction(effect),
        kind="none" if nothing else _kind(effect),
        share=round(100 * abs(effect.value) / largest, 1),
        sentence=effect.sentence(exact=exact),
        start_s=effect.component.start_s,
        kept=effect.index in kept,
        read=effect.component.word is not None,
    )


def _kind(effect: Effect) -> str:
    if not effect.signed:
        return "matters"
    return "raises" if effect.value > 0 else "lowers"
