"""What is done to sounds while a network learns, so that it does not learn them by heart.

Everything draws from the numpy generator that it is given. Waveforms are ``(B, samples)``, spectrograms
``(B, bins, frames)``, targets ``(B, K)`` probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from earmark.errors import SettingError, UnknownNameError


@dataclass(frozen=True)
class Augmentation:
    """How strongly; 0 or None leaves an operation out, and by default all are left out.

    Parameters
    ----------
    reverse : probability of turning a slice around in time (Landschoot 2022 uses 0.5).
    spec_bins, spec_frames : greatest width of SpecAugment's two bands and two stretches (Park et al. 2019), bins and
        frames; they are filled with the mean of the training data in that bin, not with silence.
    mixup : α of the Beta distribution of the mixing weight (Zhang et al. 2018).
    gain_db : greatest change of level up or down, dB of amplitude.
    noise_snr_db : white noise is added at a signal-to-noise ratio (power) drawn between this and 20 dB above it.
    shift_s : a slice begins up to so many seconds earlier or later in its clip.
    """

    reverse: float = 0.0
    spec_bins: int = 0
    spec_frames: int = 0
    mixup: float = 0.0
    gain_db: float = 0.0
    noise_snr_db: float | None = None
    shift_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("spec_bins", "spec_frames", "mixup", "gain_db", "shift_s"):
            if not getattr(self, name) >= 0:
                raise SettingError(f"{getattr(self, name)} is below 0", remedy="Give 0 or more", where=name)
        if not 0 <= self.reverse <= 1:
            raise SettingError(f"{self.reverse} is no probability", remedy="Give 0 to 1", where="reverse")

    @property
    def of_waveforms(self) -> bool:
        """Whether anything is done to waveforms, so that spectrograms cannot come from a cache."""
        return self.gain_db > 0 or self.noise_snr_db is not None


def augmentation_from(words: Sequence[str]) -> Augmentation:
    """From words of the form "reverse=0.5".

    Raises
    ------
    UnknownNameError, SettingError
        If a name is unknown, or a value is no number or out of range.

    Examples
    --------
    >>> augmentation_from(["reverse=0.5", "spec_bins=8"]).spec_bins
    8
    """
    known = {field.name: field.type for field in fields(Augmentation)}
    chosen: dict[str, float] = {}
    for word in words:
        name, _, text = word.partition("=")
        if name not in known:
            raise UnknownNameError("augmentation", name, known)
        try:
            chosen[name] = int(text) if known[name] == "int" else float(text)
        except ValueError:
            raise SettingError(
                f"{text!r} is no {'whole ' if known[name] == 'int' else ''}number",
                remedy=f"Write it as {name}=NUMBER",
                where=name,
            ) from None
    return Augmentation(**chosen)  # type: ignore[arg-type]


def waveforms(batch: Tensor, how: Augmentation, rng: np.random.Generator) -> Tensor:
    """Gain, then noise: ``(B, samples)``."""
    if how.gain_db > 0:
        batch = gained(batch, rng.uniform(-how.gain_db, how.gain_db, len(batch)))
    if how.noise_snr_db is not None:
        batch = noisy(batch, rng.uniform(how.noise_snr_db, how.noise_snr_db + 20, len(batch)), rng)
    return batch


def spectrograms(batch: Tensor, how: Augmentation, mean: Tensor, rng: np.random.Generator) -> Tensor:
    """Time reversal, then SpecAugment: ``(B, bins, frames)``; ``mean`` is that of the training data, ``(bins,)``."""
    if how.reverse > 0:
        batch = turned(batch, rng.random(len(batch)) < how.reverse)
    if how.spec_bins or how.spec_frames:
        batch = masked(batch, how.spec_bins, how.spec_frames, mean, rng)
    return batch


def turned(batch: Tensor, chosen: np.ndarray) -> Tensor:
    """Those chosen (``(B,)`` bool) run backwards along the last axis."""
    mask = torch.from_numpy(np.asarray(chosen)).to(batch.device).view(-1, *[1] * (batch.ndim - 1))
    return torch.where(mask, batch.flip(-1), batch)


def masked(batch: Tensor, bins: int, frames: int, mean: Tensor, rng: np.random.Generator, *, times: int = 2) -> Tensor:
    """SpecAugment: ``times`` bands of at most ``bins`` and as many stretches of at most ``frames`` become ``mean``."""
    on = np.zeros(tuple(batch.shape), dtype=bool)
    for row in on:
        for axis, widest in ((0, bins), (1, frames)):
            for _ in range(times if widest else 0):
                width = int(rng.integers(0, min(widest, row.shape[axis]) + 1))
                start = int(rng.integers(0, row.shape[axis] - width + 1))
                if axis == 0:
                    row[start : start + width] = True
                else:
                    row[:, start : start + width] = True
    return torch.where(torch.from_numpy(on).to(batch.device), mean.to(batch)[None, :, None], batch)


def mixed(batch: Tensor, targets: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mixup: every example with another one of the batch, and their targets in the same proportion."""
    weight = torch.from_numpy(rng.beta(alpha, alpha, len(batch))).to(batch)
    other = torch.from_numpy(rng.permutation(len(batch))).to(batch.device)
    of_batch, of_targets = weight.view(-1, *[1] * (batch.ndim - 1)), weight.view(-1, 1)
    return of_batch * batch + (1 - of_batch) * batch[other], of_targets * targets + (1 - of_targets) * targets[other]


def gained(batch: Tensor, gains_db: np.ndarray) -> Tensor:
    """Waveforms ``(B, samples)`` louder by so many dB (amplitude)."""
    factors: Tensor = torch.from_numpy(10 ** (np.asarray(gains_db) / 20)).to(batch)
    return batch * factors[:, None]


def noisy(batch: Tensor, snr_db: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Waveforms ``(B, samples)`` with white noise whose power lies ``snr_db`` below theirs; silence stays silence."""
    noise = torch.from_numpy(rng.standard_normal(tuple(batch.shape), dtype=np.float32)).to(batch)
    power = batch.square().mean(1) / noise.square().mean(1)
    factors = (power * torch.from_numpy(10 ** (-np.asarray(snr_db) / 10)).to(batch)).sqrt()
    return batch + factors[:, None] * noise


def moved(start: int, total: int, length: int, most: int, rng: np.random.Generator) -> int:
    """A start up to ``most`` frames away, drawn among those whose slice of ``length`` lies inside ``total``."""
    return int(rng.integers(max(0, start - most), min(total - length, start + most) + 1))
