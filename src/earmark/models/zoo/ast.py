"""ast: the audio spectrogram transformer (Gong, Chung & Glass 2021), by transformers' implementation.

"AST: Audio Spectrogram Transformer", Interspeech 2021: squares of 16 × 16 cells, ten apart, are 12 × 101 tokens of a
128-band spectrogram of 10.24 s; twelve layers of width 768; the mean of class and distillation token is classified.
Weights are taken from a folder of yours, never downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

# Looked up here so that a missing package is told when the architecture is asked for.
from transformers import ASTConfig, ASTForAudioClassification

from earmark.errors import BundleError
from earmark.features.front_end import FrontEndCard
from earmark.models.classifier import TokenGrid
from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole
from earmark.models.zoo.standardise import Standardise
from earmark.models.zoo.transformers_folder import read_folder

# Of the log-mel values of AudioSet; the deviation counts twice, as published.
MEAN, DEVIATION = -4.2677393, 2 * 4.5689974
LEADING = 2  # class and distillation token
_POSITIONS = "audio_spectrogram_transformer.embeddings.position_embeddings"


class Ast(nn.Module):
    """Kaldi's log-mel spectrograms ``(B, bins, frames)`` → logits ``(B, labels)``; 86 M parameters as published.

    Parameters
    ----------
    labels : number of classes.
    bins, frames : of a slice.
    width, depth, heads : of the transformer.
    patch, stride : side of the square that a token sees, and from token to token.

    Raises
    ------
    ValueError
        If a slice is smaller than a square, or the heads do not divide the width.
    """

    def __init__(
        self,
        labels: int,
        *,
        bins: int = 128,
        frames: int = 1024,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        patch: int = 16,
        stride: int = 10,
    ) -> None:
        super().__init__()
        if min(bins, frames) < patch or width % heads:
            raise ValueError(f"ast of {bins} × {frames} cells, squares of {patch}, width {width} and {heads} heads")
        self.bins, self.frames = bins, frames
        self.norm = Standardise(bins)
        self.norm.mean.fill_(MEAN)
        self.norm.deviation.fill_(DEVIATION)
        config = ASTConfig(
            hidden_size=width,
            num_hidden_layers=depth,
            num_attention_heads=heads,
            intermediate_size=4 * width,
            patch_size=patch,
            frequency_stride=stride,
            time_stride=stride,
            max_length=frames,
            num_mel_bins=bins,
        )
        config.num_labels = labels
        self.model = ASTForAudioClassification(config)
        self.token_grid = TokenGrid(
            n_bins=(bins - patch) // stride + 1,
            n_frames=(frames - patch) // stride + 1,
            leading=LEADING,
            patch=patch,
            stride=stride,
        )
        layers = "model.audio_spectrogram_transformer.layers"
        # Behind the last layer only the leading tokens are read: the last place where all matter is before it.
        self.cam_layers = (*(f"{layers}.{i}" for i in range(depth - 1)), f"{layers}.{depth - 1}.layernorm_before")

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Values before softmax or sigmoid, ``(B, labels)``."""
        logits: Tensor = self.model(self.norm(spectrogram).transpose(1, 2)).logits
        return logits

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Ast:
        """An untrained one; settings as the parameters."""
        only(settings, ("bins", "frames", "width", "depth", "heads", "patch", "stride"), "ast")
        return cls(
            labels,
            bins=whole(settings, "bins"),
            frames=whole(settings, "frames"),
            width=whole(settings, "width", default=768),
            depth=whole(settings, "depth", default=12),
            heads=whole(settings, "heads", default=12),
            patch=whole(settings, "patch", default=16),
            stride=whole(settings, "stride", default=10),
        )

    def load_folder(self, folder: str | Path) -> tuple[str, ...]:
        """Take the weights over from a folder as ``save_pretrained`` writes it; returns the layers left as they are.

        Position embeddings of another length are cut around their middle, or stretched, along time, as in the paper.
        A classifier of another number of labels is left as it is ("model.classifier.dense").

        Raises
        ------
        BundleError
            If there is no AST in safetensors, or one of another width, depth or number of bins.
        """
        other = read_folder(ASTForAudioClassification, folder)
        state = dict(other.state_dict())
        grid = self.token_grid
        state[_POSITIONS] = _along_time(state[_POSITIONS], grid)
        own = self.model.state_dict()
        left = [name for name, tensor in own.items() if name not in state or state[name].shape != tensor.shape]
        if any(not name.startswith("classifier.dense") for name in left):
            raise BundleError(
                f"its {left[0]} does not fit", remedy="Give width, depth, heads and bins as in its config", where=folder
            )
        self.model.load_state_dict({name: tensor for name, tensor in state.items() if name not in left}, strict=False)
        return ("model.classifier.dense",) if left else ()


def _along_time(positions: Tensor, grid: TokenGrid) -> Tensor:
    """Position embeddings ``(1, tokens, width)`` of as many bins for another number of frames."""
    leading, squares = positions[:, :LEADING], positions[:, LEADING:]
    count = squares.shape[1] // grid.n_bins
    if count * grid.n_bins != squares.shape[1] or count == grid.n_frames:
        return positions
    table = squares.reshape(grid.n_bins, count, -1).permute(2, 0, 1)[None]
    if count > grid.n_frames:
        first = (count - grid.n_frames) // 2
        table = table[..., first : first + grid.n_frames]
    else:
        table = nn.functional.interpolate(table, size=(grid.n_bins, grid.n_frames), mode="bilinear")
    return torch.cat([leading, table[0].permute(1, 2, 0).reshape(1, -1, positions.shape[2])], 1)


DEFAULTS = Recipe(
    architecture="ast",
    front_end=FrontEndCard(
        sample_rate=16000,
        n_fft=400,
        hop_length=160,
        n_mels=128,
        fmin=20.0,
        fmax=8000.0,
        pad_mode="constant",
        scaling="ln",
        kind="kaldi",
    ),
    frames=1024,
    settings={"bins": 128, "frames": 1024},
    learning_rate=1e-5,
    batch_size=12,
    epochs=25,
    patience=5,
)
