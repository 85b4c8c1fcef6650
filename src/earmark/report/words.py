"""What the numbers mean, in plain sentences."""

from __future__ import annotations

import numpy as np

from earmark.explain.explanation import Effect, Explanation
from earmark.explain.game import Floats
from earmark.explain.gradient.pooled import SETTLED, missed_shares
from earmark.listen.render import Listening
from earmark.report.theme import written

# Of methods whose values are no differences of the output.
_UNITS = {"sobol": "share of variance", "hsic": "HSIC"}


def quantity(explanation: Explanation) -> str:
    """What a value is: "Effect", "Attribution" (nothing was switched off), or "Importance" (no direction)."""
    if not explanation.signed:
        return "Importance"
    return "Effect" if explanation.perturbed else "Attribution"


def output_text(explanation: Explanation) -> str:
    """The output that was explained: "probability", "logit" or "nats of log-odds"."""
    return "nats of log-odds" if explanation.recipe.output == "log_odds" else explanation.recipe.output


def unit(explanation: Explanation) -> str:
    """What values are measured in: the output, or the method's own scale."""
    own = "own scale"
    if explanation.perturbed:
        return output_text(explanation) if explanation.signed else _UNITS.get(explanation.recipe.method, own)
    return output_text(explanation) if gap_shares(explanation).size else own


def gap_shares(explanation: Explanation) -> Floats:
    """What a gradient method's cells miss of the change of the output, per label; empty where they promise no sum."""
    gap = explanation.diagnostics.get("gap")
    if explanation.perturbed or not isinstance(gap, list):
        return np.zeros(0)
    return missed_shares(gap, explanation.base, explanation.full)


def trust(explanation: Explanation) -> str:
    """How far the numbers can be relied on, in a few sentences."""
    if not explanation.perturbed:
        return _trust_in_gradients(explanation)
    asked = f"{explanation.evaluations:,} {explanation.unit} evaluations".replace(",", " ")
    if explanation.exact:
        return (
            f"Exact: these are the method’s values themselves, from {asked}, with no sampling in them. "
            "They hold for this clip, this model and this way of cutting the sound."
        )
    order = order_text(explanation)
    if unknown_errors(explanation):
        return f"Not converged after {asked}: do not rely on the order of the components. {unknown_errors(explanation)}"
    if explanation.converged:
        return (
            f"Estimated from {asked}, and settled. ± is one standard error; "
            f"an effect smaller than two of them may as well be none.{order}"
        )
    return (
        f"Not converged after {asked}: do not rely on the order of the components. "
        f"± is one standard error; allow more evaluations for a firmer answer.{order}"
    )


def unknown_errors(explanation: Explanation) -> str:
    """Why a sampled explanation has no errors, and what helps; "" where it has them."""
    if explanation.exact or not explanation.perturbed or not np.isnan(explanation.errors).any():
        return ""
    least = 4 * len(explanation.components) - 2
    return (
        "Errors are unknown: the components were taken out in one order and its reverse only, and how far estimates "
        f"scatter shows from two on; allow at least {least} samples."
    )


def order_text(explanation: Explanation) -> str:
    """How alike two runs with other seeds would rank the components of the first target; "" where nothing is known."""
    agreement = explanation.diagnostics.get("rank_agreement")
    if not isinstance(agreement, list):
        return ""
    expected = agreement[explanation.targets[0]]
    return f" Runs with other seeds would order the components with a rank correlation of about {expected:.2f}."


def _trust_in_gradients(explanation: Explanation) -> str:
    said = [
        f"A gradient method ({explanation.recipe.method}): it says what the network is sensitive to at this sound. "
        "No part was taken out and scored."
    ]
    shares = gap_shares(explanation)
    if shares.size:
        worst = float(shares.max())
        said.append(
            f"The cells sum to the change of the output from the baseline, but for {percent(worst)} of it at most."
        )
        if worst > SETTLED:
            said.append("That is too much to trust the scale: allow more steps or samples.")
    else:
        said.append("Its values have a scale of their own and sum to no output: compare them with each other only.")
    if "samples" in explanation.recipe.method_settings:
        said.append(_trust_in_draws(explanation))
    return " ".join(said)


def _trust_in_draws(explanation: Explanation) -> str:
    if np.isnan(explanation.errors).any():
        return "It draws at random: another seed gives other values, by how much is not known."
    settled = "It has settled" if explanation.converged else "It has not settled: do not rely on the order"
    order = order_text(explanation)
    return f"It draws at random. {settled}; ± is one standard error of the mean over the draws.{order}"


def percent(share: float) -> str:
    """``2.1 %``, with one digit below 10 %.

    Examples
    --------
    >>> percent(0.0213), percent(0.25), percent(0.00001)
    ('2.1 %', '25 %', 'less than 0.1 %')
    """
    if not np.isfinite(share):
        return "all"
    if share < 0.001:
        return "less than 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def sum_text(explanation: Explanation, label: str) -> str:
    """Where the output stands without and with the sound, and what the values of the table sum to."""
    row = explanation.index(label)
    base, full = (f"{value:.3f}".replace("-", "−") for value in (explanation.base[row], explanation.full[row]))
    total = written(float(explanation.attributions[row].sum()), directed=explanation.signed)
    if explanation.perturbed:
        what = "effects" if explanation.signed else "values"
        by_stem = totals_text(explanation, label)
        return (
            f"With every component off the model says {base}, with all of them on {full}. "
            f"The {what} below sum to {total}{f': {by_stem}' if by_stem else ''}."
        )
    named = output_text(explanation)
    cells = explanation.diagnostics.get("cells", 0)
    pooled = f"The map’s {cells} cells, added up in {len(explanation.components)} components, sum to {total}."
    if np.isnan(explanation.base[row]):
        return f"The output ({named}) for this sound is {full}. {pooled}"
    return f"The output ({named}) is {base} at the method’s baseline and {full} for this sound. {pooled}"


def headings(explanation: Explanation) -> tuple[tuple[str, str, int], ...]:
    """Groups of components that the page names: (heading, style, sign), sign as in ``Explanation.top``."""
    if not explanation.signed:
        return (("Matters most", "matters", 1),)
    if explanation.perturbed:
        return ("Raises it", "raises", 1), ("Lowers it", "lowers", -1)
    return ("Speaks for it", "raises", 1), ("Speaks against it", "lowers", -1)


def colours_text(explanation: Explanation, label: str) -> str:
    """What the colours of a picture say."""
    if not explanation.signed:
        size = f"The more violet, the more it matters to {label} (a size, no direction)"
        return f"{size}; values in {_in_unit(explanation)}."
    if explanation.perturbed:
        return f"Orange raises {label}, hatched blue lowers it; effects in {_in_unit(explanation)}."
    return f"Orange speaks for {label}, hatched blue against it; sums of cells in {_in_unit(explanation)}."


def map_text(explanation: Explanation, label: str) -> str:
    """What a picture of a map says."""
    if explanation.signed:
        colours = f"orange speaks for {label}, blue against it"
    else:
        colours = f"the more violet, the more the cell matters to {label}"
    if explanation.recipe.method_settings.get("domain") == "waveform":
        return f"The map of the waveform, summed over short steps of time: {colours}."
    return (
        f"The map as {explanation.recipe.method} made it, cell by cell over the spectrogram (grey): {colours}. "
        "Colours are full from the 99.5th percentile on. Below, the same map added up in the components."
    )


def kept_text(explanation: Explanation, keep: str, label: str) -> str:
    """What the kept version is, as "What …"."""
    if keep == "half":
        return f"The fewest that have half of what matters to {label}"
    if keep == "raising":
        return f"What raises {label}" if explanation.perturbed else f"What speaks for {label}"
    return f"The rule “{keep}” for {label}"


def silence_text(explanation: Explanation, listening: Listening) -> str:
    """That one of the two parts is silent because every component is in the other; "" where neither is."""
    verb = "raises" if explanation.perturbed else "speaks for"
    if listening.keep != "raising":
        verb = "is kept for"
    # Words are components as well, and no part of what is heard.
    what = "part of the sound" if any(part.word is not None for part in explanation.components) else "component"
    if listening.mask.all() and not listening.removed.waveform.any():
        return f"Every {what} {verb} {listening.label}, so the removed part is silent."
    if not listening.mask.any() and not listening.kept.waveform.any():
        return f"No {what} {verb} {listening.label}, so the kept part is silent."
    return ""


def _in_unit(explanation: Explanation) -> str:
    return "the method’s own scale" if unit(explanation) == "own scale" else unit(explanation)


def totals_text(explanation: Explanation, label: str) -> str:
    """What each stem adds up to, strongest first: ``bass +0.102, lead +0.094``; "" where there are no stems in time."""
    totals = explanation.totals(label)
    if len(totals) == len(explanation.components) or [stem for stem, _, _ in totals] == ["words"]:
        return ""
    return ", ".join(f"{stem} {written(value, directed=explanation.signed)}" for stem, value, _ in totals)


def verdict(explanation: Explanation) -> str:
    """In a word: "exact", "converged" or "not converged"; of a gradient method what is known about its sum."""
    shares = gap_shares(explanation)
    if not explanation.perturbed and not (shares.size and shares.max() > SETTLED):
        if "samples" in explanation.recipe.method_settings:
            if np.isnan(explanation.errors).any():
                return "sampled, error unknown"
            return "converged" if explanation.converged else "not converged"
        return f"sum off by {percent(float(shares.max()))}" if shares.size else "no sampling"
    if explanation.exact:
        return "exact"
    return "converged" if explanation.converged else "not converged"


def direction(effect: Effect) -> str:
    """Whether it "raises" or "lowers", or "no effect" where it is zero; "uncertain" where the error covers it.

    What has no direction "matters"; what was not tried "speaks for" or "speaks against".
    """
    if effect.none:
        return "no effect"
    if not effect.signed:
        word = "matters"
    elif effect.perturbed:
        word = "raises" if effect.value > 0 else "lowers"
    else:
        # No experiment, and as a rule no draws: what is known about the map is said once, in ``trust``.
        word = "speaks for" if effect.value > 0 else "speaks against"
        return word if np.isnan(effect.error) or abs(effect.value) >= 2 * effect.error else f"{word}, uncertain"
    # An unknown error (NaN) leaves it uncertain too.
    return word if abs(effect.value) >= 2 * effect.error else f"{word}, uncertain"


def figure_text(explanation: Explanation, label: str) -> str:
    """What a reader who cannot see the figure needs from it: how many components, and the strongest in words."""
    strongest = "; ".join(e.sentence(exact=explanation.exact) for e in explanation.top(3, label))
    return (
        f"Spectrogram over {explanation.clip.duration_s:.1f} s with the {quantity(explanation).lower()} of "
        f"{len(explanation.components)} components for {label}. Strongest: {strongest}. "
        "The table below has every number."
    )
