"""The demo track as 4 stems × segments of time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.audio.demo import demo_track
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.components.layered import Layered
from earmark.components.stems_time import StemsTime

RATE = 16000
# Real music, where the data of the tests lie beside the repository.
MUSIC = Path(__file__).parents[2] / "shared" / "data" / "music"
# Four, as source separation gives them and audioLIME has them.
STEMS = {"drums": ("drums",), "bass": ("bass",), "lead": ("lead",), "chords": ("chords", "pad")}


def stems_by_time(
    seconds: float,
    segments: int,
    *,
    stems: Sequence[str] = tuple(STEMS),
    edges_s: tuple[float, ...] | None = None,
    snap_s: Sequence[float] | None = None,
) -> Layered:
    """The first seconds of the demo track, mono at 16 kHz, cut into named stems × segments.

    Stems that are left out are left out of the clip as well. With ``edges_s`` the cuts lie there and do not snap.
    """
    track = demo_track(RATE)
    length = round(seconds * RATE)
    with tempfile.TemporaryDirectory() as folder:
        files, total = [], np.zeros(length, dtype=np.float32)
        for name in stems:
            mono = sum(track.stems[part].waveform.mean(axis=0)[:length] for part in STEMS[name])
            total += mono
            files.append(str(write(Clip(mono, RATE), Path(folder) / f"{name}.wav")))
        kind = StemsTime(source=tuple(files), n=segments, edges_s=edges_s, rest=False)
        return kind.build(Clip(total, RATE), snap_s=snap_s)


def available(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names for which there is a file of real music."""
    return tuple(name for name in names if (MUSIC / f"{name}.ogg").is_file())


def music(name: str, edges_s: Sequence[float]) -> Layered:
    """The beginning of a piece, mono at 16 kHz, cut into harmonic and percussive part × segments with these edges."""
    clip = resample(to_channels(read(MUSIC / f"{name}.ogg", duration_s=edges_s[-1]), 1), RATE)
    return StemsTime(edges_s=tuple(edges_s)).build(clip)
