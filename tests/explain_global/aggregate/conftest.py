"""Explanations whose attributions are given: what one would get from ``explain``, without a classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike

from earmark.components.component import Component
from earmark.explain.explanation import ClipFacts, Explanation, ModelFacts, Recipe

LABELS = ("rock", "jazz", "folk")


@pytest.fixture(scope="session")
def made() -> Callable[..., Explanation]:
    """``made(number, components, values (n,) or (K, n), predicted=…)``: an explanation of clip ``number``."""

    def make(
        number: int,
        components: Sequence[Component],
        values: ArrayLike,
        *,
        predicted: str = "rock",
        model: str = "a" * 64,
        kind: str = "stems_time",
        method: str = "shapley",
        levels_db: ArrayLike | None = None,
        seed: int = 0,
        errors: float = 0.01,
        unheard_s: float = 0.0,
    ) -> Explanation:
        rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
        attributions = np.zeros((len(LABELS), len(components)))
        place = LABELS.index(predicted)
        if len(rows) == 1:
            attributions[place] = rows[0]
        else:
            attributions[:] = rows
        scores = np.full(len(LABELS), 0.1)
        steps = (f"the last {unheard_s:.1f} s are not heard: tagger takes whole patches only",) if unheard_s else ()
        scores[place] = 0.8
        return Explanation(
            labels=LABELS,
            targets=(place,),
            components=tuple(components),
            attributions=attributions,
            errors=np.full(attributions.shape, errors),
            base=np.zeros(len(LABELS)),
            full=scores,
            scores=scores,
            evaluations=100,
            unit="clip",
            converged=True,
            exact=False,
            model=ModelFacts("tagger", model, 16000, 1, "softmax"),
            clip=ClipFacts(f"song {number}", f"{number:064d}", "", 0.0, 30.0, 16000, 1, steps),
            recipe=Recipe(method, {}, kind, {}, "probability", None, seed, "0"),
            levels_db=None if levels_db is None else np.asarray(levels_db, dtype=np.float64),
        )

    return make
