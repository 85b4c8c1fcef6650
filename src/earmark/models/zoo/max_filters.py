"""Filters over a spectrogram of which only the largest response over frequency is kept (Pons & Serra 2019, section 2).

These are almost all of the work of a musicnn. Each class has two ways to the same numbers: a convolution followed by a
maximum, which is what gradients are taken through, and, where no gradient is asked for, matrix products over windows
that are read in place, which take half the time on a CPU because the responses never leave the cache.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TimbralFilters(nn.Module):
    """Filters 7 frames long and ``height`` mel bands high, slid over both; the maximum over frequency.

    Spectrograms ``(B, bins, frames)`` → ``(B, filters, frames)``. Zeros beyond the edges in time, none in frequency.

    Parameters
    ----------
    filters : number of filters.
    height : mel bands that each one spans.
    """

    frames = 7
    # Neighbouring frequencies computed by one matrix product: more multiply more zeros, fewer write more results.
    together = 4

    def __init__(self, filters: int, height: int) -> None:
        super().__init__()
        self.filters = filters
        self.height = height
        self.conv = nn.Conv2d(1, filters, (height, self.frames), bias=False)
        self._blocks: tuple[object, Tensor] | None = None

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Largest response of each filter in each frame."""
        padded = nn.functional.pad(spectrogram, (self.frames // 2, self.frames // 2))
        if spectrogram.shape[1] < self.height + self.together - 1 or _needs_gradient(spectrogram, self.conv.weight):
            responses: Tensor = self.conv(padded.unsqueeze(1))
            return responses.amax(2)
        return self._largest(padded)

    def _largest(self, padded: Tensor) -> Tensor:
        rows, bins = padded.shape[0], padded.shape[1]
        # (B, frames, bins, 7): the window of a filter that starts in some bin is then one run of memory.
        windows = padded.transpose(1, 2).unfold(1, self.frames, 1).contiguous()
        frames = windows.shape[1]
        width = (self.height + self.together - 1) * self.frames
        weights = self._block_weights(width)
        positions = bins - self.height + 1

        def response(start: int) -> Tensor:
            window = windows.as_strided((rows * frames, width), (bins * self.frames, 1), start * self.frames)
            return window @ weights

        largest = response(0)
        for block in range(1, -(-positions // self.together)):
            # The last block moves back to end with the spectrogram; a maximum does not mind seeing a value twice.
            torch.maximum(largest, response(min(block * self.together, positions - self.together)), out=largest)
        return largest.view(rows, frames, self.together, self.filters).amax(2).transpose(1, 2)

    def _block_weights(self, width: int) -> Tensor:
        weight = self.conv.weight.detach()
        key = _identity(weight)
        if self._blocks is None or self._blocks[0] != key:
            taps = weight[:, 0].permute(1, 2, 0)  # (height, 7, filters)
            blocks = weight.new_zeros(width // self.frames, self.frames, self.together, self.filters)
            for offset in range(self.together):
                blocks[offset : offset + self.height, :, offset] = taps
            self._blocks = (key, blocks.reshape(width, self.together * self.filters))
        return self._blocks[1]


class TemporalFilters(nn.Module):
    """Filters ``length`` frames long within one mel band, slid over time; the maximum over the bands.

    Spectrograms ``(B, bins, frames)`` → ``(B, filters, frames)``. Zeros beyond the edges, one more after than before
    (TensorFlow's "same" for even lengths).

    Parameters
    ----------
    filters : number of filters.
    length : frames that each one spans.
    """

    # Neighbouring frames computed by one matrix product; 187 = 17 · 11.
    together = 11
    # Rows of one matrix product: fewer stay in the cache, more are easier to share among threads.
    rows = 512

    def __init__(self, filters: int, length: int) -> None:
        super().__init__()
        self.filters = filters
        self.length = length
        self.conv = nn.Conv2d(1, filters, (1, length), bias=False)
        self._blocks: tuple[object, Tensor] | None = None

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Largest response of each filter in each frame."""
        before, after = (self.length - 1) // 2, self.length // 2
        if _needs_gradient(spectrogram, self.conv.weight):
            responses: Tensor = self.conv(nn.functional.pad(spectrogram, (before, after)).unsqueeze(1))
            return responses.amax(2)
        blocks = -(-spectrogram.shape[2] // self.together)
        missing = blocks * self.together - spectrogram.shape[2]
        return self._largest(nn.functional.pad(spectrogram, (before, after + missing)), blocks, spectrogram.shape[2])

    def _largest(self, padded: Tensor, blocks: int, frames: int) -> Tensor:
        clips, bins = padded.shape[:2]
        width = self.length + self.together - 1
        windows = padded.transpose(0, 1).unfold(2, width, self.together).reshape(bins, clips * blocks, width)
        weights = self._block_weights(width)
        bands = max(1, min(bins, self.rows // (clips * blocks)))
        largest = windows[:bands].flatten(0, 1) @ weights
        for block in range(1, -(-bins // bands)):
            # As above: the last block moves back, and sees some bands twice.
            start = min(block * bands, bins - bands)
            torch.maximum(largest, windows[start : start + bands].flatten(0, 1) @ weights, out=largest)
        return largest.view(bands, clips, blocks * self.together, self.filters).amax(0)[:, :frames].transpose(1, 2)

    def _block_weights(self, width: int) -> Tensor:
        weight = self.conv.weight.detach()
        key = _identity(weight)
        if self._blocks is None or self._blocks[0] != key:
            taps = weight[:, 0, 0].T  # (length, filters)
            blocks = weight.new_zeros(width, self.together, self.filters)
            for offset in range(self.together):
                blocks[offset : offset + self.length, offset] = taps
            self._blocks = (key, blocks.reshape(width, self.together * self.filters))
        return self._blocks[1]


def _needs_gradient(spectrogram: Tensor, weight: Tensor) -> bool:
    return torch.is_grad_enabled() and (spectrogram.requires_grad or weight.requires_grad)


def _identity(weight: Tensor) -> object:
    # The version counts changes in place, so that other weights (training, randomisation checks) are noticed.
    return weight.data_ptr(), weight._version, weight.dtype, weight.device
