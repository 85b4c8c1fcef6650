"""Sound as one row of numbers: what a trained network knows of a clip before it names a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from earmark.errors import BundleError, SettingError
from earmark.models.card import EmbeddingCard
from earmark.models.classifier import Classifier, InputSpec
from earmark.models.tagger import Tagger
from earmark.models.zoo.probe import embed

PENULTIMATE = "penultimate"
_AT_ONCE = 8


class AudioEncoder:
    """The mean, over the windows of a clip, of what a layer of a network gives.

    Parameters
    ----------
    classifier : a network over slices (``Tagger``), or an AST from a folder of transformers.
    model : the name or folder that it was loaded by.
    layer : whose output is read; "penultimate" for what the last linear layer takes.

    Raises
    ------
    SettingError
        If the classifier is no network, or has no such layer.
    """

    def __init__(self, classifier: Classifier, model: str, layer: str = PENULTIMATE) -> None:
        self.classifier = classifier
        self.model = model
        self.layer = layer
        if not isinstance(classifier, Tagger) and not _is_transformer(classifier):
            raise SettingError(
                "is no network over spectrograms, so it has no embedding",
                remedy="Choose a tagger such as musicnn-msd, a trained network, or a folder with an AST",
                where=model,
            )
        network = cast(Any, classifier).network
        last = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
        if layer == PENULTIMATE and not last:
            raise SettingError("has no linear layer", remedy="Name the layer: --set layer=NAME", where=model)
        self._last = last[-1] if last else ""
        with torch.inference_mode():
            bins, frames = self._window
            self.width = int(self._of(torch.zeros(1, bins, frames, device=self.device)).shape[1])

    @property
    def card(self) -> EmbeddingCard:
        """How it is found again."""
        return EmbeddingCard(self.model, self.classifier.fingerprint, self.layer)

    @property
    def input(self) -> InputSpec:
        """What sound it takes."""
        return self.classifier.input

    @property
    def device(self) -> torch.device:
        """Where its network is."""
        return next(cast(Any, self.classifier).network.parameters(), torch.empty(0)).device

    def to(self, device: str | torch.device) -> AudioEncoder:
        """Move its network and front end to a device; returns itself."""
        if isinstance(self.classifier, Tagger):
            self.classifier.to(device)
        else:
            network = cast(Any, self.classifier)
            network.network.to(device)
            network.front_end.to(device)
        return self

    def embed(self, batch: Tensor) -> Tensor:
        """``(B, D)``, float32 on the CPU, of waveforms ``(B, 1, samples)`` at ``input.sample_rate``.

        Raises
        ------
        AudioError
            If they are shorter than the network needs.
        """
        with torch.inference_mode():
            slices = self._slices(batch)
            flat = slices.flatten(0, 1)
            rows = torch.cat([self._of(part) for part in torch.split(flat, _AT_ONCE)])
            return rows.reshape(len(batch), slices.shape[1], -1).mean(1).float().cpu()

    @property
    def _window(self) -> tuple[int, int]:
        if isinstance(self.classifier, Tagger):
            return self.classifier.slice_shape
        front_end = cast(Any, self.classifier).front_end
        return len(front_end.bin_hz), int(front_end.least_frames)

    def _slices(self, batch: Tensor) -> Tensor:
        """``(B, windows, bins, frames)``."""
        if isinstance(self.classifier, Tagger):
            return self.classifier.slices(batch)
        # Windows side by side; what is left over is not heard, but a sound shorter than one window is extended.
        front_end = cast(Any, self.classifier).front_end
        spectrogram = front_end(batch.to(self.device))
        frames = self._window[1]
        count = spectrogram.shape[2] // frames
        cut = spectrogram[:, :, : count * frames].unflatten(2, (count, frames))
        return cast(Tensor, cut.transpose(1, 2))

    def _of(self, spectrograms: Tensor) -> Tensor:
        network = cast(Any, self.classifier).network
        if self.layer != PENULTIMATE:
            return embed(network, self.layer, spectrograms)
        seen: list[Tensor] = []
        module = network.get_submodule(self._last)
        handle = module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            network(spectrograms)
        finally:
            handle.remove()
        return seen[-1].flatten(1)


def audio_encoder(model: str, layer: str = PENULTIMATE, *, device: str = "auto") -> AudioEncoder:
    """The encoder of a pre-trained model by name, of a bundle, or of an AST in a folder of transformers.

    Raises
    ------
    UnknownNameError, BundleError, FetchError
        If there is no such model, or it cannot be read.
    SettingError
        If it has no such layer.
    """
    from earmark.models.load import load_model

    if (Path(model) / "config.json").is_file():
        from earmark.models.huggingface import from_huggingface

        return AudioEncoder(from_huggingface(model), model, layer)
    return AudioEncoder(load_model(model, device=device), model, layer)


def restored_audio_encoder(card: EmbeddingCard, *, where: object, device: str = "auto") -> AudioEncoder:
    """The encoder that a joint model was trained on.

    Raises
    ------
    BundleError
        If another model lies in its place.
    """
    made = audio_encoder(card.model, card.layer, device=device)
    if made.card.fingerprint != card.fingerprint:
        raise BundleError(
            f"was trained on another {card.model} (fingerprint {card.fingerprint[:12]}…) than the one here "
            f"({made.card.fingerprint[:12]}…)",
            remedy="Put the original model back, or train it again",
            where=where,
        )
    return made


def _is_transformer(classifier: Classifier) -> bool:
    from earmark.features.kaldi import KaldiMel

    return isinstance(getattr(classifier, "front_end", None), KaldiMel)
