"""Components that are the factors of a non-negative matrix factorisation: recurring sounds with their own spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.factors import factorise, soft_masks
from earmark.components.layered import Layered
from earmark.components.packed import pack, unpack
from earmark.components.settings import check_count, check_cut, check_positive
from earmark.errors import AudioError, SettingError
from earmark.features.stft import bin_hz, frame_length, istft, stft

WINDOW_S = 0.064


@dataclass(frozen=True)
class Nmf:
    """Cut into ``n`` recurring sounds: factors of the magnitude STFT (Smaragdis & Brown 2003), as Wiener-like masks.

    The magnitude (root mean square of the channels, 64 ms frames) is factorised under the generalised
    Kullback–Leibler divergence; each factor's mask is its share of the sum of all, to the power ``power``. The masks
    sum to one, so do the sounds. Components are numbered from low to high by the strongest frequency of their
    spectrum.

    Parameters
    ----------
    n : number of factors.
    iterations : of the multiplicative updates.
    power : 1 shares by magnitude, 2 by power (Wiener).
    fill : registered name of what takes the place of what is off.
    factors, bins, frames, top_hz, hop_s : the factors as they were found (W and H, packed; their sizes; frequency of
        the topmost bin; seconds from frame to frame), instead. On a clip of a higher rate, frequencies above ``top_hz``
        are shared like the topmost bin.

    Raises
    ------
    SettingError
        If a setting is out of range.
    """

    name: ClassVar[str] = "nmf"

    n: int = 8
    iterations: int = 100
    power: float = 2.0
    fill: str = "silence"
    factors: str | None = None
    bins: int | None = None
    frames: int | None = None
    top_hz: float | None = None
    hop_s: float | None = None

    def __post_init__(self) -> None:
        check_count(self.n, "n")
        check_count(self.iterations, "iterations")
        for setting in ("power", "bins", "frames", "top_hz", "hop_s"):
            check_positive(getattr(self, setting), setting, unit="(a positive number)")
        check_cut(self.fill)
        given = [x is not None for x in (self.factors, self.bins, self.frames, self.top_hz, self.hop_s)]
        if any(given) and not all(given):
            raise SettingError(
                "factors, bins, frames, top_hz and hop_s belong together", remedy="Give all or none", where="factors"
            )

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip; ``seed`` starts the factorisation. Factors have no cuts in time: ``snap_s`` changes nothing.

        Raises
        ------
        AudioError
            If the clip is silent.
        """
        n_fft = frame_length(clip.sample_rate, WINDOW_S)
        spectrum = stft(torch.from_numpy(clip.waveform.copy()), n_fft)
        how = self if self.factors is not None else self._found(spectrum.abs(), clip, seed)
        w, h = how._unpacked()
        hz = bin_hz(n_fft, clip.sample_rate)
        hop_s, top_hz, frames = how.hop_s or 0.0, how.top_hz or 0.0, len(h[0])
        # Onto this clip's bins and frames: by frequency between neighbours, by the nearest frame in time.
        there = np.linspace(0.0, top_hz, len(w))
        rows = np.stack([np.interp(hz, there, column) for column in w.T], axis=1)
        nearest = np.round(np.arange(spectrum.shape[-1]) * (n_fft // 4) / clip.sample_rate / hop_s).astype(int)
        masks = torch.from_numpy(soft_masks(rows, h[:, np.minimum(nearest, frames - 1)], self.power))
        layers = torch.stack([istft(spectrum * mask, n_fft, samples=clip.samples) for mask in masks])
        peaks = there[w.argmax(axis=0)]
        parts = [Component(name=f"sound {i + 1} (strongest at {peak:.0f} Hz)") for i, peak in enumerate(peaks)]
        return Layered(how, clip, layers, parts, edges_s=None, fill=self.fill, seed=seed)

    def _found(self, magnitude: torch.Tensor, clip: Clip, seed: int) -> Nmf:
        level = magnitude.square().mean(dim=0).sqrt().numpy()
        if not level.any():
            raise AudioError("a silent clip has no factors", remedy="Use components 'grid'", where=clip.name)
        w, h = factorise(level, self.n, iterations=self.iterations, rng=np.random.default_rng(seed))
        order = np.argsort(w.argmax(axis=0), kind="stable")
        packed = np.concatenate((w[:, order].ravel(), h[order].ravel()))
        # Rounded to 12 bits of mantissa: beyond hearing, and it halves what the explanation carries.
        packed = (packed.view(np.uint32) & np.uint32(0xFFFFF000)).view(np.float32)
        return replace(
            self,
            factors=pack(packed),
            bins=len(w),
            frames=h.shape[1],
            top_hz=clip.sample_rate / 2,
            hop_s=(len(w) - 1) / 2 / clip.sample_rate,
        )

    def _unpacked(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        bins, frames = self.bins or 0, self.frames or 0
        flat = unpack(self.factors or "", (self.n * (bins + frames),), np.float32).astype(np.float64)
        return flat[: bins * self.n].reshape(bins, self.n), flat[bins * self.n :].reshape(self.n, frames)
