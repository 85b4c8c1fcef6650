"""Regions of a mel picture, and their way back to linear frequency and to sound."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.band_masks import hz_to_mel, mel_to_hz
from earmark.components.component import Component
from earmark.errors import AudioError, SettingError
from earmark.features.stft import bin_hz, istft

MEL = 64
RANGE_DB = 60.0


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Region of each mel and frame.

    Parameters
    ----------
    labels : region ``(mel, frames)``, numbered from 0 without gaps.
    top_hz : upper end of the mel axis in Hz; the lower one is 0.
    hop_s : seconds from frame to frame; frame 0 is centred at the start of the clip.
    """

    labels: NDArray[np.intp]
    top_hz: float
    hop_s: float

    def weights(self, hz: NDArray[np.float64]) -> NDArray[np.float32]:
        """How much each frequency belongs to each mel, ``(len(hz), mel)``: neighbours share, rows sum to one.

        Frequencies above ``top_hz``, which were not in the picture, belong to the topmost mel.
        """
        return mel_weights(hz, len(self.labels), self.top_hz)

    def table(self, duration_s: float) -> tuple[Component, ...]:
        """What each region is: its name and the smallest box of time and frequency around it."""
        mel, frames = self.labels.shape
        edges_hz = mel_to_hz(np.linspace(0.0, float(hz_to_mel(self.top_hz)), mel + 1))
        found = []
        for region in range(int(self.labels.max()) + 1):
            rows, columns = np.nonzero(self.labels == region)
            # The last frame stands for all that follows it.
            last = columns.max() == frames - 1
            end_s = duration_s if last else min(duration_s, (int(columns.max()) + 0.5) * self.hop_s)
            found.append(
                Component(
                    start_s=max(0.0, (int(columns.min()) - 0.5) * self.hop_s),
                    end_s=end_s,
                    low_hz=float(edges_hz[rows.min()]),
                    high_hz=float(edges_hz[rows.max() + 1]),
                    name=f"superpixel {region + 1}",
                )
            )
        return tuple(found)


def mel_weights(hz: NDArray[np.float64], mel: int, top_hz: float) -> NDArray[np.float32]:
    """Linear interpolation between the centres of equal steps of mel from 0 to ``top_hz``, ``(len(hz), mel)``."""
    position = np.clip(hz_to_mel(hz) / float(hz_to_mel(top_hz)) * mel - 0.5, 0, mel - 1)
    below = np.minimum(position.astype(int), mel - 2)
    weights = np.zeros((len(hz), mel), dtype=np.float32)
    rows = np.arange(len(hz))
    weights[rows, below] = 1 - (position - below)
    weights[rows, below + 1] = position - below
    return weights


def segment(spectrum: Tensor, clip: Clip, algorithm: str, *, n: int, scale: float, kernel: float) -> LabelMap:
    """Regions of a clip's log-mel picture, from its STFT ``(channels, bins, frames)``."""
    try:
        segmentation: Any = importlib.import_module("skimage.segmentation")
    except ModuleNotFoundError as error:
        raise SettingError(
            "superpixels need scikit-image, which is not installed", remedy="Run: pip install 'earmark[images]'"
        ) from error
    top_hz = clip.sample_rate / 2
    hz = bin_hz(2 * (spectrum.shape[-2] - 1), clip.sample_rate)
    weights = mel_weights(hz, MEL, top_hz)
    power = weights.T @ spectrum.abs().square().mean(dim=0).numpy() / weights.sum(axis=0).clip(min=1e-6)[:, None]
    loudest = float(power.max())
    if loudest == 0:
        raise AudioError("a silent clip has no superpixels", remedy="Use components 'grid'", where=clip.name)
    floor = loudest * 10 ** (-RANGE_DB / 10)
    picture = 1 + 10 * np.log10(np.maximum(power, floor) / loudest).astype(np.float64) / RANGE_DB
    if algorithm == "slic":
        labels = segmentation.slic(picture, n_segments=n, compactness=0.1, channel_axis=None, start_label=0)
    elif algorithm == "felzenszwalb":
        least = max(20, picture.size // 200)
        labels = segmentation.felzenszwalb(picture, scale=scale, sigma=0.5, min_size=least, channel_axis=None)
    else:
        labels = segmentation.quickshift(
            np.repeat(picture[:, :, None], 3, axis=2),
            ratio=0.5, kernel_size=kernel, max_dist=5 * kernel, convert2lab=False, rng=0,
        )  # fmt: skip
    _, numbered = np.unique(labels, return_inverse=True)
    hop_s = (spectrum.shape[-2] - 1) / 2 / clip.sample_rate
    return LabelMap(numbered.reshape(picture.shape).astype(np.intp), top_hz, hop_s)


def snippets_of(
    spectrum: Tensor, regions: LabelMap, sample_rate: int, samples: int, n_fft: int
) -> tuple[list[int], list[Tensor]]:
    """First sample and sound ``(channels, length)`` of each region of a spectrum ``(channels, bins, frames)``."""
    hop = n_fft // 4
    frames = spectrum.shape[-1]
    # The picture's frame nearest in time: at another rate the hop differs by a few per cent.
    nearest = np.round(np.arange(frames) * hop / sample_rate / regions.hop_s).astype(int)
    labels = regions.labels[:, np.minimum(nearest, regions.labels.shape[1] - 1)]
    weights = torch.from_numpy(regions.weights(bin_hz(n_fft, sample_rate)))
    starts, snippets = [], []
    for region in range(int(regions.labels.max()) + 1):
        inside = labels == region
        columns = np.flatnonzero(inside.any(axis=0))
        if len(columns) == 0:
            starts.append(0)
            snippets.append(torch.zeros((spectrum.shape[0], 0)))
            continue
        # A masked frame sounds for half a frame on either side; frames beyond add nothing but the window's sum.
        first, last = max(0, int(columns[0]) - 4), min(frames - 1, int(columns[-1]) + 4)
        mask = weights @ torch.from_numpy(inside[:, first : last + 1].astype(np.float32))
        # Frame 0 of the excerpt is centred at its first sample; at the clip's end the excerpt ends with the clip.
        length = (samples if last == frames - 1 else last * hop + 1) - first * hop
        starts.append(first * hop)
        snippets.append(istft(spectrum[:, :, first : last + 1] * mask, n_fft, samples=length))
    return starts, snippets
