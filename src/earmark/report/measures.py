"""Measures as rows to read: what stands beside what, in the page and on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from earmark.errors import ExplanationError
from earmark.explain.explanation import Explanation
from earmark.metrics.measures import Figure, Measures

_ARROWS = {"higher": "↑", "lower": "↓", "": ""}
_MEANINGS = {
    "ff": "lost without the kept part",
    "ai": "kept part alone scores higher, %",
    "ad": "kept part alone falls short by, %",
    "ag": "kept part alone gains, %",
    "fid_in": "kept part alone has the same class",
    "deletion_auc": "score as the strongest go",
    "insertion_auc": "score as the strongest come",
    "comprehensiveness": "lost without the strongest",
    "sufficiency": "lost with the strongest alone",
    "infidelity": "error as a prediction of losses",
    "faithfulness_correlation": "attributions follow losses",
    "monotonicity": "positive parts raise the score",
    "sparseness": "few parts have it all",
    "entropy": "spread, nats",
    "effective_components": "parts that share it",
    "mask_area": "share that is kept",
}


@dataclass(frozen=True)
class MeasureRow:
    """One figure and its baselines, written out."""

    name: str
    arrow: str
    meaning: str
    domain: str
    value: str
    random: str
    beaten: str
    loudest: str
    all: str
    nothing: str


@dataclass(frozen=True)
class MeasuresView:
    """What the page says about measures."""

    label: str
    trust: str
    verdict: str
    mask: str
    rows: tuple[MeasureRow, ...]
    rules: tuple[str, ...]
    gap: str


def measures_view(measures: Measures | None, explanation: Explanation) -> MeasuresView | None:
    """The measures of this explanation for the page; None where nothing was measured.

    Raises
    ------
    ExplanationError
        If they are of another clip, model or method.
    """
    if measures is None:
        return None
    recipe = explanation.recipe
    if (measures.clip_fingerprint, measures.model_fingerprint, measures.method, measures.components) != (
        explanation.clip.fingerprint,
        explanation.model.fingerprint,
        recipe.method,
        recipe.components,
    ):
        raise ExplanationError(
            "the measures and the explanation do not belong together",
            remedy="Measure the explanation that is reported",
            where=measures.clip,
        )
    return MeasuresView(
        label=measures.label,
        trust=measures.trust.sentence,
        verdict=measures.trust.verdict,
        mask=f"The mask “{measures.mask}” keeps {measures.area:.0%} of the components".replace("%", " %"),
        rows=tuple(measure_row(figure) for figure in measures.figures),
        rules=measures.trust.rules,
        gap=" ".join([gap_text(measures), *(f"Left out: {reason}." for reason in measures.left_out)]),
    )


def gap_text(measures: Measures) -> str:
    """How far sound and spectrogram are apart, or why there is no such figure."""
    if measures.only_audio:
        return f"Measured on the sound only: {measures.only_audio}."
    found = {gap.metric: gap.value for gap in measures.gaps}
    if "ff" not in found:
        return ""
    return (
        "Each measure is taken on the sound that is heard, and on the masked spectrogram as in published tables; "
        f"between them FF differs by {number(abs(found['ff']))}."
    )


def measure_row(figure: Figure) -> MeasureRow:
    """One figure and its baselines, written out."""
    random = number(figure.random)
    if figure.random is not None and figure.random_sd is not None:
        random = f"{random} ± {number(figure.random_sd)}"
    return MeasureRow(
        name=figure.metric,
        arrow=_ARROWS[figure.better],
        meaning=_MEANINGS.get(figure.metric, ""),
        domain=figure.domain,
        value=number(figure.value),
        random=random,
        beaten="" if figure.beaten is None else f"{figure.beaten:.0%}",
        loudest=number(figure.energy),
        all=number(figure.ones),
        nothing=number(figure.zeros),
    )


def number(value: float | None) -> str:
    """Three decimals, one from 10 on, two digits of what is tiny; "–" for none.

    Examples
    --------
    >>> [number(v) for v in (0.1234, -31.26, 0.000042, 0.0, None)]
    ['0.123', '−31.3', '4.2e−05', '0.000', '–']
    """
    if value is None:
        return "–"
    size = abs(value)
    text = f"{value:.1f}" if size >= 10 else f"{value:.1e}" if 0 < size < 0.0005 else f"{value:.3f}"
    return text.replace("-", "−")
