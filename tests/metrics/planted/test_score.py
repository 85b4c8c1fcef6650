"""Methods are judged by the truth: on the noiseless case, where every value but one is known to be nothing."""

import dataclasses

import numpy as np
import pytest

from earmark.errors import SettingError
from earmark.explain.case import open_case
from earmark.explain.catalogue import METHODS
from earmark.metrics.planted.case import planted_case
from earmark.metrics.planted.listener import detector
from earmark.metrics.planted.proof import Proof, prove
from earmark.metrics.planted.score import NO_FILL, Ask, Judge, Score, cut, score_clip
from earmark.metrics.planted.table import (
    auc_intervals,
    by_fill,
    comparable,
    disagreements,
    exact,
    means,
    write_table,
)
from earmark.metrics.planted.truth import truth_of
from earmark.metrics.statistics import bootstrap_interval

KINDS = ("time", "bands", "grid")


@pytest.fixture(scope="module")
def rows():
    clips = planted_case("noiseless", seed=0, n=2, part="explained").clips
    ask = Ask(("shapley", "leave_one_in"), ("bands", "grid"), ("silence",), samples=256)
    return [
        row for number, one in enumerate(clips) for row in score_clip("noiseless", KINDS, number, one, detector(), ask)
    ]


def mean(rows, method, kind, figure="auc"):
    return np.mean([getattr(row, figure) for row in rows if (row.method, row.components) == (method, kind)])


def test_shapley_values_on_the_grid_find_the_evidence_and_chance_does_not(rows):
    assert mean(rows, "shapley", "grid") >= 0.95
    assert mean(rows, "random", "grid") == pytest.approx(0.5, abs=0.05)
    assert mean(rows, "random", "bands") == pytest.approx(0.5, abs=0.1)
    assert mean(rows, "shapley", "grid", "pointing") == 1.0
    assert mean(rows, "shapley", "grid", "mass") > 0.5 > mean(rows, "random", "grid", "mass")
    assert mean(rows, "energy", "grid", "pointing") < 1


def test_baselines_stand_in_every_cut_and_figures_are_those_of_the_masks(rows):
    assert {(row.components, row.method) for row in rows} == {
        (kind, method) for kind in ("bands", "grid") for method in ("shapley", "leave_one_in", "random", "energy")
    }
    assert {row.true for row in rows} == {1}
    one = planted_case("noiseless", seed=0, n=1, part="explained").clips[0]
    components = cut(one, "bands", "silence")
    case = open_case(one.clip, detector(), components)
    place = case.label_index(one.label)
    truth = truth_of(components.table, one.places, duration_s=2.0, sample_rate=16000)
    values = case.explain("shapley", targets=[one.label]).values(one.label)
    kept = np.isin(np.arange(8), np.argsort(-values)[:2])
    whole, alone, without = case.game.values(np.stack([np.ones(8, dtype=bool), kept, ~kept]))[:, place]
    row = Judge(case, one.label, truth).row(("noiseless", 0, 0, one.label, "bands"), "silence", "shapley", values)
    assert row.ff == pytest.approx(whole - without)
    assert row.ad == pytest.approx(100 * max(0, whole - alone) / whole)
    assert row.ai == 100.0 * (alone > whole)
    # Two of eight are kept: the third in order is not among them, although it is the evidence.
    place = int(np.flatnonzero(truth.inside)[0])
    third = np.roll(np.array([6.0, 8, 7, 5, 4, 3, 2, 1]), place)
    other = Judge(case, one.label, truth).row(("noiseless", 0, 0, one.label, "bands"), "silence", "shapley", third)
    assert other.ff == pytest.approx(0, abs=0.05)
    same = next(r for r in rows if (r.clip, r.method, r.components) == (0, "shapley", "bands"))
    # Other batches, other sums: float32 differs in its last digits.
    assert dataclasses.astuple(row)[7:] == pytest.approx(dataclasses.astuple(same)[7:], abs=1e-4)


def test_a_kind_that_cannot_be_right_or_wrong_is_passed_over_and_a_detector_has_no_maps():
    one = planted_case("noiseless", seed=0, n=1, part="explained").clips[0]
    ask = Ask(("occlusion", "saliency"), ("time", "stems"), ("silence", "median"), samples=64)
    rows = score_clip("noiseless", KINDS, 0, one, detector(), ask)
    assert {row.components for row in rows} == {"time"}
    assert {row.fill for row in rows} == {"silence", "median"}
    assert "saliency" not in {row.method for row in rows}
    with pytest.raises(SettingError, match="no stems"):
        cut(one, "stems", "silence")
    with pytest.raises(SettingError, match="no place"):
        cut(one, "nmf", "silence")


def test_attributions_without_an_order_have_no_faithfulness():
    one = planted_case("noiseless", seed=0, n=1, part="explained").clips[0]
    components = cut(one, "bands", "silence")
    truth = truth_of(components.table, one.places, duration_s=2.0, sample_rate=16000)
    judge = Judge(open_case(one.clip, detector(), components), one.label, truth)
    row = judge.row(("noiseless", 0, 0, one.label, "bands"), "silence", "nothing", np.zeros(8))
    assert row.auc == 0.5
    assert np.isnan([row.ff, row.ad, row.deletion, row.pointing]).all()


def test_the_listener_is_proved_by_intervention():
    proof = prove(detector(), planted_case("noiseless", n=24))
    assert proof.accuracy == proof.only == 1.0
    assert proof.without < 0.67
    assert proof.uses
    assert "goes by what was planted: 100 % of 24" in proof.sentence
    assert not Proof(24, 0.5, 1.0, 0.9, 1.0).uses  # it does as well without
    assert not Proof(24, 0.5, 1.0, 0.5, 0.6).uses  # the evidence alone is not enough
    # Half of what is above guessing may be left without it, a quarter lost with it alone.
    assert Proof(24, 0.5, 1.0, 0.75, 0.875).uses
    assert not Proof(24, 0.5, 1.0, 0.76, 0.875).uses
    assert not Proof(24, 0.5, 1.0, 0.75, 0.87).uses
    assert "is not shown" in Proof(24, 0.5, 0.6, 0.5, 0.6).sentence


def test_a_listener_that_goes_by_the_background_is_found_out():
    """What carries the label is called background here, so it goes by that, and is right without what is planted."""
    planted = planted_case("noiseless", n=24)
    swapped = [dataclasses.replace(one, background=one.evidence, evidence=one.background) for one in planted.clips]
    proof = prove(detector(), dataclasses.replace(planted, clips=tuple(swapped)))
    assert proof.accuracy == proof.without == 1
    assert proof.only == 0
    assert not proof.uses


def made(method, auc, ff, fill="silence", kind="grid"):
    return Score("cell", 0, 0, "low", kind, fill, method, 64, 1, auc, 1.0, 0.5, ff, 0.0, 100 * (1 - ff), 1 - ff)


def test_disagreement_names_the_pairs_whose_order_flips():
    rows = [made("a", 0.9, 0.2), made("b", 0.6, 0.8), made("c", 0.5, 0.1), made("d", 0.52, 0.12)]
    found = {one.measure: one for one in disagreements(rows)}
    assert found["ff"].flips == (("a", "b"),)
    assert found["deletion"].flips == (("a", "b"),)
    assert found["ff"].correlation == pytest.approx(0.8)
    assert "a is nearer to the truth than b" in found["ff"].sentence
    agreeing = [made("a", 0.9, 0.8), made("b", 0.6, 0.5), made("c", 0.5, 0.1)]
    assert [one.flips for one in disagreements(agreeing)] == [()] * 4
    assert "no pair" in disagreements(agreeing)[0].sentence
    assert disagreements(agreeing[:2]) == ()
    # Of two that are about as near to the truth neither is the nearer one.
    level = [made("a", 0.9, 0.9), made("b", 0.52, 0.1), made("c", 0.5, 0.8)]
    assert {one.flips for one in disagreements(level)} == {()}


def test_means_go_over_clips_and_methods_are_compared_with_one_fill():
    rows = [made("a", 0.9, 0.2), dataclasses.replace(made("a", 0.7, 0.4), clip=1), made("a", 0.5, 0.6, fill="median")]
    silence, median = means(rows)
    assert (silence.auc, silence.clips, median.auc) == (pytest.approx(0.8), 2, 0.5)
    aside = made("saliency", 0.3, 0.1, fill=NO_FILL)
    assert [(row.method, row.fill) for row in comparable([*rows, aside])] == [("a", "silence"), ("saliency", NO_FILL)]
    assert comparable(rows)[0].auc == pytest.approx(0.8)
    assert [row.fill for row in comparable(rows[2:])] == ["median"]
    nothing = dataclasses.replace(rows[0], ff=float("nan"))
    assert np.isnan(means([nothing])[0].ff)


def test_intervals_are_over_the_sounds_of_all_seeds():
    rows = [
        dataclasses.replace(made("a", auc, 0.2, kind=kind), seed=seed, clip=clip)
        for seed, clip, kind, auc in [
            (0, 0, "grid", 1.0), (0, 0, "time", 0.6), (0, 1, "grid", 0.4), (1, 0, "grid", 0.6), (1, 1, "grid", 1.0),
        ]
    ]  # fmt: skip
    rows.append(made("a", 0.0, 0.2, fill="median"))
    one = auc_intervals(rows)["cell", "a"]
    same = bootstrap_interval([0.8, 0.4, 0.6, 1.0])  # the kinds of a sound are no sounds of their own
    assert (one.mean, one.low, one.high, one.clips) == pytest.approx((same.mean, same.low, same.high, 4))
    assert one.low < 0.7 < one.high
    grid = next(row for row in means(rows) if (row.components, row.fill) == ("grid", "silence"))
    assert grid.clips == 4
    assert grid.low < grid.auc < grid.high


def test_the_benchmark_checks_itself_where_the_truth_is_exact(rows):
    checked = exact(rows)
    assert checked.as_due
    assert checked.shapley >= 0.95
    assert 0.45 <= checked.random <= 0.55
    assert "as it should be" in checked.sentence
    spoilt = [dataclasses.replace(row, auc=0.9) if row.method == "shapley" else row for row in rows]
    assert not exact(spoilt).as_due
    assert "something is wrong" in exact(spoilt).sentence
    for auc in (0.44, 0.56):
        assert not exact([dataclasses.replace(row, auc=auc) if row.method == "random" else row for row in rows]).as_due
    assert exact([row for row in rows if row.method != "shapley"]) is None


def test_every_method_that_plays_a_game_has_the_samples_that_a_grid_takes():
    names = tuple(name for name in METHODS.names() if not name.startswith("shapley_"))
    one = planted_case("noiseless", seed=0, n=1, part="explained").clips[0]
    found = score_clip("noiseless", ("grid",), 0, one, detector(), Ask(names, ("grid",), ("silence",), samples=1))
    assert {row.method for row in found} == {*names, "random", "energy"}


def test_fills_are_compared_over_the_methods_that_are_played_them():
    rows = [made("a", 0.9, 0.2), made("b", 0.7, 0.2), made("a", 0.1, 0.6, fill="median")]
    aside = [made("random", 0.5, 0.0), made("saliency", 0.3, 0.0, fill=NO_FILL)]
    assert by_fill(rows + aside) == {"silence": {"cell": pytest.approx(0.8)}, "median": {"cell": pytest.approx(0.1)}}


def test_the_table_is_written_alike_each_time(tmp_path, rows):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    first = [path.read_bytes() for path in write_table(rows, tmp_path / "a")]
    second = [path.read_bytes() for path in write_table(rows, tmp_path / "b")]
    assert first == second
    table = pyarrow.parquet.read_table(tmp_path / "a" / "planted.parquet")
    assert table.num_rows == len(rows)
    assert table.column("auc").to_pylist() == [row.auc for row in rows]
    text = (tmp_path / "a" / "planted.csv").read_text().splitlines()
    assert text[0].startswith("case,seed,clip,label,components,fill,method,n,true,auc")
    assert len(text) == len(rows) + 1
    assert NO_FILL not in text[1].split(",")
