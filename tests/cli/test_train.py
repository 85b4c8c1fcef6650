"""``earmark train``, ``tune`` and ``assess``, from sounds to a page, as a user types them."""

import json

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write

RATE = 22050


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """A folder of two classes with six sounds of 2.2 s each."""
    root = tmp_path_factory.mktemp("tones")
    rng = np.random.default_rng(0)
    t = np.arange(round(2.2 * RATE)) / RATE
    for label, low in (("low", 200), ("high", 3000)):
        for number in range(6):
            tone = np.sin(2 * np.pi * rng.uniform(low, 1.5 * low) * t)
            write(Clip((0.3 * tone + 0.02 * rng.standard_normal(len(t)))[None], RATE), root / label / f"{number}.wav")
    return root


QUICK = ("--frames", "40", "--epochs", "4", "--batch-size", "4", "--learning-rate", "0.002", "--device", "cpu")
SPLIT = ("--fractions", "0.34,0.33,0.33")


def test_train_predict_assess(run, tones):
    done = run("train", "cnn", tones, "-o", "models/cnn", *QUICK, *SPLIT, "--json", "--set", "bins=13")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["labels"] == ["high", "low"]
    assert len(told["history"]) == 4
    assert told["training"]["leaky"] is False
    assert "4 to learn from, 4 to choose by, 4 to judge by, 2 classes" in done.err
    assert "next: earmark assess models/cnn" in done.err

    said = run("predict", tones / "low" / "0.wav", "--model", "models/cnn", "--json")
    assert {row["label"] for row in json.loads(said.out)} == {"high", "low"}

    found = run("assess", "models/cnn", tones, "--noise", "10", "--draws", "100", "-o", "out", "--json")
    assert found.code == 0, found.err
    document = json.loads(found.out)
    assert document["clips"]["n"] == 4
    assert [each["name"] for each in document["baselines"]] == [
        "most frequent class",
        "logistic regression on descriptors",
    ]
    assert document["openings"] == 1
    with open("out/assessment.html", encoding="utf-8") as page:
        text = page.read()
    assert f"earmark assess models/cnn {tones} --noise 10 --draws 100" in text

    again = run("assess", "models/cnn", tones, "--draws", "100", "-o", "out2")
    assert "have now been opened 2 times" in again.err
    assert "logistic regression on descriptors" in again.out
    assert "out2/confusion.png" in again.out
    assert run("assess", "models/cnn", tones, "-o", "out2").code == 1

    there = run("train", "cnn", tones, "-o", "models/cnn", *QUICK, *SPLIT)
    assert (there.code, there.out) == (1, "")
    assert "--overwrite" in there.err


def test_a_leaky_split_is_refused_until_it_is_called_so(run, tones):
    options = ("-o", "leaky", *QUICK, *SPLIT, "--split-by", "slices")
    refused = run("train", "cnn", tones, *options)
    assert refused.code == 2
    assert "--leaky" in refused.err
    done = run("train", "cnn", tones, *options, "--leaky", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["training"]["leaky"] is True
    assert "its figures will be too good" in done.err
    found = run("assess", "leaky", tones, "--draws", "100")
    assert found.code == 0, found.err
    assert "the split is leaky: these figures are too good" in found.out


def test_tune_then_use_the_best(run, tones):
    done = run("tune", "logreg", tones, "--search", "model.C=0.01,1.0", "--sampler", "grid", *SPLIT, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [trial["values"] for trial in told["trials"]] == [{"model.C": 0.01}, {"model.C": 1.0}]
    assert run("predict", tones / "low" / "0.wav", "--model", "tuned/logreg/best").code == 0


def test_leak_report(run, tones):
    assert run("train", "logreg", tones, "-o", "m", *SPLIT).code == 0
    done = run("assess", "m", tones, "--leak-report", "--draws", "100", "--slice-s", "1.0", *SPLIT)
    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if line.startswith("leak report")]
    assert [line.split(",")[1].split()[0] for line in lines] == ["nothing", "track", "artist"]
    assert "no artist" in lines[2]


def test_dry_run_writes_nothing(run, tones, tmp_path):
    done = run("train", "cnn", tones, *QUICK, "--dry-run")
    assert done.code == 0, done.err
    assert "would train cnn (network) on slices of 0.93 s into models/cnn" in done.out
    assert not (tmp_path / "models").exists()


def test_wrong_usage(run, tones):
    for arguments, fact in (
        (("train", "cmn", tones), "Did you mean cnn"),
        (("train", "cnn", tones, "--augment", "revers=1"), "Did you mean reverse"),
        (("train", "cnn", tones, "--split-by", "trak"), "Did you mean track"),
        (("train", "cnn", tones, "--fractions", "a,b"), "no three numbers"),
        (("train", "cnn", tones, "--set", "bins"), "KEY=VALUE"),
        (("train", "cnn", tones, "--thaw", "block1"), "EPOCH:LAYER"),
        (("train", "cnn", tones, "--schedule", "linear"), "unknown schedule"),
        (("train", "logreg", tones, "--split-by", "artist"), "artist"),
        (("tune", "logreg", tones, "--search", "C=1,2"), "unknown setting"),
        (("assess", "nothing-here", tones), "nothing-here"),
        (("assess", "musicnn-msd", tones, "--noise", "a"), "no numbers"),
    ):
        done = run(*arguments)
        assert (done.code, done.out) == (2, ""), done
        assert fact in done.err, done.err


def test_what_the_data_set_lacks_is_told_and_the_rest_used(run, tones, tmp_path):
    lines = ["path,label", *(f"{path},{path.parent.name}" for path in sorted(tones.rglob("*.wav")))]
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join([*lines, "missing.wav,low"]) + "\n")
    done = run("train", "logreg", manifest, "-o", "m", *SPLIT)
    assert done.code == 3
    assert "missing.wav" in done.err
    assert (tmp_path / "m" / "card.json").exists()
