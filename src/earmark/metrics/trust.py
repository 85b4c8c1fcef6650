"""Explicit rules for whether to rely on an explanation, from what was measured.

An explanation fails where it does no better than chance, had not settled, or survives a randomised model. It is taken
with care where its mask keeps everything or nothing, random masks are too few to show anything, loudness does as well,
sound and spectrogram disagree, or another seed would rank the parts otherwise. What was not asked is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earmark.metrics.measures import Figure, Trust

CHANCE = 0.95
"""Share of the random masks that an explanation must beat."""
FEWEST = 19
"""Random masks that must be drawn: an explanation no better than they are is the best of twenty one time in twenty."""
LEAST_AGREEMENT = 0.7
MOST_SIMILAR = 0.5
LARGEST_GAP = 0.1

# The first that was measured, and can show anything, decides whether chance does as well.
_DECIDING = ("ff", "deletion_auc", "comprehensiveness")


@dataclass(frozen=True)
class Rivals:
    """Random masks (or orders): how many were ``drawn``, how many different ones there are, what they are."""

    drawn: int
    possible: int
    what: str

    @property
    def too_few(self) -> str:
        """Why they can show nothing; "" where they can."""
        if self.possible <= FEWEST:
            return f"{self.possible} {self.what} exist; {FEWEST + 1} are the fewest"
        return f"drawn: {self.drawn}; {FEWEST} are the fewest" if self.drawn < FEWEST else ""


def judge(
    figures: Sequence[Figure],
    *,
    area: float,
    settled: bool,
    perturbed: bool,
    extras: Mapping[str, float],
    similar_by_chance: float,
    masks: Rivals,
    orders: Rivals,
) -> Trust:
    """The verdict.

    Parameters
    ----------
    figures : as measured; those of the domain "audio" decide, the others warn.
    area : of the mask, from 0 to 1.
    settled : whether the method's estimate had converged.
    perturbed : whether the method switched parts off (a gradient method did not).
    extras : "rank_agreement" and "randomisation" (highest similarity after the model was randomised), where known.
    similar_by_chance : what "randomisation" stays at or below for 95 % of random orders of so few parts. At 1 nothing
        can be told; over 0.5 it is the limit.
    masks, orders : random ones behind figures of the mask (``ff``), and behind those of the order of the attributions.
    """
    failed: list[str] = []
    cautions: list[str] = []
    rules: list[str] = []
    found = {(f.metric, f.domain): f for f in figures}
    measured = [found[m, "audio"] for m in _DECIDING if (m, "audio") in found]
    rivals = {"ff": masks}
    able = [figure for figure in measured if not rivals.get(figure.metric, orders).too_few]
    deciding = next(iter(able or measured), None)
    if area in (0.0, 1.0):
        what = "everything" if area == 1 else "nothing"
        cautions.append(f"its mask keeps {what}, so no other mask of that size exists to compare it with")
        rules.append(f"caution: the mask keeps {what}")
    elif deciding is None or deciding.beaten is None:
        rules.append("not asked: whether it beats random masks")
    else:
        share, name = deciding.beaten, deciding.metric
        facts = (
            f"{name} {_number(deciding.value)} against {_or_none(deciding.random)} for random masks, {_beaten(share)}"
        )
        few = rivals.get(name, orders).too_few
        if few and deciding.random is not None and _better(deciding, deciding.random):
            cautions.append(f"that it beats chance is not shown ({few} that can show {CHANCE:.0%})")
            rules.append(f"not shown: better than chance ({facts}; {few} that can show {CHANCE:.0%})")
        elif share >= CHANCE:
            rules.append(f"ok: better than chance ({facts})")
        else:
            failed.append(f"random masks of the same size do as well too often ({name})")
            rules.append(f"failed: better than chance ({facts})")
        if deciding.energy is not None and not _better(deciding, deciding.energy):
            cautions.append("keeping what is loudest does as well")
            rules.append(f"caution: no better than loudness ({name} {_number(deciding.energy)})")
        elif deciding.energy is not None:
            rules.append(f"ok: better than loudness ({name} {_number(deciding.energy)})")
    if not perturbed:
        rules.append("not asked: convergence (a gradient method)")
    elif settled:
        rules.append("ok: the estimate had settled")
    else:
        failed.append("the estimate had not settled")
        rules.append("failed: the estimate had not settled")
    if ("ff", "audio") in found and ("ff", "spectrogram") in found:
        gap = found["ff", "spectrogram"].value - found["ff", "audio"].value
        by = f"{abs(gap):.2f}"
        if abs(gap) > LARGEST_GAP:
            cautions.append(f"what the model loses differs by {by} between spectrogram and sound")
            rules.append(f"caution: spectrogram and sound disagree (ff differs by {by})")
        else:
            rules.append(f"ok: spectrogram and sound agree (ff differs by {by})")
    if "rank_agreement" in extras:
        value = extras["rank_agreement"]
        if value < LEAST_AGREEMENT:
            cautions.append(f"another seed would rank the parts otherwise (rank correlation {value:.2f})")
        rules.append(f"{'ok' if value >= LEAST_AGREEMENT else 'caution'}: rank agreement over seeds {value:.2f}")
    if similar_by_chance >= 1:
        rules.append("not asked: randomised model (too few parts to tell)")
    elif "randomisation" in extras:
        value, limit = extras["randomisation"], max(MOST_SIMILAR, similar_by_chance)
        # A limit of few parts is a value that they can have.
        if value > limit + 1e-9:
            failed.append(f"a model with random parameters gets about the same explanation (similarity {value:.2f})")
        what = f"randomised model, similarity {value:.2f}"
        if limit > MOST_SIMILAR:
            what += f" (of so few parts, up to {limit:.2f} is chance)"
        rules.append(f"{'failed' if value > limit + 1e-9 else 'ok'}: {what}")
    else:
        rules.append("not asked: randomised model (--metrics randomisation)")
    return _verdict(failed, cautions, rules)


def _verdict(failed: list[str], cautions: list[str], rules: list[str]) -> Trust:
    if failed:
        return Trust("no", f"Do not rely on this explanation: {_joined(failed + cautions)}.", tuple(rules))
    if cautions:
        return Trust("with care", f"Take this explanation with care: {_joined(cautions)}.", tuple(rules))
    passed = [rule.removeprefix("ok: ").split(" (")[0] for rule in rules if rule.startswith("ok: ")]
    if not any(p.startswith("better than chance") for p in passed):
        return Trust("with care", "Take this explanation with care: it was not compared with chance.", tuple(rules))
    return Trust("yes", f"This explanation passed what was asked of it: {_joined(passed)}.", tuple(rules))


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(parts)


def _better(figure: Figure, other: float) -> bool:
    return figure.value > other if figure.better == "higher" else figure.value < other


def _or_none(value: float | None) -> str:
    return "none" if value is None else _number(value)


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _beaten(share: float) -> str:
    """Rounded down to a tenth of a per cent, so that what fails by a little does not look as if it passed."""
    text = f"{int(share * 1000 + 1e-9) / 10:g}% beaten"
    return text if share >= CHANCE else f"{text}, {CHANCE:.0%} needed"
