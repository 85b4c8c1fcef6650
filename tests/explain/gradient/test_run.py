"""``explain_map`` from a clip to a map: axes, facts, refusals, determinism."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, ScoresError, SettingError, UnknownNameError
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.gradient.integrated_gradients import IntegratedGradients
from earmark.explain.gradient.run import explain_map
from earmark.explain.map import MapExplanation
from earmark.models.classifier import InputSpec


@pytest.fixture
def clip(waveform):
    return Clip(waveform.numpy(), 4000)


@pytest.mark.parametrize("name", GRADIENT_METHODS.names())
def test_every_registered_method(small, cnn, clip, tmp_path, name):
    classifier = small(cnn, cam_layers=("conv1", "relu2"))
    found = explain_map(clip, classifier, name, targets=2)
    assert found.recipe.method == name
    assert found.values.shape == (2, 32, 80)
    assert np.abs(found.values).max() > 0
    assert found.signed or (found.values >= 0).all()
    scores = classifier.scores(torch.from_numpy(clip.waveform.copy())[None])[0].tolist()
    of = dict(zip(classifier.labels, scores, strict=True))
    assert found.targets == tuple(sorted(classifier.labels, key=lambda label: -of[label])[:2])
    np.testing.assert_allclose(found.frame_s[:3], [0, 0.01, 0.02])
    assert found.bin_hz[-1] == 2000
    assert (found.gap is None) == bool(np.isnan(found.base).all())
    again = explain_map(clip, classifier, name, targets=2)
    first, second = (m.save(tmp_path / f"{n}.safetensors") for n, m in enumerate((found, again)))
    assert first.read_bytes() == second.read_bytes()
    assert MapExplanation.load(first).recipe == found.recipe
    assert GRADIENT_METHODS.entry(name).summary


@pytest.mark.parametrize("name", ["saliency", "integrated_gradients", "smoothgrad", "gradient_shap", "guided_backprop"])
def test_at_the_waveform(small, cnn, clip, name):
    found = explain_map(clip, small(cnn), name, targets="jazz", domain="waveform")
    assert found.values.shape == (1, 1, 3160)
    assert len(found.frame_s) == 3160
    assert len(found.bin_hz) == 0
    assert found.top(1)[0].component.low_hz is None


@pytest.mark.parametrize("name", ["deeplift", "lrp", "grad_cam", "hirescam", "score_cam"])
def test_not_at_the_waveform(small, cnn, clip, name):
    with pytest.raises(SettingError, match=f"{name} at the waveform"):
        explain_map(clip, small(cnn), name, domain="waveform")


def test_patches_and_conversion(small_patchwise, cnn, clip):
    stereo = Clip(np.concatenate([clip.waveform, clip.waveform * 0.5]), 4000)
    found = explain_map(stereo, small_patchwise(cnn), IntegratedGradients(steps=64), contrast=("rock", "folk"))
    assert found.targets == ("rock − folk",)
    assert found.clip.channels == 2
    assert len(found.clip.conversion) > 0
    assert found.values.shape == (1, 32, 80)
    assert found.gap[0] < 0.02 * abs(found.full[0] - found.base[0])
    pooled = found.pool(found.grid(0.2, 4)).sum()
    assert abs(pooled - (found.full[0] - found.base[0])) <= found.gap[0] + 1e-6


def test_frames_that_no_patch_sees_stay_zero(small_patchwise, cnn, clip):
    short = Clip(clip.waveform[:, :3000], 4000)  # 76 frames, three patches of 20
    found = explain_map(short, small_patchwise(cnn), "saliency")
    assert found.values.shape[2] == 76
    assert (found.values[:, :, 60:] == 0).all()
    assert (np.abs(found.values[:, :, :60]).sum(axis=(0, 1)) > 0).all()


def test_seed(small, cnn, clip):
    maps = [explain_map(clip, small(cnn), "smoothgrad", seed=seed).values for seed in (0, 0, 1)]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])


def test_refusals(small, cnn, clip):
    class Scores:
        """Only what every classifier has."""

        name, labels, activation, fingerprint = "scores only", ("a", "b"), "softmax", "x"
        input = InputSpec(4000)

        def scores(self, batch):
            return torch.full((len(batch), 2), 0.5)

    with pytest.raises(CapabilityError, match="scores only cannot be differentiated"):
        explain_map(clip, Scores(), "saliency")
    with pytest.raises(UnknownNameError, match="Did you mean saliency"):
        explain_map(clip, small(cnn), "salience")
    with pytest.raises(UnknownNameError, match="label"):
        explain_map(clip, small(cnn), "saliency", targets=["polka"])

    class Elsewhere(small):
        def scores(self, batch):
            return super().scores(batch * 0.5)

    with pytest.raises(ScoresError, match="away from the classifier's own"):
        explain_map(clip, Elsewhere(cnn), "saliency")
    with pytest.raises(SettingError, match="batch of 0"):
        explain_map(clip, small(cnn), "saliency", batch_size=0)
