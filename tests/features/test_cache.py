"""The cache of spectrograms: same numbers, killed for real, refused where it does not belong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.dataset import Dataset, Item
from earmark.errors import AudioError, CancelledError, DatasetError
from earmark.explain.game import Watch
from earmark.features.cache import FeatureCache, parts_folder
from earmark.features.front_end import FrontEndCard, front_end_from

CARD = FrontEndCard(8000, 256, 128, 20, 0.0, 4000.0, "reflect", "dB")

CHILD = """
import sys
from pathlib import Path
from earmark.data.dataset import Dataset, Item
from earmark.features.cache import FeatureCache
from earmark.features.front_end import FrontEndCard
root, out = Path(sys.argv[1]), sys.argv[2]
items = tuple(Item(path, "a") for path in sorted(root.glob("*.wav")))
FeatureCache.open(out, FrontEndCard(8000, 256, 128, 20, 0.0, 4000.0, "reflect", "dB"), Dataset("made", root, items))
"""


def sounds(folder: Path, count: int, seconds: float = 0.3) -> Dataset:
    rng = np.random.default_rng(0)
    for n in range(count):
        length = int(8000 * seconds) + 300 * (n % 3)
        write(Clip(rng.uniform(-0.3, 0.3, (1, length)).astype(np.float32), 8000), folder / f"{n:04d}.wav")
    return Dataset("made", folder, tuple(Item(path, "a") for path in sorted(folder.glob("*.wav"))))


def test_spectrograms_are_those_of_the_front_end(tmp_path: Path) -> None:
    data = sounds(tmp_path, 4)
    data = replace(data, items=(*data.items, Item(data.items[0].path, "b", start_s=0.1, end_s=0.25)))
    seen: list[tuple[int, int]] = []
    watch = Watch(on_progress=lambda done, planned: seen.append((done, planned)))
    front = front_end_from(CARD)
    with FeatureCache.open(tmp_path / "c.h5", CARD, data, watch=watch, jobs=2) as cache:
        assert len(cache) == 5
        for n, item in enumerate(data.items):
            y = read(item.path).waveform[0]
            y = y[800:2000] if item.label == "b" else y
            np.testing.assert_array_equal(cache.spectrogram(n), front(torch.tensor(y)[None, None])[0].numpy())
        with pytest.raises(IndexError):
            cache.spectrogram(5)
        with pytest.raises(IndexError):
            cache.spectrogram(-1)
    assert seen[-1] == (5, 5)
    assert not parts_folder(tmp_path / "c.h5").exists()


def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    data = sounds(tmp_path, 400, 1.0)
    out = tmp_path / "c.h5"
    parts = parts_folder(out)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), str(out)])
    while child.poll() is None and len(list(parts.glob("[0-9]*.npy"))) < 40:
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert not out.exists()
    assert 40 <= len(list(parts.glob("[0-9]*.npy"))) < 400
    marked = parts / "0.npy"
    np.save(marked, np.load(marked) + 1)  # would be overwritten if it were computed again
    with FeatureCache.open(out, CARD, data) as cache:
        assert len(cache) == 400
        first = cache.spectrogram(0)
    fresh = sounds(tmp_path, 400, 1.0)
    with FeatureCache.open(tmp_path / "d.h5", CARD, fresh.subset([0, 399])) as cache:
        np.testing.assert_array_equal(first, cache.spectrogram(0) + 1)


def test_stopped_it_keeps_what_is_done(tmp_path: Path) -> None:
    data = sounds(tmp_path, 4)
    watch = Watch()
    watch.cancelled = lambda: watch.done >= 2
    with pytest.raises(CancelledError, match="goes on"):
        FeatureCache.open(tmp_path / "c.h5", CARD, data, watch=watch)
    assert len(list(parts_folder(tmp_path / "c.h5").glob("*.npy"))) == 2
    # An interrupted cache is no more open to another front end than a finished one.
    with pytest.raises(DatasetError, match=r"n_mels 20 \(asked: 24\)"):
        FeatureCache.open(tmp_path / "c.h5", replace(CARD, n_mels=24), data)


def test_refuses_what_it_was_not_made_of(tmp_path: Path) -> None:
    data = sounds(tmp_path, 3)
    path = tmp_path / "c.h5"
    FeatureCache.open(path, CARD, data).close()
    with pytest.raises(DatasetError, match=r"another front end: hop_length 128 \(asked: 64\)"):
        FeatureCache.open(path, replace(CARD, hop_length=64), data)
    with pytest.raises(DatasetError, match="other items"):
        FeatureCache.open(path, CARD, data.subset([0, 1]))
    os.utime(data.items[1].path, ns=(1, 1))
    with pytest.raises(DatasetError, match="other items or files"):
        FeatureCache.open(path, CARD, data)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DatasetError, match="damaged"):
        FeatureCache.open(path, CARD, data)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(DatasetError, match="no cache"):
        FeatureCache.open(tmp_path / "other.h5", CARD, data)


def test_a_bad_sound_is_named(tmp_path: Path) -> None:
    data = sounds(tmp_path, 2)
    data.items[1].path.write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"0001\.wav"):
        FeatureCache.open(tmp_path / "c.h5", CARD, data)
    data.items[1].path.unlink()
    with pytest.raises(AudioError, match=r"0001\.wav"):
        FeatureCache.open(tmp_path / "c.h5", CARD, data)
    assert not (tmp_path / "c.h5").exists()
