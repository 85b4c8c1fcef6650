"""What a model of text offers, and how one is found again: by name, by folder, from a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from earmark.errors import BundleError, SettingError, UnknownNameError
from earmark.models.card import TextCard
from earmark.models.classifier import Activation
from earmark.registry import Registry


@runtime_checkable
class TextEncoder(Protocol):
    """Texts in, rows of numbers out."""

    @property
    def card(self) -> TextCard:
        """What it is and how it is found again."""
        ...

    @property
    def width(self) -> int:
        """D, numbers a text."""
        ...

    def embed(self, texts: Sequence[str]) -> Tensor:
        """``(B, D)``, float32, on the CPU. A text may be empty."""
        ...

    def read_until(self, text: str) -> int:
        """How many characters of a text it reads: what stands behind them is beyond its window."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """What has to be kept to make it again besides its card; empty where a folder holds it."""
        ...


@runtime_checkable
class TextClassifier(Protocol):
    """Texts in, probabilities out."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names."""
        ...

    @property
    def activation(self) -> Activation:
        """ "softmax" or "sigmoid"."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the scores could change."""
        ...

    def embed(self, texts: list[str]) -> Tensor:
        """``(B, D)``."""
        ...

    def text_scores(self, texts: Sequence[str]) -> Tensor:
        """Probabilities ``(B, K)``."""
        ...

    def read_until(self, text: str) -> int:
        """How many characters of a text it reads."""
        ...


class Maker(Protocol):
    """One kind of encoder."""

    def fitted(self, texts: Sequence[str], settings: Mapping[str, object]) -> TextEncoder:
        """A new one; ``texts`` are those to learn from, where it learns."""
        ...

    def restored(self, card: TextCard, weights: Mapping[str, Tensor]) -> TextEncoder:
        """The one that a card describes."""
        ...


TEXT_ENCODERS: Registry[Maker] = Registry("text encoder")
TEXT_ENCODERS.add("tfidf", "earmark.models.text.tfidf:Tfidf", "words counted, rare ones for more")
TEXT_ENCODERS.add(
    "sentence", "earmark.models.text.sentence:Sentence", "all-MiniLM-L6-v2, which its package carries", extra="text"
)
TEXT_ENCODERS.add(
    "transformers",
    "earmark.models.text.transformers_text:TransformersText",
    "any text model of transformers in a folder of yours",
    extra="text",
)


def new_encoder(model: str, texts: Sequence[str], settings: Mapping[str, object] | None = None) -> TextEncoder:
    """An encoder to put a head on.

    Parameters
    ----------
    model : "tfidf", "sentence", the folder of a model of transformers, or that of a bundle of text, whose encoder is
        taken over.
    texts : to learn from; no others.
    settings : of the encoder.

    Raises
    ------
    UnknownNameError
        If it is neither a name nor a folder.
    SettingError, BundleError
        If a setting is unknown or out of range, a package is missing, or the folder holds no such model.
    """
    chosen = dict(settings or {})
    folder = Path(model)
    if model in TEXT_ENCODERS and model != "transformers":
        return TEXT_ENCODERS.get(model).fitted(texts, chosen)
    if not folder.is_dir():
        raise UnknownNameError(
            "text model", model, [*(n for n in TEXT_ENCODERS.names() if n != "transformers"), "or a folder"]
        )
    from earmark.models.bundle import CARD, load_bundle

    if not (folder / CARD).is_file():
        return TEXT_ENCODERS.get("transformers").fitted(texts, {"folder": str(folder), **chosen})
    bundle = load_bundle(folder)
    if bundle.card.text is None:
        raise SettingError("is a model of sound", remedy="Name a bundle that reads text", where=folder)
    if chosen:
        raise SettingError(
            f"a trained encoder has its settings ({', '.join(chosen)} given)", remedy="Leave them out", where=folder
        )
    return restored_encoder(bundle.card.text, bundle.weights, where=folder)


def restored_encoder(card: TextCard, weights: Mapping[str, Tensor], *, where: object) -> TextEncoder:
    """The encoder of a bundle.

    Raises
    ------
    BundleError
        If it is another one than the head was trained on, or cannot be made again.
    """
    inside = {name.removeprefix(PREFIX): tensor for name, tensor in weights.items() if name.startswith(PREFIX)}
    encoder = TEXT_ENCODERS.get(card.encoder).restored(card, inside)
    if encoder.card.fingerprint != card.fingerprint:
        raise BundleError(
            f"was trained on another {card.encoder} (fingerprint {card.fingerprint[:12]}…) than the one here "
            f"({encoder.card.fingerprint[:12]}…)",
            remedy="Put the original model back, or train it again",
            where=where,
        )
    return encoder


PREFIX = "text."
"""Before the names of an encoder's weights in a bundle."""


def encoder_weights(encoder: TextEncoder) -> dict[str, Tensor]:
    """Its weights as a bundle names them."""
    return {f"{PREFIX}{name}": tensor for name, tensor in encoder.weights().items()}


def checked(settings: Mapping[str, object], known: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings over their defaults; each must be of the kind of its default.

    Raises
    ------
    SettingError
        If one is unknown or of another kind.
    """
    found = dict(known)
    for name, value in settings.items():
        if name not in known:
            raise SettingError(f"no setting {name!r}", remedy=f"It has {', '.join(known)}", where=where)
        if type(value) is not type(known[name]):
            raise SettingError(
                f"{value!r} for {name}, which is like {known[name]!r}", remedy="Give one of that kind", where=where
            )
        found[name] = value
    return found
