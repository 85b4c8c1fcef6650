"""The clean cases: tones, bursts and sweeps in noise. Which band, span or cell tells the class is drawn, and known.

Class bands and distractor bands are not the same: what happens in a distractor band is drawn in the same way for every
class, and it is louder than the evidence, so that loudness alone does not find it.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from earmark.metrics.planted.case import DURATION_S, SAMPLES, Evidence, PlantedClip, Samples, Sources
from earmark.metrics.planted.sounds import SEGMENTS, as_clip, band_hz, burst, hz_within, noise, steady, sweep

CLASS_BANDS = (1, 3, 5)
DISTRACTOR_BANDS = (2, 4, 6)
LABELS = ("low", "middle", "high")
SEGMENT_S = DURATION_S / SEGMENTS


def distractors(rng: np.random.Generator) -> Samples:
    """One burst in each distractor band, of 0.2 to 0.6 s, 4 to 10 dB louder than evidence at −22 dB."""
    sound: Samples = np.zeros(SAMPLES)
    for band in DISTRACTOR_BANDS:
        length = rng.uniform(0.2, 0.6)
        start = rng.uniform(0.0, DURATION_S - length)
        sound += burst(hz_within(band, rng), start, start + length, rng.uniform(-18.0, -12.0), rng)
    return sound


class Noiseless:
    """A burst fills one cell of a grid of 8 × 8; distractor bursts, nothing else. The listener is in closed form."""

    name: ClassVar[str] = "noiseless"
    labels: ClassVar[tuple[str, ...]] = LABELS
    explained: ClassVar[tuple[str, ...]] = LABELS
    kinds: ClassVar[tuple[str, ...]] = ("time", "bands", "grid")
    shortcut: ClassVar[str | None] = None
    listener: ClassVar[Literal["detector", "network"]] = "detector"

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        band = CLASS_BANDS[self.labels.index(label)]
        segment = int(rng.integers(SEGMENTS))
        start = segment * SEGMENT_S
        tone = burst(hz_within(band, rng), start + 0.02, start + SEGMENT_S - 0.02, -22.0, rng)
        place = Evidence(start, start + SEGMENT_S, *band_hz(band))
        return PlantedClip(label, as_clip(distractors(rng)), as_clip(tone), (place,))


class Band(Noiseless):
    """A steady tone in one of three bands, in pink noise, among louder distractor bursts."""

    name: ClassVar[str] = "band"
    kinds: ClassVar[tuple[str, ...]] = ("bands", "grid")
    listener: ClassVar[Literal["detector", "network"]] = "network"

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        band = CLASS_BANDS[self.labels.index(label)]
        tone = steady(hz_within(band, rng), rng.uniform(-28.0, -22.0), rng)
        background = distractors(rng) + noise(rng.uniform(-46.0, -40.0), rng)
        low, high = band_hz(band)
        return PlantedClip(label, as_clip(background), as_clip(tone), (Evidence(low_hz=low, high_hz=high),))


class Span(Noiseless):
    """A sweep of 0.5 s through all bands, rising or falling, at any time."""

    name: ClassVar[str] = "span"
    labels: ClassVar[tuple[str, ...]] = ("rising", "falling")
    explained: ClassVar[tuple[str, ...]] = ("rising", "falling")
    kinds: ClassVar[tuple[str, ...]] = ("time", "grid")
    listener: ClassVar[Literal["detector", "network"]] = "network"

    _LENGTH_S: ClassVar[float] = 0.5
    _STEPS: ClassVar[int] = 10

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        ends = (300.0, 7000.0) if label == "rising" else (7000.0, 300.0)
        start = rng.uniform(0.0, DURATION_S - self._LENGTH_S)
        tone = sweep(*ends, start, start + self._LENGTH_S, rng.uniform(-24.0, -18.0), rng)
        background = distractors(rng) + noise(rng.uniform(-46.0, -40.0), rng)
        hz = np.geomspace(*ends, self._STEPS + 1)
        times = start + np.linspace(0, self._LENGTH_S, self._STEPS + 1)
        places = tuple(
            Evidence(float(times[i]), float(times[i + 1]), float(min(hz[i : i + 2])), float(max(hz[i : i + 2])))
            for i in range(self._STEPS)
        )
        return PlantedClip(label, as_clip(background), as_clip(tone), places)


class Cell(Noiseless):
    """A burst of 0.3 s in one of three bands, at any time, in pink noise, among louder distractor bursts."""

    name: ClassVar[str] = "cell"
    listener: ClassVar[Literal["detector", "network"]] = "network"

    _LENGTH_S: ClassVar[float] = 0.3

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        band = CLASS_BANDS[self.labels.index(label)]
        start = rng.uniform(0.0, DURATION_S - self._LENGTH_S)
        tone = burst(hz_within(band, rng), start, start + self._LENGTH_S, rng.uniform(-24.0, -20.0), rng)
        background = distractors(rng) + noise(rng.uniform(-46.0, -40.0), rng)
        place = Evidence(start, start + self._LENGTH_S, *band_hz(band))
        return PlantedClip(label, as_clip(background), as_clip(tone), (place,))


class Both(Noiseless):
    """A steady tone in one band and a burst in another: half of the sounds have both, a quarter only the one of them.

    So the listener learns that each alone is enough, and where both are there, taking out one of them loses little.
    """

    name: ClassVar[str] = "both"
    labels: ClassVar[tuple[str, ...]] = ("one", "other")
    explained: ClassVar[tuple[str, ...]] = ("one", "other")
    kinds: ClassVar[tuple[str, ...]] = ("bands", "grid")
    listener: ClassVar[Literal["detector", "network"]] = "network"

    # Of each label: the band of the steady tone and that of the burst.
    _BANDS: ClassVar[dict[str, tuple[int, int]]] = {"one": (1, 5), "other": (3, 7)}
    _LENGTH_S: ClassVar[float] = 0.4

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        steady_band, burst_band = self._BANDS[label]
        start = rng.uniform(0.0, DURATION_S - self._LENGTH_S)
        low, high = band_hz(steady_band)
        planted = (
            (
                steady(hz_within(steady_band, rng), rng.uniform(-28.0, -24.0), rng),
                Evidence(low_hz=low, high_hz=high),
            ),
            (
                burst(hz_within(burst_band, rng), start, start + self._LENGTH_S, rng.uniform(-22.0, -18.0), rng),
                Evidence(start, start + self._LENGTH_S, *band_hz(burst_band)),
            ),
        )
        there = ((0, 1), (0, 1), (0,), (1,))[int(rng.integers(4))]
        evidence = sum((planted[at][0] for at in there), np.zeros(SAMPLES))
        places = tuple(planted[at][1] for at in there)
        background = distractors(rng) + noise(rng.uniform(-46.0, -40.0), rng)
        return PlantedClip(label, as_clip(background), as_clip(evidence), places)
