"""Edits of what is in the mix: noise added, the harmonic or percussive part louder or softer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from earmark.audio.clip import Clip
from earmark.components.hpss import NAMES, hpss_layers
from earmark.errors import AudioError, UnknownNameError
from earmark.explain_global.editing.edit import number_between


@dataclass(frozen=True)
class Noise:
    """White noise at a signal-to-noise ratio, the same noise at every ratio. Infinite dB changes nothing."""

    name: ClassVar[str] = "noise"
    unit: ClassVar[str] = "dB SNR"
    neutral: ClassVar[float] = math.inf
    strengths: ClassVar[tuple[float, ...]] = (0.0, 6.0, 12.0, 20.0, 30.0, 40.0, math.inf)
    quality: ClassVar[str] = "normal white noise, its power beside the clip's mean power; exact"

    @property
    def label(self) -> str:
        """ "white noise"."""
        return "white noise"

    def check(self, strength: float) -> None:
        """−40 to 120 dB."""
        if strength != self.neutral:
            number_between(strength, -40, 120, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip and the noise.

        Raises
        ------
        AudioError
            If the clip is silent: then no ratio makes sense.
        """
        if math.isinf(strength):
            return clip
        power = float(np.square(clip.waveform, dtype=np.float64).mean())
        if power == 0:
            raise AudioError("is silent, so there is no signal-to-noise ratio", remedy="Leave it out", where=clip.name)
        rng = np.random.default_rng([seed, int(clip.fingerprint[:12], 16)])
        noise = rng.standard_normal(clip.waveform.shape) * math.sqrt(power * 10 ** (-strength / 10))
        return replace(clip, waveform=(clip.waveform + noise).astype(np.float32))


@dataclass(frozen=True)
class StemGain:
    """Gain of the harmonic or of the percussive part of the clip.

    Parameters
    ----------
    stem : "harmonic" or "percussive", by median filtering (``earmark.components.hpss``).

    Raises
    ------
    UnknownNameError
        For another part.
    """

    name: ClassVar[str] = "stem_gain"
    unit: ClassVar[str] = "dB"
    neutral: ClassVar[float] = 0.0
    strengths: ClassVar[tuple[float, ...]] = (-24.0, -12.0, -6.0, 0.0, 6.0, 12.0)
    quality: ClassVar[str] = (
        "median filtering with soft masks: the two parts sum to the clip exactly, but each leaks into the other"
    )

    stem: str = "percussive"

    def __post_init__(self) -> None:
        if self.stem not in NAMES:
            raise UnknownNameError("part", self.stem, NAMES)

    @classmethod
    def from_target(cls, target: str) -> StemGain:
        """From the name of the part."""
        return cls(target)

    @property
    def label(self) -> str:
        """ "gain of the percussive part"."""
        return f"gain of the {self.stem} part"

    def check(self, strength: float) -> None:
        """−60 to 30 dB."""
        number_between(strength, -60, 30, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip with the part at that gain."""
        if strength == 0:
            return clip
        part = hpss_layers(clip)[NAMES.index(self.stem)].numpy()
        return replace(clip, waveform=(clip.waveform + (10 ** (strength / 20) - 1) * part).astype(np.float32))
