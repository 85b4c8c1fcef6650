"""What the model sees: the spectrogram that a report draws, with everything its axes and caption need.

Where the classifier is ``Differentiable`` it is the network's own input. Any other classifier keeps its input
to itself; then it is a plain decibel STFT of the same sound, and the caption says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.errors import ModelError
from earmark.models.classifier import Classifier, Differentiable
from earmark.models.device import device_of

STFT_RANGE_DB = 80.0


@dataclass(frozen=True, eq=False)
class ModelView:
    """A spectrogram to look at.

    Parameters
    ----------
    spectrogram : float32, shape ``(bins, frames)``; frame t is centred at ``t * frame_s``.
    bin_hz : centre frequency of each bin, Hz, shape ``(bins,)``, rising.
    frame_s : seconds from frame to frame.
    duration_s : length of the sound, in seconds.
    n_fft, hop : samples per frame, and from frame to frame, at ``sample_rate``.
    sample_rate : Hz.
    scale : what the numbers are, for the colour bar ("log10(10000 · mel power + 1)", "dB below the loudest cell").
    low, high : range of the values that are drawn.
    origin : "model" for the network's own input, "stft" for a plain STFT of the sound that it is given.
    """

    spectrogram: NDArray[np.float32]
    bin_hz: NDArray[np.float64]
    frame_s: float
    duration_s: float
    n_fft: int
    hop: int
    sample_rate: int
    scale: str
    low: float
    high: float
    origin: Literal["model", "stft"]

    @property
    def caption(self) -> str:
        """One or two sentences that say what is drawn: origin, bins, n_fft, hop, scale and range of values."""
        bins, frames = self.spectrogram.shape
        if self.origin == "model":
            first = "The model’s own input"
        else:
            first = "A plain STFT of the sound that the model is given (it does not show what it makes of it)"
        return (
            f"{first}: {bins} bins × {frames} frames at {self.sample_rate} Hz, n_fft {self.n_fft}, hop {self.hop} "
            f"({1000 * self.frame_s:.1f} ms). Colour: {self.scale}, {self.low:.3g} to {self.high:.3g}."
        )


def model_view(classifier: Classifier, prepared: Clip) -> ModelView:
    """The spectrogram of a clip as the classifier sees it.

    Parameters
    ----------
    classifier : its ``front_end`` is used where it is ``Differentiable``.
    prepared : the clip at the classifier's own rate and channels.

    Raises
    ------
    ModelError
        If the clip is not at the classifier's rate, or its front end returns NaN, infinity or another shape than
        ``(1, bins, frames)``.
    """
    import torch

    if prepared.sample_rate != classifier.input.sample_rate:
        raise ModelError(
            f"the clip is at {prepared.sample_rate} Hz, the classifier takes {classifier.input.sample_rate} Hz",
            remedy="Prepare it first (earmark.models.prepare)",
            where=prepared.name,
        )
    if not isinstance(classifier, Differentiable):
        return stft_view(prepared)
    front_end = classifier.front_end
    with torch.no_grad():
        raw = (
            front_end(torch.from_numpy(prepared.waveform.copy())[None].to(device_of(classifier))).detach().cpu().numpy()
        )
    bin_hz = np.asarray(front_end.bin_hz, dtype=np.float64)
    if raw.ndim != 3 or raw.shape[:2] != (1, len(bin_hz)) or not np.isfinite(raw).all():
        raise ModelError(
            f"the front end returned values of shape {raw.shape} that cannot be drawn over {len(bin_hz)} bins",
            remedy="It has to return finite numbers (1, bins, frames) for one clip",
            where=classifier.name,
        )
    values = np.asarray(raw[0], dtype=np.float32)
    return ModelView(
        spectrogram=values,
        bin_hz=bin_hz,
        frame_s=front_end.hop_length / front_end.sample_rate,
        duration_s=prepared.duration_s,
        n_fft=front_end.n_fft,
        hop=front_end.hop_length,
        sample_rate=front_end.sample_rate,
        scale=front_end.scale,
        low=float(values.min()),
        high=float(values.max()),
        origin="model",
    )


def stft_view(clip: Clip) -> ModelView:
    """Power STFT of the mean of the channels (Hann window of about 40 ms), in dB below its loudest cell, 80 dB deep.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    >>> view = stft_view(Clip(tone, 16000))
    >>> float(view.bin_hz[view.spectrogram.mean(axis=1).argmax()])
    1000.0
    """
    import torch

    n_fft = 2 ** max(5, round(np.log2(0.04 * clip.sample_rate)))
    hop = n_fft // 4
    # Zeros at the edges: reflection would need a clip longer than half a frame.
    spectrum = torch.stft(
        torch.from_numpy(clip.waveform.mean(axis=0)),
        n_fft,
        hop,
        window=torch.hann_window(n_fft),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    power = spectrum.abs().square().numpy().astype(np.float64)
    loudest = power.max()
    floor = 10 ** (-STFT_RANGE_DB / 10)
    relative = power / loudest if loudest > 0 else np.zeros_like(power)
    decibels = (10 * np.log10(np.maximum(relative, floor))).astype(np.float32)
    return ModelView(
        spectrogram=decibels,
        bin_hz=np.arange(n_fft // 2 + 1) * clip.sample_rate / n_fft,
        frame_s=hop / clip.sample_rate,
        duration_s=clip.duration_s,
        n_fft=n_fft,
        hop=hop,
        sample_rate=clip.sample_rate,
        scale="dB relative to the loudest cell",
        low=-STFT_RANGE_DB,
        high=0.0,
        origin="stft",
    )
