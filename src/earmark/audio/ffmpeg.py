"""Decode m4a, aac, webm, mp4 and other video with FFmpeg, through PyAV (extra "video").

A span is sought: decoding begins a little before it, so that the codec has settled when it starts. Times are counted
from the first sample that the whole file decodes to. In containers that keep times in milliseconds (WebM, Matroska)
a span can begin up to 1 ms beside the asked sample. AAC replaces noise by noise of its own: there a span and the same
part of the whole agree to -90 dB, not bit for bit.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.audio.file_info import FileInfo
from earmark.errors import AudioError

# Lossy codecs overlap their frames: what is decoded right after a jump is not what a run from the start gives.
_PREROLL_S = 1.0
# Containers announce lengths to within a frame or two of the codec.
_LENGTH_TOLERANCE_S = 0.1


def info(path: Path) -> FileInfo:
    """Length, rate, channels and codec of the first sound in the file.

    Raises
    ------
    AudioError
        If PyAV is not installed, or the file is damaged or has no sound in it.
    """
    av = _av(path)
    with _opened(av, path) as container:
        stream = _sound_of(container, path)
        length = _announced_s(container, stream)
        if length is None:
            raise AudioError("does not say how long it is", remedy="Convert it to wav, flac or ogg", where=path)
        codec = stream.codec_context
        return FileInfo(path, length, codec.sample_rate, codec.channels, codec.name, "ffmpeg")


def read(path: Path, start_s: float, duration_s: float | None) -> tuple[NDArray[np.float32], int]:
    """Samples ``(channels, samples)`` of a span, and the sample rate in Hz.

    Raises
    ------
    AudioError
        If PyAV is not installed, the file is damaged, breaks off or has no sound, or the span is not inside it.
    """
    av = _av(path)
    with _opened(av, path) as container:
        stream = _sound_of(container, path)
        announced_s = _announced_s(container, stream)
        rate = int(stream.codec_context.sample_rate)
        start = round(start_s * rate)
        wanted = None if duration_s is None else round((start_s + duration_s) * rate) - start
        blocks: list[NDArray[np.float32]] = []
        have, at = 0, 0
        try:
            for at, block in _decoded(av, container, stream, start_s, rate):
                part = block[:, max(0, start - at) :]
                at += block.shape[1]
                if wanted is not None:
                    part = part[:, : wanted - have]
                if part.shape[1]:
                    blocks.append(part)
                    have += part.shape[1]
                if have == wanted:
                    break
        except av.FFmpegError as error:
            raise AudioError(
                f"cannot be decoded after {at / rate:.2f} s ({error.strerror})",
                remedy="Export or download it again",
                where=path,
            ) from error
    ended_s = at / rate
    if announced_s is not None and have != wanted and ended_s < announced_s - _LENGTH_TOLERANCE_S:
        raise AudioError(
            f"breaks off after {ended_s:.2f} s of the {announced_s:.2f} s that it announces",
            remedy="Export or download it again, or take a part that can be read (--duration)",
            where=path,
        )
    if not have or (wanted is not None and have < wanted):
        end = f" at {ended_s:.2f} s" if at else ""
        raise AudioError(
            f"the span from {start_s:g} s on reaches beyond its end{end}",
            remedy="Choose a span inside the file",
            where=path,
        )
    return np.concatenate(blocks, axis=1), rate


def _av(path: Path) -> Any:
    try:
        return importlib.import_module("av")
    except ModuleNotFoundError as error:
        raise AudioError(
            "this format is read with PyAV, which is not installed",
            remedy="Run: pip install 'earmark[video]', or convert the file to wav, flac, ogg or mp3",
            where=path,
        ) from error


def _opened(av: Any, path: Path) -> Any:
    try:
        return av.open(str(path))
    except av.FFmpegError as error:
        raise AudioError(
            f"cannot be decoded: it is damaged or breaks off ({error.strerror})",
            remedy="Export or download it again",
            where=path,
        ) from error


def _sound_of(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        raise AudioError("has no sound in it", remedy="Choose a file with an audio track", where=path)
    return container.streams.audio[0]


def _announced_s(container: Any, stream: Any) -> float | None:
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return float(container.duration / 1_000_000)
    return None


def _decoded(av: Any, container: Any, stream: Any, start_s: float, rate: int) -> Iterator[tuple[int, Any]]:
    """(first sample, block ``(channels, samples)``) from at or before ``start_s`` on, without gaps."""
    frames = container.decode(stream)
    frame = next(frames, None)
    origin = frame.pts if frame is not None else None
    if origin is not None and start_s > 2 * _PREROLL_S:
        container.seek(origin + int((start_s - _PREROLL_S) / stream.time_base), stream=stream, backward=True)
        frames = container.decode(stream)
        frame = next(frames, None)
    position = 0 if frame is None or origin is None else round((frame.pts - origin) * stream.time_base * rate)
    to_float = av.AudioResampler(format="fltp")
    while frame is not None:
        frame.pts = None
        for converted in to_float.resample(frame):
            block = converted.to_ndarray()
            yield position, block
            position += block.shape[1]
        frame = next(frames, None)
