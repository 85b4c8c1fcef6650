"""Sanity checks: an explanation of a trained model must not survive in a model that has forgotten what it learned.

Adebayo et al., "Sanity Checks for Saliency Maps" (NeurIPS 2018). Cascading randomisation replaces the parameters layer
by layer, from the output down, and compares the explanations; label randomisation compares with a model trained on
shuffled labels. Similarity is the absolute Spearman correlation of the magnitudes; a high one is a failure.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.stats import spearmanr
from torch import nn

from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, SettingError
from earmark.explain.game import Floats
from earmark.models.classifier import Classifier, Differentiable, Patchwise
from earmark.models.device import device_of
from earmark.models.prepare import prepare

T = TypeVar("T")

CHANCE = 0.95
"""Share of random orders that the limit of ``similarity_by_chance`` holds."""
_DRAWS = 10_000
_LARGE = 30


@dataclass(frozen=True)
class Stage:
    """Similarity to the original explanation once the layers down to ``layer`` are random."""

    layer: str
    randomised: int
    similarity: float


def cascading_randomisation(
    classifier: Classifier,
    explain: Callable[[Classifier], Floats],
    rng: np.random.Generator,
    *,
    clip: Clip | None = None,
    stages: int | None = None,
) -> tuple[Stage, ...]:
    """Similarity of the explanation while more and more of the network is random, the output first.

    Each parameter is drawn anew from a normal distribution with its own mean and standard deviation (the paper
    initialises it anew: a bundle does not say how it was initialised). The classifier itself is not touched.

    Parameters
    ----------
    classifier : ``Differentiable``, so that its network is known.
    explain : a classifier → attributions, any one shape.
    rng : draws the parameters.
    clip : the sound that is explained: see ``randomised``.
    stages : how many explanations to make, the last with everything random; None makes one for each layer.

    Raises
    ------
    CapabilityError
        If the classifier does not show its network, or it has no parameters.
    SettingError
        If there is no stage.
    """
    if stages is not None and stages < 1:
        raise SettingError(f"{stages} stages", remedy="Take at least 1", where="stages")
    forgetful = copy.deepcopy(classifier)
    layers = _layers(forgetful)
    before = explain(classifier)
    number = len(layers) if stages is None else min(stages, len(layers))
    looks = set(np.ceil(np.arange(1, number + 1) * len(layers) / number).astype(int).tolist())
    found = []
    for count, (name, layer) in enumerate(layers, start=1):
        _randomise(layer, rng)
        if count in looks:
            with _unsaturated(forgetful, clip):
                found.append(Stage(name, count, similarity(before, explain(forgetful))))
    return tuple(found)


def randomised(classifier: Classifier, rng: np.random.Generator, *, clip: Clip | None = None) -> Classifier:
    """A copy of a classifier whose every parameter is random; errors as for ``cascading_randomisation``.

    Parameters
    ----------
    classifier : whose network is known.
    rng : draws the parameters.
    clip : the sound that is explained. A random network may answer with thousands of nats, where every probability is
        0 or 1 whatever it hears, and an explanation of nothing resembles none. So its answers to this sound and to
        silence are brought to within one nat of 0; without a clip they stay as they are.
    """
    forgetful = copy.deepcopy(classifier)
    for _, layer in _layers(forgetful):
        _randomise(layer, rng)
    _unsaturated(forgetful, clip)
    return forgetful


def label_randomisation(
    classifier: Classifier, shuffled_classifier: Classifier, explain: Callable[[Classifier], Floats]
) -> float:
    """Similarity of the explanations by a model and by one trained on shuffled labels; near 0 is right.

    Parameters
    ----------
    classifier : trained on the labels.
    shuffled_classifier : of the same architecture, trained on ``shuffled_labels``.
    explain : a classifier → attributions.
    """
    return similarity(explain(classifier), explain(shuffled_classifier))


def shuffled_labels(labels: Sequence[T], rng: np.random.Generator) -> tuple[T, ...]:
    """The labels of a training set in random order: the same classes, as often, and nothing to learn.

    Examples
    --------
    >>> sorted(shuffled_labels(["a", "b", "b"], np.random.default_rng(0)))
    ['a', 'b', 'b']
    """
    return tuple(labels[int(i)] for i in rng.permutation(len(labels)))


def similarity(first: ArrayLike, second: ArrayLike) -> float:
    """Absolute Spearman correlation of the magnitudes of two attributions; 0 where one has no order.

    Raises
    ------
    SettingError
        If their shapes differ.

    Examples
    --------
    >>> similarity([1.0, -2.0, 3.0], [0.1, 0.2, -0.3])
    1.0
    """
    a, b = np.abs(np.asarray(first, dtype=np.float64)), np.abs(np.asarray(second, dtype=np.float64))
    if a.shape != b.shape:
        raise SettingError(
            f"attributions of shape {a.shape} and {b.shape}",
            remedy="Explain the same clip in the same way",
            where="sanity",
        )
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return min(1.0, abs(float(spearmanr(a.ravel(), b.ravel()).statistic)))


@functools.lru_cache(maxsize=64)
def similarity_by_chance(parts: int, networks: int = 1) -> float:
    """What the mean ``similarity`` to explanations by so many networks stays at or below in 95 % of random orders.

    Of few parts any two orders correlate: two always do. Orders are drawn (10 000, always the same); beyond 30 parts,
    Spearman's coefficient times √(parts − 1) is drawn from the standard normal distribution.

    Parameters
    ----------
    parts : how many are put in order.
    networks : how many similarities are averaged.

    Raises
    ------
    SettingError
        If there is no part or no network.

    Examples
    --------
    >>> [round(similarity_by_chance(parts, 3), 2) for parts in (2, 3, 36)]
    [1.0, 0.83, 0.24]
    """
    if parts < 1 or networks < 1:
        raise SettingError(f"{parts} parts, {networks} networks", remedy="Take at least 1 of each", where="sanity")
    if parts < 3:
        return 1.0
    rng = np.random.default_rng(0)
    if parts > _LARGE:
        found = rng.standard_normal((_DRAWS, networks)) / np.sqrt(parts - 1)
    else:
        orders = rng.permuted(np.broadcast_to(np.arange(parts), (_DRAWS, networks, parts)), axis=2)
        found = 1 - 6 * np.square(orders - np.arange(parts)).sum(axis=2) / (parts * (parts**2 - 1))
    return float(np.quantile(np.abs(found).mean(axis=1), CHANCE, method="higher"))


def check_network(classifier: Classifier) -> None:
    """That there are parameters to make random.

    Raises
    ------
    CapabilityError
        If the classifier does not show its network, or it has no parameters.
    """
    _layers(classifier)


def _unsaturated(forgetful: Classifier, clip: Clip | None) -> AbstractContextManager[object]:
    """Shift and shrink what its network answers, until the context ends (or for good, where there is none)."""
    if clip is None or not isinstance(forgetful, Differentiable):
        return nullcontext()
    heard = prepare(clip, forgetful.input).clip
    waveform = torch.tensor(heard.waveform).to(device_of(forgetful))
    with torch.no_grad():
        seen = forgetful.front_end(torch.stack([waveform, torch.zeros_like(waveform)]))
        spans = (
            [slice(p.first_frame, p.first_frame + p.frames) for p in forgetful.patches(heard.samples)]
            if isinstance(forgetful, Patchwise)
            else [slice(None)]
        )
        answers = torch.cat([forgetful.logits(seen[:, :, span]) for span in spans])
    middle = answers.mean(dim=0)
    scale = (answers - middle).abs().max().clamp(min=1.0)
    return forgetful.network.register_forward_hook(lambda module, given, answer: (answer - middle) / scale)


def _layers(classifier: Classifier) -> list[tuple[str, nn.Module]]:
    """The layers that have parameters of their own, the output first."""
    if not isinstance(classifier, Differentiable):
        raise CapabilityError(
            "does not show its network, so its parameters cannot be randomised",
            remedy="Leave randomisation out, or compare with a model trained on shuffled labels",
            where=classifier.name,
        )
    layers = [(name, m) for name, m in classifier.network.named_modules() if any(True for _ in m.parameters(False))]
    if not layers:
        raise CapabilityError("has no parameters to randomise", remedy="Choose another check", where=classifier.name)
    return layers[::-1]


def _randomise(layer: nn.Module, rng: np.random.Generator) -> None:
    with torch.no_grad():
        for parameter in layer.parameters(recurse=False):
            old = parameter.detach().double().cpu().numpy()
            # A bias or scale that is the same everywhere stays: that is how it was initialised.
            drawn = old.mean() + old.std() * rng.standard_normal(old.shape)
            parameter.copy_(torch.from_numpy(drawn).to(parameter))
