"""A network over MFCC, seen from the log-mel spectrogram that they are made of."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from earmark.features.mfcc import Cepstrum
from earmark.models.catalogue import Architecture


class Cepstral(nn.Module):
    """Log-mel spectrograms ``(B, n_mels, frames)`` → cepstrum → logits of a network over MFCC.

    A cepstral coefficient has no frequency, a mel band has one: maps of this network lie over Hz. The scores are the
    same, since MFCC are the log-mel spectrogram times a matrix.

    Parameters
    ----------
    cepstrum : the matrix.
    network : takes its coefficients.
    """

    def __init__(self, cepstrum: Cepstrum, network: Architecture) -> None:
        super().__init__()
        self.cepstrum = cepstrum
        self.network = cast(nn.Module, network)
        self.bins, self.frames = int(cepstrum.matrix.shape[1]), network.frames
        self.cam_layers = tuple(f"network.{name}" for name in network.cam_layers)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        logits: Tensor = self.network(self.cepstrum(spectrogram))
        return logits
