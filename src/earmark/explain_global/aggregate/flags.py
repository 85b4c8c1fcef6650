"""Reasons to distrust an aggregate: what its explanations go by that is not in the music.

- Position: the first and the last part of clips weigh more (or less) than the middle. A cut, or the padding of a
  model, is at the edges; music is not. Published aggregates weigh edges 1.3–1.5 × the middle.
- Loudness: within a clip the louder component weighs more, whatever it is. Then a level meter would have said the same.
- Words: those that lead a class and were not sung, see ``earmark.data.lyrics.leak_screen``.
- Shortcuts: see ``earmark.metrics.shortcuts``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from earmark.data.lyrics.leak_screen import LeakTable
from earmark.explain_global.aggregate.bootstrap import weights
from earmark.explain_global.aggregate.query import batches
from earmark.resampling import percentile_ends

Floats = NDArray[np.float64]
_REPLICATES = 1000
# Ratios closer to 1, and correlations closer to 0, are of no consequence however sure they are.
POSITION = 1.15
LOUDNESS = 0.5


@dataclass(frozen=True)
class Flag:
    """A reason for distrust, or that there is none of this kind.

    Parameters
    ----------
    kind : "position", "loudness", "words" or "shortcut".
    raised : whether it is a reason.
    sentence : in words.
    value, low, high : the figure behind it and its interval; NaN where it has none.
    """

    kind: Literal["position", "loudness", "words", "shortcut"]
    raised: bool
    sentence: str
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")


def flags_of(connection: Any, groups: list[str], *, seed: int, confidence: float = 0.95) -> tuple[Flag, ...]:
    """Position and loudness, where the explanations can tell.

    Parameters
    ----------
    connection : see ``earmark.explain_global.aggregate.query.opened``.
    groups : of clips, drawn together.
    seed : of the bootstrap.
    confidence : of its intervals.
    """
    number = {name: at for at, name in enumerate(groups)}
    weight = weights(len(groups), _REPLICATES, seed).astype(np.float64)
    found = (_position(connection, number, weight, confidence), _loudness(connection, number, weight, confidence))
    return tuple(flag for flag in found if flag is not None)


def word_flags(leading: Mapping[str, Sequence[str]], screen: LeakTable) -> tuple[Flag, ...]:
    """A flag for each class that words lead which tell it without being sung; one that says so where there is none.

    Parameters
    ----------
    leading : of each class the words (or lines) that count most, the first most of all.
    screen : of the texts that the model was explained on, or learnt from.

    Examples
    --------
    >>> from earmark.data.lyrics.leak_screen import leak_screen
    >>> screen = leak_screen(["love me do12Embed", "so long"], ["pop", "folk"])
    >>> [flag.sentence for flag in word_flags({"pop": ["do12embed", "love"], "folk": ["long"]}, screen)]
    ['pop is led by “do12embed” (platform; 1st of 2 words): not sung, or a name']
    """
    found = []
    for label, words in leading.items():
        kinds = [(place, word, screen.kinds_of(word)) for place, word in enumerate(words, start=1)]
        told = [
            f"“{word}” ({', '.join(why)}; {_nth(place)} of {len(words)} words)" for place, word, why in kinds if why
        ]
        if told:
            found.append(Flag("words", True, f"{label} is led by {'; '.join(told)}: not sung, or a name"))
    count = sum(len(words) for words in leading.values())
    if found or not count:
        return tuple(found)
    nothing = f"of the {count} words that lead a class none is of a header, a web page, a name or a shared line"
    return (Flag("words", False, nothing),)


def _nth(place: int) -> str:
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def _position(connection: Any, number: dict[str, int], weight: Floats, confidence: float) -> Flag | None:
    # Of what was heard alone: parts behind the last whole patch have no effect, which is no taste of the model's.
    ((last,),) = connection.sql("SELECT max(position) FROM evidence WHERE heard").fetchall()
    if last is None or last < 2:
        return None
    edge = f"position IN (0, {int(last)})"
    parts = [f"sum(abs(value)) FILTER ({edge})", f"count(*) FILTER ({edge})"]
    parts += [f"sum(abs(value)) FILTER (NOT ({edge}))", f"count(*) FILTER (NOT ({edge}))"]
    question = f'SELECT "group", {", ".join(parts)} FROM evidence WHERE position IS NOT NULL AND heard GROUP BY "group"'
    sums = _by_group(connection, question, number, 4)
    value = float(_ratio(sums.sum(axis=0)[None])[0])
    if not np.isfinite(value):
        return None
    low, high = _interval(_ratio(weight.T @ sums), confidence)
    raised = bool(low > POSITION or high < 1 / POSITION)
    ((whole,),) = connection.sql("SELECT bool_and(heard) FROM evidence").fetchall()
    clips = "clips" if whole else "what is heard of clips"
    words = f"the first and last part of {clips} weigh {value:.2f} × the middle [{low:.2f}, {high:.2f}]"
    return Flag("position", raised, words, value, low, high)


def _ratio(sums: Floats) -> Floats:
    """Mean size at the edges ÷ in the middle, of rows (edge sum, edge count, middle sum, middle count)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = (sums[:, 0] / sums[:, 1]) / (sums[:, 2] / sums[:, 3])
    return ratio


def _loudness(connection: Any, number: dict[str, int], weight: Floats, confidence: float) -> Flag | None:
    # Spearman's rank correlation within each clip and label; ties share the mean of their ranks.
    question = """
    WITH ranked AS (
        SELECT "group", clip_id, label,
            rank() OVER (PARTITION BY clip_id, label ORDER BY abs(value))
                + (count(*) OVER (PARTITION BY clip_id, label, abs(value)) - 1) / 2.0 AS size,
            rank() OVER (PARTITION BY clip_id, label ORDER BY level_db)
                + (count(*) OVER (PARTITION BY clip_id, label, level_db) - 1) / 2.0 AS level
        FROM evidence WHERE level_db IS NOT NULL
    ), each AS (
        SELECT any_value("group") AS "group", corr(size, level) AS rho FROM ranked GROUP BY clip_id, label
        HAVING count(*) > 2
    )
    SELECT "group", sum(rho), count(rho) FROM each WHERE isfinite(rho) GROUP BY "group"
    """
    sums = _by_group(connection, question, number, 2)
    if not sums[:, 1].sum():
        return None
    value = float(sums[:, 0].sum() / sums[:, 1].sum())
    drawn = weight.T @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _interval(drawn[:, 0] / drawn[:, 1], confidence)
    words = (
        f"within a clip, size of the effect and loudness of the component correlate by {value:.2f} "
        f"[{low:.2f}, {high:.2f}] (rank correlation)"
    )
    raised = bool(low > LOUDNESS)
    if value > LOUDNESS and not raised:
        words += f", not surely above {LOUDNESS:g}"
    return Flag("loudness", raised, words, value, low, high)


def _by_group(connection: Any, question: str, number: dict[str, int], columns: int) -> Floats:
    sums = np.zeros((len(number), columns))
    for batch in batches(connection, question):
        at = [number[name] for name in batch.column(0).to_pylist()]
        for column in range(columns):
            values = batch.column(1 + column).to_numpy(zero_copy_only=False)
            sums[at, column] = np.nan_to_num(values.astype(np.float64))
    return sums


def _interval(values: Floats, confidence: float) -> tuple[float, float]:
    low, high = percentile_ends(values, confidence)
    return float(low), float(high)
