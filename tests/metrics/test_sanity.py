"""Randomised parameters and labels: what depends on the network changes, what does not is caught."""

import copy
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, SettingError
from earmark.metrics.sanity import (
    cascading_randomisation,
    label_randomisation,
    randomised,
    shuffled_labels,
    similarity,
    similarity_by_chance,
)
from earmark.models.callable import from_callable
from earmark.models.classifier import InputSpec


class Gradients:
    """A classifier around a small network; only what the check asks for."""

    name, labels, activation, fingerprint, cam_layers = "small", ("a", "b"), "softmax", "0", ()
    input = SimpleNamespace()
    front_end = SimpleNamespace()

    def __init__(self, network):
        self.network = network

    def logits(self, spectrogram):
        return self.network(spectrogram)

    def scores(self, batch):
        return self.logits(batch).softmax(dim=1)


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return Gradients(nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 2)))


def by_gradient(classifier):
    x = torch.linspace(-1, 1, 30)[None].requires_grad_(True)
    classifier.logits(x)[0, 0].backward()
    return x.grad[0].numpy().astype(float)


def test_a_gradient_forgets_with_the_network_and_the_input_does_not(classifier):
    before = copy.deepcopy(classifier.network.state_dict())
    found = cascading_randomisation(classifier, by_gradient, np.random.default_rng(0))
    assert [(s.layer, s.randomised) for s in found] == [("4", 1), ("2", 2), ("0", 3)]
    assert found[-1].similarity < 0.5
    # An edge detector, so to speak: it never asks the network.
    deaf = cascading_randomisation(classifier, lambda _: np.arange(30.0), np.random.default_rng(0))
    assert [s.similarity for s in deaf] == [1, 1, 1]
    after = classifier.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_fewer_stages_end_with_everything_random(classifier):
    found = cascading_randomisation(classifier, by_gradient, np.random.default_rng(0), stages=2)
    assert [s.randomised for s in found] == [2, 3]
    with pytest.raises(SettingError, match="at least 1"):
        cascading_randomisation(classifier, by_gradient, np.random.default_rng(0), stages=0)


def test_random_parameters_keep_each_tensors_own_mean_and_spread():
    layer = nn.Linear(200, 100)
    with torch.no_grad():
        layer.weight.copy_(5 + 3 * torch.rand(100, 200))
        layer.bias.fill_(2.0)
    found = randomised(Gradients(nn.Sequential(layer)), np.random.default_rng(0)).network[0]
    assert found.weight.mean().item() == pytest.approx(6.5, abs=0.03)
    assert found.weight.std().item() == pytest.approx(3 / 12**0.5, rel=0.02)
    assert abs(np.corrcoef(found.weight.detach().flatten(), layer.weight.detach().flatten())[0, 1]) < 0.03
    # What is the same everywhere was initialised so.
    assert (found.bias == 2).all()


def test_a_classifier_without_a_network_cannot_be_randomised():
    black_box = from_callable(lambda x, rate: np.full((len(x), 2), 0.5), ["a", "b"], 8000)
    with pytest.raises(CapabilityError, match="network"):
        cascading_randomisation(black_box, by_gradient, np.random.default_rng(0))


def test_label_randomisation_compares_a_trained_model_with_one_that_had_nothing_to_learn():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 30))
    labels = (x[:, 3] + x[:, 17] > 0).astype(int)

    def fitted(y):
        weights, *_ = np.linalg.lstsq(x, 2.0 * y - 1, rcond=None)
        layer = nn.Linear(30, 2)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.stack([-weights, weights])))
        return Gradients(nn.Sequential(layer))

    trained = fitted(labels)
    shuffled = fitted(np.array(shuffled_labels(labels.tolist(), rng)))
    assert set(np.abs(by_gradient(trained)).argsort()[-2:]) == {3, 17}
    assert label_randomisation(trained, shuffled, by_gradient) < 0.5
    assert label_randomisation(trained, trained, by_gradient) == 1


def test_similarity():
    assert similarity([1, 2, 3], [-3, 2, -1]) == 1
    assert similarity([1, 1, 1], [1, 2, 3]) == 0
    with pytest.raises(SettingError, match="same way"):
        similarity([1, 2], [1, 2, 3])


class Tagged(Gradients):
    """The same for sounds; its frames are samples."""

    input = InputSpec(100)

    def front_end(self, batch):
        return batch

    def logits(self, spectrogram):
        return self.network(spectrogram[:, 0])

    activation = "sigmoid"

    def scores(self, batch):
        return self.logits(self.front_end(batch)).sigmoid()


def test_answers_of_a_random_network_are_kept_out_of_saturation():
    """Weights as large as those of a deep network's product: every probability would be 0 or 1 whatever it hears."""
    torch.manual_seed(0)
    classifier = Tagged(nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 2)))
    with torch.no_grad():
        for parameter in classifier.network.parameters():
            parameter.mul_(1000)
    clip = Clip(np.random.default_rng(0).standard_normal(30).astype(np.float32) / 5, 100)
    versions = torch.from_numpy(clip.waveform[None] * np.linspace(0, 1, 5, dtype=np.float32)[:, None, None])
    plain = randomised(classifier, np.random.default_rng(1))
    kept = randomised(classifier, np.random.default_rng(1), clip=clip)
    with torch.no_grad():
        assert not ((plain.scores(versions) > 1e-6) & (plain.scores(versions) < 1 - 1e-6)).any()
        answers, before = kept.logits(versions), plain.logits(versions)
    assert answers.abs().max() <= 4
    assert answers[[0, -1]].abs().max() == pytest.approx(1, abs=1e-4)
    # One shift for each class, one scale for all: the order of what it is asked stays.
    steps = (answers[1:] - answers[:-1]) / (before[1:] - before[:-1])
    np.testing.assert_allclose(steps, steps[0, 0].item(), rtol=1e-3)
    asked = []

    def scores(one):
        asked.append(one.scores(versions)[:, 0].detach().numpy())
        return asked[-1]

    stages = cascading_randomisation(classifier, scores, np.random.default_rng(1), clip=clip)
    assert [stage.randomised for stage in stages] == [1, 2]
    # The classifier itself stays saturated; each random stage is not.
    assert np.ptp(asked[0][1:]) == 0
    assert all(np.ptp(answer[1:]) > 0.01 for answer in asked[1:])


def test_what_random_orders_of_few_parts_reach():
    """Of three and of four parts, by counting all orders; of many, by the variance 1/(n − 1)."""
    for parts in (3, 4):
        every = [
            abs(1 - 6 * sum((i - place) ** 2 for i, place in enumerate(order)) / (parts**3 - parts))
            for order in itertools.permutations(range(parts))
        ]
        means = np.array([np.mean(drawn) for drawn in itertools.product(every, repeat=3)])
        limit = similarity_by_chance(parts, 3)
        # A value that they can have, the first that at most one in twenty exceeds.
        assert np.isclose(means, limit).any()
        assert (means > limit + 1e-9).mean() <= 0.05
        assert (means >= limit - 1e-9).mean() > 0.05
    assert similarity_by_chance(2, 3) == similarity_by_chance(1, 3) == 1
    # One network more than three of four parts can all agree by chance; three cannot.
    assert similarity_by_chance(4, 1) == 1
    assert similarity_by_chance(101, 1) == pytest.approx(1.96 / 10, rel=0.03)
    # Where orders are no longer drawn, nothing jumps.
    assert similarity_by_chance(30, 3) == pytest.approx(similarity_by_chance(31, 3), rel=0.05)
    with pytest.raises(SettingError, match="at least 1"):
        similarity_by_chance(3, 0)
