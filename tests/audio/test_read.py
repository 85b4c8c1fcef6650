from __future__ import annotations

import hashlib
import io
import os
import stat
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.audio.clip import Clip
from earmark.audio.read import info, read
from earmark.audio.write import write
from earmark.errors import AudioError, SettingError

SOUNDFILE_FORMATS = {
    "wav": ("WAV", "PCM_24"),
    "flac": ("FLAC", "PCM_24"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "au": ("AU", "PCM_24"),
    "aiff": ("AIFF", "PCM_24"),
}


def make(folder: Path, suffix: str, clip: Clip) -> Path:
    path = folder / f"tune.{suffix}"
    format, subtype = SOUNDFILE_FORMATS[suffix]
    soundfile.write(path, clip.waveform.T, clip.sample_rate, format=format, subtype=subtype)
    return path


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
def test_info_and_whole(tmp_path: Path, tune: Clip, suffix: str) -> None:
    path = make(tmp_path, suffix, tune)
    known = info(path)
    assert (known.duration_s, known.sample_rate, known.channels) == (6.0, 44100, 2)
    assert (known.path, known.decoder) == (path, "libsndfile")
    clip = read(path)
    assert clip.waveform.shape == tune.waveform.shape
    tolerance = {"ogg": 0.1, "mp3": 0.1}.get(suffix, 2**-22)
    error = clip.waveform - tune.waveform
    assert np.sqrt(np.mean(error**2)) < tolerance
    assert clip.source is not None
    assert clip.source.path == str(path)
    assert clip.source.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
def test_a_span_is_the_same_samples_as_in_the_whole(tmp_path: Path, tune: Clip, suffix: str) -> None:
    path = make(tmp_path, suffix, tune)
    whole = read(path).waveform
    for start_s, duration_s in ((0.0, 0.1), (0.02345, 1.0), (2.71828, 0.5), (5.5, 0.5)):
        clip = read(path, start_s=start_s, duration_s=duration_s)
        start, stop = round(start_s * 44100), round((start_s + duration_s) * 44100)
        np.testing.assert_array_equal(clip.waveform, whole[:, start:stop])
        assert clip.source is not None
        assert clip.source.start_s == start_s
    np.testing.assert_array_equal(read(path, start_s=4.0).waveform, whole[:, 4 * 44100 :])


def test_a_span_of_a_long_file_does_not_load_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    rate, seconds = 44100, 600
    with soundfile.SoundFile(path, "w", rate, 2, subtype="PCM_16") as file:
        for second in range(seconds):
            file.write(np.full((rate, 2), second / seconds))
    tracemalloc.start()
    clip = read(path, start_s=299.5, duration_s=1.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(clip.waveform[:, 0], 299 / seconds, atol=1e-4)
    np.testing.assert_allclose(clip.waveform[:, -1], 300 / seconds, atol=1e-4)
    whole = rate * seconds * 2 * 4
    assert peak < whole / 50


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_contents_decide_not_the_name(tmp_path: Path, tune: Clip, suffix: str) -> None:
    path = make(tmp_path, suffix, tune).rename(tmp_path / "nameless.dat")
    assert info(path).duration_s == 6.0


@pytest.mark.parametrize(
    ("waveform", "rate"),
    [
        (np.full((8, 1000), 0.25), 44100),
        (np.full((1, 1000), 0.25), 192000),
        (np.full((1, 4), 0.25), 44100),
        (np.zeros((2, 1000)), 44100),
    ],
    ids=["8 channels", "192 kHz", "4 samples", "silence"],
)
def test_unusual_but_readable(tmp_path: Path, waveform: np.ndarray, rate: int) -> None:
    for suffix in ("wav", "flac"):
        path = write(Clip(waveform, rate), tmp_path / f"odd.{suffix}")
        clip = read(path)
        assert clip.sample_rate == rate
        np.testing.assert_array_equal(clip.waveform, waveform.astype(np.float32))


def refused(path: Path, fact: str, **span: float) -> str:
    """Reading is refused in one line that names the file, the fact and a remedy; returns the line."""
    with pytest.raises(AudioError, match=fact) as caught:
        read(path, **span)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    assert caught.value.remedy
    return line


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.wav", "no such file")


def test_folder(tmp_path: Path) -> None:
    refused(tmp_path, "is a folder")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    refused(tmp_path / "pipe.wav", "pipe or device")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no POSIX permissions")
def test_unreadable(tmp_path: Path, tune: Clip) -> None:
    path = make(tmp_path, "wav", tune)
    path.chmod(0)
    if os.geteuid() != 0:
        refused(path, "cannot be read")
        return
    # The superuser may read anything: look at it as somebody else, from a folder that others may enter.
    folder = tmp_path
    while not folder.stat().st_mode & stat.S_IXOTH or folder == tmp_path:
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
        folder = folder.parent
    os.seteuid(65534)
    try:
        refused(path, "cannot be read")
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_empty(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"empty.{suffix}"
    path.write_bytes(b"")
    refused(path, "empty .0 bytes.")


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_text_with_the_wrong_name(tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"lyrics.{suffix}"
    path.write_text("Row, row, row your boat, gently down the stream.\n" * 200)
    assert "Row, row" in refused(path, "no sound file")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_no_samples(tmp_path: Path, suffix: str) -> None:
    path = make(tmp_path, suffix, Clip(np.zeros((1, 4)), 44100))
    soundfile.write(path, np.zeros((0, 1)), 44100, format=SOUNDFILE_FORMATS[suffix][0])
    refused(path, "no samples|0 bytes")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    samples = np.zeros(1000, dtype=np.float32)
    samples[500] = value
    path = tmp_path / "broken.wav"
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    refused(path, "1 samples are NaN or infinite")


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.985])
def test_truncated(tmp_path: Path, tune: Clip, suffix: str, share: float) -> None:
    path = make(tmp_path, suffix, tune)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    line = refused(path, "breaks off")
    if suffix in ("wav", "aiff", "au", "mp3"):
        readable = float(line.split("breaks off after ")[1].removeprefix("about ").split(" s")[0])
        assert readable == pytest.approx(6 * share, abs=0.06)
        assert "of the 6.00 s" in line
    if suffix == "flac":
        assert "of its 6.00 s" in line
    refused(path, "breaks off", start_s=0.0, duration_s=5.99)
    assert read(path, start_s=0.5, duration_s=1.0).duration_s == 1.0


def test_a_wav_cut_by_its_last_byte_is_noticed(tmp_path: Path, tune: Clip) -> None:
    path = make(tmp_path, "wav", tune)
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, "breaks off")


def test_a_flac_that_does_not_say_how_long_it_is(tmp_path: Path, tune: Clip) -> None:
    path = make(tmp_path, "flac", tune)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the 36 bits of the total in STREAMINFO
    data[22:26] = bytes(4)
    path.write_bytes(data)
    refused(path, "does not say how long it is")


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_without_a_length_tag_is_read_whole_or_refused(tmp_path: Path, tune: Clip, mode: str) -> None:
    path = tmp_path / "tagless.mp3"
    soundfile.write(path, tune.waveform.T, 44100, bitrate_mode=mode, compression_level=0.5)
    data = path.read_bytes()
    second_frame = data.find(data[:2], 4)
    assert b"Info" in data[:second_frame] or b"Xing" in data[:second_frame]
    path.write_bytes(data[second_frame:])
    if mode == "CONSTANT":
        assert read(path).duration_s == pytest.approx(6.0, abs=0.06)
    else:
        refused(path, "varying bit rate without a length tag")


def test_a_wav_from_a_pipe_announces_nothing_and_is_read(tmp_path: Path, tune: Clip) -> None:
    data = bytearray(make(tmp_path, "wav", tune).read_bytes())
    at = data.index(b"data")
    data[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    data[4:8] = b"\xff\xff\xff\xff"
    path = tmp_path / "piped.wav"
    path.write_bytes(data)
    assert read(path).samples == tune.samples


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
def test_a_tag_behind_the_sound_is_no_harm(tmp_path: Path, tune: Clip, suffix: str) -> None:
    path = make(tmp_path, suffix, tune)
    with path.open("ab") as file:
        file.write(b"TAG" + bytes(125))
    assert read(path).samples == tune.samples


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
def test_a_span_beyond_the_end(tmp_path: Path, tune: Clip, suffix: str) -> None:
    path = make(tmp_path, suffix, tune)
    refused(path, "beyond its end at 6.00 s", start_s=5.0, duration_s=1.5)
    refused(path, "beyond its end at 6.00 s", start_s=6.0)
    refused(path, "beyond its end at 6.00 s", start_s=60.0, duration_s=1.0)


@pytest.mark.parametrize(
    "span",
    [{"start_s": -1.0}, {"start_s": float("nan")}, {"duration_s": 0.0}, {"duration_s": -2.0}, {"duration_s": 1e-9}],
)
def test_spans_that_make_no_sense(tmp_path: Path, tune: Clip, span: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        read(make(tmp_path, "wav", tune), **span)


def test_damage_in_the_middle_of_a_flac(tmp_path: Path, tune: Clip) -> None:
    path = make(tmp_path, "flac", tune)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = np.random.default_rng(0).bytes(4000)
    path.write_bytes(data)
    refused(path, "cannot be decoded|breaks off|damaged")


def test_opus(tmp_path: Path, tune: Clip) -> None:
    buffer = io.BytesIO()
    try:
        soundfile.write(buffer, tune.waveform.T, 48000, format="OGG", subtype="OPUS")
    except soundfile.LibsndfileError:
        pytest.skip("this libsndfile cannot write Opus")
    path = tmp_path / "speech.opus"
    path.write_bytes(buffer.getvalue())
    assert read(path).samples == pytest.approx(tune.samples, abs=960)
