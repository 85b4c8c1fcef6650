"""Bad input: one line on stderr that names file, fact and remedy, a non-zero exit code, and nothing left behind."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from earmark.audio.read import read

RATE = 16000


def empty(path, song):
    path.write_bytes(b"")


def text(path, song):
    path.write_text("This is no music, whatever its name says.\n" * 50)


def no_samples(path, song):
    soundfile.write(path, np.zeros((0, 1)), RATE, format="WAV")


def truncated(path, song):
    whole = path.with_name("whole.flac")
    soundfile.write(whole, read(song).waveform.T, RATE)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()


def with_value(value):
    def make(path, song):
        samples = read(song).waveform[0].copy()
        samples[1000] = value
        soundfile.write(path, samples, RATE, subtype="FLOAT", format="WAV")

    return make


def four_samples(path, song):
    soundfile.write(path, np.full(4, 0.1), RATE, format="WAV")


def missing(path, song):
    pass


def folder(path, song):
    path.mkdir()


def loop(path, song):
    # Unreadable for everybody, the superuser too.
    path.symlink_to(path.name)


BAD = {
    "empty.wav": empty,
    "text.mp3": text,
    "no_samples.wav": no_samples,
    "truncated.flac": truncated,
    "nan.wav": with_value(np.nan),
    "infinite.wav": with_value(np.inf),
    "four_samples.wav": four_samples,
    "missing.ogg": missing,
    "folder.wav": folder,
    "loop.wav": loop,
}


def assert_one_line(done, name):
    assert done.err.startswith("earmark: error: ")
    assert done.err.count("\n") == 1
    assert name in done.err
    # File and fact, then what to do about it.
    fact, _, remedy = done.err.strip().partition(". ")
    assert fact
    assert remedy
    assert "bug in earmark" not in done.err


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_sound_that_cannot_be_used(run, bundle, sounds, tmp_path, command, name):
    path = tmp_path / name
    BAD[name](path, sounds.song)
    before = sorted(tmp_path.rglob("*"))
    done = run(command, path, "--model", bundle)
    assert (done.code, done.out) == (1, "")
    assert_one_line(done, name)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("channels", "rate"), [(8, 44100), (1, 192000), (2, 8000)])
def test_unusual_sounds_are_converted_and_it_is_said(run, bundle, sounds, channels, rate):
    path = sounds.make(f"unusual-{channels}-{rate}.wav", 4.0, rate=rate, channels=channels)
    done = run("predict", path, "--model", bundle, "-v")
    assert done.code == 0
    assert f"{rate} → 16000 Hz" in done.err
    assert "channels" in done.err or channels == 1


def test_silence_is_explained_as_having_no_evidence(run, bundle, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(4 * RATE), RATE)
    done = run("explain", "silent.wav", "--model", bundle, "--components", "time", "--segments", "3")
    assert done.code == 0, done.err
    assert "none of the components matters" in done.out
    assert "silent.wav: is digital silence" in done.err


def test_channels_that_cancel_in_the_mean_are_told(run, bundle, tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)
    for name, sides in (("against.wav", (tone, -tone)), ("both.wav", (tone, 0.2 * tone))):
        soundfile.write(tmp_path / name, np.stack(sides, axis=1), RATE)
        done = run("explain", name, "--model", bundle, "--components", "time", "--segments", "3", "--format", "json")
        assert done.code == 0, done.err
        assert ("its channels cancel each other" in done.err) is (name == "against.wav")


def test_a_span_beyond_the_end(run, bundle, sounds):
    for span in (("--start", "60"), ("--duration", "7")):
        done = run("predict", sounds.song, "--model", bundle, *span)
        assert done.code == 1
        assert_one_line(done, "song.wav")


def test_an_output_folder_that_cannot_be_made_is_found_before_the_work(run, bundle, sounds, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("earmark.explain.run.explain", None)  # it must not come this far
    done = run("explain", sounds.song, "--model", bundle, "-o", tmp_path / "file" / "out")
    assert (done.code, done.out) == (1, "")
    assert_one_line(done, str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_disk_that_is_full_halfway_leaves_nothing(bundle, sounds, tmp_path):
    def small_disk():
        # No file may grow beyond 20 kB: the explanation fits, the sound does not.
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = "import sys; from earmark.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", command, "explain", sounds.song, "--model", bundle, "--components", "time",
         "--segments", "2", "-o", tmp_path / "deep" / "out", "--format", "json,flac"],
        capture_output=True, text=True, check=False, timeout=280, preexec_fn=small_disk,
        env={**os.environ, "MPLCONFIGDIR": str(tmp_path.parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"earmark: error: {tmp_path}/deep/out/")
    assert "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_broken_model_folder(run, sounds, tmp_path):
    (tmp_path / "model").mkdir()
    done = run("predict", sounds.song, "--model", tmp_path / "model")
    assert (done.code, done.out) == (1, "")
    assert_one_line(done, "model")
