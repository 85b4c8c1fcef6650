"""A run that was killed goes on to the same bytes; what is left out is told; what does not fit is refused."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.open import open_dataset
from earmark.errors import AudioError, CancelledError, SettingError
from earmark.explain.game import Watch
from earmark.metrics.experiment.noise import Noise
from earmark.metrics.experiment.plan import Plan, unknown_classes
from earmark.metrics.experiment.run import PARTS, forget, run_experiment
from earmark.metrics.experiment.sounds import samples_in
from earmark.metrics.experiment.table import compare, read_columns, summarise, unanswered, write_tables
from earmark.models.callable import from_callable

PLAN = Plan(
    methods=("saliency", "lime"), masks=("binary", "top_30", "area:30"), noises=(Noise("clean"), Noise("sharp")),
    grid=(2, 4), samples=64, sounds=1,
)  # fmt: skip

KILLED = """
import importlib.util, os, signal, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("made", sys.argv[1])
made = importlib.util.module_from_spec(spec); spec.loader.exec_module(made)
from earmark.data.open import open_dataset
from earmark.metrics.experiment.noise import Noise
from earmark.metrics.experiment.plan import Plan
from earmark.metrics.experiment.run import run_experiment
plan = Plan(methods=("saliency", "lime"), masks=("binary", "top_30", "area:30"),
            noises=(Noise("clean"), Noise("sharp")), grid=(2, 4), samples=64, sounds=1)
def say(text):
    print(text, flush=True)
    if text.startswith("2 of"):
        os.kill(os.getpid(), signal.SIGKILL)
run_experiment(plan, made.Detector(), open_dataset(sys.argv[2]), Path(sys.argv[3]), say=say)
"""


@pytest.fixture(scope="module")
def finished(detector, dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, run_experiment(PLAN, detector, dataset, folder)


def bytes_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and PARTS not in p.parts}


def test_a_killed_run_goes_on_to_the_same_bytes(finished, detector, dataset, tmp_path):
    command = [sys.executable, "-c", KILLED, str(Path(__file__).with_name("conftest.py")), str(dataset.root), tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    parts = sorted(path.name for path in (tmp_path / PARTS).iterdir())
    assert parts == ["000000.parquet", "000001.parquet", "plan.json"]
    assert not (tmp_path / "experiment.parquet").exists()
    said, seen = [], []
    watch = Watch(on_progress=lambda done, planned: seen.append((done, planned)))
    run_experiment(PLAN, detector, dataset, tmp_path, watch=watch, say=said.append)
    assert [line.split()[0] for line in said] == ["3", "4", "5", "6"]  # what was done is not done again
    assert seen[-1] == (32, 32)  # 4 clips × 2 noises × 2 methods, made and masked
    assert bytes_of(tmp_path) == bytes_of(finished[0])


def test_a_run_that_was_cancelled_keeps_what_it_has(detector, dataset, tmp_path):
    done = []
    with pytest.raises(CancelledError):
        run_experiment(
            PLAN, detector, dataset, tmp_path, watch=Watch(cancelled=lambda: len(done) == 1), say=done.append
        )
    assert (tmp_path / PARTS / "000000.parquet").exists()
    with pytest.raises(SettingError, match="an unfinished run with other settings"):
        run_experiment(replace(PLAN, seed=1), detector, dataset, tmp_path)
    forget(tmp_path)
    assert not (tmp_path / PARTS).exists()


def test_the_table_has_a_row_for_each_clip_method_mask_and_noise(finished, dataset):
    columns = read_columns(finished[1].table)
    assert finished[1].clips == 6
    # 2 noises × (2 methods × 3 masks × mask, random, energy, and ones and zeros)
    assert len(columns.names["clip"]) == 6 * 2 * (2 * 3 * 3 + 2)
    assert set(columns.distinct("clip")) == {f"{c}/{c[0]}{n}.wav" for c in ("high", "low") for n in range(3)}
    assert columns.distinct("noise") == ("clean", "sharp")
    assert not np.isnan(columns.figures["ff"]).any()
    assert np.isnan(columns.figures["ff_audio"]).all()


def test_means_and_tests_are_those_of_the_rows(finished, tmp_path):
    columns = read_columns(finished[1].table)
    means, tests = summarise(columns), compare(columns, PLAN.equal_masks)
    names = columns.names

    def values(method, mask, source, figure="ff"):
        return columns.figures[figure][
            (names["noise"] == "clean") & (names["method"] == method) & (names["mask"] == mask)
            & (names["source"] == source)
        ]  # fmt: skip

    mean = next(
        m for m in means if (m.noise, m.method, m.mask, m.source, m.figure) == ("clean", "lime", "binary", "mask", "ff")
    )
    assert mean.mean == pytest.approx(values("lime", "binary", "mask").mean(), abs=1e-6)
    assert mean.low <= mean.mean <= mean.high
    assert mean.clips == 6
    against = next(
        t for t in tests
        if (t.noise, t.mask, t.figure, t.first, t.second) == ("clean", "area:30", "ff", "saliency", "random")
    )  # fmt: skip
    d = values("saliency", "area:30", "mask") - values("saliency", "area:30", "random")
    signs = 1 - 2 * ((np.arange(64)[:, None] >> np.arange(6)) & 1)
    assert against.difference == pytest.approx(d.mean(), abs=1e-6)
    assert against.p_value == pytest.approx((np.abs(signs @ d) >= abs(d.sum()) - 1e-12).mean(), abs=1e-6)
    assert against.corrected >= against.p_value
    # Of the average drop alone, less is better.
    assert {t.better for t in tests if t.figure == "ad" and t.difference < 0} == {True}
    assert {t.better for t in tests if t.figure == "ad" and t.difference >= 0} <= {False}
    assert {t.better for t in tests if t.figure == "ff" and t.difference > 0} == {True}
    # Methods are compared at equal area only, each by its margin over its own random mask.
    between = {(t.mask, t.first, t.second) for t in tests if t.second not in ("random", "energy")}
    assert between == {("area:30", "saliency", "lime")}
    pair = next(t for t in tests if (t.noise, t.figure, t.first, t.second) == ("clean", "ff", "saliency", "lime"))
    lime = values("lime", "area:30", "mask") - values("lime", "area:30", "random")
    assert pair.difference == pytest.approx((d - lime).mean(), abs=1e-6)
    # The only pair of methods, at the only equal area: a family of one, whatever else was tested.
    assert pair.corrected == pair.p_value
    paths = write_tables(means, tests, tmp_path)
    assert [path.read_text(encoding="utf-8").splitlines()[0].split(",")[0] for path in paths] == ["noise", "noise"]
    assert len(paths[0].read_text(encoding="utf-8").splitlines()) == len(means) + 1


def test_methods_that_have_nothing_to_say_are_told(dataset, tmp_path):
    """Scores that hear nothing: every Shapley value is zero, there are no masks, and the rows say why."""
    deaf = from_callable(lambda waveforms, rate: np.full((len(waveforms), 2), 0.5), ("high", "low"), 8000)
    plan = replace(PLAN, methods=("shapley",), noises=(Noise("clean"),), sounds=1)
    columns = read_columns(run_experiment(plan, deaf, dataset, tmp_path).table)
    (told,) = unanswered(columns)
    assert (told.method, told.sounds, told.of) == ("shapley", 6, 6)
    assert "all attributions are zero" in told.sentence
    assert {(m.method, m.source) for m in summarise(columns)} == {("", "ones"), ("", "zeros")}
    assert compare(columns, plan.equal_masks) == ()


def test_kept_and_removed_sum_to_the_clip(finished, dataset):
    samples = samples_in(finished[0])
    assert {(s.method, s.part) for s in samples} == {
        ("original", ""), *((m, p) for m in ("saliency", "lime", "random", "energy") for p in ("kept", "removed"))
    }  # fmt: skip
    sound = {(s.method, s.part): read(s.path) for s in samples}
    whole = sound["original", ""].waveform
    assert np.array_equal(whole, read(dataset.items[0].path).waveform)
    for method in ("saliency", "lime", "random", "energy"):
        both = sound[method, "kept"].waveform + sound[method, "removed"].waveform
        assert np.abs(both - whole).max() < 1e-4  # −80 dBFS
        assert np.abs(sound[method, "kept"].waveform - whole).max() > 0.01


def test_clips_and_methods_that_cannot_be_used_are_told(dataset, layerless, tmp_path):
    root = tmp_path / "data"
    write(read(dataset.items[0].path), root / "high" / "a.wav")
    write(Clip(np.zeros(4000), 8000), root / "low" / "b.wav")
    plan = replace(PLAN, methods=("grad_cam", "lime"), noises=(Noise("clean"),))
    found = run_experiment(plan, layerless, open_dataset(root), tmp_path / "out")
    assert found.clips == 1
    (problem,) = found.problems
    assert problem.where == "low/b.wav"
    assert "the clip is silent" in problem.fact
    assert [one.method for one in found.left_out] == ["grad_cam"]
    assert read_columns(found.table).distinct("method") == ("lime", "")
    with pytest.raises(AudioError, match="no clip can be used"):
        run_experiment(plan, layerless, open_dataset(root).subset([1]), tmp_path / "none")


def test_what_does_not_fit_is_refused(dataset, detector, bare, tmp_path):
    other = replace(dataset, items=tuple(replace(item, label="hum") for item in dataset.items))
    assert unknown_classes(other, detector) == ("hum",)
    assert unknown_classes(dataset, detector) == ()
    with pytest.raises(SettingError, match=r"no method is left: .* cannot be differentiated"):
        run_experiment(replace(PLAN, methods=("saliency",)), bare, dataset, tmp_path)
    assert list(tmp_path.iterdir()) == []
