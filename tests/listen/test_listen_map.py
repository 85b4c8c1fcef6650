"""A gradient map becomes sound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.errors import AudioError, ExplanationError, SettingError, UnknownNameError
from earmark.explain.gradient.run import explain_map
from earmark.explain.map import MapExplanation
from earmark.features.mel import LogMel
from earmark.listen.belongs import check_same_model
from earmark.listen.render import listen
from earmark.models.classifier import InputSpec


class Bright:
    """Two tags: the mean of the upper half of the bands, and of the lower half."""

    name, labels, activation, cam_layers = "bright", ("high", "low"), "sigmoid", ()
    input = InputSpec(16000)
    fingerprint = "b" * 64

    def __init__(self) -> None:
        self.front_end = LogMel(n_mels=40)
        self.network = torch.nn.Linear(40, 2).eval()
        with torch.no_grad():
            step = torch.cat([-torch.ones(20), torch.ones(20)]) / 20
            self.network.weight.copy_(torch.stack([step, -step]))
            self.network.bias.zero_()

    def logits(self, spectrogram: torch.Tensor) -> torch.Tensor:
        return self.network(spectrogram.mean(dim=-1))

    def scores(self, batch: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return torch.sigmoid(self.logits(self.front_end(batch)))


@pytest.fixture(scope="module")
def clip() -> Clip:
    t = np.arange(66150) / 44100
    tones = [0.2 * np.sin(2 * np.pi * f * t) for f in (220.0, 4000.0)]
    return Clip(np.stack([sum(tones), tones[0]]), 44100)


@pytest.fixture(scope="module")
def found(clip: Clip) -> MapExplanation:
    return explain_map(clip, Bright(), "input_x_gradient", targets=["high", "low"])


def level(wave: np.ndarray, hz: float) -> float:
    t = np.arange(len(wave)) / 44100
    return 2 * abs(np.mean(wave * np.exp(-2j * np.pi * hz * t)))


def test_what_speaks_for_a_label_is_heard_in_stereo_at_the_clips_own_rate(clip: Clip, found: MapExplanation) -> None:
    high, low = listen(found, clip, label="high"), listen(found, clip, label="low")
    assert (high.kept.sample_rate, high.kept.channels, high.kept.samples) == (44100, 2, clip.samples)
    assert (high.keep, high.label, high.mask.shape) == ("binary", "high", found.values.shape[1:])
    inner = slice(4410, -4410)
    for heard, loud, quiet in ((high, 4000.0, 220.0), (low, 220.0, 4000.0)):
        assert level(heard.kept.waveform[0, inner], loud) == pytest.approx(0.2, rel=0.02)
        assert level(heard.kept.waveform[0, inner], quiet) < 0.002
        assert np.abs(heard.kept.waveform + heard.removed.waveform - heard.original.waveform).max() < 1e-4
    assert np.isfinite([high.kept_lufs, high.removed_lufs, high.original_lufs]).all()
    assert np.abs(high.kept.waveform[1, inner]).max() < 0.002, "the right channel has the low tone only"


@pytest.mark.parametrize("mask", ["minmax", "sigmoid", "top_5", "area:10"])
def test_any_mask(clip: Clip, found: MapExplanation, mask: str) -> None:
    heard = listen(found, clip, mask=mask, match_loudness=True)
    assert heard.keep == mask
    assert heard.kept_lufs == pytest.approx(heard.original_lufs)
    if mask == "area:10":
        assert heard.area == pytest.approx(0.1, abs=1e-3)


def test_what_the_model_does_not_hear_goes_where_it_is_told(found: MapExplanation, clip: Clip) -> None:
    t = np.arange(clip.samples) / 44100
    hiss = Clip(clip.waveform + 0.1 * np.sin(2 * np.pi * 15000 * t), 44100)
    own = replace(found, clip=replace(found.clip, fingerprint=hiss.fingerprint))
    inner = slice(4410, -4410)
    for above, kept, removed in (("pass", 0.1, 0), ("mute", 0, 0.1)):
        heard = listen(own, hiss, above=above)
        assert level(heard.kept.waveform[0, inner], 15000.0) == pytest.approx(kept, abs=1e-3)
        assert level(heard.removed.waveform[0, inner], 15000.0) == pytest.approx(removed, abs=1e-3)


def test_parts_that_peak_above_full_scale_lower_all_versions(clip: Clip, found: MapExplanation) -> None:
    loud = Clip(clip.waveform / np.abs(clip.waveform).max(), 44100)
    rough = np.random.default_rng(0).choice([-1.0, 1.0], size=found.values.shape).astype(np.float32)
    own = replace(found, values=rough, clip=replace(found.clip, fingerprint=loud.fingerprint))
    heard = listen(own, loud)
    peaks = [np.abs(x.waveform).max() for x in (heard.original, heard.kept, heard.removed)]
    assert max(peaks) <= 1
    assert heard.gain_db <= 0
    np.testing.assert_allclose(heard.original.waveform, loud.waveform * 10 ** (heard.gain_db / 20), atol=1e-6)


def test_what_does_not_belong_together(clip: Clip, found: MapExplanation) -> None:
    other = Clip(clip.waveform * 0.5, 44100)
    with pytest.raises(ExplanationError, match="another sound"):
        listen(found, other)
    with pytest.raises(ExplanationError, match="another model"):
        check_same_model(replace(found, model=replace(found.model, fingerprint="c" * 64)), Bright())
    check_same_model(found, Bright())
    with pytest.raises(SettingError, match="chooses components"):
        listen(found, clip, keep="raising")
    with pytest.raises(UnknownNameError, match="high"):
        listen(found, clip, label="hihg")
    broken = found.values.copy()
    broken[0, 3, 5] = np.nan
    with pytest.raises(ExplanationError, match="1 of"):
        listen(replace(found, values=broken), clip)
    with pytest.raises(ExplanationError, match="attributions are zero"):
        listen(replace(found, values=0 * found.values), clip)
    short = replace(found, values=found.values[:, :, :30])
    with pytest.raises(ExplanationError, match="frames"):
        listen(short, clip)
    waveform = explain_map(clip, Bright(), "saliency", domain="waveform")
    with pytest.raises(ExplanationError, match="a map of a waveform"):
        listen(waveform, clip)
    silent = Clip(np.zeros_like(clip.waveform), 44100)
    with pytest.raises(AudioError, match="silence"):
        listen(replace(found, clip=replace(found.clip, fingerprint=silent.fingerprint)), silent)
