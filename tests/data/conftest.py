"""Makes small sounds and folders of them."""

from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write

RATE = 8000


@pytest.fixture(scope="session")
def shared():
    """``shared("esc10")``: a folder of real data, or the test is skipped."""

    def folder(name):
        path = Path(__file__).parents[3] / "shared" / "data" / name
        if not path.is_dir():
            pytest.skip(f"no real data at {path}")
        return path

    return folder


def noise(seconds, rate, seed):
    return Clip((0.1 * np.random.default_rng(seed).standard_normal((1, round(seconds * rate)))), rate)


@pytest.fixture
def sound(tmp_path):
    """``sound("blues/a.wav", 1.0)``: a sound file of so many seconds below the test's folder; other each time."""
    made = []

    def make(name, seconds=0.2, rate=RATE):
        made.append(name)
        return write(noise(seconds, rate, len(made)), tmp_path / name)

    return make
