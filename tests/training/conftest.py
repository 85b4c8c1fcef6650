"""A small data set of real sound: low tones, high tones and noise, each track by one of four artists."""

from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.open import open_dataset
from earmark.data.splits import split_by_group

RATE = 22050
SECONDS = 2.2


def sound(label, number):
    """Two seconds of one of three kinds, with some of the others in it; the same each time."""
    rng = np.random.default_rng([len(label), number])
    t = np.arange(round(SECONDS * RATE)) / RATE
    noise = rng.standard_normal(len(t))
    low = np.sin(2 * np.pi * rng.uniform(200, 400) * t)
    high = np.sin(2 * np.pi * rng.uniform(2000, 4000) * t)
    weights = {"hiss": (0.1, 0.02, 0.02), "low": (0.03, 0.3, 0.03), "high": (0.03, 0.03, 0.3)}[label]
    return Clip(np.stack([weights[0] * noise + weights[1] * low + weights[2] * high]), RATE)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A manifest of 24 sounds with tracks and artists."""
    root = tmp_path_factory.mktemp("tones")
    lines = ["path,label,track,artist"]
    for label in ("hiss", "low", "high"):
        for number in range(8):
            name = f"{label}-{number}.wav"
            write(sound(label, number), root / name)
            lines.append(f"{name},{label},{label}-{number},{label}-artist-{number // 2}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="session")
def dataset(folder):
    """The 24 sounds."""
    return open_dataset(folder)


@pytest.fixture(scope="session")
def split(dataset):
    """12 to learn from, 6 to choose by, 6 to judge by."""
    return split_by_group(dataset, fractions=(0.5, 0.25, 0.25), seed=0)


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    """Features are kept for the session, away from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Path
