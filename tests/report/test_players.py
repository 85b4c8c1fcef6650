import base64
import io
import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs
from earmark.report.players import players_of


def decoded(player):
    return soundfile.read(io.BytesIO(base64.b64decode(player.uri.split(",")[1])), dtype="float32")


@pytest.mark.parametrize(("audio_format", "tolerance"), [("auto", 2**-23), ("wav", 2**-23), ("mp3", 0.2)])
def test_players_hold_the_versions(case, audio_format, tolerance):
    players, _ = players_of(case.listening, audio_format)
    versions = (case.listening.original, case.listening.kept, case.listening.removed)
    assert [p.key for p in players] == ["A", "B", "N"]
    for player, clip in zip(players, versions, strict=True):
        samples, rate = decoded(player)
        assert rate == clip.sample_rate
        assert samples.shape == clip.waveform.T.shape
        np.testing.assert_allclose(samples, clip.waveform.T, atol=tolerance)


@pytest.mark.parametrize(
    ("seconds", "rate", "channels", "chosen"),
    [(5, 22050, 1, "flac"), (6, 44100, 2, "mp3"), (6, 96000, 1, "flac"), (6, 44100, 4, "flac")],
)
def test_long_sounds_are_compressed_where_mp3_can_hold_them(case, seconds, rate, channels, chosen):
    silence = Clip(np.zeros((channels, seconds * rate)), rate)
    quiet = replace(case.listening, original=silence, kept=silence, removed=silence)
    quiet = replace(quiet, original_lufs=-math.inf, kept_lufs=-math.inf, removed_lufs=-math.inf)
    players, audio_format = players_of(quiet)
    assert audio_format == chosen
    assert {(p.match_db, p.loudness) for p in players} == {(0.0, "silent")}


def test_matched_versions_are_equally_loud_and_do_not_clip(case):
    rng = np.random.default_rng(0)
    click = np.zeros(16000)
    click[8000:8010] = 0.9
    sounds = [Clip(0.3 * rng.uniform(-1, 1, 16000), 8000), Clip(0.01 * rng.uniform(-1, 1, 16000), 8000)]
    sounds.append(Clip(click + 0.001 * rng.uniform(-1, 1, 16000), 8000))
    loudness = [integrated_lufs(s) for s in sounds]
    names = ("original", "kept", "removed")
    changes = dict(zip(names, sounds, strict=True)) | {f"{n}_lufs": v for n, v in zip(names, loudness, strict=True)}
    players, _ = players_of(replace(case.listening, **changes))
    matched = [p.lufs + p.match_db for p in players]
    np.testing.assert_allclose(matched, matched[0])
    assert matched[0] <= loudness[0]
    peaks = [np.abs(s.waveform).max() * 10 ** (p.match_db / 20) for s, p in zip(sounds, players, strict=True)]
    assert max(peaks) == pytest.approx(1)
