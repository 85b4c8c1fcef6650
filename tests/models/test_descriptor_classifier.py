"""Sound described in numbers, the numbers classified: estimators and mlp, from bundle to explanation."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.components.time import Time
from earmark.errors import AudioError, BundleError
from earmark.explain.run import explain
from earmark.explain.tabular import explain_row
from earmark.features.descriptors import describe_waveforms, descriptor_group, descriptor_names
from earmark.models.bundle import Bundle, Card, load_bundle, save_bundle
from earmark.models.card import DescriptorCard
from earmark.models.catalogue import RECIPES
from earmark.models.classifier import Classifier
from earmark.models.descriptor_classifier import DescriptorClassifier
from earmark.models.estimators import fit_estimator
from earmark.models.load import load_model
from earmark.models.predict import predict
from earmark.models.recipe import recipe
from earmark.models.zoo.mlp import Mlp

RATE = 22050
LABELS = ("high", "low", "noise")
SET = "reference-89-centroid"


def waveforms(rows: int, seed: int) -> tuple[torch.Tensor, list[str]]:
    rng = np.random.default_rng(seed)
    t = np.arange(RATE) / RATE
    made, labels = [], []
    for row in range(rows):
        label = LABELS[row % 3]
        hz = rng.uniform(200, 400) if label == "low" else rng.uniform(2000, 4000)
        noise = rng.normal(size=RATE) * (0.3 if label == "noise" else 0.003)
        made.append(noise + (0 if label == "noise" else 0.5) * np.sin(2 * np.pi * hz * t))
        labels.append(label)
    return torch.from_numpy(np.array(made, dtype=np.float32)), labels


Sounds = tuple[torch.Tensor, list[str], np.ndarray]


@pytest.fixture(scope="module")
def sounds() -> Sounds:
    batch, labels = waveforms(24, 0)
    return batch, labels, describe_waveforms(batch, RATE, SET)


def card(kind: str, architecture: str, columns: tuple[str, ...], **more: object) -> Card:
    settings: dict[str, object] = {"columns": len(columns)} if architecture == "mlp" else {}
    described = DescriptorCard(SET, RATE, columns)
    return Card("mine", architecture, settings, LABELS, "softmax", kind=kind, descriptors=described, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["logreg", "hist_gradient_boosting", "mlp"])
def folder(request: pytest.FixtureRequest, sounds: Sounds, tmp_path_factory: pytest.TempPathFactory) -> Path:
    _, labels, rows = sounds
    names = descriptor_names(SET)
    where = tmp_path_factory.mktemp("bundles") / request.param
    if request.param == "mlp":
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = Mlp(3, columns=89)
        table, targets = torch.from_numpy(rows).float(), torch.tensor([LABELS.index(label) for label in labels])
        network.norm.set(table.mean(0), table.std(0))
        optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
        for _ in range(60):
            loss = torch.nn.functional.cross_entropy(network(table), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        save_bundle(Bundle(card("network", "mlp", names), dict(network.state_dict())), where)
    else:
        # Half of the columns, in another order than the set has them.
        columns = names[::-2]
        places = [names.index(name) for name in columns]
        settings = {"max_iter": 10, "min_samples_leaf": 2} if request.param == "hist_gradient_boosting" else None
        fitted = fit_estimator(request.param, rows[:, places], labels, columns, settings=settings)
        save_bundle(Bundle(card("estimator", request.param, columns), estimator=fitted), where)
    return where


def test_classifies_sound(folder: Path) -> None:
    model = load_model(folder)
    assert isinstance(model, DescriptorClassifier)
    assert isinstance(model, Classifier)
    batch, labels = waveforms(9, 1)
    scores = model.scores(batch[:, None])
    assert [LABELS[int(i)] for i in scores.argmax(1)] == labels
    rows = describe_waveforms(batch, RATE, SET)
    places = [descriptor_names(SET).index(name) for name in model.tabular.features]
    torch.testing.assert_close(torch.from_numpy(model.tabular.scores(rows[:, places])), scores)
    # At another rate it is resampled, and the answer stays the same.
    t = np.arange(44100) / 44100
    assert LABELS[int(predict(Clip(0.5 * np.sin(2 * np.pi * 300 * t), 44100), model).argmax())] == "low"


def test_is_explained_in_sound_and_by_descriptors(folder: Path) -> None:
    model = load_model(folder)
    assert isinstance(model, DescriptorClassifier)
    batch, _ = waveforms(3, 2)
    found = explain(Clip(batch[1].numpy(), RATE), model, Time(n=2), "shapley", targets=["low"])
    assert found.converged
    rows = model.rows(batch[:, None])
    groups: dict[str, list[str]] = {}
    for column in model.tabular.features:
        groups.setdefault(descriptor_group(column), []).append(column)
    by_row = explain_row(
        rows[1], model.tabular, background=rows, players="group", groups=groups, targets=["low"], output="probability"
    )
    assert [part.name.split()[0] for part in by_row.components] == list(groups)
    row = model.labels.index("low")
    assert by_row.attributions[row].sum() == pytest.approx(by_row.full[row] - by_row.base[row], abs=1e-3)
    assert by_row.model.fingerprint == model.fingerprint == found.model.fingerprint


def test_temperature_makes_it_less_sure(folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(folder)
    save_bundle(replace(bundle, card=replace(bundle.card, temperature=3.0)), tmp_path / "warm")
    batch, _ = waveforms(6, 3)
    sharp, warm = (load_model(path).scores(batch[:, None]) for path in (folder, tmp_path / "warm"))
    expected = sharp ** (1 / 3)
    torch.testing.assert_close(warm, expected / expected.sum(1, keepdim=True), rtol=1e-4, atol=1e-6)
    assert load_model(tmp_path / "warm").fingerprint != load_model(folder).fingerprint


def test_cards_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(folder)
    described = bundle.card.descriptors
    assert described is not None
    for number, (wrong, fact) in enumerate(
        [
            (replace(described, columns=(*described.columns[:-1], "brightness")), "has no descriptor brightness"),
            (replace(described, columns=described.columns[:-1]), "does not describe"),
            (None, "does not describe"),
        ]
    ):
        save_bundle(replace(bundle, card=replace(bundle.card, descriptors=wrong)), tmp_path / str(number))
        with pytest.raises(BundleError, match=fact):
            load_model(tmp_path / str(number))
    save_bundle(replace(bundle, card=replace(bundle.card, labels=("a", "b", "c", "d"))), tmp_path / "labels")
    with pytest.raises(BundleError, match="does not describe"):
        load_model(tmp_path / "labels")


def test_too_short(folder: Path) -> None:
    model = load_model(folder)
    with pytest.raises(AudioError, match="at least 2048"):
        model.scores(torch.zeros(1, 1, 2000))
    assert model.input.min_length_s * RATE == 2048


@pytest.mark.parametrize("name", [entry.name for entry in RECIPES if entry.name.startswith("mlp")])
def test_columns_of_the_sisters(name: str) -> None:
    made = recipe(name)
    assert made.descriptors is not None
    names = descriptor_names(made.descriptors)
    used = [column for column in names if not made.columns or any(fnmatchcase(column, p) for p in made.columns)]
    assert len(used) == made.settings["columns"]
