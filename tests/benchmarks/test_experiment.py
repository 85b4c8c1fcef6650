"""The loop that the experiment is compared with finds the same figures. No time is tested."""

import importlib
import math
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.experiment")


def test_one_by_one_finds_the_same_figures(bench):
    classifier, clip = bench.network(), bench.sound()
    plan = bench.Plan(("saliency",), ("binary", "top_5", "minmax", "area:30"), noises=(bench.Noise("clean"),), sounds=0)
    subject = bench.open_subject(clip, classifier, plan)
    values = subject.attributions("saliency", plan).values
    ours = bench.rows_of(subject, bench.Facts(0, "", "", "clean", math.nan), plan, ("saliency",), {"saliency": values})
    found = bench.one_by_one(classifier, clip, plan, values, subject.row)
    assert len(found) == 3 * len(plan.masks)
    for place, name in enumerate(plan.masks):
        # The random masks are others: own masks and the loudest cells are compared.
        for source, at in (("mask", 3 * place), ("energy", 3 * place + 2)):
            row = next(r for r in ours if (r.mask, r.source) == (name, source))
            expected = (row.ff, row.ai, row.ad, row.ag, row.fid_in, row.sparseness, row.entropy)
            np.testing.assert_allclose(found[at], expected, atol=2e-3)


def test_the_benchmark_runs(bench):
    made = bench.run(bench.TINY)
    assert [row.unit for row in made.rows] == ["×", "×", "s", "min"]
    assert all(row.figure > 0 for row in made.rows)
