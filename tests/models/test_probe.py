"""Probes: a head on a network that stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from earmark.errors import BundleError, SettingError, UnknownNameError
from earmark.models.bundle import CARD, Bundle, load_bundle, save_bundle
from earmark.models.callable import from_callable
from earmark.models.classifier import Differentiable, Patchwise
from earmark.models.estimators import fit_estimator
from earmark.models.load import load_model
from earmark.models.probe import Embedding, embedding_of, head_from_logreg, probe_bundle
from earmark.models.tagger import Tagger
from earmark.models.zoo.mlp import Mlp
from earmark.models.zoo.musicnn import Musicnn
from earmark.models.zoo.probe import Probe

SOUND = 0.1 * torch.randn(3, 1, 2 * 187 * 256 + 900, generator=torch.Generator().manual_seed(0))
LABELS = ("folk", "jazz", "rock")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from earmark.features.front_end import FrontEndCard
    from earmark.models.bundle import Card

    folder = tmp_path_factory.mktemp("base") / "tagger"
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = Musicnn(4)
    front_end = FrontEndCard(16000, 512, 256, 96, 0.0, 8000.0, "reflect", "log10(10000x+1)")
    card = Card("base", "musicnn", {}, ("a", "b", "c", "d"), "sigmoid", front_end)
    save_bundle(Bundle(card, dict(network.state_dict())), folder)
    return folder


@pytest.fixture(scope="module")
def embedding(base: Path) -> Embedding:
    return embedding_of(load_model(base), str(base))


def head(width: int, layers: str = "") -> Mlp:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return Mlp(3, columns=width, layers=layers)


def test_embeddings_are_those_of_the_layer(embedding: Embedding) -> None:
    assert embedding.width == 200
    found = embedding.of_waveforms(SOUND)
    assert found.shape == (3, 2, 200)
    network = embedding.tagger.network
    slices = embedding.tagger.slices(SOUND)
    # The tags are a linear function of them.
    logits = embedding.tagger.logits(slices.flatten(0, 1))
    torch.testing.assert_close(network.out(found.flatten(0, 1)), logits)
    torch.testing.assert_close(embedding.of_slices(slices[:, 1]), found[:, 1])


@pytest.mark.parametrize("layers", ["", "16r-8r"])
def test_bundle_of_a_probe(embedding: Embedding, tmp_path: Path, layers: str) -> None:
    trained = head(200, layers)
    card = save_bundle(probe_bundle(embedding, trained, LABELS, name="mine", layers=layers), tmp_path / "probe")
    probe = load_model(tmp_path / "probe")
    assert isinstance(probe, Tagger)
    assert isinstance(probe, Patchwise)
    assert isinstance(probe, Differentiable)
    assert probe.fingerprint == card.fingerprint
    slices = trained.eval()(embedding.of_waveforms(SOUND).flatten(0, 1)).softmax(1).detach()
    torch.testing.assert_close(probe.scores(SOUND), slices.view(3, 2, 3).mean(1))
    # Only the head is in the file.
    assert sum(t.numel() for t in load_bundle(tmp_path / "probe").weights.values()) < 10_000
    assert probe.cam_layers[-1] == "base.mid3"
    probe.network.get_submodule("base.mid3")


def test_another_base_is_refused(embedding: Embedding, base: Path, tmp_path: Path) -> None:
    save_bundle(probe_bundle(embedding, head(200), LABELS, name="mine"), tmp_path / "probe")
    file = tmp_path / "probe" / CARD
    card = json.loads(file.read_text())
    card["embedding"]["fingerprint"] = "0" * 64
    file.write_text(json.dumps(card))
    with pytest.raises(BundleError, match="was trained on another"):
        load_model(tmp_path / "probe")
    card["embedding"] = None
    file.write_text(json.dumps(card))
    with pytest.raises(BundleError, match="names no embedding"):
        load_model(tmp_path / "probe")


def test_head_of_another_width_is_refused(embedding: Embedding, tmp_path: Path) -> None:
    bundle = probe_bundle(embedding, head(200), LABELS, name="mine")
    save_bundle(replace(bundle, card=replace(bundle.card, labels=("a", "b"))), tmp_path / "probe")
    with pytest.raises(BundleError, match="does not describe these weights"):
        load_model(tmp_path / "probe")


def test_training_leaves_the_base_alone(embedding: Embedding) -> None:
    probe = Probe(embedding.tagger.architecture, "relu", head(200)).train()
    assert probe.head.training
    assert not probe.base.training
    before = {name: tensor.clone() for name, tensor in probe.base.state_dict().items()}
    x = embedding.tagger.slices(SOUND).flatten(0, 1)[:3] * torch.tensor([0.1, 1.0, 10.0])[:, None, None]
    seen = embedding.of_slices(x)
    probe.head.norm.set(seen.mean(0), seen.std(0))
    optimiser = torch.optim.Adam([p for p in probe.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(probe(x), torch.arange(3))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    assert all(torch.equal(tensor, before[name]) for name, tensor in probe.base.state_dict().items())


@pytest.mark.parametrize("classes", [2, 3])
def test_head_answers_as_the_logistic_regression(classes: int) -> None:
    rng = np.random.default_rng(classes)
    x = rng.normal(size=(50, 6)) * [1, 10, 1, 1, 5, 1]
    x[:, 5] = 2.0  # a constant column
    y = [LABELS[int(c)] for c in rng.integers(0, classes, 50)]
    pipeline = fit_estimator("logreg", x, y, [f"e{i}" for i in range(6)])
    ours = head_from_logreg(pipeline)(torch.from_numpy(x).float()).softmax(1).detach().numpy()
    np.testing.assert_allclose(ours, pipeline.predict_proba(x), atol=1e-5)


def test_refusals(base: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown layer 'hiden'\. Did you mean hidden"):
        embedding_of(load_model(base), str(base), "hiden")
    function = from_callable(lambda waveforms, rate: np.ones((len(waveforms), 1)), ["a"], 16000)
    with pytest.raises(SettingError, match="no network over slices"):
        embedding_of(function, "callable")
    with pytest.raises(SettingError, match="no fitted pipeline"):
        head_from_logreg(object())
