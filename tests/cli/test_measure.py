"""``earmark measure``."""

import csv
import json

import pytest

from earmark.metrics.measures import Measures


@pytest.fixture
def explanation(run, bundle, sounds, tmp_path):
    done = run(
        "explain", sounds.song, "--model", bundle, "--components", "grid", "--segments", "3", "--bands", "2",
        "--format", "json", "-o", "e", "--top-targets", "4",
    )  # fmt: skip
    assert done.code == 0, done.err
    return tmp_path / "e" / "explanation.json"


def test_prints_a_row_for_each_figure_with_its_baselines_and_a_verdict(run, bundle, sounds, explanation):
    done = run(
        "measure", explanation, sounds.song, "--model", bundle, "--metrics", "ff,ad,sparseness", "--draws", "3",
        "--mask", "top_50",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    header = next(line for line in lines if "random" in line and "loudest" in line)
    assert header.split() == ["this", "one", "random", "beaten", "loudest", "all", "nothing"]
    for row in ("ff ↑", "ad ↓", "sparseness ↑"):
        assert any(line.strip().startswith(row) and "±" in line for line in lines), row
    assert {line.split()[2] for line in lines if line.strip().startswith("ff")} == {"audio", "spectrogram"}
    folder = next((explanation.parent).glob("measures-*-top-50"))
    found = Measures.load(folder / "measures.json")
    assert found.trust.sentence in lines
    # Three random masks show nothing.
    assert not any("ok: better than chance" in line for line in lines)
    rows = list(csv.DictReader((folder / "measures.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["metric"] for row in rows] == [figure.metric for figure in found.figures]


def test_json_is_the_document_that_is_written(run, bundle, sounds, explanation, tmp_path):
    done = run(
        "measure", explanation, sounds.song, "--model", bundle, "--metrics", "quick", "--draws", "2", "-o", "m",
        "--mask", "area:50", "--label", "jazz", "--json",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document.pop("written") == ["m/measures.json", "m/measures.csv"]
    assert document == json.loads((tmp_path / "m" / "measures.json").read_text(encoding="utf-8"))
    assert (document["label"], document["area"]) == ("jazz", 0.5)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--metrics", "f"), 2, "unknown metric"),
        (("--metrics", "quik"), 2, "Did you mean quick"),
        (("--metrics", "agreement"), 2, "several clips"),
        (("--metrics", " , "), 2, "--metrics"),
        (("--metrics", "pointing_game"), 2, "planted truth"),
        (("--mask", "binarry"), 2, "Did you mean binary"),
        (("--mask", "top_10"), 2, "Did you mean area:10 or top_"),
        (("--mask", "area"), 2, "Did you mean area:10"),
        (("--label", "jaz"), 2, "Did you mean jazz"),
        (("--draws", "0"), 2, "--draws"),
    ],
)
def test_wrong_usage(run, bundle, sounds, explanation, tmp_path, options, code, says):
    done = run("measure", explanation, sounds.song, "--model", bundle, *options, "-o", "m")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert not (tmp_path / "m").exists()


def test_what_does_not_belong_together_is_refused(run, bundle, sounds, explanation, tmp_path):
    done = run("measure", explanation, sounds.make("third.wav", 6.0, seed=3), "--model", bundle, "-o", "m")
    assert done.code == 1
    assert "another sound" in done.err
    facts = json.loads(explanation.read_text(encoding="utf-8"))
    facts["model"]["fingerprint"] = "0" * 64
    other = tmp_path / "other.json"
    other.write_text(json.dumps(facts), encoding="utf-8")
    done = run("measure", other, sounds.song, "--model", bundle, "-o", "m")
    assert done.code == 1
    assert "another model (small, fingerprint 000000000000" in done.err
    assert done.err.endswith("Name the model that was explained with --model.\n")
    assert not (tmp_path / "m").exists()


def test_a_model_that_is_not_named_and_arguments_the_wrong_way_round(run, sounds, explanation):
    done = run("measure", explanation, sounds.song)
    assert done.code == 2
    assert "--model" in done.err
    done = run("measure", sounds.song, explanation)
    assert done.code == 2
    assert "comes first" in done.err


def test_results_are_not_replaced_unasked(run, bundle, sounds, explanation):
    command = ("measure", explanation, sounds.song, "--model", bundle, "--metrics", "mask_area", "-o", "m")
    assert run(*command).code == 0
    again = run(*command)
    assert again.code == 1
    assert "is there already" in again.err
    assert run(*command, "--overwrite").code == 0


def test_what_is_left_out_is_said_and_the_rest_is_given(run, bundle, sounds, explanation, tmp_path):
    facts = json.loads(explanation.read_text(encoding="utf-8"))
    facts["attributions"] = [[-abs(value) - 0.01 * i for i, value in enumerate(row)] for row in facts["attributions"]]
    against = tmp_path / "against.json"
    against.write_text(json.dumps(facts), encoding="utf-8")
    done = run(
        "measure", against, sounds.song, "--model", bundle, "--metrics", "monotonicity,mask_area", "--mask", "top_50",
        "-o", "m",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "  left out: monotonicity: no attribution is positive, so nothing is said to raise the score" in done.out
    assert "  mask_area" in done.out


def test_a_map_is_measured(run, bundle, sounds, tmp_path):
    done = run(
        "explain", sounds.song, "--model", bundle, "--method", "saliency", "--target", "rock", "--format", "map",
        "--duration", "3.2", "-o", "g",
    )  # fmt: skip
    assert done.code == 0, done.err
    done = run(
        "measure", tmp_path / "g" / "map.safetensors", sounds.song, "--model", bundle, "--metrics", "ff,mask_area",
        "--draws", "2", "-o", "m",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "cells of the map" in done.out
    assert "spectrogram" in done.out


def test_explain_measures_on_request(run, bundle, sounds, tmp_path):
    command = (
        "explain", sounds.song, "--model", bundle, "--components", "time", "--segments", "4", "--top-targets", "1",
        "--format", "html,json", "-o", "x",
    )  # fmt: skip
    done = run(*command, "--measure")
    assert done.code == 0, done.err
    found = Measures.load(tmp_path / "x" / "measures.json")
    assert f"measured: {found.trust.sentence}" in done.out.splitlines()
    assert {f.domain for f in found.figures} == {"audio", "spectrogram", ""}
    page = (tmp_path / "x" / "report.html").read_text(encoding="utf-8")
    assert "Measures</h2>" in page
    assert "--measure" in page
    done = run(*command, "--measure", "--contrast", "rock,jazz", "--overwrite")
    assert (done.code, done.out) == (2, "")
    assert "--measure" in done.err
