"""librosa's compiled parts are made ready by one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.errors import OutputError
from earmark.features.compiled import locked


def test_processes_that_start_together_do_not_disturb_one_another(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "numba"), "EARMARK_CACHE": str(tmp_path / "cache")}
    code = "from earmark.features.compiled import librosa_ready; librosa_ready()"
    running = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    assert any((tmp_path / "numba").rglob("*.nbi"))


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
