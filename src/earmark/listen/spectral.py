"""Masks on what a model sees become sound, or become what the model would see.

Sound: the mask is carried to the clip's own rate and channels and multiplies its complex STFT, so the phase is the
mixture's and what is not masked is untouched (to the bit where no frame is changed). Frames overlap by three quarters
or more under squared Hann windows, so that every edge of a mask is a cross-fade. Method "db" is for reproducing
published tables only: it scales decibels above a floor of −100 dB, so that half a mask makes −60 dB of −20 dB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, ExplanationError, SettingError
from earmark.explain.game import Watch
from earmark.features.kaldi import KaldiMel
from earmark.features.mfcc import Mfcc
from earmark.features.scaling import FLOOR_DB, Scaling, db_to_power, power_to_db
from earmark.features.stft import bin_hz, frame_length, istft, stft
from earmark.listen.cells import Above, Cells, check_above, check_masks
from earmark.models.classifier import FrontEnd

Method = Literal["linear", "db"]

# Bytes of spectra at a time, about: a block of the clip times as many masks as fit.
_AT_ONCE = 200_000_000
_BLOCK_S = 20.0


def masked_waveforms(
    clip: Clip,
    front_end: FrontEnd | Cells,
    masks: NDArray[np.floating] | Tensor,
    *,
    above: str = "pass",
    method: str = "linear",
    block_s: float = _BLOCK_S,
    watch: Watch | None = None,
) -> Tensor:
    """What is heard of a clip through masks on a model's spectrogram, at the clip's own rate and channels.

    A mask of ones returns the clip bit for bit (with ``above="pass"``). Two masks that sum to one make two sounds that
    sum to the clip to −80 dBFS, what lies above the model's band counted twice or not at all.

    Parameters
    ----------
    clip : any rate and channels.
    front_end : of the model that the masks belong to, or the ``Cells`` of a map. Masks of an MFCC front end are masks
        of the mel spectrogram under it, see ``carry_attributions``.
    masks : ``(B, bins, frames)`` in [0, 1], for the whole clip.
    above : what becomes of frequencies above the model's band, which it never heard: "pass" or "mute". What lies below
        its lowest band goes with that band.
    method : "linear" multiplies magnitudes; "db" is the published (X − b)·m + b in dB, b = −100.
    block_s : seconds of the clip that are worked on at a time; bounds the memory, changes nothing.
    watch : progress (masks times blocks) and cancellation.

    Returns
    -------
    Tensor
        float32 ``(B, channels, samples)``.

    Raises
    ------
    ExplanationError
        If the masks have another shape than the clip's spectrogram, or values outside [0, 1].
    SettingError
        For another ``above`` or ``method``.
    CancelledError
        If the watch says so.

    Examples
    --------
    >>> from earmark.features.mel import LogMel
    >>> clip = Clip(np.random.default_rng(0).uniform(-0.5, 0.5, (2, 22050)), 44100)
    >>> heard = masked_waveforms(clip, LogMel(), np.ones((1, 96, 32)))
    >>> tuple(heard.shape), np.array_equal(heard[0].numpy(), clip.waveform)
    ((1, 2, 22050), True)
    """
    cells = front_end if isinstance(front_end, Cells) else Cells.of(front_end)
    kind, beyond = _method(method), check_above(above)
    values = check_masks(masks, cells, clip.duration_s)
    grid = _Grid(clip, cells)
    waveform = torch.from_numpy(clip.waveform.copy())
    result = torch.empty(len(values), *waveform.shape)
    watch = watch if watch is not None else Watch()
    blocks = list(grid.blocks(max(1, round(block_s * clip.sample_rate))))
    watch.planned = len(blocks) * len(values)
    with torch.inference_mode():
        for start, stop, low, high in blocks:
            piece = waveform[:, low:high]
            spectrum = stft(piece, grid.n_fft, grid.hop)
            rows = max(1, _AT_ONCE // (32 * spectrum.numel()))
            for first in range(0, len(values), rows):
                watch.before_batch()
                gains = grid.gains(values[first : first + rows], low, spectrum.shape[2], beyond)
                heard = _apply(spectrum, gains, kind)
                sound = istft(heard, grid.n_fft, grid.hop, samples=piece.shape[1])
                changed = grid.changed(gains, piece.shape[1])
                whole = torch.where(changed[:, None], sound, piece)
                result[first : first + rows, :, start:stop] = whole[:, :, start - low : stop - low]
                watch.after_batch(len(gains))
    return result


def masked_spectrograms(
    front_end: FrontEnd,
    waveform: Tensor,
    masks: NDArray[np.floating] | Tensor,
    *,
    method: str = "linear",
) -> Tensor:
    """What a network would see if a mask were applied to its spectrogram, without making sound of it.

    The magnitude of each cell is multiplied (its power by the square), and written as the front end writes powers, its
    floor included. Masked to zero is what digital silence looks like. Where a cell overlaps its neighbours (mel bands
    share bins, frames share samples) no sound has this spectrogram exactly; ``masked_waveforms`` and the front end
    again say what a network makes of sound.

    Parameters
    ----------
    front_end : of the model, at whose rate the waveform is.
    waveform : ``(1, samples)`` or ``(1, 1, samples)``.
    masks : ``(B, bins, frames)`` in [0, 1]; for MFCC ``(B, n_mels, frames)``.
    method : "linear", or "db" for the published (X − b)·m + b in dB, b = −100.

    Returns
    -------
    Tensor
        ``(B, bins, frames)`` as the front end returns them, on the waveform's device; no gradient.

    Raises
    ------
    CapabilityError
        If the front end does not say how its numbers come from powers.
    ExplanationError
        If the masks have another shape, or values outside [0, 1].

    Examples
    --------
    >>> from earmark.features.mel import LogMel
    >>> mel = LogMel(scaling="dB")
    >>> sound = torch.ones(1, 16000) * 0.1
    >>> half = masked_spectrograms(mel, sound, np.full((1, 96, 63), 0.5))
    >>> round(float((half - mel(sound[None]))[0, 0, 5]), 2)
    -6.02
    """
    return MaskedSpectrogram(front_end, waveform, method=method).apply(masks)


class MaskedSpectrogram:
    """A waveform's spectrogram that is masked many times; the front end runs once. See ``masked_spectrograms``.

    Parameters
    ----------
    front_end : of the model, at whose rate the waveform is.
    waveform : ``(1, samples)`` or ``(1, 1, samples)``.
    method : "linear" or "db".

    Raises
    ------
    CapabilityError
        If the front end does not say how its numbers come from powers.
    SettingError
        For another ``method``.
    """

    def __init__(self, front_end: FrontEnd, waveform: Tensor, *, method: str = "linear") -> None:
        self._kind = _method(method)
        below = front_end.mel if isinstance(front_end, Mfcc) else front_end
        scaling = getattr(below, "power_scaling", None)
        if not isinstance(scaling, Scaling):
            raise CapabilityError(
                "does not say how its numbers are made of powers",
                remedy="Give it a power_scaling (earmark.features.scaling.Scaling), or mask the sound instead",
                where=type(front_end).__name__,
            )
        self._front_end, self._scaling = front_end, scaling
        self._samples = waveform.shape[-1]
        with torch.inference_mode():
            self._seen = below(waveform if waveform.ndim == 3 else waveform.unsqueeze(0))
            self._power = scaling.inverse(self._seen)

    def apply(self, masks: NDArray[np.floating] | Tensor) -> Tensor:
        """Masks ``(B, bins, frames)`` in [0, 1] → ``(B, bins, frames)`` as the front end returns them.

        Raises
        ------
        ExplanationError
            If the masks have another shape, or values outside [0, 1].
        """
        front_end, seen = self._front_end, self._seen
        with torch.inference_mode():
            values = check_masks(masks, Cells.of(front_end), self._samples / front_end.sample_rate).to(seen.device)
            if values.shape[2] != seen.shape[2]:
                raise ExplanationError(
                    f"masks of {values.shape[2]} frames for a spectrogram of {seen.shape[2]}",
                    remedy="Give masks of this sound, made with this front end",
                    where="masks",
                )
            if self._kind == "linear":
                masked = self._scaling.forward(self._power * values.square())
            else:
                level = (power_to_db(self._power) - FLOOR_DB) * values + FLOOR_DB
                masked = self._scaling.forward(db_to_power(level))
            if isinstance(front_end, KaldiMel):
                # What extends a short sound is no sound: it stays.
                real = 1 + max(0, self._samples - front_end.n_fft) // front_end.hop_length
                masked[:, :, real:] = seen[:, :, real:]
            return front_end.cepstrum(masked) if isinstance(front_end, Mfcc) else masked


def carry_attributions(front_end: FrontEnd, attributions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Attributions over what a front end makes → attributions over cells that can be masked and heard.

    Those of a spectrogram are returned as they are. Cepstral ones are carried to mel by the transpose of the DCT, A_mel
    = Dᵀ A: coefficient i is a cosine over the mel bands, and its attribution weighs that cosine. For a gradient this is
    the chain rule, so it is the gradient with respect to the log-mel spectrogram, exactly.

    Parameters
    ----------
    front_end : of the model.
    attributions : ``(..., bins, frames)``.

    Raises
    ------
    ExplanationError
        If they have another number of rows than the front end.

    Examples
    --------
    >>> mfcc = Mfcc()
    >>> carry_attributions(mfcc, np.ones((13, 5))).shape
    (128, 5)
    """
    values = np.asarray(attributions, dtype=np.float64)
    bins = front_end.bins if isinstance(front_end, Mfcc) else len(front_end.bin_hz)
    if values.ndim < 2 or values.shape[-2] != bins:
        raise ExplanationError(
            f"attributions of shape {values.shape} for a front end of {bins} rows",
            remedy=f"Give them as (..., {bins}, frames)",
            where="attributions",
        )
    if not isinstance(front_end, Mfcc):
        return values
    matrix = front_end.cepstrum.matrix.detach().cpu().double().numpy()
    carried: NDArray[np.float64] = matrix.T @ values
    return carried


class _Grid:
    """The STFT of a clip at its own rate that fits a model's cells."""

    def __init__(self, clip: Clip, cells: Cells) -> None:
        rate = clip.sample_rate
        # As long as the model's own window, as far as its bins tell; the hop no longer than the model's.
        window_s = 1.0 / float(np.diff(cells.hz).min()) if len(cells.hz) > 1 else 0.05
        self.n_fft = frame_length(rate, min(max(window_s, 0.02), 0.2))
        overlap = 4
        while self.n_fft // overlap > 1.01 * cells.step_s * rate and self.n_fft % (2 * overlap) == 0 and overlap < 16:
            overlap *= 2
        self.hop = self.n_fft // overlap
        self.overlap = overlap
        self._clip, self._cells = clip, cells
        self._hz = bin_hz(self.n_fft, rate)

    def blocks(self, samples: int) -> Iterator[tuple[int, int, int, int]]:
        """Spans to make, and the wider spans to make them from: frames at a seam need a frame on either side."""
        step = max(1, samples // self.hop) * self.hop
        total = self._clip.samples
        for start in range(0, total, step):
            stop = min(start + step, total)
            yield start, stop, max(0, start - self.n_fft), min(total, stop + self.n_fft)

    def gains(self, masks: Tensor, start: int, frames: int, above: Above) -> Tensor:
        """Masks ``(B, bins, frames)`` on the STFT of the clip from sample ``start`` on."""
        times_s = (start + np.arange(frames) * self.hop) / self._clip.sample_rate
        return self._cells.gains(masks, self._hz, times_s.astype(np.float64), above)

    def changed(self, gains: Tensor, samples: int) -> Tensor:
        """Which samples a frame covers whose gains are not all one, ``(B, samples)``."""
        frames = (gains != 1).any(dim=1).float()
        padded = torch.nn.functional.pad(frames, (self.overlap // 2 - 1, self.overlap // 2))
        near = torch.nn.functional.max_pool1d(padded[:, None], self.overlap, 1)[:, 0] > 0
        return near.repeat_interleave(self.hop, dim=1)[:, :samples]


def _apply(spectrum: Tensor, gains: Tensor, method: Method) -> Tensor:
    """Spectrum ``(channels, bins, frames)`` and gains ``(B, bins, frames)`` → ``(B, channels, bins, frames)``."""
    if method == "linear":
        return spectrum * gains[:, None]
    level = power_to_db(spectrum.real.square() + spectrum.imag.square())
    lowered = (FLOOR_DB - level) * (1 - gains[:, None])
    return spectrum * torch.pow(10.0, lowered / 20)


def _method(method: str) -> Method:
    if method == "linear" or method == "db":
        return method  # type: ignore[return-value]
    raise SettingError(
        f"unknown way to mask {method!r}", remedy="Choose linear, or db to reproduce published tables", where="method"
    )
