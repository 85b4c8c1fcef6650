"""The page of effects: what it shows is what was found, and the tables say the same."""

import csv

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.explain_global.ale import AleSettings, ale
from earmark.explain_global.ale2 import ale2
from earmark.explain_global.categories import Category
from earmark.explain_global.editing.catalogue import edit_from
from earmark.explain_global.edits import effects_of_edits
from earmark.explain_global.pdp import partial_dependence
from earmark.explain_global.study import Study
from earmark.models.callable import from_callable
from earmark.models.tabular import from_rows_function
from earmark.report.effect_figures import dependence_figure, edit_figure, effect2_figure, effect_figure, strongest
from earmark.report.effect_tables import table_rows, write_table
from earmark.report.effects import heard_steps, write_effects
from earmark.report.page_parts import slug


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.uniform(60, 180, 200), rng.integers(3, size=200) + 0.0, rng.normal(size=200)])

    def function(rows):
        p = 0.1 + 0.5 * (rows[:, 0] > 120) * (rows[:, 1] == 2) + 0.2 * (rows[:, 2] > 0)
        return np.stack([p, 1 - p], axis=1)

    classifier = from_rows_function(function, ["<b>disco</b>", "other"], ["tempo_bpm", "key", "x"])
    key = Category.coded("key", {"C": 0.0, "D": 1.0, "E": 2.0}, ordered=True)
    effects = ale(classifier, rows, settings=AleSettings(bins=6, categories=(key,)))
    pairs = ale2(classifier, rows, [("tempo_bpm", "x")], bins=4)
    pdp = partial_dependence(classifier, rows, ["x"], points=5, most_rows=20)
    return Study("m", "f", "rows", classifier.labels, 200, effects, pairs, pdp, notes=("Mind <this>.",))


def loud(waveforms, rate):
    p = np.clip(np.abs(waveforms).mean(axis=(1, 2)), 0, 1)
    return np.stack([p, 1 - p], axis=1)


@pytest.fixture(scope="module")
def edits():
    clips = [Clip(0.2 * np.sin(np.arange(8000) * f), 16000) for f in (0.1, 0.2, 0.4)]
    model = from_callable(loud, ["loud", "soft"], 16000)
    return clips, model, effects_of_edits(clips, model, [edit_from("gain:0-4000@-12/24")])


def test_the_page_holds_its_pictures_and_escapes_names(tmp_path, study):
    paths = write_effects(tmp_path, study, None, study.labels, model="m", data="rows", command="earmark effects …")
    page = paths[0].read_text(encoding="utf-8")
    assert "&lt;b&gt;disco&lt;/b&gt;" in page
    assert "<b>disco" not in page
    assert "Mind &lt;this&gt;." in page
    assert page.count("data:image/png") == 3 + 1 + 1
    assert {path.name for path in paths} == {
        "effects.html", "effects.csv", "effect-tempo_bpm.png", "effect-key.png", "effect-x.png",
        "effect2-tempo_bpm-x.png", "dependence-x.png",
    }  # fmt: skip
    first = {path.name: path.read_bytes() for path in paths}
    write_effects(tmp_path, study, None, study.labels, model="m", data="rows", command="earmark effects …")
    assert {path.name: path.read_bytes() for path in paths} == first


def test_the_curve_in_the_figure_is_the_effect(study):
    for effect in study.effects:
        figure = effect_figure(effect, study.labels)
        lines = {line.get_label(): line for line in figure.axes[0].lines}
        np.testing.assert_allclose(lines["other"].get_ydata(), effect.of("other"))
        at = effect.points if effect.kind == "continuous" else np.arange(len(effect.points))
        np.testing.assert_allclose(lines["other"].get_xdata(), at)
    cells = effect2_figure(study.pairs[0], study.labels).axes[0].collections[0].get_array()
    assert cells.shape == (4, 4)
    assert np.ma.getmaskarray(cells).sum() == (study.pairs[0].counts == 0).sum()
    found = dependence_figure(study.dependences[0], study.labels).axes[0].lines
    assert len(found) == 20 + 1
    assert strongest(["a", "b", "c"], np.array([1.0, 3.0, 2.0]), ["c", "a", "b"], 2) == ["b", "c"]


def test_csv_and_parquet_say_the_same(tmp_path, study):
    import pyarrow.parquet as pq

    rows = table_rows(study, None, ("other",))
    with write_table(tmp_path / "t.csv", rows).open(encoding="utf-8", newline="") as file:
        text = list(csv.DictReader(file))
    table = pq.read_table(write_table(tmp_path / "t.parquet", rows)).to_pylist()
    assert len(text) == len(table) == (7 + 3 + 7) + 25
    for a, b in zip(text, table, strict=True):
        assert float(a["value"]) == pytest.approx(b["value"], abs=1e-8)
        assert (a["what"], a["at"]) == (b["what"], b["at"])
    key = [row for row in text if row["name"] == "key"]
    assert [row["at"] for row in key] == ["C", "D", "E"]
    assert sum(int(row["rows"]) for row in key) == 200


def test_every_step_is_written_played_and_scored(tmp_path, edits):
    clips, model, study = edits
    effect = study.effects[0]
    steps = heard_steps(tmp_path, clips[0], model, effect, seed=0)
    assert [step.step for step in steps] == ["−12 dB", "as it is", "+24 dB"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(step.file for step in steps)
    assert "turned down by" in steps[2].note
    assert "turned down" not in steps[0].note
    level = np.abs(clips[0].waveform).mean()
    assert dict(steps[1].top)["loud"] == pytest.approx(level, abs=1e-6)
    assert dict(steps[2].top)["loud"] == pytest.approx(1.0)  # scored as it is, not as it is turned down
    paths = write_effects(
        tmp_path / "page", None, study, model.labels, model="m", data="d", command="c", steps=[steps], example="one"
    )
    page = paths[0].read_text(encoding="utf-8")
    assert page.count("<audio") == 3
    assert "one, step by step" in page
    line = edit_figure(effect, model.labels).axes[0].lines
    assert any(np.array_equal(each.get_ydata(), effect.values[0]) for each in line)
    assert slug("a/b c") == "a-b-c"
