"""Joint classifiers: a sound and its words judged together, and what each half would say alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from earmark.errors import BundleError, CapabilityError, SettingError
from earmark.models.audio_encoder import AudioEncoder, restored_audio_encoder
from earmark.models.bound import Bound
from earmark.models.bundle import Bundle
from earmark.models.card import Card
from earmark.models.classifier import Activation, InputSpec
from earmark.models.text.encoder import TextEncoder, encoder_weights, restored_encoder
from earmark.models.zoo.joint import MODALITIES, Joint

Modality = Literal["joint", "audio", "text"]
HEAD = "head."


class JointClassifier:
    """Judges a sound with its words. It is a ``Classifier`` once it has them: ``with_lyrics``.

    The two halves meet late: ``head(audio_embedding(batch), text_embedding(texts))`` are the scores, so that whoever
    asks about many mixtures of sounds and texts computes each half once for each sound and each text.

    Parameters
    ----------
    card : labels and so on.
    audio : sounds → rows.
    text : texts → rows.
    network : the heads.
    """

    def __init__(self, card: Card, audio: AudioEncoder, text: TextEncoder, network: Joint) -> None:
        if network.widths != (audio.width, text.width):
            raise SettingError(
                f"the head takes {network.widths}, the encoders give {(audio.width, text.width)}",
                remedy="Train it again",
                where=card.name,
            )
        self.card = card
        self.audio = audio
        self.text = text
        self.network = network.requires_grad_(False).eval()

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
        """What its audio side takes, and words."""
        return replace(self.audio.input, text=True)

    @property
    def activation(self) -> Activation:
        """ "softmax"."""
        return self.card.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over the weights and everything else that can change a score."""
        return self.card.fingerprint

    def audio_embedding(self, batch: Tensor) -> Tensor:
        """``(B, audio width)`` of waveforms ``(B, 1, samples)``: the mean over the windows of each.

        Raises
        ------
        AudioError
            If they are shorter than one window.
        """
        return self.audio.embed(batch)

    def text_embedding(self, texts: Sequence[str | None]) -> Tensor:
        """``(B, text width)``; None, a song without lyrics, is a row of NaN, which ``head`` knows.

        Lyrics of which every word is off are "", which is not the same as having none.
        """
        rows = torch.full((len(texts), self.text.width), torch.nan)
        places = [place for place, text in enumerate(texts) if text is not None]
        if places:
            rows[places] = self.text.embed([text for text in texts if text is not None])
        return rows

    def head(self, audio: Tensor, text: Tensor, modality: Modality = "joint") -> Tensor:
        """Probabilities ``(B, K)``, float64, from both embeddings, row by row.

        Parameters
        ----------
        audio : ``audio_embedding``.
        text : ``text_embedding``.
        modality : "joint"; or "audio" or "text" for the head that was trained on that half alone.
        """
        if modality not in MODALITIES:
            raise SettingError(f"unknown modality {modality!r}", remedy=f"Use {', '.join(MODALITIES)}", where=self.name)
        known = ~text.isnan().any(1)
        with torch.inference_mode():
            rows = self.network.rows(audio, text.nan_to_num(), known)
            logits = self.network(rows, modality).double()
            return torch.softmax(logits / (self.card.temperature if modality == "joint" else 1.0), 1)

    def read_until(self, text: str) -> int:
        """How many characters of a text its text side reads: words behind them are beyond its window."""
        return self.text.read_until(text)

    def with_lyrics(self, text: str | None, modality: Modality = "joint") -> Bound:
        """The classifier of sounds with these words; None for a song that has none.

        Parameters
        ----------
        text : the words.
        modality : as for ``head``.
        """
        row = self.text_embedding([text])

        def ask(batch: Tensor) -> Tensor:
            return self.head(self.audio_embedding(batch), row.expand(len(batch), -1), modality)

        return Bound(self, text, ask)

    def to(self, device: str | torch.device) -> JointClassifier:
        """Move both encoders to a device; the heads are small and stay. Returns itself."""
        self.audio.to(device)
        move = getattr(self.text, "to", None)
        if move is not None:
            move(device)
        return self

    def half(self, modality: Modality) -> Half:
        """The classifier by the head that was trained on one half alone."""
        return Half(self, modality)

    def scores(self, batch: Tensor) -> Tensor:
        """Refused: it would have to say something about words that it does not know.

        Raises
        ------
        CapabilityError
            Always.
        """
        raise CapabilityError(
            "judges a sound with its words, which are not given",
            remedy="Give them (--lyrics FILE), or say that there are none: with_lyrics(None)",
            where=self.name,
        )


class Half(JointClassifier):
    """A joint classifier that answers by the head of one half."""

    def __init__(self, of: JointClassifier, modality: Modality) -> None:
        super().__init__(of.card, of.audio, of.text, of.network)
        self.modality = modality

    @property
    def name(self) -> str:
        """Its name and that of the half."""
        return f"{self.card.name}, {self.modality} only"

    @property
    def fingerprint(self) -> str:
        """sha256 over that of the whole and the half."""
        return hashlib.sha256(f"{self.card.fingerprint} {self.modality}".encode()).hexdigest()

    def head(self, audio: Tensor, text: Tensor, modality: Modality | None = None) -> Tensor:
        """As of the whole, by the half's head."""
        return super().head(audio, text, modality or self.modality)

    def with_lyrics(self, text: str | None, modality: Modality | None = None) -> Bound:
        """As of the whole, by the half's head."""
        return super().with_lyrics(text, modality or self.modality)


def joint_bundle(card: Card, audio: AudioEncoder, text: TextEncoder, network: Joint) -> Bundle:
    """Heads and encoders as a bundle: of the encoders their names and fingerprints, or the weights they learnt."""
    widths: dict[str, object] = {"audio": audio.width, "text": text.width}
    written = replace(card, kind="joint", settings=widths, embedding=audio.card, text=text.card)
    weights = {f"{HEAD}{name}": tensor for name, tensor in network.state_dict().items()}
    return Bundle(written, {**weights, **encoder_weights(text)})


def joint_classifier_from(bundle: Bundle, where: object, *, device: str = "auto") -> JointClassifier:
    """The classifier that a bundle of the kind "joint" holds.

    Raises
    ------
    BundleError
        If an encoder is another one than it was trained on, or card and weights do not belong together.
    """
    card = bundle.card
    try:
        if card.embedding is None or card.text is None:
            raise ValueError("it names no encoders")
        audio = restored_audio_encoder(card.embedding, where=where, device=device)
        text = restored_encoder(card.text, bundle.weights, where=where)
        network = Joint.from_settings(len(card.labels), card.settings)
        own = {name.removeprefix(HEAD): tensor for name, tensor in bundle.weights.items() if name.startswith(HEAD)}
        network.load_state_dict(own, strict=True)
        return JointClassifier(card, audio, text, network)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"the card does not describe these weights ({error})", remedy="Save or fetch the model again", where=where
        ) from error
