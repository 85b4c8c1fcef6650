"""What the numbers mean, in plain sentences."""

from __future__ import annotations

from earmark.explain.explanation import Effect, Explanation


def trust(explanation: Explanation) -> str:
    """How far the numbers can be relied on, in one or two sentences."""
    asked = f"{explanation.evaluations:,} {explanation.unit} evaluations".replace(",", " ")
    if explanation.exact:
        return (
            f"Exact: these are the method’s values themselves, from {asked}, with no sampling in them. "
            "They hold for this clip, this model and this way of cutting the sound."
        )
    if explanation.converged:
        return (
            f"Estimated from {asked}, and settled. ± is one standard error; "
            "an effect smaller than two of them may as well be none."
        )
    return (
        f"Not converged after {asked}: do not rely on the order of the components. "
        "± is one standard error; allow more evaluations for a firmer answer."
    )


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
