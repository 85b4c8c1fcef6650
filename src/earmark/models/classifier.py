"""The seam between earmark and any model: what a classifier must offer, and what it may offer.

A classifier needs four things (name, labels, input, ``scores``). Everything else is a capability, a small protocol of
its own that methods ask for with ``isinstance``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

Activation = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class InputSpec:
    """What sound a classifier takes.

    Parameters
    ----------
    sample_rate : Hz.
    channels : 1 for mono (the mean over channels is taken), 2 for stereo.
    length_s : the only length it takes, in seconds; None where any length from ``min_length_s`` on will do.
    min_length_s : the shortest sound it can say something about, in seconds.
    text : whether it also reads the clip's lyrics.
    """

    sample_rate: int
    channels: int = 1
    length_s: float | None = None
    min_length_s: float = 0.0
    text: bool = False


@runtime_checkable
class Classifier(Protocol):
    """Anything that turns a batch of waveforms into probabilities."""

    @property
    def name(self) -> str:
        """What to call it in reports, e.g. "musicnn-msd"."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names, in the order of the columns of ``scores``."""
        ...

    @property
    def input(self) -> InputSpec:
        """What sound it takes."""
        ...

    @property
    def activation(self) -> Activation:
        """With "softmax" the scores of a clip sum to 1 (one class each); with "sigmoid" each tag is for itself."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the scores could change: sha256 of the weights, or of what is known."""
        ...

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` in [0, 1] of waveforms ``(B, channels, samples)`` at ``input.sample_rate``."""
        ...


@runtime_checkable
class ReadsLyrics(Protocol):
    """A classifier that judges a sound by its words too (or alone); without them its ``scores`` raises."""

    def with_lyrics(self, text: str | None) -> Classifier:
        """The classifier of sounds that all have these words; None for a sound that has none."""
        ...

    def read_until(self, text: str) -> int:
        """How many characters of a text it reads: what stands behind them is beyond its window."""
        ...


class FrontEnd(Protocol):
    """From the waveform to the spectrogram that the network sees; differentiable."""

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def n_fft(self) -> int:
        """Samples per frame."""
        ...

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame. Frame t is centred at ``t * hop_length`` samples."""
        ...

    @property
    def bin_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each bin, Hz, shape ``(bins,)``."""
        ...

    @property
    def scale(self) -> str:
        """What the numbers are, for axes and captions, e.g. "log10(10000 · mel power + 1)"."""
        ...

    def __call__(self, waveform: Tensor) -> Tensor:
        """Waveforms ``(B, channels, samples)`` → spectrograms ``(B, bins, frames)``."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """A classifier whose network can be differentiated from the spectrogram on (and through it from the waveform).

    It promises ``scores(x) = activation(logits(front_end(x)))``, patch by patch where it is ``Patchwise``.
    """

    @property
    def front_end(self) -> FrontEnd:
        """Waveform → spectrogram."""
        ...

    @property
    def network(self) -> nn.Module:
        """The module behind ``logits``, in eval mode; ``network.get_submodule`` finds the layers of ``cam_layers``."""
        ...

    @property
    def cam_layers(self) -> tuple[str, ...]:
        """Names of the layers fit for class activation maps, the deepest last."""
        ...

    def logits(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, bins, frames)`` → values before softmax or sigmoid, ``(B, K)``.

        Where the classifier is ``Patchwise``, ``frames`` is that of one patch.
        """
        ...


@dataclass(frozen=True)
class TokenGrid:
    """How the tokens of a spectrogram transformer lie on the spectrogram.

    Parameters
    ----------
    n_bins, n_frames : tokens along frequency and along time; they come row by row, a row being one frequency.
    leading : tokens before the first of the grid (AST: class and distillation token, 2).
    patch : side of the square that one token sees, in bins and frames.
    stride : bins and frames from token to token.
    """

    n_bins: int
    n_frames: int
    leading: int
    patch: int
    stride: int


@runtime_checkable
class Tokenised(Protocol):
    """A transformer: the output of a layer is ``(B, tokens, width)``, and the place of every token is known."""

    @property
    def token_grid(self) -> TokenGrid:
        """Where the tokens lie."""
        ...


@dataclass(frozen=True)
class Patch:
    """One of the equal windows whose scores a patchwise classifier averages.

    Parameters
    ----------
    start_s, end_s : the seconds it stands for; the patches of a clip lie side by side.
    start, stop : the samples that it reads, which may reach half a frame beyond those seconds on either side.
    pad_left, pad_right : samples by which the model extends what it reads (at the edges of the clip).
    first_frame, frames : the same window in frames of the front end.
    """

    start_s: float
    end_s: float
    start: int
    stop: int
    pad_left: int
    pad_right: int
    first_frame: int
    frames: int


@runtime_checkable
class Patchwise(Protocol):
    """A classifier whose score for a clip is the mean of its scores for patches of it.

    Because Shapley values are linear in the game, such a classifier is explained patch by patch, exactly.
    """

    def patches(self, samples: int) -> tuple[Patch, ...]:
        """The patches of a clip of that many samples, in time order."""
        ...

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        """Probabilities ``(B, K)`` of one patch, from waveforms ``(B, channels, patch.stop - patch.start)``."""
        ...
