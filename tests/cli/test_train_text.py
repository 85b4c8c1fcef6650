"""Models of lyrics on the command line: train, assess, predict from text and from sound, and what is refused."""

import json

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write

WORDS = {"sea": ["wave", "salt", "sail", "shore"], "hill": ["stone", "moss", "peak", "trail"]}


@pytest.fixture
def songs(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["lyrics,label,artist"]
    for number in range(24):
        label = ("sea", "hill")[number % 2]
        words = " ".join(rng.choice([*WORDS[label], "the", "and"], 12))
        rows.append(f'"[Chorus]\n{words}\nYou might also like",{label},artist {number}')
    path = tmp_path / "songs.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_train_assess_predict(run, songs, tmp_path):
    model = str(tmp_path / "m")
    done = run("train", "tfidf", str(songs), "-o", model, "--split-by", "artist", "--fractions", "0.5,0.25,0.25")
    assert done.code == 0, done.err
    assert "in the lyrics, perhaps never sung: platform: 'You might also like' in hill 6 of 6, sea 6 of 6" in done.err
    assert "(6 texts)" in done.out
    done = run("assess", model, str(songs), "-o", str(tmp_path / "a"), "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["clips"]["accuracy"]["value"] == 1.0
    plain = run("assess", model, str(songs), "-o", str(tmp_path / "b"))
    assert "m on 6 test texts of songs" in plain.out
    assert "m, by text" in plain.out
    page = (tmp_path / "b" / "assessment.html").read_text(encoding="utf-8")
    assert "on 6 test texts, macro-F1" in page
    assert "clip" not in page.split("<body", 1)[1]
    assert [row["name"] for row in told["baselines"]] == ["most frequent class", "logistic regression on words"]
    text = tmp_path / "new.txt"
    text.write_text("wave and sail", encoding="utf-8")
    done = run("predict", str(text), "--model", model, "--json")
    assert json.loads(done.out)[0]["label"] == "sea"
    sound = write(Clip(np.zeros((1, 8000)), 8000), tmp_path / "song.wav")
    done = run("predict", str(sound), "--model", model)
    # Without its words there is nothing left: that there are none is no way out for a model of words alone.
    assert (done.code, "--lyrics FILE" in done.err, "--lyrics none" in done.err) == (2, True, False)
    sound.with_suffix(".lrc").write_text("[00:00.10]moss and stone", encoding="utf-8")
    done = run("predict", str(sound), "--model", model, "--json")
    assert json.loads(done.out)[0]["label"] == "hill"
    done = run("predict", str(sound), "--model", model, "--lyrics", str(text), "--json")
    assert json.loads(done.out)[0]["label"] == "sea"


def test_refusals_are_one_line(run, songs, tmp_path):
    old = tmp_path / "old.txt"
    old.write_bytes("süß".encode("cp1252"))
    for words, code, says in (
        (("train", "tfidf", str(songs), "--audio", "musicnn-msd"), 2, "tfidf is no joint model"),
        (("train", "cnn", str(songs), "-o", str(tmp_path / "c")), 1, "words alone"),
        (("train", "tfidf", str(songs), "--set", "words=1", "-o", str(tmp_path / "t")), 2, "no setting 'words'"),
    ):
        done = run(*words)
        assert done.code == code, done.err
        assert says in done.err.strip().splitlines()[-1]
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "t").exists()
