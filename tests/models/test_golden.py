"""The four taggers against what their original TensorFlow graphs answer (see golden/README.md)."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.models.load import load_model
from earmark.models.predict import predict
from earmark.models.tagger import Tagger

GOLDEN = Path(__file__).parent / "golden"
RECORD = json.loads((GOLDEN / "musicnn_taggrams.json").read_text(encoding="utf-8"))
MODELS = {
    "musicnn-msd": "MSD_musicnn",
    "musicnn-mtt": "MTT_musicnn",
    "vgg-msd": "MSD_vgg",
    "vgg-mtt": "MTT_vgg",
}


def golden_sounds() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_sounds", GOLDEN / "sounds.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SOUNDS = {name: make() for name, make in golden_sounds().SOUNDS.items()}


def tagger(cache: Path, name: str) -> Tagger:
    loaded = load_model(cache / "models" / name)
    assert isinstance(loaded, Tagger)
    return loaded


@pytest.mark.parametrize("sound", SOUNDS)
def test_front_end_is_the_one_of_the_golden_data(cache: Path, sound: str) -> None:
    mel = tagger(cache, "vgg-mtt").front_end(torch.from_numpy(SOUNDS[sound])[None, None])[0].T
    patches = mel[:374].reshape(2, 187, 96)
    expected = np.array(RECORD["mel"][sound]["mean_of_each_band"])
    np.testing.assert_allclose(patches.mean(1).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_taggrams_are_tensorflows(cache: Path, name: str) -> None:
    model = tagger(cache, name)
    theirs = RECORD["models"][MODELS[name]]
    assert list(model.labels) == RECORD["labels"][theirs["labels"]]
    for sound, samples in SOUNDS.items():
        expected = np.array(theirs["taggrams"][sound])
        waveform = torch.from_numpy(samples)[None, None]
        np.testing.assert_allclose(model.taggram(waveform)[0].numpy(), expected, rtol=0, atol=1e-5, err_msg=sound)
        np.testing.assert_allclose(
            predict(Clip(samples, 16000), model), expected.mean(0), rtol=0, atol=1e-5, err_msg=sound
        )


@pytest.mark.parametrize("name", MODELS)
def test_the_way_of_gradients_gives_the_same(cache: Path, name: str) -> None:
    model = tagger(cache, name)
    expected = np.array(RECORD["models"][MODELS[name]]["taggrams"]["beat_and_tremolo"])
    waveform = torch.from_numpy(SOUNDS["beat_and_tremolo"])[None, None].requires_grad_()
    taggram = model.taggram(waveform)
    np.testing.assert_allclose(taggram[0].detach().numpy(), expected, rtol=0, atol=1e-5)
    (gradient,) = torch.autograd.grad(taggram.mean(1)[0, 0], waveform)
    # The patches end after 95744 samples and half a frame; what comes later is not heard.
    assert gradient[..., :95000].abs().max() > 0
    assert torch.isfinite(gradient).all()
    assert gradient[..., 96001:].abs().max() == 0


def test_every_model_has_its_licence_and_origin(cache: Path) -> None:
    for name, folder in MODELS.items():
        card = tagger(cache, name).card
        assert card.licence is not None
        assert card.origin is not None
        assert card.licence.name == "ISC"
        assert "Universitat Pompeu Fabra" in card.licence.notice
        assert "AS IS" in card.licence.notice
        assert card.origin.member == f"musicnn/{folder}"
        assert card.origin.sha256.startswith("f38a4890")


def test_fingerprints_differ(cache: Path) -> None:
    assert len({tagger(cache, name).fingerprint for name in MODELS}) == len(MODELS)
