"""``earmark listen``."""

import json

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs
from earmark.audio.read import read
from earmark.audio.write import write
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
        (("--keep", "best"), 2, "error: --keep: cannot keep 'best'. Choose raising, half, or top:3"),
        (("--keep", "top:0"), 2, "--keep: cannot keep 'top:0'"),
        (("--above", "cut"), 2, "--above: cannot 'cut' what the model does not hear. Choose pass or mute"),
    ],
)
def test_wrong_label_or_rule(run, sounds, explanation, tmp_path, options, code, says):
    done = run("listen", explanation, sounds.other, *options, "-o", "l")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert not (tmp_path / "l").exists()


def test_what_is_wrong_is_said_before_what_lies_there(run, sounds, explanation):
    assert run("listen", explanation, sounds.other, "-o", "l").code == 0
    for wrong, says in (
        (("--label", "jaz"), "Did you mean jazz"),
        (("--keep", "best"), "--keep: cannot keep"),
        (("--mask", "binari"), "Did you mean binary"),
        (("--above", "mute"), "--above: components take with them"),
    ):
        assert says in run("listen", explanation, sounds.other, "-o", "l", *wrong).err
    assert "belongs to another sound" in run("listen", explanation, sounds.make("five.wav", 5.0), "-o", "l").err
    assert "is there already" in run("listen", explanation, sounds.other, "-o", "l").err


def test_a_folder_stands_for_the_explanation_in_it(run, sounds, explanation, tmp_path):
    done = run("listen", explanation.parent, sounds.other, "-o", "l")
    assert done.code == 0, done.err
    assert (tmp_path / "l" / "kept.flac").exists()
    done = run("listen", sounds.other, explanation.parent, "-o", "x")
    assert f"Run: earmark listen {explanation.parent} {sounds.other}." in done.err
    done = run("listen", tmp_path, sounds.other, "-o", "x")
    assert done.code == 2
    assert f"{tmp_path}: a folder without explanation.json. Give {explanation}.\n" in done.err
    (tmp_path / "e2").mkdir()
    (tmp_path / "e2" / "explanation.json").write_text("{}")
    assert f"Give {explanation}, or another below it.\n" in run("listen", tmp_path, sounds.other).err
    assert "nowhere: no such file or folder. Check the path" in run("listen", "nowhere", sounds.other).err
    (tmp_path / "empty").mkdir()
    assert "Give the file that earmark explain wrote" in run("measure", "empty", sounds.other).err


def test_the_share_and_the_rule_are_said_and_what_top_cannot_keep(run, sounds, explanation):
    rewritten(explanation, 1)
    done = run("listen", explanation, sounds.other, "--keep", "top:1", "-o", "one")
    assert done.out.splitlines()[0].startswith("kept for ")
    assert ": 1 of 4 components, 25.0 % (top:1): " in done.out
    assert done.err == ""
    done = run("listen", explanation, sounds.other, "--keep", "top:99", "-o", "all")
    assert "top:99 keeps 4: there are no more components\n" in done.err


def test_a_fill_that_is_no_silence_is_said(run, bundle, sounds):
    done = run(
        "explain", sounds.song, "--model", bundle, "--components", "time", "--segments", "2", "--fill", "median",
        "--format", "json", "-o", "f",
    )  # fmt: skip
    assert done.code == 0, done.err
    done = run("listen", "f", sounds.song, "--keep", "top:1", "-o", "l", "--json")
    assert "what is missing is filled (median), as it was explained" in done.err
    assert "filled" in json.loads(done.out)["notes"][-1]


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


def test_a_soft_mask_by_name_with_its_loudness_in_another_format(run, sounds, explanation, tmp_path):
    done = run(
        "listen", explanation, sounds.other, "--mask", "minmax", "--parts", "removed,original,kept",
        "--format", "wav", "-o", "m", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert [path.rsplit("/")[-1] for path in document["written"]] == ["original.wav", "kept.wav", "removed.wav"]
    kept, removed, original = (read(tmp_path / "m" / f"{part}.wav") for part in ("kept", "removed", "original"))
    assert np.abs(kept.waveform + removed.waveform - original.waveform).max() < 1e-4
    assert document["lufs"]["kept"] == pytest.approx(integrated_lufs(kept), abs=0.01)
    assert 0 < document["area"] < 1
    matched = run("listen", explanation, sounds.other, "--mask", "area:50", "--match-loudness", "--json")
    loud = json.loads(matched.out)["lufs"]
    assert loud["kept"] == pytest.approx(loud["original"])
    assert list(explanation.parent.glob("*-area-50/kept.flac"))
    said = run("listen", explanation, sounds.other, "--mask", "sigmoid", "-o", "s").out.splitlines()
    assert " %" in said[0]
    assert said[1].startswith("original −")
    assert said[1].count("LUFS") == 3


@pytest.fixture
def found_map(run, bundle, sounds, tmp_path):
    done = run(
        "explain", sounds.other, "--model", bundle, "--method", "input_x_gradient", "--components", "time",
        "--segments", "2", "--format", "map", "-o", "g",
    )  # fmt: skip
    assert done.code == 0, done.err
    return tmp_path / "g" / "map.safetensors"


def test_a_gradient_map_is_heard(run, sounds, found_map, tmp_path):
    done = run("listen", found_map, sounds.other, "--label", "jazz", "--mask", "area:30", "--above", "mute", "-o", "h")
    assert done.code == 0, done.err
    assert done.out.startswith("kept for jazz: 30.0 % of the spectrogram (area:30)\noriginal −")
    kept, removed = (read(tmp_path / "h" / f"{part}.flac") for part in ("kept", "removed"))
    original = read(sounds.other)
    assert (kept.sample_rate, kept.channels) == (44100, 2)
    assert np.abs(kept.waveform + removed.waveform - original.waveform).max() < 1e-4
    hz = np.fft.rfftfreq(kept.samples, 1 / 44100)
    power = np.abs(np.fft.rfft(kept.waveform[0])) ** 2
    assert power[hz > 9000].sum() < 1e-6 * power.sum()
    done = run("listen", found_map, sounds.other, "--keep", "half", "-o", "x")
    assert "--keep: 'half' chooses components, and a map has cells. Choose a mask, such as top_5" in done.err
    done = run("listen", found_map, sounds.other, "--label", "xylophone", "-o", "x")
    assert done.code == 2
    assert "--label: 'xylophone' is not in this explanation, which has " in done.err
    assert "earmark explain --target" in done.err
    inside = run("listen", found_map.parent, sounds.other, "-o", "of-the-folder")
    assert inside.code == 0
    assert "of the spectrogram" in inside.out


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--mask", "binari"), 2, "Did you mean binary"),
        (("--mask", "area:0"), 2, "would keep nothing. Give a percentage over 0 and at most 100, like area:10"),
        (("--mask", "area"), 2, "Did you mean area:10"),
        (("--mask", "binary", "--keep", "half"), 2, "Choose one"),
        (("--parts", "keep"), 2, "version 'keep'"),
        (("--parts", ","), 2, "--parts: names nothing. Choose of"),
        (("--format", "aac"), 2, "sound format 'aac'"),
        (("--above", "mute"), 2, "take with them"),
    ],
)
def test_wrong_settings_write_nothing(run, sounds, explanation, tmp_path, options, code, says):
    done = run("listen", explanation, sounds.other, *options, "-o", "w")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "w").exists()


def test_attributions_that_say_nothing_are_refused(run, sounds, explanation, tmp_path):
    data = json.loads(explanation.read_text())
    data["attributions"] = [[0.0 for _ in row] for row in data["attributions"]]
    explanation.write_text(json.dumps(data))
    done = run("listen", explanation, sounds.other, "--mask", "top_5", "-o", "z")
    assert done.code == 1
    assert "all attributions are zero" in done.err
    assert not (tmp_path / "z").exists()


def test_a_silent_clip_is_refused(run, explanation, tmp_path):
    write(Clip(np.zeros((2, 4 * 44100)), 44100), tmp_path / "silent.wav")
    done = run("listen", explanation, "silent.wav", "-o", "l")
    assert done.code == 1
    assert "digital silence" in done.err
    assert not (tmp_path / "l").exists()
