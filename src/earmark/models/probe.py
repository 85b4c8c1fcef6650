"""Probes as classifiers: embeddings for training, heads from logistic regression, bundles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from earmark.errors import BundleError, SettingError
from earmark.features.front_end import FrontEndCard
from earmark.models.bundle import Bundle
from earmark.models.card import Card, EmbeddingCard, TrainingRecord
from earmark.models.catalogue import Architecture
from earmark.models.classifier import Classifier
from earmark.models.tagger import Tagger, tagger
from earmark.models.zoo.mlp import Mlp
from earmark.models.zoo.probe import Probe, embed


@dataclass(frozen=True, eq=False)
class Embedding:
    """The inner layer of a classifier over slices; made by ``embedding_of``.

    Parameters
    ----------
    tagger : the classifier.
    model : the name or folder it was loaded by.
    layer : whose output is read.
    width : D, numbers per slice.
    """

    tagger: Tagger
    model: str
    layer: str
    width: int

    @property
    def front_end(self) -> FrontEndCard:
        """What the classifier's network is seen from: of MFCC the mel spectrogram, see ``Tagger``."""
        card = self.tagger.card.front_end
        if card is not None and card.kind == "mfcc":
            return replace(card, kind="log_mel", n_mfcc=0)
        if card is None:
            raise SettingError("has no front end", remedy="Choose a classifier over slices", where=self.model)
        return card

    def of_waveforms(self, batch: Tensor) -> Tensor:
        """Embeddings ``(B, slices, D)`` of waveforms ``(B, 1, samples)`` at the classifier's rate.

        Raises
        ------
        AudioError
            If they are shorter than one slice.
        """
        with torch.inference_mode():
            slices = self.tagger.slices(batch)
            flat = embed(self.tagger.network, self.layer, slices.flatten(0, 1))
            return flat.reshape(len(batch), slices.shape[1], -1).clone()

    def of_slices(self, spectrograms: Tensor) -> Tensor:
        """Embeddings ``(B, D)`` of slices ``(B, bins, frames)`` of the classifier's front end."""
        with torch.inference_mode():
            return embed(self.tagger.network, self.layer, spectrograms).clone()


def embedding_of(classifier: Classifier, model: str, layer: str = "relu") -> Embedding:
    """The embedding of a loaded classifier.

    Parameters
    ----------
    classifier : ``load_model(model)``.
    model : what it was loaded by; a bundle names it.
    layer : as in ``network.named_modules()``: for musicnn "relu" (200 numbers) or "out" (the tags' logits).

    Raises
    ------
    SettingError
        If the classifier does not work on slices of a spectrogram, or the layer gives no embedding.
    UnknownNameError
        If there is no such layer.
    """
    if not isinstance(classifier, Tagger):
        raise SettingError(
            "is no network over slices, so it has no embedding",
            remedy="Choose a pre-trained tagger, such as musicnn-msd",
            where=model,
        )
    with torch.inference_mode():
        bins, frames = classifier.slice_shape
        width = embed(classifier.network, layer, torch.zeros(1, bins, frames, device=classifier.device)).shape[1]
    return Embedding(classifier, model, layer, width)


def probe_bundle(
    embedding: Embedding,
    head: Mlp,
    labels: tuple[str, ...],
    *,
    name: str,
    layers: str = "",
    temperature: float = 1.0,
    training: TrainingRecord | None = None,
) -> Bundle:
    """A head and what it sits on, as a bundle: the head's weights, and the name and fingerprint of the base.

    Parameters
    ----------
    embedding : what the head was trained on.
    head : ``Mlp(len(labels), columns=embedding.width, layers=layers)``, trained.
    labels, name, temperature, training : for the card.
    layers : of the head, as for ``Mlp``.
    """
    card = Card(
        name=name,
        architecture="mlp",
        settings={"columns": embedding.width, "layers": layers},
        labels=labels,
        activation="softmax",
        front_end=embedding.front_end,
        kind="probe",
        embedding=EmbeddingCard(embedding.model, embedding.tagger.fingerprint, embedding.layer),
        temperature=temperature,
        training=training,
    )
    return Bundle(card, dict(head.state_dict()))


def probe_from(bundle: Bundle, base: Classifier, where: object) -> Tagger:
    """The classifier that the bundle of a probe holds.

    Parameters
    ----------
    bundle : of the kind "probe".
    base : the model that its card names, loaded.
    where : for messages.

    Raises
    ------
    BundleError
        If the base is another one than the head was trained on, or card and weights do not belong together.
    """
    card = bundle.card
    try:
        if card.embedding is None or not isinstance(base, Tagger):
            raise ValueError("it names no network over slices to sit on")
        if base.fingerprint != card.embedding.fingerprint:
            raise BundleError(
                f"was trained on another {card.embedding.model} (fingerprint {card.embedding.fingerprint[:12]}…) than "
                f"the one here ({base.fingerprint[:12]}…)",
                remedy="Put the original model back, or train the probe again",
                where=where,
            )
        head = Mlp.from_settings(len(card.labels), card.settings)
        head.load_state_dict(bundle.weights, strict=True)
        return tagger(card, cast(Architecture, Probe(base.architecture, card.embedding.layer, head)))
    except (SettingError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"the card does not describe these weights ({error})", remedy="Save or fetch the model again", where=where
        ) from error


def head_from_logreg(pipeline: Any) -> Mlp:
    """The head that answers as a fitted pipeline of standardisation and multinomial logistic regression does.

    Parameters
    ----------
    pipeline : ``fit_estimator("logreg", embeddings, …)``.

    Raises
    ------
    SettingError
        If it is something else.
    """
    try:
        scaler, regression = (step for _, step in pipeline.steps)
        mean, deviation = torch.from_numpy(scaler.mean_), torch.from_numpy(scaler.scale_)
        weight, bias = torch.from_numpy(regression.coef_), torch.from_numpy(regression.intercept_)
    except (AttributeError, ValueError, TypeError) as error:
        raise SettingError(
            f"is no fitted pipeline of standardisation and logistic regression ({error})",
            remedy='Give what fit_estimator("logreg", …) returns',
            where="pipeline",
        ) from error
    if len(weight) == 1:  # two classes: one row that speaks for the second
        weight, bias = torch.cat([torch.zeros_like(weight), weight]), torch.cat([torch.zeros_like(bias), bias])
    head = Mlp(len(weight), columns=weight.shape[1], layers="")
    head.norm.set(mean.float(), deviation.float())
    with torch.no_grad():
        head.out.weight.copy_(weight)
        head.out.bias.copy_(bias)
    return head.eval()
