"""A network over log-mel patches as a classifier: patchwise and differentiable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from earmark.errors import AudioError, BundleError, SettingError
from earmark.features.front_end import front_end_from
from earmark.features.mel import LogMel
from earmark.models.bundle import Bundle, Card
from earmark.models.catalogue import ARCHITECTURES, Architecture
from earmark.models.classifier import Activation, InputSpec, Patch

# Patches per call of the network: the fastest on a CPU.
_AT_ONCE = 8


class Tagger:
    """Scores of a clip are the means of the scores of its patches, equally long windows side by side.

    As in the published code only full patches count: what is left over at the end of a clip is not heard. Nothing is
    trained here: the network's parameters are frozen, gradients with respect to the sound flow.

    Parameters
    ----------
    card : labels, front end and so on.
    network : the trained network.
    """

    def __init__(self, card: Card, network: Architecture) -> None:
        self.card = card
        self._network = network
        self._module = cast(nn.Module, network)
        self._module.requires_grad_(False).eval()
        self._front_end = front_end_from(card.front_end)

    @property
    def name(self) -> str:
        """What to call it."""
        return self.card.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K tags."""
        return self.card.labels

    @property
    def input(self) -> InputSpec:
        """Mono at the front end's rate, at least one patch long."""
        rate = self.card.front_end.sample_rate
        return InputSpec(rate, channels=1, min_length_s=self._shortest / rate)

    @property
    def activation(self) -> Activation:
        """ "sigmoid": each tag for itself; "softmax": one class each."""
        return self.card.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over the weights and everything else that can change a score."""
        return self.card.fingerprint

    @property
    def front_end(self) -> LogMel:
        """Waveform → log-mel spectrogram."""
        return self._front_end

    @property
    def network(self) -> nn.Module:
        """The network in eval mode; ``network.get_submodule`` finds the layers of ``cam_layers``."""
        return self._module

    @property
    def cam_layers(self) -> tuple[str, ...]:
        """Layers for class activation maps, the deepest last."""
        return self._network.cam_layers

    def logits(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, bins, frames of a patch)`` → values before the activation, ``(B, K)``.

        Raises
        ------
        SettingError
            If the spectrograms are not those of one patch.
        """
        expected = (self._network.bins, self._network.frames)
        if spectrogram.ndim != 3 or tuple(spectrogram.shape[1:]) != expected:
            raise SettingError(
                f"spectrograms of shape {tuple(spectrogram.shape)} instead of (batch, {expected[0]}, {expected[1]})",
                remedy="Give it one patch at a time",
                where=self.name,
            )
        return torch.cat([self._network(part) for part in torch.split(spectrogram, _AT_ONCE)])

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``: the mean over patches.

        Raises
        ------
        AudioError
            If the waveforms are shorter than one patch.
        """
        return self.taggram(batch).mean(1)

    def taggram(self, batch: Tensor) -> Tensor:
        """Probabilities of each patch, ``(B, patches, K)``, from waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If the waveforms are shorter than one patch.
        """
        count = self._count(batch.shape[-1])
        frames = self._network.frames
        spectrogram: Tensor = self._front_end(batch)[:, :, : count * frames]
        patches = spectrogram.reshape(len(batch), -1, count, frames).transpose(1, 2).flatten(0, 1)
        return self._activate(self.logits(patches)).reshape(len(batch), count, -1)

    def patches(self, samples: int) -> tuple[Patch, ...]:
        """The patches of a clip of that many samples, in time order, side by side from its start to its end.

        The last one stands for what is left over as well, although the model does not hear it.

        Raises
        ------
        AudioError
            If the clip is shorter than one patch.
        """
        rate, hop = self._front_end.sample_rate, self._front_end.hop_length
        half, frames = self._front_end.n_fft // 2, self._network.frames
        count = self._count(samples)
        # The border between two patches is halfway between the centres of two frames.
        borders = [0.0, *((index * frames - 0.5) * hop / rate for index in range(1, count)), samples / rate]
        made = []
        for index in range(count):
            first = index * frames
            start, stop = first * hop - half, (first + frames - 1) * hop + half
            made.append(
                Patch(
                    start_s=borders[index],
                    end_s=borders[index + 1],
                    start=max(0, start),
                    stop=min(samples, stop),
                    pad_left=max(0, -start),
                    pad_right=max(0, stop - samples),
                    first_frame=first,
                    frames=frames,
                )
            )
        return tuple(made)

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        """Probabilities ``(B, K)`` of one patch, from waveforms ``(B, 1, patch.stop - patch.start)``.

        Raises
        ------
        AudioError
            If the waveforms are not those samples.
        """
        if batch.shape[-1] != patch.stop - patch.start:
            raise AudioError(
                f"{batch.shape[-1]} samples instead of the patch's {patch.stop - patch.start}",
                remedy="Give it samples patch.start to patch.stop",
                where=self.name,
            )
        if patch.pad_left or patch.pad_right:
            # A clip is extended by reflection, and both ends of a clip lie inside one patch each.
            batch = nn.functional.pad(batch, (patch.pad_left, patch.pad_right), mode=self._front_end.pad_mode)
        return self._activate(self.logits(self._front_end.without_padding(batch)))

    @property
    def _shortest(self) -> int:
        return (self._network.frames - 1) * self._front_end.hop_length

    def _count(self, samples: int) -> int:
        count = (samples // self._front_end.hop_length + 1) // self._network.frames
        if count == 0:
            raise AudioError(
                f"the sound lasts {samples / self._front_end.sample_rate:.2f} s, {self.name} needs at least "
                f"{self._shortest / self._front_end.sample_rate:.2f} s",
                remedy="Use a longer sound",
                where=self.name,
            )
        return count

    def _activate(self, logits: Tensor) -> Tensor:
        return torch.sigmoid(logits) if self.activation == "sigmoid" else torch.softmax(logits, 1)


def tagger_from(bundle: Bundle, where: object) -> Tagger:
    """The classifier that a bundle holds.

    Raises
    ------
    BundleError
        If its card names no known architecture or setting, or if the weights are not that architecture's.
    """
    card = bundle.card
    try:
        network = ARCHITECTURES.get(card.architecture).from_settings(len(card.labels), _settings(card))
        cast(nn.Module, network).load_state_dict(bundle.weights, strict=True)
        return Tagger(card, network)
    except (SettingError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"the card does not describe these weights ({error})", remedy="Save or fetch the model again", where=where
        ) from error


def _settings(card: Card) -> Mapping[str, object]:
    if card.front_end.n_mels != ARCHITECTURES.get(card.architecture).bins:
        raise ValueError(f"{card.architecture} does not take {card.front_end.n_mels} mel bands")
    return card.settings
