"""What the numbers mean, in plain sentences."""

from __future__ import annotations

from earmark.explain.explanation import Effect, Explanation
from earmark.report.theme import signed


def trust(explanation: Explanation) -> str:
    """How far the numbers can be relied on, in one or two sentences."""
    asked = f"{explanation.evaluations:,} {explanation.unit} evaluations".replace(",", " ")
    if explanation.exact:
        return (
            f"Exact: these are the method’s values themselves, from {asked}, with no sampling in them. "
            "They hold for this clip, this model and this way of cutting the sound."
        )
    order = order_text(explanation)
    if explanation.converged:
        return (
            f"Estimated from {asked}, and settled. ± is one standard error; "
            f"an effect smaller than two of them may as well be none.{order}"
        )
    return (
        f"Not converged after {asked}: do not rely on the order of the components. "
        f"± is one standard error; allow more evaluations for a firmer answer.{order}"
    )


def order_text(explanation: Explanation) -> str:
    """How alike two runs with other seeds would rank the components of the first target; "" where nothing is known."""
    agreement = explanation.diagnostics.get("rank_agreement")
    if not isinstance(agreement, list):
        return ""
    expected = agreement[explanation.targets[0]]
    return f" Runs with other seeds would order the components with a rank correlation of about {expected:.2f}."


def totals_text(explanation: Explanation, label: str) -> str:
    """What each stem adds up to, strongest first: ``bass +0.102, lead +0.094``; "" where there are no stems in time."""
    totals = explanation.totals(label)
    if len(totals) == len(explanation.components):
        return ""
    return ", ".join(f"{stem} {signed(value)}" for stem, value, _ in totals)


def verdict(explanation: Explanation) -> str:
    """One word: "exact", "converged" or "not converged"."""
    if explanation.exact:
        return "exact"
    return "converged" if explanation.converged else "not converged"


def direction(effect: Effect) -> str:
    """Whether it "raises" or "lowers", or "no effect" where it is zero; "uncertain" where the error covers it."""
    if effect.value == 0:
        return "no effect"
    word = "raises" if effect.value > 0 else "lowers"
    # An unknown error (NaN) leaves it uncertain too.
    return word if abs(effect.value) >= 2 * effect.error else f"{word}, uncertain"


def figure_text(explanation: Explanation, label: str) -> str:
    """What a reader who cannot see the figure needs from it: how many components, and the strongest in words."""
    strongest = "; ".join(e.sentence(exact=explanation.exact) for e in explanation.top(3, label))
    return (
        f"Spectrogram over {explanation.clip.duration_s:.1f} s with the effect of {len(explanation.components)} "
        f"components on {label}. Strongest: {strongest}. The table below has every number."
    )
