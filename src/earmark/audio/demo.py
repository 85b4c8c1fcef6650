"""The demo track: 30 s of music whose stems, and when each of them sounds, are known exactly.

Notes written for it (``demo_score``) are played (``sampler``) with the General MIDI soundfont that the pretty_midi
package carries. Each stem is played by itself; the track is their sum, sample by sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip, Source
from earmark.audio.demo_score import LENGTH_S, SPANS, STEMS, parts
from earmark.audio.sampler import play
from earmark.audio.soundfont import SoundFont
from earmark.audio.write import encode
from earmark.errors import AudioError, OutputError, SettingError
from earmark.files import write_bytes

SOUNDFONT = "TimGM6mb.sf2"
PEAK_DBFS = -1.0

_NAMES = ("track.flac", *(f"stems/{name}.flac" for name in STEMS))

# Long enough not to click, short enough not to blur where a stem ends.
_RELEASE_S = 0.03


@dataclass(frozen=True, eq=False)
class DemoTrack:
    """The demo track.

    Parameters
    ----------
    clip : the mix, stereo, ``(2, samples)``: the float32 sum of the stems in the order of ``stems``.
    stems : "drums", "bass", "chords", "lead", "pad", each as long as the mix and exactly 0 outside its spans.
    spans : seconds from which and to which each stem sounds.
    """

    clip: Clip
    stems: dict[str, Clip]
    spans: dict[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True)
class DemoFiles:
    """Where the demo track was written: the mix, and each stem by name."""

    track: Path
    stems: dict[str, Path]


def demo_track(sample_rate: int = 44100) -> DemoTrack:
    """Render the demo track: the same samples each time on one machine.

    Parameters
    ----------
    sample_rate : Hz, from 8000 to 192000.

    Raises
    ------
    SettingError
        If the rate is outside that range.
    AudioError
        If the soundfont is missing.

    Examples
    --------
    >>> track = demo_track(8000)
    >>> track.clip.duration_s, list(track.stems)
    (30.0, ['drums', 'bass', 'chords', 'lead', 'pad'])
    """
    if not 8000 <= sample_rate <= 192000:
        raise SettingError(f"sample rate {sample_rate} Hz for the demo track", remedy="Choose 8000 to 192000 Hz")
    font = SoundFont(soundfont_path())
    played = {name: play(part, font, sample_rate, LENGTH_S) for name, part in parts().items()}
    rendered = {name: _gated(waveform, name, sample_rate) for name, waveform in played.items()}
    peak = float(np.abs(_sum(rendered)).max())
    gain = np.float32(10 ** (PEAK_DBFS / 20) / peak)
    scaled = {name: waveform * gain for name, waveform in rendered.items()}
    return DemoTrack(
        clip=Clip(_sum(scaled), sample_rate, source=Source("demo track")),
        stems={name: Clip(scaled[name], sample_rate, source=Source(f"demo track, {name}")) for name in STEMS},
        spans=dict(SPANS),
    )


def write_demo(folder: str | Path, sample_rate: int = 44100) -> DemoFiles:
    """Write the demo track as ``track.flac`` and its stems as ``stems/<name>.flac`` (24 bit) into a folder.

    All files are encoded before the first is written, and each is written whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    for name, data in _encoded(sample_rate).items():
        write_bytes(folder / name, data)
    return DemoFiles(folder / "track.flac", {name: folder / "stems" / f"{name}.flac" for name in STEMS})


def remove_demo(folder: str | Path, sample_rate: int = 44100) -> tuple[Path, ...]:
    """Remove what ``write_demo`` wrote into a folder; returns the paths.

    A file of the same name that holds anything else is somebody's own and stays, and so does a folder with more in it.

    Raises
    ------
    OutputError
        If a file cannot be removed.
    """
    folder = Path(folder)
    if not any((folder / name).is_file() for name in _NAMES):
        return ()
    removed = []
    try:
        for name, data in _encoded(sample_rate).items():
            path = folder / name
            if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
                path.unlink()
                removed.append(path)
        stems = folder / "stems"
        if stems.is_dir() and not any(stems.iterdir()):
            stems.rmdir()
    except OSError as error:
        raise OutputError(
            f"cannot be removed ({error.strerror})", remedy="Remove it, or choose another -o", where=folder
        ) from error
    return tuple(removed)


def _encoded(sample_rate: int) -> dict[str, bytes]:
    track = demo_track(sample_rate)
    sounds = (track.clip, *(track.stems[name] for name in STEMS))
    return {name: encode(sound, "flac") for name, sound in zip(_NAMES, sounds, strict=True)}


def soundfont_path() -> Path:
    """The soundfont's path, found in the installed pretty_midi package without importing it.

    Raises
    ------
    AudioError
        If the package, or the soundfont in it, is not there.
    """
    try:
        found = [file for file in metadata.files("pretty_midi") or () if file.name == SOUNDFONT]
    except metadata.PackageNotFoundError:
        found = []
    path = Path(str(found[0].locate())) if found else None
    if path is None or not path.is_file():
        raise AudioError(
            "the soundfont that plays the demo track is missing",
            remedy="Run: pip install 'pretty_midi>=0.2.10,<0.3'",
            where=SOUNDFONT,
        )
    return path


def _gated(waveform: NDArray[np.float32], name: str, sample_rate: int) -> NDArray[np.float32]:
    """The stem faded out at the end of each of its spans and exactly silent outside them."""
    gate = np.zeros(waveform.shape[1], dtype=np.float32)
    release = round(_RELEASE_S * sample_rate)
    for start_s, end_s in SPANS[name]:
        start, stop = round(start_s * sample_rate), round(end_s * sample_rate)
        gate[start:stop] = 1.0
        gate[stop - release : stop] = np.linspace(1.0, 0.0, release, dtype=np.float32)
    return waveform * gate


def _sum(stems: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    total = np.zeros_like(stems[STEMS[0]])
    for name in STEMS:
        total = total + stems[name]
    return total
