"""Music in which one stem carries the class: it went through a ring modulator, all others play as they are.

The stems are those of the demo track (five, cut at random places), or of a data set scorebook: real music, exact truth.
"""

from __future__ import annotations

import csv
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from earmark.audio.convert import resample, to_channels
from earmark.audio.demo import demo_track
from earmark.audio.read import read
from earmark.data.scorebook.files import stem_files
from earmark.errors import DatasetError
from earmark.metrics.planted.case import DURATION_S, RATE, SAMPLES, Evidence, PlantedClip, Samples, Sources
from earmark.metrics.planted.sounds import amplitude, as_clip

RING_HZ = {"lower": 2200.0, "higher": 4400.0}
STEMS = 4
# A stem below this is as good as silent there: it could carry nothing. dB of full scale, rms.
FAINT_DB = -50.0
_TRIES = 60


class StemCase:
    """One of four stems, drawn, is multiplied by a tone of 2.2 or 4.4 kHz, around which it lies then.

    What is played, by which stem, and how loud, says nothing.
    """

    name: ClassVar[str] = "stem"
    labels: ClassVar[tuple[str, ...]] = ("lower", "higher")
    explained: ClassVar[tuple[str, ...]] = ("lower", "higher")
    kinds: ClassVar[tuple[str, ...]] = ("stems", "stems_time")
    shortcut: ClassVar[str | None] = None
    listener: ClassVar[Literal["detector", "network"]] = "network"

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label.

        Raises
        ------
        DatasetError
            If no excerpt with enough stems is found.
        """
        stems = self._excerpt(rng)
        levels = rng.uniform(-32.0, -28.0, len(stems))
        sounds = {
            name: sound / np.sqrt(np.mean(sound**2)) * amplitude(level)
            for (name, sound), level in zip(stems.items(), levels, strict=True)
        }
        carrier = list(sounds)[int(rng.integers(len(sounds)))]
        t = np.arange(SAMPLES) / RATE
        ring = np.sqrt(2.0) * np.sin(2 * np.pi * (RING_HZ[label] * t + rng.uniform()))
        sounds[carrier] = sounds[carrier] * ring
        rest = sum((sound for name, sound in sounds.items() if name != carrier), np.zeros(SAMPLES))
        return PlantedClip(
            label,
            as_clip(rest),
            as_clip(sounds[carrier]),
            (Evidence(stem=carrier),),
            tuple((name, as_clip(sound)) for name, sound in sounds.items()),
        )

    def _excerpt(self, rng: np.random.Generator) -> dict[str, Samples]:
        for _ in range(_TRIES):
            found = self._scorebook_stems(rng) if self.sources.scorebook is not None else _demo_stems(rng)
            heard = {name: sound for name, sound in found.items() if _level_db(sound) > FAINT_DB}
            if len(heard) >= STEMS:
                chosen = sorted(rng.permutation(len(heard))[:STEMS].tolist())
                return {name: heard[name] for name in np.array(list(heard))[chosen].tolist()}
        raise DatasetError(
            f"no excerpt of {DURATION_S:g} s with {STEMS} stems in {_TRIES} tries",
            remedy="Give a data set scorebook with music in several parts",
            where=self.sources.scorebook or "demo track",
        )

    def _scorebook_stems(self, rng: np.random.Generator) -> dict[str, Samples]:
        files = self._pieces[int(rng.integers(len(self._pieces)))]
        stems = [_read(str(path)) for path in files]
        start = int(rng.integers(0, max(1, min(len(stem) for stem in stems) - SAMPLES)))
        return {
            path.stem: stem[start : start + SAMPLES]
            for path, stem in zip(files, stems, strict=True)
            if len(stem) >= start + SAMPLES
        }

    @cached_property
    def _pieces(self) -> tuple[tuple[Path, ...], ...]:
        folder = Path(self.sources.scorebook or ".")
        manifest = folder / "manifest.csv"
        try:
            with manifest.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
        except OSError as error:
            raise DatasetError(
                f"cannot be read ({error.strerror})",
                remedy="Give a folder that `earmark data get scorebook` made",
                where=manifest,
            ) from error
        pieces = tuple(files for files in (stem_files(folder, row) for row in rows) if len(files) >= STEMS)
        if not pieces:
            raise DatasetError(f"no piece has {STEMS} stems", remedy="Give a data set scorebook", where=manifest)
        return pieces


def _demo_stems(rng: np.random.Generator) -> dict[str, Samples]:
    """Each stem cut at a place of its own: what plays together says nothing either."""
    stems = _demo()
    cut = {}
    for name, stem in stems.items():
        start = int(rng.integers(0, len(stem) - SAMPLES))
        cut[name] = stem[start : start + SAMPLES].astype(np.float64)
    return cut


@lru_cache(maxsize=1)
def _demo() -> dict[str, NDArray[np.float32]]:
    return {name: to_channels(stem, 1).waveform[0] for name, stem in demo_track(RATE).stems.items()}


@lru_cache(maxsize=256)
def _read(path: str) -> Samples:
    waveform: Samples = resample(to_channels(read(path), 1), RATE).waveform[0].astype(np.float64)
    return waveform


def _level_db(sound: Samples) -> float:
    power = float(np.mean(sound**2))
    return 10 * float(np.log10(power)) if power > 0 else -np.inf
