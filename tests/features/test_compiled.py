"""librosa's compiled parts are made ready by one process at a time."""

from __future__ import annotations

from pathlib import Path

import librosa
import pytest

from earmark.errors import OutputError
from earmark.features.compiled import librosa_ready, locked


def test_librosa_compiles_under_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it one of sixteen runs of four processes crashed; here only that the lock is held is seen."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path))
    seen = []

    def beat_track(**sound: object) -> None:
        with pytest.raises(TimeoutError):
            locked("librosa").acquire(timeout=0)
        seen.append(sound)

    monkeypatch.setattr(librosa.beat, "beat_track", beat_track)
    librosa_ready.cache_clear()
    librosa_ready()
    assert len(seen) == 1
    assert not locked("librosa").is_locked


def test_the_lock_is_held_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path))
    with locked("librosa"):
        other = locked("librosa")
        with pytest.raises(TimeoutError):
            other.acquire(timeout=0)
    with locked("librosa") as free:
        assert free.is_locked


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OutputError, match="Set EARMARK_CACHE"):
        locked("librosa")
