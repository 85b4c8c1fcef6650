"""The runner works from end to end with tiny sizes, and the page says what the results say. No time is tested."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def bench(folder, *only):
    command = [
        sys.executable, "-m", "benchmarks", "--date", "2026-01-02", "--tiny", "--only", *only,
        "--results", str(folder / "results.json"), "--page", str(folder / "page.md"),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_the_runner_measures_and_writes_the_page(tmp_path):
    run = bench(tmp_path, "linearity", "memory")
    assert [b["name"] for b in run["benchmarks"]] == ["linearity", "memory"]
    assert run["date"] == "2026-01-02"
    assert run["tiny"] is True
    assert run["machine"]["threads"] == 2
    assert all(run["versions"][name] for name in ("earmark", "torch", "captum", "shap", "shapiq", "lime"))
    assert all(r["values"] and all(v >= 0 for v in r["values"]) for b in run["benchmarks"] for r in b["rows"])
    differences = [r for r in run["benchmarks"][0]["rows"] if "difference" in r["subject"]]
    assert len(differences) == 2
    assert all(r["met"] for r in differences)
    written = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "## Mixing spectra instead of sound" in written
    assert "Tiny sizes" in written


def test_the_estimators_of_the_accuracy_benchmark_find_the_exact_values(load):
    accuracy = load("accuracy")
    game = accuracy.game(12, 0)
    truth, error = accuracy._truth(game, 0)
    assert error == 0
    scale = abs(truth).max()
    for name, estimate in accuracy.ESTIMATORS.items():
        found = estimate(game, 600, 0)
        assert abs(found - truth).max() < (0.5 if name == "captum" else 0.1) * scale, name


def test_audiolime_recovers_a_linear_model(load):
    np = importlib.import_module("numpy")
    pieces = np.eye(6, dtype=np.float32)
    weights = np.array([[1.0, -2.0, 3.0, 0.0, 0.5, 4.0]])
    found = load("audiolime").audiolime(pieces, lambda sounds: sounds @ weights.T, 800, seed=0)
    np.testing.assert_allclose(found, weights, atol=0.1)


def test_the_page_says_what_was_missed(load):
    record, page = load("record"), load("page")
    rows = (
        record.Row("a ÷ b", "×", (1.0, 1.2, 1.1), at_most=1.05),
        record.Row("b ÷ c", "×", (12.0,), at_least=10.0, note="scaled up"),
        record.Row("error", "relative error", (0.25,)),
    )
    benchmarks = (record.Benchmark("x", "X", "How.", rows), record.Benchmark("y", "Y", "", not_run="no network"))
    machine = {
        "cpu": "c", "cores": 2, "memory_gib": 1, "system": "s", "python": "3", "threads": 2, "load_at_start": 0.0
    }  # fmt: skip
    run = record.Run("2026-01-02", False, machine, {"earmark": "0"}, benchmarks)
    again = record.from_json(json.loads(json.dumps(record.to_json(run))))
    assert again == run
    text = page.page(again)
    assert "| a ÷ b | 1.100 × (1–1.200) | ≤ 1.050 | **missed** |" in text
    assert "| b ÷ c (scaled up) | 12 × | ≥ 10 | met |" in text
    assert "| error | 0.25 |  |  |" in text
    assert "Not run: no network" in text
    assert "1 met, 1 missed" in text


def test_the_committed_page_is_the_one_that_the_results_make(load):
    data = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    record, page = load("record"), load("page")
    assert data["tiny"] is False
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == page.page(record.from_json(data))
    assert [b["name"] for b in data["benchmarks"]] == list(load("__main__").NAMES)
