"""Where the cells of a spectrogram lie in time and frequency, and how a mask on them becomes gains on another grid.

A mask of mel bands is carried to linear frequency by the transpose of the filter bank, normalised: the gain of a bin is
the mean of the masks of the bands that hear it, weighted by how much they do, Σ_m w_mk mask_m / Σ_m w_mk. Where only
the bands' centres are known (a map that was saved), their triangles are taken to be straight in Hz and of equal height:
that is linear interpolation between the centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.errors import ExplanationError, SettingError
from earmark.explain.map import MapExplanation
from earmark.features.mfcc import Mfcc
from earmark.features.stft import bin_hz
from earmark.models.classifier import FrontEnd

Floats = NDArray[np.float64]
Above = Literal["pass", "mute"]


@dataclass(frozen=True, eq=False)
class Cells:
    """The grid of a spectrogram ``(bins, frames)``.

    Parameters
    ----------
    hz : frequencies at which the weights are known, Hz, rising, ``(K,)``.
    weights : how much of each bin's mask a frequency takes, ``(K, bins)``; rows sum to 1.
    top_hz : the highest frequency that is heard.
    first_s, step_s : centre of the first frame and seconds from frame to frame.
    least_frames : to so many frames shorter sounds are extended.
    """

    hz: Floats
    weights: Floats
    top_hz: float
    first_s: float
    step_s: float
    least_frames: int = 0

    @property
    def bins(self) -> int:
        """Rows of a mask."""
        return int(self.weights.shape[1])

    @classmethod
    def of(cls, front_end: FrontEnd) -> Cells:
        """The cells of what a front end makes; of MFCC those of the mel spectrogram under them."""
        if isinstance(front_end, Mfcc):
            front_end = front_end.mel
        rate = front_end.sample_rate
        # Frame t is centred at t · hop, but for front ends that pad nothing: there it starts at that sample.
        centred = getattr(front_end, "center", True)
        first_s = 0.0 if centred else front_end.n_fft / 2 / rate
        step_s, least = front_end.hop_length / rate, int(getattr(front_end, "least_frames", 0))
        bank = getattr(front_end, "bank", None)
        if not isinstance(bank, Tensor):
            return _between(np.asarray(front_end.bin_hz, dtype=np.float64), rate, first_s, step_s, least)
        filters = bank.detach().cpu().double().numpy()
        hz = bin_hz(2 * (filters.shape[1] - 1), rate)
        heard = filters.sum(axis=0)
        inside = np.flatnonzero(heard > 0)
        # Bins that no filter hears go with the nearest that one does.
        nearest = inside[np.abs(inside[:, np.newaxis] - np.arange(len(hz))).argmin(axis=0)]
        weights = (filters / np.where(heard > 0, heard, 1.0)).T[nearest]
        return cls(hz, weights, float(min(hz[inside[-1]] + hz[1], rate / 2)), first_s, step_s, least)

    @classmethod
    def of_map(cls, found: MapExplanation) -> Cells:
        """The cells of a gradient map.

        Raises
        ------
        ExplanationError
            If the map is of a waveform: it has no frequencies to mask.
        """
        if found.domain != "spectrogram" or len(found.frame_s) < 2:
            raise ExplanationError(
                f"a map of a {found.domain} with {len(found.frame_s)} frames has no cells to mask",
                remedy="Make the map of the spectrogram, or explain by components",
                where=found.recipe.method,
            )
        first_s, step_s = float(found.frame_s[0]), float(found.frame_s[1] - found.frame_s[0])
        return _between(found.bin_hz, found.model.sample_rate, first_s, step_s, len(found.frame_s))

    def gains(self, masks: Tensor, hz: Floats, times_s: Floats, above: Above) -> Tensor:
        """Masks ``(B, bins, frames)`` → gains ``(B, len(hz), len(times_s))``, float32 in [0, 1].

        Between frames and frequencies masks are interpolated, before the first and after the last they are held. Above
        ``top_hz`` the gain is 1 ("pass") or 0 ("mute"), reached within four bins.
        """
        place = np.clip((times_s - self.first_s) / self.step_s, 0.0, masks.shape[2] - 1.0)
        left = np.floor(place).astype(np.int64)
        right = np.minimum(left + 1, masks.shape[2] - 1)
        share = torch.from_numpy((place - left).astype(np.float32))
        in_time = torch.lerp(masks[:, :, torch.from_numpy(left)], masks[:, :, torch.from_numpy(right)], share)
        carry, constant = self._carry(hz, above)
        gains = torch.matmul(carry, in_time) + constant[:, None]
        # Weights that sum to one but for rounding: what is kept whole is kept exactly.
        return gains.masked_fill_(gains > 1 - 1e-6, 1.0)

    def _carry(self, hz: Floats, above: Above) -> tuple[Tensor, Tensor]:
        place = np.clip(np.interp(hz, self.hz, np.arange(len(self.hz))), 0, len(self.hz) - 1)
        left = np.floor(place).astype(np.int64)
        right = np.minimum(left + 1, len(self.hz) - 1)
        share = (place - left)[:, np.newaxis]
        carried = (1 - share) * self.weights[left] + share * self.weights[right]
        width = 4 * (hz[1] - hz[0])
        ramp = np.clip((hz - self.top_hz) / width, 0.0, 1.0)
        beyond = 0.5 - 0.5 * np.cos(np.pi * ramp)
        constant = beyond if above == "pass" else np.zeros_like(beyond)
        carried = (1 - beyond)[:, np.newaxis] * carried
        return torch.from_numpy(carried.astype(np.float32)), torch.from_numpy(constant.astype(np.float32))


def _between(centres: Floats, rate: int, first_s: float, step_s: float, least_frames: int) -> Cells:
    # The last triangle ends about as far above its centre as the one before it lies below.
    step = centres[-1] - centres[-2] if len(centres) > 1 else centres[-1]
    return Cells(centres, np.eye(len(centres)), float(min(centres[-1] + step, rate / 2)), first_s, step_s, least_frames)


def check_above(above: str) -> Above:
    """A known treatment of what the model does not hear.

    Raises
    ------
    SettingError
        For any other.
    """
    if above == "pass" or above == "mute":
        return above  # type: ignore[return-value]
    raise SettingError(f"cannot {above!r} what the model does not hear", remedy="Choose pass or mute", where="above")


def check_masks(masks: NDArray[np.floating] | Tensor, cells: Cells, duration_s: float) -> Tensor:
    """Masks as float32 ``(B, bins, frames)`` in [0, 1] that cover a sound of that many seconds.

    Raises
    ------
    ExplanationError
        If the shape is another, or a value is no number in [0, 1].
    """
    given = torch.as_tensor(masks).detach().cpu()
    if given.ndim != 3 or given.shape[1] != cells.bins:
        raise ExplanationError(
            f"masks of shape {tuple(given.shape)} for a spectrogram of {cells.bins} bins",
            remedy=f"Give them as (B, {cells.bins}, frames); MFCC attributions are carried to mel first "
            "(earmark.listen.spectral.carry_attributions)",
            where="masks",
        )
    expected = (duration_s - cells.first_s) / cells.step_s
    # Padded or not, front ends differ by a few frames at the ends.
    fewest, most = expected - 3 - 2 * cells.first_s / cells.step_s, max(expected + 3, cells.least_frames)
    if not fewest <= given.shape[2] <= most:
        raise ExplanationError(
            f"masks of {given.shape[2]} frames for a sound of {duration_s:.2f} s, which has about {expected:.0f}",
            remedy="Give masks of this sound, made with this front end",
            where="masks",
        )
    values = given.to(torch.float32)
    # Written so that NaN fails too.
    bad = int((~((values >= 0) & (values <= 1))).sum())
    if bad:
        raise ExplanationError(
            f"{bad} mask values are outside [0, 1] or NaN", remedy="0 removes a cell, 1 keeps it", where="masks"
        )
    return values
