"""What the page says about pairs of components and about the counterfactual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earmark.explain.further import Flip, Further, Pair, Pairs
from earmark.listen.render import Listening
from earmark.report.drawing import decimals_for
from earmark.report.players import audio_uri
from earmark.report.theme import written


@dataclass(frozen=True)
class PairRow:
    """Two components, and in words and numbers what they do together."""

    first: str
    second: str
    text: str
    error_text: str
    says: str


@dataclass(frozen=True)
class PairTable:
    """The strongest pairs for one label."""

    label: str
    rows: tuple[PairRow, ...]


@dataclass(frozen=True)
class Sound:
    """A version of the clip to play by itself."""

    title: str
    meaning: str
    uri: str


@dataclass(frozen=True)
class FurtherView:
    """Ready for the template; empty where nothing was asked."""

    index: str = ""
    tables: tuple[PairTable, ...] = ()
    note: str = ""
    flip: str = ""
    sounds: tuple[Sound, ...] = ()


def further_view(further: Further | None, without: Listening | None, audio_format: str) -> FurtherView:
    """Pairs as tables, the counterfactual as a sentence and two players.

    Parameters
    ----------
    further : what was asked.
    without : how the counterfactual sounds; None where none was found.
    audio_format : of the players, one of those that a page can hold.
    """
    if further is None:
        return FurtherView()
    pairs, flip = further.pairs, further.flip
    return FurtherView(
        index="" if pairs is None else pairs.index,
        tables=() if pairs is None else tuple(_table(pairs, label) for label in pairs.labels),
        note="" if pairs is None else _note(pairs),
        flip="" if flip is None else flip.sentence,
        sounds=() if flip is None or without is None else _sounds(flip, without, audio_format),
    )


def _table(pairs: Pairs, label: str) -> PairTable:
    found = pairs.strongest(label)
    decimals = decimals_for(np.array([pair.value for pair in found] or [0.0])) + 1
    return PairTable(label, tuple(_row(pair, pairs.exact, decimals) for pair in found))


def _row(pair: Pair, exact: bool, decimals: int) -> PairRow:
    unsure = not exact and not abs(pair.value) > 2 * pair.error
    says = "together more than each by itself" if pair.value > 0 else "together less: they overlap"
    known = "unknown" if np.isnan(pair.error) else f"± {pair.error:.{decimals}f}"
    return PairRow(
        pair.first.label,
        pair.second.label,
        written(pair.value, decimals),
        "exact" if exact else known,
        says + (" (uncertain)" if unsure else ""),
    )


def _note(pairs: Pairs) -> str:
    if pairs.exact:
        return "These values are exact."
    if pairs.converged:
        return "These values are estimates with small standard errors."
    return "These values have not settled: more --samples would be needed before relying on them."


def _sounds(flip: Flip, without: Listening, audio_format: str) -> tuple[Sound, ...]:
    return (
        Sound("Without", f"The clip without them: {flip.after} is on top", audio_uri(without.kept, audio_format)),
        Sound("Taken out", "What was taken out", audio_uri(without.removed, audio_format)),
    )
