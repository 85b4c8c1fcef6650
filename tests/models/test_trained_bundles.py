"""Every architecture from a recipe's card to a bundle, back, and to an explanation of a clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from earmark.audio.clip import Clip
from earmark.components.time import Time
from earmark.errors import BundleError, CapabilityError, SettingError
from earmark.explain.gradient.run import explain_map
from earmark.explain.run import explain
from earmark.models.bundle import Bundle, Card, TrainingRecord, load_bundle, save_bundle
from earmark.models.catalogue import ARCHITECTURES
from earmark.models.classifier import Differentiable, Patchwise, Tokenised
from earmark.models.load import load_model
from earmark.models.recipe import recipe
from earmark.models.tagger import Tagger, tagger_from
from earmark.models.zoo import cnn14

LABELS = ("folk", "jazz", "rock")
# Settings that make each one small; the layers are the architecture's own.
SMALL: dict[str, dict[str, object]] = {
    "cnn": {},
    "cnn_lstm": {},
    "crnn": {"frames": 192},
    "cnn_mel": {"frames": 48},
    "cnn14": {"frames": 64},
    "cnn14_stft": {"frames": 64},
    "vgg16": {"frames": 40},
    "ast": {"frames": 66, "width": 24, "depth": 2, "heads": 2},
}
RECORD = TrainingRecord("songs", "d" * 64, "by track, seed 0", "s" * 64, False, 0, {"accuracy": 0.5}, {"epochs": 3})


def narrow(patch: pytest.MonkeyPatch) -> None:
    """Cnn14 with few channels: 80 million numbers are many for a test."""
    patch.setattr(cnn14, "WIDTHS", (4, 6, 8, 10, 12, 14))


@pytest.fixture(scope="module", params=SMALL)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "ast":
        pytest.importorskip("transformers")
    made = recipe(request.param)
    settings = {**made.settings, **SMALL[request.param]}
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        narrow(patch)
        torch.manual_seed(4)
        network = ARCHITECTURES.get(made.architecture).from_settings(3, settings)
        assert isinstance(network, nn.Module)
        # As after a little training: outputs that differ, statistics that are not those of an untrained batch norm.
        for name, tensor in network.state_dict().items():
            if "running_mean" in name:
                tensor.normal_(std=0.1)
            elif name.rsplit(".", 2)[-2] in ("out", "dense") or name.startswith("classifier"):
                tensor.mul_(3)
        card = Card(request.param, made.architecture, settings, LABELS, "softmax", made.front_end, training=RECORD)
        where = tmp_path_factory.mktemp("bundles") / request.param
        save_bundle(Bundle(card, dict(network.state_dict())), where)
    return where


@pytest.fixture
def model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Tagger:
    narrow(monkeypatch)
    loaded = load_model(folder, device="cpu")
    assert isinstance(loaded, Tagger)
    return loaded


def clip(model: Tagger, slices: float = 2.2) -> Clip:
    card = model.card.front_end
    assert card is not None
    samples = int(slices * model.slice_shape[1] * card.hop_length)
    t = np.arange(samples) / card.sample_rate
    wave = 0.3 * np.sin(2 * np.pi * 300 * t * (1 + t)) + 0.01 * np.random.default_rng(0).normal(size=samples)
    return Clip(wave.astype(np.float32), card.sample_rate)


def test_comes_back_with_its_record(model: Tagger, folder: Path) -> None:
    assert model.card.training == RECORD
    assert load_bundle(folder).card == model.card
    assert isinstance(model, Patchwise)
    assert isinstance(model, Differentiable)
    assert isinstance(model, Tokenised) == (model.card.architecture == "ast")
    sound = torch.tensor(clip(model).waveform)[None]
    patches = model.patches(sound.shape[2])
    assert len(patches) == 2
    parts = [model.patch_scores(sound[:, :, p.start : p.stop], p) for p in patches]
    torch.testing.assert_close(torch.stack(parts).mean(0), model.scores(sound), rtol=1e-4, atol=1e-4)


def test_is_explained_in_sound_and_by_gradients(model: Tagger) -> None:
    found = explain(clip(model), model, Time(n=2), "shapley", targets=["jazz"])
    assert found.converged
    row = model.labels.index("jazz")
    assert found.attributions[row].sum() == pytest.approx(found.full[row] - found.base[row], abs=1e-5)
    maps = explain_map(clip(model), model, "input_x_gradient", targets="jazz")
    assert np.abs(maps.values).sum() > 0
    cam = explain_map(clip(model), model, "grad_cam", targets=["folk", "jazz", "rock"])
    assert np.abs(cam.values).sum() > 0


def test_deeplift_sums_to_the_difference_where_it_has_rules(model: Tagger) -> None:
    if model.card.architecture in ("cnn_lstm", "crnn", "ast"):
        with pytest.raises(CapabilityError, match="DeepLIFT has no rule"):
            explain_map(clip(model, 1.2), model, "deeplift", targets="jazz")
        return
    found = explain_map(clip(model, 1.2), model, "deeplift", targets="jazz")
    assert found.gap is not None
    assert float(found.gap.max()) < 1e-3 * float(np.abs(found.values).sum())
    assert np.abs(found.values).sum() > 0


def test_other_front_ends_are_refused(model: Tagger) -> None:
    card = model.card
    assert card.front_end is not None
    card.require(front_end=card.front_end, frames=model.slice_shape[1])
    with pytest.raises(SettingError, match=f"trained with hop_length {card.front_end.hop_length}, these .* have 100"):
        card.require(front_end=replace(card.front_end, hop_length=100))
    with pytest.raises(SettingError, match="trained with sample_rate"):
        card.require(front_end=replace(card.front_end, sample_rate=8000))
    with pytest.raises(SettingError, match="takes slices of"):
        card.require(front_end=card.front_end, frames=7)
    assert model.front_end.bin_hz.shape == (model.slice_shape[0],)  # over Hz, also where the network sees MFCC
    with pytest.raises(SettingError, match="one patch at a time"):
        model.logits(torch.zeros(1, model.slice_shape[0], 7))


def test_temperature_divides_the_logits(model: Tagger, folder: Path) -> None:
    bundle = load_bundle(folder)
    warm = tagger_from(replace(bundle, card=replace(bundle.card, temperature=2.0)), folder)
    slices = model.slices(torch.tensor(clip(model).waveform)[None])[0]
    torch.testing.assert_close(warm.logits(slices), model.logits(slices) / 2)
    assert warm.fingerprint != model.fingerprint


def test_card_that_does_not_fit_the_front_end(folder: Path, model: Tagger, tmp_path: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.card.front_end is not None
    wrong = replace(bundle.card.front_end, kind="log_mel", scaling="dB", n_mels=40, n_mfcc=0)
    save_bundle(replace(bundle, card=replace(bundle.card, front_end=wrong)), tmp_path / "wrong")
    with pytest.raises(BundleError, match="the front end gives 40"):
        load_model(tmp_path / "wrong")
