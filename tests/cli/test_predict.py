"""``earmark predict``."""

import io
import json
from pathlib import Path

import pytest

from earmark.audio.read import read
from earmark.cli.job import Job
from earmark.models.load import load_model
from earmark.models.predict import predict


def test_json_is_the_sorted_scores_of_the_classifier(run, bundle, sounds):
    done = run("predict", sounds.song, "--model", bundle, "--json", "--top", "3")
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    classifier = load_model(bundle)
    expected = dict(zip(classifier.labels, predict(read(sounds.song), classifier), strict=True))
    assert len(rows) == 3
    assert [row["score"] for row in rows] == pytest.approx(sorted(expected.values(), reverse=True)[:3], abs=1e-6)
    assert all(row["score"] == pytest.approx(expected[row["label"]], abs=1e-6) for row in rows)


def test_for_people_labels_and_scores_line_by_line(run, bundle, sounds):
    done = run("predict", sounds.song, "--model", bundle, "--top", "2")
    assert done.code == 0
    first, *rows = done.out.splitlines()
    assert first == f"{sounds.song}: small"
    assert len(rows) == 2


def test_verbose_tells_the_conversion_on_stderr(run, bundle, sounds):
    done = run("predict", sounds.other, "--model", bundle, "--json", "-v")
    assert "44100 → 16000 Hz" in done.err
    json.loads(done.out)
    assert run("predict", sounds.other, "--model", bundle, "--json").err == ""


def test_span_is_what_is_scored(run, bundle, sounds):
    done = run("predict", sounds.song, "--model", bundle, "--start", "2", "--duration", "3.5", "--json")
    expected = max(predict(read(sounds.song, start_s=2, duration_s=3.5), load_model(bundle)))
    assert json.loads(done.out)[0]["score"] == pytest.approx(expected, abs=1e-6)
    whole = run("predict", sounds.song, "--model", bundle, "--json")
    assert whole.out != done.out


def test_one_bad_file_does_not_end_the_run(run, bundle, sounds, tmp_path):
    missing = tmp_path / "missing.wav"
    done = run("predict", sounds.song, missing, sounds.other, "--model", bundle, "--json")
    assert done.code == 3
    good, bad, other = json.loads(done.out)
    assert (good["file"], other["file"]) == (str(sounds.song), str(sounds.other))
    assert len(good["scores"]) == len(other["scores"]) == 4
    assert bad["file"] == str(missing)
    assert "missing.wav" in bad["error"]
    assert "1 of 3 inputs failed" in done.err


def test_all_bad_files_are_a_failure(run, bundle, tmp_path):
    done = run("predict", tmp_path / "a.wav", tmp_path / "b.wav", "--model", bundle)
    assert done.code == 1
    assert "2 of 2 inputs failed" in done.err


def test_file_list_from_standard_input(run, bundle, sounds, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{sounds.song}\r\n\r\n  \n{sounds.other} \t\n"))
    done = run("predict", "-", "--model", bundle, "--json")
    assert done.code == 0
    assert [row["file"] for row in json.loads(done.out)] == [str(sounds.song), str(sounds.other)]


def test_empty_list_on_standard_input_is_wrong_usage(run, bundle, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run("predict", "-", "--model", bundle).code == 2


def test_unknown_model_gets_a_proposal(run, sounds):
    done = run("predict", sounds.song, "--model", "musicnn-mds")
    assert (done.code, done.out) == (2, "")
    assert "Did you mean musicnn-msd" in done.err


def test_the_device_is_the_one_that_is_named(run, bundle, sounds):
    named = run("predict", sounds.song, "--model", bundle, "--device", "cpu", "--json")
    assert named.code == 0
    assert len(json.loads(named.out)) == 4
    for command in ("predict", "explain"):
        wrong = run(command, sounds.song, "--model", bundle, "--device", "gpu")
        assert (wrong.code, wrong.out) == (2, "")
        assert "unknown device 'gpu'. Use auto, cpu, cuda or cuda:N." in wrong.err
    missing = run("predict", sounds.song, "--model", bundle, "--device", "cuda:99")
    assert missing.code == 2
    assert "earmark doctor" in missing.err
    assert "--device cpu" in Job(str(bundle), device="cpu").command("a.wav", Path("o"))
