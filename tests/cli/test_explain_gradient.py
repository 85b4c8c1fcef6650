"""``earmark explain`` with a gradient method: what it writes, says, and makes again."""

import json
import shlex

import pytest

from earmark.audio.read import read
from earmark.cli.job import Job
from earmark.explain.explanation import Explanation
from earmark.explain.map import MapExplanation

WRITTEN = {"report.html", "kept.flac", "removed.flac", "explanation.json", "map.safetensors"}


@pytest.fixture
def asked(run, bundle, sounds):
    return lambda method, *more: run("explain", sounds.song, "--model", bundle, "--method", method, *more, "-o", "o")


def test_everything_is_written_and_the_map_is_the_one_that_was_pooled(asked, tmp_path):
    done = asked("input_x_gradient", "--top-targets", "1")
    assert (done.code, done.err) == (0, "")
    assert {path.name for path in (tmp_path / "o").iterdir()} == WRITTEN
    explanation = Explanation.load(tmp_path / "o" / "explanation.json")
    found = MapExplanation.load(tmp_path / "o" / "map.safetensors")
    assert (explanation.recipe.components, explanation.recipe.output) == ("grid", "logit")
    assert found.pool(explanation.components)[0] == pytest.approx(explanation.attributions[0], rel=1e-6)
    assert explanation.top(1)[0].sentence(exact=True) in done.out
    assert "raises" not in done.out
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert "A gradient method (input_x_gradient)" in page
    assert "Speaks against it" in page
    assert "Raises it" not in page
    assert "o/map.safetensors" in done.out


def test_an_activation_map_is_cut_in_time_and_half_of_it_is_kept(asked, run, sounds, tmp_path):
    done = asked("grad_cam", "--target", "jazz", "--format", "json,flac", "--segments", "4")
    assert done.code == 0
    assert all("silent" in line for line in done.err.splitlines())
    explanation = Explanation.load(tmp_path / "o" / "explanation.json")
    assert (explanation.recipe.components, explanation.signed, len(explanation.components)) == ("time", False, 4)
    kept = read(tmp_path / "o" / "kept.flac").waveform
    removed = read(tmp_path / "o" / "removed.flac").waveform
    # The weights are random, and the map may be zero throughout: then nothing is kept.
    assert (abs(kept).max() > 0) == (explanation.values("jazz").max() > 0)
    assert abs(kept + removed - read(sounds.song).waveform).max() < 1e-4
    heard = run("listen", "o/explanation.json", sounds.song, "--json")
    assert json.loads(heard.out)["keep"] == "half"
    refused = run("listen", "o/explanation.json", sounds.song, "--keep", "raising", "-o", "x")
    assert refused.code == 2
    assert "grad_cam does not say what raises a score" in refused.err


def test_a_layer_without_frequencies_is_not_cut_into_bands(asked, tmp_path):
    done = asked("grad_cam", "--components", "grid")
    assert done.code == 2
    assert "is the same at all frequencies. Choose components time" in done.err
    assert not (tmp_path / "o").exists()


def test_an_unknown_layer_gets_a_proposal_and_stems_a_remedy(asked):
    assert "Did you mean" in asked("hirescam", "--layer", "mid33").err
    done = asked("saliency", "--components", "stems_time")
    assert done.code == 2
    assert "no region of time or frequency" in done.err
    assert "Choose components grid" in done.err


def test_a_coarse_sum_is_said(asked):
    done = asked("integrated_gradients", "--method-set", "steps=1", "--format", "json", "--json")
    assert done.code == 0
    assert json.loads(done.out)["explanation"]["converged"] is False
    assert "too much to trust the scale" in done.err


def test_the_command_in_the_report_makes_it_again(run, bundle, sounds, tmp_path):
    options = {"method": "smoothgrad", "samples": 3, "targets": ("rock",), "output": "probability", "seed": 4}
    job = Job(model=str(bundle), components="time", segments=3, domain="waveform", **options)
    words = shlex.split(job.command(str(sounds.song), tmp_path / "a"))
    assert "--fill" not in words
    assert run(*words[1:], "--format", "json,map").code == 0
    explanation = Explanation.load(tmp_path / "a" / "explanation.json")
    assert explanation.recipe.method_settings["domain"] == "waveform"
    assert explanation.recipe.method_settings["samples"] == 3
    assert words[-2] == "-o"
    assert run(*words[1:-1], tmp_path / "b", "--format", "json,map").code == 0
    for name in ("explanation.json", "map.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_contrast_and_dry_run(asked, tmp_path):
    done = asked("saliency", "--contrast", "rock,jazz", "--format", "json", "--json")
    assert json.loads(done.out)["explanation"]["labels"] == ["rock − jazz"]
    few = ("--method-set", "steps=2", "--target", "rock", "--duration", "4", "--overwrite", "--json")
    plan = json.loads(asked("integrated_gradients", *few, "--dry-run").out)[0]
    spent = json.loads(asked("integrated_gradients", *few, "--format", "json").out)["explanation"]["evaluations"]
    assert plan["evaluations"] >= spent > 0
    assert len(plan["would_write"]) == 5
