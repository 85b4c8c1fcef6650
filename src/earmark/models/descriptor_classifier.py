"""A classifier of descriptors as a classifier of sound: waveforms → descriptors → estimator or mlp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from earmark.errors import AudioError, BundleError, CapabilityError, SettingError
from earmark.features.descriptors import describe_waveforms, descriptor_names
from earmark.features.descriptors.analysis import RATE
from earmark.models.bundle import Bundle
from earmark.models.card import TABLE, Card, DescriptorCard
from earmark.models.catalogue import ARCHITECTURES
from earmark.models.classifier import Activation, InputSpec
from earmark.models.tabular import Floats, TabularClassifier, from_estimator

# One STFT frame of the descriptors.
_SHORTEST = 2048


class DescriptorClassifier:
    """Sound described in numbers, the numbers classified. ``tabular`` is the second half, for ``explain_row``.

    Parameters
    ----------
    card : labels, descriptors and so on.
    tabular : rows → probabilities.
    """

    def __init__(self, card: Card, tabular: TabularClassifier) -> None:
        if card.descriptors is None:
            raise SettingError("the card names no descriptors", remedy="Give a DescriptorCard", where=card.name)
        self.card = card
        self.tabular = tabular
        self._descriptors = card.descriptors
        self._places: list[int] = []
        if self._descriptors.set == TABLE:
            return
        names = descriptor_names(self._descriptors.set)
        unknown = [column for column in self._descriptors.columns if column not in names]
        if unknown:
            raise SettingError(
                f"the set {self._descriptors.set} has no descriptor {unknown[0]}",
                remedy="Train it again with this version of earmark",
                where=card.name,
            )
        self._places = [names.index(column) for column in self._descriptors.columns]

    @property
    def name(self) -> str:
        """What to call it."""
        return self.card.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names."""
        return self.card.labels

    @property
    def input(self) -> InputSpec:
        """Mono at the descriptors' rate, at least one frame long."""
        rate = self._descriptors.sample_rate or RATE
        return InputSpec(rate, channels=1, min_length_s=_SHORTEST / rate)

    @property
    def activation(self) -> Activation:
        """ "softmax" or "sigmoid"."""
        return self.card.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over the weights and everything else that can change a score."""
        return self.card.fingerprint

    def rows(self, batch: Tensor) -> Floats:
        """Descriptors ``(B, columns)`` of waveforms ``(B, 1, samples)``: what ``tabular`` takes.

        Raises
        ------
        AudioError
            If the waveforms are not mono, or shorter than one frame.
        CapabilityError
            If it learnt from a table that does not say how its columns are made from sound.
        """
        if self._descriptors.set == TABLE:
            raise CapabilityError(
                "learnt from a table of numbers, and hears no sound",
                remedy="Assess it on such a table, or train on what earmark features writes",
                where=self.name,
            )
        if batch.ndim != 3 or batch.shape[1] != 1 or batch.shape[2] < _SHORTEST:
            raise AudioError(
                f"waveforms of shape {tuple(batch.shape)} instead of (batch, 1, at least {_SHORTEST})",
                remedy="Give mono sound of at least one frame",
                where=self.name,
            )
        described = describe_waveforms(batch[:, 0], self._descriptors.sample_rate, self._descriptors.set)
        table: Floats = np.asarray(described, dtype=np.float64)[:, self._places]
        return table

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If the waveforms are not mono, or shorter than one frame.
        """
        return torch.from_numpy(self.tabular.scores(self.rows(batch)))


def descriptor_classifier_from(bundle: Bundle, where: object) -> DescriptorClassifier:
    """The classifier of descriptors that a bundle holds.

    Raises
    ------
    BundleError
        If its card and its weights do not belong together.
    """
    card = bundle.card
    try:
        if card.descriptors is None:
            raise ValueError("no descriptors")
        make = _from_estimator if card.kind == "estimator" else _from_network
        return DescriptorClassifier(card, make(bundle, card.descriptors))
    except (SettingError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"the card does not describe these weights ({error})", remedy="Save or fetch the model again", where=where
        ) from error


def _from_estimator(bundle: Bundle, descriptors: DescriptorCard) -> TabularClassifier:
    card = bundle.card
    classes = tuple(str(name) for name in bundle.estimator.classes_)
    if classes != card.labels:
        raise ValueError(f"the estimator's classes are {', '.join(classes)}")
    made = from_estimator(bundle.estimator, labels=card.labels, features=descriptors.columns, name=card.name)
    if card.temperature == 1.0:
        return replace(made, fingerprint=card.fingerprint)
    # What the estimator itself answers is no longer what the classifier answers, so nothing may look inside it.
    tempered = _tempered(made.function, card.temperature)
    return replace(made, function=tempered, estimator=None, fingerprint=card.fingerprint)


def _from_network(bundle: Bundle, descriptors: DescriptorCard) -> TabularClassifier:
    card = bundle.card
    network = ARCHITECTURES.get(card.architecture).from_settings(len(card.labels), card.settings)
    if network.frames or network.bins != len(descriptors.columns):
        raise ValueError(f"{card.architecture} over {len(descriptors.columns)} descriptors")
    module = cast(nn.Module, network)
    module.load_state_dict(bundle.weights, strict=True)
    module.requires_grad_(False).eval()

    def function(rows: Floats) -> NDArray[np.float64]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(rows).float()).double() / card.temperature
            scores = torch.sigmoid(logits) if card.activation == "sigmoid" else torch.softmax(logits, 1)
        answer: NDArray[np.float64] = scores.numpy()
        return answer

    return TabularClassifier(function, card.name, card.labels, descriptors.columns, card.activation, card.fingerprint)


def _tempered(function: Callable[[Floats], ArrayLike], temperature: float) -> Callable[[Floats], Floats]:
    def tempered(rows: Floats) -> Floats:
        # Log-probabilities are logits up to a constant, which the sum takes away.
        powers = np.asarray(function(rows), dtype=np.float64) ** (1.0 / temperature)
        scaled: Floats = powers / powers.sum(axis=1, keepdims=True)
        return scaled

    return tempered
