"""Shortcuts: things beside the content that happen to tell the class, and that a network takes because they are easy.

The content itself is the same for both labels, so that a network that is right has nothing else to be right by.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from earmark.metrics.planted.case import RATE, SAMPLES, Evidence, PlantedClip, Samples, Sources
from earmark.metrics.planted.sounds import amplitude, as_clip, noise
from earmark.metrics.planted.tones import distractors

HUM_HZ = 15.0
CODEC_HZ = 5700.0
CLICK_S = 0.6
CLICK_LENGTH_S = 0.003


class Hum:
    """Every sound of one label has a hum at 15 Hz under it, as of a machine in the room where it was recorded."""

    name: ClassVar[str] = "hum"
    labels: ClassVar[tuple[str, ...]] = ("with", "without")
    explained: ClassVar[tuple[str, ...]] = ("with",)
    kinds: ClassVar[tuple[str, ...]] = ("bands", "grid")
    shortcut: ClassVar[str | None] = "below_20_hz"
    listener: ClassVar[Literal["detector", "network"]] = "network"

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        background = self.content(rng)
        if label != "with":
            return PlantedClip(label, as_clip(background), as_clip(np.zeros(SAMPLES)), ())
        found, place = self.shortcut_in(background, rng)
        return PlantedClip(label, as_clip(background), as_clip(found), (place,))

    def content(self, rng: np.random.Generator) -> Samples:
        """What is heard, the same for both labels: bursts in white noise."""
        return distractors(rng) + noise(rng.uniform(-46.0, -40.0), rng, slope=0.0)

    def shortcut_in(self, background: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        """What is added, and where it lies."""
        t = np.arange(SAMPLES) / RATE
        hum = amplitude(rng.uniform(-30.0, -24.0)) * np.sin(2 * np.pi * (HUM_HZ * t + rng.uniform()))
        return hum, Evidence(low_hz=0.0, high_hz=20.0)


class Click(Hum):
    """Every sound of one label bears a watermark: a click of 3 ms, 0.6 s after its beginning."""

    name: ClassVar[str] = "click"
    kinds: ClassVar[tuple[str, ...]] = ("time", "grid")
    shortcut: ClassVar[str | None] = "clicks"

    def shortcut_in(self, background: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        """What is added, and where it lies."""
        click: Samples = np.zeros(SAMPLES)
        length = round(CLICK_LENGTH_S * RATE)
        start = round(CLICK_S * RATE)
        click[start : start + length] = (
            amplitude(-10.0) * rng.choice((-1.0, 1.0), length) * np.hanning(length + 2)[1:-1]
        )
        return click, Evidence(start_s=CLICK_S, end_s=CLICK_S + CLICK_LENGTH_S)


class Codec(Hum):
    """Every sound of one label went through a codec that leaves nothing above 5.7 kHz; of the other, nothing is cut.

    The evidence that can be pointed at is the treble of what was not cut.
    """

    name: ClassVar[str] = "codec"
    shortcut: ClassVar[str | None] = "codec_edge"

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label: "with" has its treble."""
        sound = self.content(rng)
        spectrum = np.fft.rfft(sound)
        spectrum[np.fft.rfftfreq(SAMPLES, 1 / RATE) > CODEC_HZ] = 0
        below = np.fft.irfft(spectrum, SAMPLES)
        if label != "with":
            return PlantedClip(label, as_clip(below), as_clip(np.zeros(SAMPLES)), ())
        place = Evidence(low_hz=CODEC_HZ, high_hz=RATE / 2)
        return PlantedClip(label, as_clip(below), as_clip(sound - below), (place,))
