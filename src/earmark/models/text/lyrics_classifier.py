"""A head on an encoder of text as a classifier of lyrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.errors import BundleError, CapabilityError, LyricsError, SettingError
from earmark.models.bound import Bound
from earmark.models.bundle import Bundle
from earmark.models.card import Card
from earmark.models.classifier import Activation, InputSpec
from earmark.models.text.encoder import TextEncoder, encoder_weights, restored_encoder
from earmark.models.zoo.mlp import Mlp

HEAD = "head."


class LyricsClassifier:
    """Judges words alone. It is a ``Classifier`` once it has them: ``with_lyrics``.

    Parameters
    ----------
    card : labels and so on.
    encoder : texts → rows.
    head : rows → logits.
    """

    def __init__(self, card: Card, encoder: TextEncoder, head: Mlp) -> None:
        self.card = card
        self.encoder = encoder
        self.head = head.requires_grad_(False).eval()

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
        """Any sound: it is not heard."""
        return InputSpec(8000, text=True)

    @property
    def activation(self) -> Activation:
        """ "softmax"."""
        return self.card.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over the weights and everything else that can change a score."""
        return self.card.fingerprint

    def embed(self, texts: Sequence[str]) -> Tensor:
        """``(B, D)``."""
        return self.encoder.embed(texts)

    def head_scores(self, rows: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of ``embed``'s rows."""
        with torch.inference_mode():
            return torch.softmax(self.head(rows).double() / self.card.temperature, 1)

    def text_scores(self, texts: Sequence[str]) -> Tensor:
        """Probabilities ``(B, K)`` of texts; one may be empty."""
        return self.head_scores(self.embed(texts))

    def read_until(self, text: str) -> int:
        """How many characters of a text it reads."""
        return self.encoder.read_until(text)

    def to(self, device: str | torch.device) -> LyricsClassifier:
        """Move the encoder to a device; the head is small and stays. Returns itself."""
        move = getattr(self.encoder, "to", None)
        if move is not None:
            move(device)
        return self

    def with_lyrics(self, text: str | None) -> Bound:
        """The classifier of sounds with these words, which does not listen.

        Raises
        ------
        LyricsError
            If there are none.
        """
        if text is None:
            raise LyricsError("there are no lyrics", remedy="Give them, --lyrics FILE", where=self.name)
        row = self.text_scores([text])
        return Bound(self, text, lambda batch: row.expand(len(batch), -1))

    def scores(self, batch: Tensor) -> Tensor:
        """Refused: sound says nothing to it.

        Raises
        ------
        CapabilityError
            Always.
        """
        raise CapabilityError(
            "reads lyrics and does not listen",
            remedy="Give it the words: --lyrics FILE, or with_lyrics",
            where=self.name,
        )


def lyrics_classifier_from(bundle: Bundle, where: object) -> LyricsClassifier:
    """The classifier that a bundle of the kind "text" holds.

    Raises
    ------
    BundleError
        If its card and its weights do not belong together, or the encoder is another one than it was trained on.
    """
    card = bundle.card
    try:
        if card.text is None:
            raise ValueError("no encoder of text")
        encoder = restored_encoder(card.text, bundle.weights, where=where)
        head = Mlp(len(card.labels), columns=encoder.width, layers="")
        own = {name.removeprefix(HEAD): tensor for name, tensor in bundle.weights.items() if name.startswith(HEAD)}
        head.load_state_dict(own, strict=True)
        return LyricsClassifier(card, encoder, head)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"the card does not describe these weights ({error})", remedy="Save or fetch the model again", where=where
        ) from error


def lyrics_bundle(card: Card, encoder: TextEncoder, head: Mlp) -> Bundle:
    """Head and encoder as a bundle; the encoder's weights are in it where no folder or package holds them."""
    weights = {f"{HEAD}{name}": tensor for name, tensor in head.state_dict().items()}
    return Bundle(replace(card, kind="text", text=encoder.card), {**weights, **encoder_weights(encoder)})


def fit_head(
    rows: NDArray[np.float64], words: Sequence[str], *, strength: float, balanced: bool, standardised: bool, seed: int
) -> Mlp:
    """Logistic regression (L2) on embeddings, as a layer.

    Parameters
    ----------
    rows : ``(N, D)``.
    words : N class names; the labels are these in alphabetical order.
    strength : C of scikit-learn: the smaller, the smoother.
    balanced : whether rare classes count as much as frequent ones.
    standardised : whether each column is standardised first. Not for TF-IDF, where it would undo the weights of terms.
    seed : of its solver.

    Raises
    ------
    SettingError
        If there are fewer than two classes, or a setting is out of range.
    """
    from sklearn.linear_model import LogisticRegression

    if len(set(words)) < 2:
        raise SettingError("one class to learn", remedy="Give texts of at least two classes", where="text")
    if not strength > 0:
        raise SettingError(f"C {strength:g}", remedy="Give a number above 0", where="C")
    mean, deviation = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    if standardised:
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        deviation[deviation == 0] = 1.0
    fitted: Any = LogisticRegression(
        C=strength, class_weight="balanced" if balanced else None, max_iter=5000, random_state=seed
    )
    fitted.fit((rows - mean) / deviation, np.asarray(words, dtype=np.str_))
    weight, bias = torch.from_numpy(fitted.coef_), torch.from_numpy(fitted.intercept_)
    if len(weight) == 1:  # two classes: one row that speaks for the second
        weight, bias = torch.cat([torch.zeros_like(weight), weight]), torch.cat([torch.zeros_like(bias), bias])
    head = Mlp(len(weight), columns=rows.shape[1], layers="")
    head.norm.set(torch.from_numpy(mean).float(), torch.from_numpy(deviation).float())
    with torch.no_grad():
        head.out.weight.copy_(weight)
        head.out.bias.copy_(bias)
    return head.eval()
