"""A network is trained, shown to use the shortcut, and found out; a run that was broken off goes on."""

from dataclasses import replace

import pytest

from earmark.errors import CancelledError, SettingError
from earmark.explain.game import Watch
from earmark.metrics.planted.case import planted_case
from earmark.metrics.planted.listener import train_listener
from earmark.metrics.planted.proof import prove
from earmark.metrics.planted.run import PARTS, Plan, forget, run_planted
from earmark.metrics.planted.score import Ask, score_clip
from earmark.metrics.shortcuts import find_shortcuts

ASK = Ask(("occlusion",), ("bands",), ("silence",), samples=64)


def test_a_network_takes_the_shortcut_and_is_found_out(tmp_path):
    pytest.importorskip("lightning")
    classifier = train_listener(planted_case("codec", n=48, part="training"), tmp_path / "model")
    held_out = planted_case("codec", n=12)
    proof = prove(classifier, held_out)
    assert proof.uses
    assert proof.accuracy > 0.9
    assert proof.without == 0.5
    assert proof.only > 0.9
    assert find_shortcuts(classifier, [one.clip for one in held_out.clips[:8]]).flagged == ("codec_edge",)
    one = planted_case("codec", n=1, part="explained").clips[0]
    ask = Ask(("occlusion", "integrated_gradients"), ("bands",), ("silence", "median"), samples=64)
    rows = score_clip("codec", ("bands",), 0, one, classifier, ask)
    found = {(row.method, row.fill): row for row in rows}
    assert found["occlusion", "silence"].auc == found["occlusion", "median"].auc == 1.0
    assert found["integrated_gradients", "none"].auc > 0.8
    assert found["integrated_gradients", "none"].n == 8
    assert ("integrated_gradients", "median") not in found


def test_a_run_that_was_broken_off_goes_on_with_the_same_result(tmp_path):
    plan = Plan(("noiseless",), ASK, clips=2, held_out=3)
    whole = run_planted(plan, tmp_path / "whole")
    watch = Watch()
    watch.cancelled = lambda: watch.done >= 5
    with pytest.raises(CancelledError):
        run_planted(plan, tmp_path / "broken", watch=watch)
    assert (tmp_path / "broken" / PARTS / "noiseless.0.json").exists()
    assert not (tmp_path / "broken" / PARTS / "noiseless.1.json").exists()
    told = []
    assert run_planted(plan, tmp_path / "broken", say=told.append) == whole
    assert told[0].startswith("noiseless: The listener goes by")
    assert whole[0].as_expected
    with pytest.raises(SettingError, match="other settings"):
        run_planted(Plan(("noiseless",), ASK, clips=1, held_out=3), tmp_path / "broken")
    more = run_planted(replace(plan, clips=1, seeds=2), tmp_path / "more")
    assert [(one.name, one.seed) for one in more] == [("noiseless", 0), ("noiseless", 1)]
    assert more[0].scores == tuple(row for row in whole[0].scores if row.clip == 0)
    assert {row.seed for row in more[1].scores} == {1}
    assert more[1].scores == run_planted(replace(plan, clips=1, seed=1), tmp_path / "second")[0].scores
    assert more[0].scores[0].auc != more[1].scores[0].auc
    assert sorted(path.name for path in (tmp_path / "more" / "sounds").iterdir()) == ["noiseless", "noiseless-seed1"]
    forget(tmp_path / "broken")
    assert not (tmp_path / "broken" / PARTS).exists()
