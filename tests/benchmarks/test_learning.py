"""The page of results says what the results say, and a run of one data set leaves the others' sections as they were."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def test_the_committed_page_is_the_one_that_the_results_make(load):
    data = json.loads((ROOT / "benchmarks" / "learning" / "results.json").read_text(encoding="utf-8"))
    run = load("record").from_json(data)
    assert (ROOT / "docs" / "results.md").read_text(encoding="utf-8") == load("learning.page").page(run)
    names = [each["name"] for each in data["benchmarks"]]
    assert {"gtzan_descriptors", "gtzan_tags", "esc10"} <= set(names)
    assert names == [name for name in load("learning.__main__").NAMES if name in names]


def test_only_one_section_is_replaced(load, tmp_path, monkeypatch):
    runner, record = load("learning.__main__"), load("record")
    results = tmp_path / "results.json"

    def run(name, value, *only):
        made = record.Benchmark(name, name, "How.", (record.Row("a", "accuracy", (value,)),))
        monkeypatch.setattr(runner.importlib, "import_module", lambda _: SimpleNamespace(run=lambda: made))
        runner.main(["--date", "2026-01-02", "--results", str(results), "--page", str(tmp_path / "page.md"), *only])
        found = record.from_json(json.loads(results.read_text(encoding="utf-8")))
        return {each.name: each.rows[0].values[0] for each in found.benchmarks}

    assert run("esc10", 0.5, "--only", "esc10") == {"esc10": 0.5}
    assert run("gtzan_tags", 0.6, "--only", "gtzan_tags") == {"gtzan_tags": 0.6, "esc10": 0.5}
    assert run("esc10", 0.7, "--only", "esc10") == {"gtzan_tags": 0.6, "esc10": 0.7}
    assert "## esc10" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_votes_of_models_and_of_folds(load):
    np, runs = importlib.import_module("numpy"), load("learning.zoo_runs")
    judged = importlib.import_module("earmark.training.scores").Judged
    one = judged(("a", "b"), np.array([0, 1]), np.array([[0.6, 0.4], [0.6, 0.4]]), ("x", "y"))
    other = judged(("a", "b"), np.array([0, 1]), np.array([[0.5, 0.5], [0.1, 0.9]]), ("x", "y"))
    assert runs.soft_vote([one, other]).predicted.tolist() == [0, 1]
    both = runs.together([one, other])
    assert both.truth.tolist() == [0, 1, 0, 1]
    assert both.groups == ("x", "y", "x", "y")
