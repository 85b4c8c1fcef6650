"""Play an excerpt: each stem by itself, and the mix as their sum, exactly.

Stems are rounded to steps of 2**-19 (a noise of -125 dBFS, and a third less to store than with all 24 bits of the
files) before they are added, so that the files of the stems sum to the file of the mix bit for bit.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.audio.clip import Clip
from earmark.audio.demo import soundfont_path
from earmark.audio.sampler import play
from earmark.audio.soundfont import SoundFont
from earmark.data.scorebook.excerpt import Excerpt
from earmark.errors import DatasetError

_STEPS = 2**19
_FADE_S = 0.03


@dataclass(frozen=True, eq=False)
class Rendered:
    """The mix, mono ``(1, samples)``, and the stems by name, each as long; the mix is their sum."""

    mix: Clip
    stems: dict[str, Clip]


@functools.cache
def font(path: Path | None = None) -> SoundFont:
    """The soundfont at ``path``, or the one that the demo track is played with; read once a process."""
    return SoundFont(path if path is not None else soundfont_path())


def render(excerpt: Excerpt, seconds: float, sample_rate: int) -> Rendered:
    """Play an excerpt.

    Parameters
    ----------
    excerpt : what is played.
    seconds : how long; the last 30 ms fade out.
    sample_rate : Hz.

    Raises
    ------
    DatasetError
        If it is silent.
    """
    played = {stem.name: play(stem.part, font(), sample_rate, seconds).mean(axis=0) for stem in excerpt.stems}
    fade = round(_FADE_S * sample_rate)
    for waveform in played.values():
        waveform[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    # A stem by itself may be louder than the mix, where parts cancel each other.
    waveforms = [*played.values(), np.sum(list(played.values()), axis=0)]
    peak = max(float(np.abs(waveform).max()) for waveform in waveforms)
    if peak == 0:
        raise DatasetError("is silent", remedy="Report it: its notes have no sound", where=excerpt.name)
    gain = 10 ** (excerpt.peak_dbfs / 20) / peak
    steps = {name: np.rint(waveform * (gain * _STEPS)).astype(np.int64) for name, waveform in played.items()}
    mix = np.sum(list(steps.values()), axis=0)
    return Rendered(
        mix=Clip(mix / _STEPS, sample_rate),
        stems={name: Clip(waveform / _STEPS, sample_rate) for name, waveform in steps.items()},
    )
