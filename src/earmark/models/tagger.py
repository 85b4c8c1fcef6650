"""A network over slices of a spectrogram as a classifier: patchwise and differentiable."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from earmark.errors import BundleError, SettingError
from earmark.features.front_end import front_end_from
from earmark.features.mfcc import Mfcc
from earmark.models.bundle import Bundle, Card
from earmark.models.catalogue import ARCHITECTURES, Architecture
from earmark.models.classifier import Activation, FrontEnd, InputSpec, Patch, TokenGrid
from earmark.models.slicing import Slicing
from earmark.models.zoo.cepstral import Cepstral

# Slices per call of the network: the fastest on a CPU.
_AT_ONCE = 8


class Tagger:
    """Scores of a clip are the means of the scores of its slices, equally long windows side by side.

    Only full slices count: what is left over at the end of a clip is not heard. Nothing is trained here: the network's
    parameters are frozen, gradients with respect to the sound flow. A network over MFCC is seen from the log-mel
    spectrogram on, which has frequencies: ``front_end`` is then the mel half, and ``network`` begins with the cepstrum.

    Parameters
    ----------
    card : labels, front end and so on.
    network : the trained network.

    Raises
    ------
    SettingError
        If the card has no front end, or one of another number of bins than the network takes.
    """

    def __init__(self, card: Card, network: Architecture) -> None:
        if card.front_end is None or network.frames < 1:
            raise SettingError(
                f"{card.architecture} takes no spectrograms", remedy="Use DescriptorClassifier", where=card.name
            )
        bins = card.front_end.bins
        if bins != network.bins:
            raise SettingError(
                f"{card.architecture} takes {network.bins} bins, the front end gives {bins}",
                remedy="Make the setting bins and the front end agree",
                where=card.name,
            )
        self.card = card
        front_end = front_end_from(card.front_end)
        if isinstance(front_end, Mfcc):
            network = cast(Architecture, Cepstral(front_end.cepstrum, network))
            front_end = front_end.mel
        self._front_end = front_end
        self._network = network
        self._module = cast(nn.Module, network)
        self._module.requires_grad_(False).eval()
        self._slicing = Slicing(self._front_end, network.frames, card.name)

    @property
    def name(self) -> str:
        """What to call it."""
        return self.card.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K labels."""
        return self.card.labels

    @property
    def input(self) -> InputSpec:
        """Mono at the front end's rate, at least one slice long."""
        rate = self._front_end.sample_rate
        return InputSpec(rate, channels=1, min_length_s=self._slicing.shortest / rate)

    @property
    def activation(self) -> Activation:
        """ "sigmoid": each tag for itself; "softmax": one class each."""
        return self.card.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over the weights and everything else that can change a score."""
        return self.card.fingerprint

    @property
    def front_end(self) -> FrontEnd:
        """Waveform → spectrogram."""
        return self._front_end

    @property
    def network(self) -> nn.Module:
        """The network in eval mode; ``network.get_submodule`` finds the layers of ``cam_layers``."""
        return self._module

    @property
    def architecture(self) -> Architecture:
        """The same module, typed as a network over slices."""
        return self._network

    @property
    def cam_layers(self) -> tuple[str, ...]:
        """Layers for class activation maps, the deepest last."""
        return self._network.cam_layers

    @property
    def slice_shape(self) -> tuple[int, int]:
        """Bins and frames of a slice."""
        return self._network.bins, self._network.frames

    @property
    def device(self) -> torch.device:
        """Where the network is; waveforms are taken there."""
        return next(self._module.parameters(), torch.empty(0)).device

    def to(self, device: str | torch.device) -> Tagger:
        """Move network and front end to a device; returns itself."""
        self._module.to(device)
        self._front_end.to(device)
        return self

    def logits(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, bins, frames of a slice)`` → values before the activation, ``(B, K)``.

        Raises
        ------
        SettingError
            If the spectrograms are not those of one slice.
        """
        expected = self.slice_shape
        if spectrogram.ndim != 3 or tuple(spectrogram.shape[1:]) != expected:
            raise SettingError(
                f"spectrograms of shape {tuple(spectrogram.shape)} instead of (batch, {expected[0]}, {expected[1]})",
                remedy="Give it one patch at a time",
                where=self.name,
            )
        logits = torch.cat([self._network(part) for part in torch.split(spectrogram, _AT_ONCE)])
        return logits if self.card.temperature == 1.0 else logits / self.card.temperature

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``: the mean over slices.

        Raises
        ------
        AudioError
            If the waveforms are shorter than one slice.
        """
        return self.taggram(batch).mean(1)

    def taggram(self, batch: Tensor) -> Tensor:
        """Probabilities of each slice, ``(B, slices, K)``, from waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If the waveforms are shorter than one slice.
        """
        slices = self.slices(batch)
        return self._activate(self.logits(slices.flatten(0, 1))).reshape(len(batch), slices.shape[1], -1)

    def slices(self, batch: Tensor) -> Tensor:
        """Spectrograms of the slices, ``(B, slices, bins, frames)``, from waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If the waveforms are shorter than one slice.
        """
        return self._slicing.spectrograms(batch.to(self.device))

    def patches(self, samples: int) -> tuple[Patch, ...]:
        """The slices of a clip of that many samples, in time order, side by side from its start to its end.

        The last one stands for what is left over as well, although the model does not hear it.

        Raises
        ------
        AudioError
            If the clip is shorter than one slice.
        """
        return self._slicing.patches(samples)

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        """Probabilities ``(B, K)`` of one slice, from waveforms ``(B, 1, patch.stop - patch.start)``.

        Raises
        ------
        AudioError
            If the waveforms are not those samples.
        """
        return self._activate(self.logits(self._slicing.patch_spectrograms(batch.to(self.device), patch)))

    def _activate(self, logits: Tensor) -> Tensor:
        return torch.sigmoid(logits) if self.activation == "sigmoid" else torch.softmax(logits, 1)


class TokenTagger(Tagger):
    """A tagger whose network is a transformer: the place of each token on a slice is known."""

    @property
    def token_grid(self) -> TokenGrid:
        """Where the tokens lie."""
        grid: TokenGrid = self._network.token_grid  # type: ignore[attr-defined]
        return grid


def tagger(card: Card, network: Architecture) -> Tagger:
    """The classifier of a network over slices; a ``TokenTagger`` where the network knows a ``token_grid``."""
    return (TokenTagger if hasattr(network, "token_grid") else Tagger)(card, network)


def tagger_from(bundle: Bundle, where: object) -> Tagger:
    """The classifier that a bundle holds.

    Raises
    ------
    BundleError
        If its card names no known architecture or setting, or if the weights are not that architecture's.
    """
    card = bundle.card
    try:
        network = ARCHITECTURES.get(card.architecture).from_settings(len(card.labels), card.settings)
        cast(nn.Module, network).load_state_dict(bundle.weights, strict=True)
        return tagger(card, network)
    except (SettingError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"the card does not describe these weights ({error})", remedy="Save or fetch the model again", where=where
        ) from error
