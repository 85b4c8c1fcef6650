"""Write a clip as wav, flac, ogg or mp3: nothing clipped silently, same clip same bytes, whole or not at all.

wav and flac hold 24-bit integers: what was read from a 16- or 24-bit file comes back bit for bit. Integers end at full
scale (±1), so a clip beyond it is refused rather than clipped; only a wav of 32-bit floats holds it as it is.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.ogg import with_fixed_serial
from earmark.errors import AudioError, SettingError, UnknownNameError
from earmark.files import write_bytes

FORMATS = ("wav", "flac", "ogg", "mp3")

_SUBTYPES = {"wav": "PCM_24", "flac": "PCM_24", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
_STEPS_24_BIT = 2**23
# libsndfile's Vorbis encoder keeps a block on the stack: large ones overflow it.
_BLOCK = 65536


def write(clip: Clip, path: str | Path, *, float32: bool = False) -> Path:
    """Write a clip in the format of the path's suffix; returns the path.

    Parameters
    ----------
    clip : the sound.
    path : ends in .wav, .flac (both 24-bit), .ogg (Vorbis) or .mp3.
    float32 : write .wav with 32-bit floats, which also hold samples beyond full scale.

    Raises
    ------
    UnknownNameError
        If the suffix is none of these.
    AudioError
        If samples lie beyond full scale, or the format cannot hold the clip's rate or channels.
    SettingError
        If ``float32`` is asked of another format than wav.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    return write_bytes(path, encode(clip, path.suffix.removeprefix(".").lower(), float32=float32))


def encode(clip: Clip, format: str, *, float32: bool = False) -> bytes:
    """The bytes of a file in that format ("wav", "flac", "ogg", "mp3"); equal clips give equal bytes.

    Raises
    ------
    UnknownNameError, AudioError, SettingError
        As for ``write``.

    Examples
    --------
    >>> clip = Clip(np.zeros(8000), 16000)
    >>> encode(clip, "flac")[:4], encode(clip, "ogg") == encode(clip, "ogg")
    (b'fLaC', True)
    """
    if format not in FORMATS:
        raise UnknownNameError("audio format", format, FORMATS)
    if float32 and format != "wav":
        raise SettingError(f"{format} cannot hold 32-bit floats", remedy="Write wav instead", where=clip.name)
    if not float32:
        _refuse_beyond_full_scale(clip)
    samples = np.ascontiguousarray(clip.waveform.T)
    subtype = "FLOAT" if float32 else _SUBTYPES[format]
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer, "w", clip.sample_rate, clip.channels, subtype=subtype, format=format.upper()
        ) as file:
            for start in range(0, clip.samples, _BLOCK):
                block = samples[start : start + _BLOCK]
                file.write(_as_24_bit(block) if subtype == "PCM_24" else block)
    except (soundfile.LibsndfileError, soundfile.SoundFileRuntimeError, ValueError) as error:
        raise AudioError(
            f"{clip.channels} channels at {clip.sample_rate} Hz cannot be written as {format}",
            remedy="Write wav, or resample and mix down first",
            where=clip.name,
        ) from error
    data = buffer.getvalue()
    if format == "ogg":
        return with_fixed_serial(data)
    return _without_date(data) if float32 else data


def peak_dbfs(clip: Clip) -> float:
    """The largest sample in dB relative to full scale (amplitude); -inf for silence."""
    peak = float(np.abs(clip.waveform).max())
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def _refuse_beyond_full_scale(clip: Clip) -> None:
    # Half a step of 24 bit is lost in rounding anyway.
    if np.abs(clip.waveform).max() > 1 + 0.5 / _STEPS_24_BIT:
        raise AudioError(
            f"the peak of {peak_dbfs(clip):+.2f} dBFS would be clipped",
            remedy="Lower the gain, or write a .wav of 32-bit floats (float32)",
            where=clip.name,
        )


def _as_24_bit(block: NDArray[np.float32]) -> NDArray[np.int32]:
    steps = np.rint(block.astype(np.float64) * _STEPS_24_BIT)
    # +1 itself is one step beyond the largest integer: the only value that moves, by 1e-6 dB.
    np.minimum(steps, _STEPS_24_BIT - 1, out=steps)
    return np.maximum(steps, -_STEPS_24_BIT, out=steps).astype(np.int32) << 8


def _without_date(data: bytes) -> bytes:
    # libsndfile notes the time of writing in the PEAK chunk: size, version, time stamp, peaks.
    at = data.index(b"PEAK") + 12
    return data[:at] + bytes(4) + data[at + 4 :]
