from dataclasses import replace

import numpy as np
import pytest

from earmark.components.component import Component
from earmark.explain.explanation import Effect
from earmark.report.tables import effect_rows
from earmark.report.words import direction, trust, verdict

SAYINGS = ("Exact:", "and settled", "do not rely on the order")


@pytest.mark.parametrize(
    ("exact", "converged", "says", "word"),
    [
        (True, True, "Exact:", "exact"),
        (False, True, "and settled", "converged"),
        (False, False, "do not rely on the order", "not converged"),
    ],
)
def test_trust_is_said_in_words(case, exact, converged, says, word):
    e = replace(case.explanation, exact=exact, converged=converged, evaluations=12345)
    assert [s for s in SAYINGS if s in trust(e)] == [says]
    assert "12 345 clip evaluations" in trust(e)
    assert verdict(e) == word


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (0.3, 0.0, "raises"),
        (-0.3, 0.1, "lowers"),
        (0.3, 0.2, "raises, uncertain"),
        (-0.3, np.nan, "lowers, uncertain"),
        (0.0, 0.0, "no effect"),
        (-3e-8, 0.0, "no effect"),
    ],
)
def test_direction_says_when_the_error_covers_it(value, error, says):
    assert direction(Effect("rock", 0, Component(stem="drums"), value, error)) == says


def test_no_row_of_a_table_says_that_zero_raises(case):
    e = case.explanation
    values = e.attributions.copy()
    values[e.targets[0], :3] = 0.2, 2e-5, -1e-9
    rows = effect_rows(replace(e, attributions=values, exact=True), e.labels[e.targets[0]], frozenset())
    for row in rows:
        assert (float(row.text.replace("−", "-")) == 0) == (row.direction == "no effect") == (row.kind == "none")
    assert {"no effect", "raises"} <= {row.direction for row in rows}
