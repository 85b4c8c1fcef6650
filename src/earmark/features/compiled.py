"""librosa's compiled parts (numba), made ready by one process at a time.

numba keeps what it has compiled in files that several processes may share. When two write them at the same time, one of
them can read half of each and crash (seen in one of sixteen runs of four processes), so the first use is behind a lock.
"""

from __future__ import annotations

import functools
import getpass
import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np
from filelock import FileLock


@functools.cache
def librosa_ready() -> None:
    """Compile or load what librosa runs for float32 sound (beats, onsets, zero crossings, tuning), once per process."""
    import librosa

    # Four clicks are enough to run through every compiled function.
    clicks = np.zeros(44100, dtype=np.float32)
    for start in range(2000, 44100, 11025):
        clicks[start : start + 200] = np.linspace(1, -1, 200)
    with locked("librosa"):
        librosa.beat.beat_track(y=clicks, sr=22050)
        librosa.onset.onset_detect(y=clicks, sr=22050, backtrack=True)
        librosa.feature.zero_crossing_rate(clicks)
        librosa.estimate_tuning(y=clicks, sr=22050)


def locked(name: str) -> FileLock:
    """A lock of that name for all processes of this user and this Python, wherever their own caches are.

    Examples
    --------
    >>> with locked("doctest") as lock:
    ...     lock.is_locked
    True
    """
    # Not in earmark's cache, which may be moved: numba's stays where it is.
    place = hashlib.sha256(f"{getpass.getuser()} {sys.prefix}".encode()).hexdigest()[:16]
    return FileLock(Path(tempfile.gettempdir()) / f"earmark-{place}-{name}.lock")
