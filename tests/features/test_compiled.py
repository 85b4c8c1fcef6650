"""librosa's compiled parts are made ready by one process at a time."""

from __future__ import annotations

from pathlib import Path

import librosa
import pytest

from earmark.features.compiled import librosa_ready, locked


def test_librosa_compiles_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it one of sixteen runs of four processes crashed; here only that the lock is held is seen."""
    seen = []

    def beat_track(**sound: object) -> None:
        with pytest.raises(TimeoutError):
            locked("librosa").acquire(timeout=0)
        seen.append(sound)

    monkeypatch.setattr(librosa.beat, "beat_track", beat_track)
    librosa_ready.cache_clear()
    librosa_ready()
    assert len(seen) == 1


def test_the_lock_is_held_by_one_wherever_the_caches_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked("test"):
        monkeypatch.setenv("EARMARK_CACHE", str(tmp_path))
        with pytest.raises(TimeoutError):
            locked("test").acquire(timeout=0)
    with locked("test") as free:
        assert free.is_locked
