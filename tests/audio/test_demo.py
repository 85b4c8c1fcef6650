from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.demo import DemoTrack, demo_track, remove_demo, soundfont_path, write_demo
from earmark.audio.demo_score import SPANS, STEMS, NoteEvent, Part, parts
from earmark.audio.loudness import integrated_lufs
from earmark.audio.read import read
from earmark.audio.sampler import play
from earmark.audio.soundfont import SoundFont
from earmark.audio.write import peak_dbfs
from earmark.errors import AudioError, OutputError, SettingError


@pytest.fixture(scope="module")
def track() -> DemoTrack:
    return demo_track()


@pytest.fixture(scope="module")
def font() -> SoundFont:
    return SoundFont(soundfont_path())


def test_shape_and_level(track: DemoTrack) -> None:
    assert (track.clip.duration_s, track.clip.sample_rate, track.clip.channels) == (30.0, 44100, 2)
    assert peak_dbfs(track.clip) == pytest.approx(-1.0, abs=0.01)
    assert tuple(track.stems) == STEMS == ("drums", "bass", "chords", "lead", "pad")
    assert all(stem.waveform.shape == track.clip.waveform.shape for stem in track.stems.values())


def test_stems_sum_to_the_mix(track: DemoTrack) -> None:
    total = sum(stem.waveform.astype(np.float64) for stem in track.stems.values())
    assert np.abs(total - track.clip.waveform).max() < 1e-6


def test_the_same_each_time(track: DemoTrack) -> None:
    again = demo_track()
    assert again.clip.fingerprint == track.clip.fingerprint
    assert {n: s.fingerprint for n, s in again.stems.items()} == {n: s.fingerprint for n, s in track.stems.items()}


@pytest.mark.parametrize("name", STEMS)
def test_a_stem_sounds_in_its_spans_and_nowhere_else(track: DemoTrack, name: str) -> None:
    waveform, rate = track.stems[name].waveform, track.clip.sample_rate
    inside = np.zeros(waveform.shape[1], dtype=bool)
    for start_s, end_s in track.spans[name]:
        inside[round(start_s * rate) : round(end_s * rate)] = True
        for second in np.arange(start_s, end_s):
            part = waveform[:, round(second * rate) : round((second + 1) * rate)]
            assert 20 * np.log10(np.sqrt(np.mean(part**2))) > -45
    assert not waveform[:, ~inside].any()


def test_stems_are_balanced(track: DemoTrack) -> None:
    loudness = {name: integrated_lufs(stem) for name, stem in track.stems.items()}
    assert max(loudness, key=loudness.__getitem__) == "drums"
    assert max(loudness.values()) - min(loudness.values()) < 10


def test_notes_keep_to_their_spans() -> None:
    for name, part in parts().items():
        for note in part.notes:
            assert any(start <= note.start_s < end for start, end in SPANS[name]), (name, note)


@pytest.mark.parametrize("program", sorted({part.program for part in parts().values() if not part.is_drum}))
def test_notes_are_in_tune(font: SoundFont, program: int) -> None:
    """The strongest period of what is played is that of the note: equal temperament, A4 = 440 Hz, within 30 cents."""
    part = next(p for p in parts().values() if p.program == program and not p.is_drum)
    for pitch in sorted({note.pitch for note in part.notes}):
        played = play(Part(program, False, 0.0, (NoteEvent(0.0, 1.0, pitch, 100),)), font, 44100, 1.0)
        tone = played.mean(axis=0, dtype=np.float64)[8820:41000]
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(tone.size), 2**18))
        hz = np.fft.rfftfreq(2**18, 1 / 44100)
        fundamental = 440 * 2 ** ((pitch - 69) / 12)
        near = (hz > fundamental * 0.75) & (hz < fundamental * 1.34)
        found = hz[near][spectrum[near].argmax()]
        assert abs(1200 * np.log2(found / fundamental)) < 30, pitch
        # And it is this pitch, not a fraction of it: next to nothing lies below.
        below = spectrum[(hz > 15) & (hz < fundamental * 0.6)]
        assert below.max(initial=0.0) < 0.3 * spectrum[near].max()


def test_every_drum_of_the_score_is_in_the_kit(font: SoundFont) -> None:
    drums = parts()["drums"]
    for key in {note.pitch for note in drums.notes}:
        played = play(Part(drums.program, True, 0.0, (NoteEvent(0.0, 0.1, key, 100),)), font, 22050, 0.5)
        assert np.abs(played).max() > 0.01


def test_a_closed_hat_chokes_the_open_one(font: SoundFont) -> None:
    def played(*notes: NoteEvent) -> np.ndarray:
        return play(Part(25, True, 0.0, notes), font, 22050, 1.0).astype(np.float64)

    open_hat, closed_hat, kick = (
        NoteEvent(0, 0.1, 46, 100),
        NoteEvent(0.25, 0.1, 42, 100),
        NoteEvent(0.25, 0.1, 36, 100),
    )
    after = slice(round(0.27 * 22050), None)
    assert np.abs(played(open_hat)[:, after]).max() > 1e-3
    np.testing.assert_allclose(played(open_hat, closed_hat)[:, after], played(closed_hat)[:, after], atol=1e-7)
    both = played(open_hat) + played(kick)
    np.testing.assert_allclose(played(open_hat, kick), both, atol=1e-6)


def test_velocity_and_unknown_programs(font: SoundFont) -> None:
    def level(velocity: int) -> float:
        return float(np.abs(play(Part(81, False, 0.0, (NoteEvent(0, 0.3, 60, velocity),)), font, 22050, 0.3)).max())

    assert 20 * np.log10(level(127) / level(64)) == pytest.approx(40 * np.log10(127 / 64), abs=0.01)
    with pytest.raises(AudioError, match="no program 5 in bank 77"):
        font.layers(77, 5, 60, 100)


def test_what_is_no_soundfont(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be read"):
        SoundFont(tmp_path / "none.sf2")
    (tmp_path / "text.sf2").write_text("no bank")
    with pytest.raises(AudioError, match="is no SoundFont 2 bank"):
        SoundFont(tmp_path / "text.sf2")
    (tmp_path / "half.sf2").write_bytes(soundfont_path().read_bytes()[:100_000])
    with pytest.raises(AudioError, match="damaged or breaks off"):
        SoundFont(tmp_path / "half.sf2")


def test_another_rate_is_the_same_music(track: DemoTrack) -> None:
    low = demo_track(16000)
    assert low.clip.waveform.shape == (2, 480000)
    assert integrated_lufs(low.clip) == pytest.approx(integrated_lufs(track.clip), abs=1.0)
    with pytest.raises(SettingError):
        demo_track(4000)


def test_files(tmp_path: Path, track: DemoTrack) -> None:
    files = write_demo(tmp_path / "demo")
    assert tuple(files.stems) == STEMS
    mix = read(files.track).waveform
    assert np.abs(mix - track.clip.waveform).max() <= 2**-23
    total = sum(read(path).waveform.astype(np.float64) for path in files.stems.values())
    assert np.abs(total - mix).max() < 1e-6
    first = files.track.read_bytes()
    assert write_demo(tmp_path / "again").track.read_bytes() == first


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError):
        write_demo(tmp_path / "taken", 8000)


def test_pretty_midi_is_not_imported() -> None:
    code = "import sys, earmark.audio.demo as demo; demo.soundfont_path(); print('pretty_midi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_only_what_the_demo_wrote_is_removed(tmp_path):
    assert remove_demo(tmp_path, 8000) == ()
    write_demo(tmp_path, 8000)
    (tmp_path / "stems" / "pad.flac").write_bytes(b"somebody's own")
    (tmp_path / "notes.txt").write_text("mine")
    gone = remove_demo(tmp_path, 8000)
    assert {path.name for path in gone} == {"track.flac", "drums.flac", "bass.flac", "chords.flac", "lead.flac"}
    assert {path.name for path in tmp_path.rglob("*")} == {"stems", "pad.flac", "notes.txt"}
    (tmp_path / "stems" / "pad.flac").unlink()
    write_demo(tmp_path, 8000)
    assert len(remove_demo(tmp_path, 8000)) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
