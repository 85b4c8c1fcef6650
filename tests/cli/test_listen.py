"""``earmark listen``."""

import json

import numpy as np
import pytest

from earmark.audio.read import read
from earmark.explain.explanation import Explanation


@pytest.fixture
def explanation(run, bundle, sounds, tmp_path):
    done = run(
        "explain", sounds.other, "--model", bundle, "--components", "time", "--segments", "4", "--start", "0.5",
        "--format", "json", "-o", "e", "--top-targets", "4",
    )  # fmt: skip
    assert done.code == 0, done.err
    return tmp_path / "e" / "explanation.json"


def test_keeps_the_strongest_component_at_the_files_own_rate(run, sounds, explanation, tmp_path):
    done = run("listen", explanation, sounds.other, "--keep", "top:1", "--label", "jazz", "-o", "l", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    best = Explanation.load(explanation).top(1, "jazz", sign=1)
    assert document["kept"] == [effect.component.label for effect in best]
    kept, removed = (read(tmp_path / "l" / name) for name in ("kept.flac", "removed.flac"))
    assert (kept.sample_rate, kept.channels) == (44100, 2)
    original = read(sounds.other, start_s=0.5)
    assert np.abs(kept.waveform + removed.waveform - original.waveform).max() < 1e-4


def test_default_folder_is_beside_the_explanation_and_not_replaced(run, sounds, explanation):
    done = run("listen", explanation, sounds.other, "--label", "Hip-Hop", "--keep", "top:2")
    assert done.code == 0
    assert (explanation.parent / "hip-hop-top-2" / "kept.flac").exists()
    again = run("listen", explanation, sounds.other, "--label", "Hip-Hop", "--keep", "top:2")
    assert again.code == 1
    assert "is there already" in again.err
    assert run("listen", explanation, sounds.other, "--label", "Hip-Hop", "--keep", "top:2", "--overwrite").code == 0


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--label", "jaz"), 2, "Did you mean jazz"),
        (("--keep", "best"), 2, "keep"),
        (("--keep", "top:0"), 2, "top"),
    ],
)
def test_wrong_label_or_rule(run, sounds, explanation, tmp_path, options, code, says):
    done = run("listen", explanation, sounds.other, *options, "-o", "l")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert not (tmp_path / "l").exists()


def test_another_sound_is_refused(run, sounds, explanation, tmp_path):
    done = run("listen", explanation, sounds.make("longer.wav", 5.0), "-o", "l")
    assert done.code == 1
    assert "another sound" in done.err
    assert not (tmp_path / "l").exists()


def test_a_file_that_is_no_explanation_is_refused(run, sounds, tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"schema": "something/9"}')
    done = run("listen", path, sounds.song)
    assert done.code == 1
    assert "x.json" in done.err


def test_arguments_in_the_wrong_order_are_put_right(run, sounds, explanation, tmp_path):
    done = run("listen", sounds.other, explanation, "-o", "l")
    assert (done.code, done.out) == (2, "")
    assert f"Run: earmark listen {explanation} {sounds.other}." in done.err
    assert "utf-8" not in run("listen", sounds.other, sounds.other).err
    assert run("listen", sounds.other, sounds.other).code == 1
    assert not (tmp_path / "l").exists()


def rewritten(path, sign):
    """The same explanation, but every component raises (or lowers) every label."""
    data = json.loads(path.read_text())
    data["attributions"] = [[sign * (abs(v) + 0.01) for v in row] for row in data["attributions"]]
    path.write_text(json.dumps(data))


def test_a_silent_part_is_said_and_how_to_hear_something(run, sounds, explanation, tmp_path):
    rewritten(explanation, 1)
    done = run("listen", explanation, sounds.other, "-o", "all")
    assert done.code == 0
    assert "so the removed part is silent. --keep top:3 keeps the strongest only." in done.err
    assert not read(tmp_path / "all" / "removed.flac").waveform.any()
    assert run("listen", explanation, sounds.other, "-o", "top", "--keep", "top:3").err == ""
    assert read(tmp_path / "top" / "removed.flac").waveform.any()
    rewritten(explanation, -1)
    done = run("listen", explanation, sounds.other, "-o", "none")
    assert "so the kept part is silent." in done.err
    assert "top:3" not in done.err
    assert not read(tmp_path / "none" / "kept.flac").waveform.any()
