"""A data set with a leak: every track has a hum of its own, the classes mean nothing, and only the report sees it."""

import numpy as np

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.open import open_dataset
from earmark.training.leak import leak_report
from earmark.training.settings import FitSettings


def test_what_is_known_of_a_track_is_worth_nothing_on_others(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("one", "two"):
        for track in range(5):
            t = np.arange(4 * 22050) / 22050
            hum = sum(np.sin(2 * np.pi * rng.uniform(100, 6000) * t) for _ in range(6))
            write(Clip(0.1 * (hum + 0.1 * rng.standard_normal(len(t)))[None], 22050), tmp_path / label / f"{track}.wav")
    dataset = open_dataset(tmp_path)
    settings = FitSettings(model={"C": 100.0})
    rows = leak_report("logreg", dataset, settings=settings, slice_s=0.8, draws=100, fractions=(0.5, 0.2, 0.3))
    leaky, honest, _ = rows
    assert leaky.slices.accuracy.value >= 0.9
    assert honest.slices.accuracy.value <= leaky.slices.accuracy.value - 0.2
