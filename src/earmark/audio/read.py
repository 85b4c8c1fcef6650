"""Read sound files, whole or a span of them.

wav, flac, ogg, opus, mp3, aiff, au, caf by libsndfile; m4a, aac, webm, mp4 and other video by FFmpeg through PyAV
(extra "video"). What a file is, its contents say, not its name. A span is sought, not cut out of the whole: 30 s of an
hour cost 30 s. A file that breaks off is never passed on as if it were merely shorter.
"""

from __future__ import annotations

import hashlib
import math
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from earmark.audio import ffmpeg, mp3, mpg123, truncation
from earmark.audio.clip import Clip, Source
from earmark.audio.file_info import FileInfo
from earmark.audio.sniff import Decoder, decoder_for, first_bytes
from earmark.errors import AudioError, SettingError

__all__ = ["FileInfo", "info", "read"]

_EXPORT_AGAIN = "Export or download it again"
_EXPORT_OR_PART = f"{_EXPORT_AGAIN}, or take a part that can be read (--duration)"
# What libsndfile answers for the length of a FLAC stream that does not tell.
_UNKNOWN_FRAMES = 2**62
# Two frames: what padding at either end amounts to.
_MP3_TOLERANCE_S = 0.06
_CONVERT = "Convert it to wav, flac, ogg or mp3"


def info(path: str | Path) -> FileInfo:
    """Length, rate, channels and format of a sound file, without reading its samples.

    Raises
    ------
    AudioError
        If the file is missing, unreadable, empty, damaged or no sound.
    """
    path = Path(path)
    if _decoder(path) == "ffmpeg":
        return ffmpeg.info(path)
    with _quietly(path), _open(path) as file:
        return _info(path, file)


def read(path: str | Path, *, start_s: float = 0.0, duration_s: float | None = None) -> Clip:
    """Read a sound file at its own rate and with its own channels.

    Parameters
    ----------
    path : the file.
    start_s : where to begin, in seconds.
    duration_s : how much to read, in seconds; None reads to the end.

    Returns
    -------
    Clip
        float32 ``(channels, samples)``, full scale ±1; ``source`` holds the path, ``start_s`` and the file's sha256.

    Raises
    ------
    AudioError
        If the file is missing, unreadable, empty, damaged, cut short or no sound, holds no samples or NaN or infinite
        ones, or if the span reaches beyond its end.
    SettingError
        If the start is negative or the duration not positive.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> from earmark.audio.write import write
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tone.wav"
    >>> _ = write(Clip(np.zeros((2, 48000)), 16000), file)
    >>> read(file, start_s=1.0, duration_s=0.5).waveform.shape
    (2, 8000)
    """
    path = Path(path)
    _check_span(path, start_s, duration_s)
    if _decoder(path) == "ffmpeg":
        waveform, sample_rate = ffmpeg.read(path, start_s, duration_s)
    else:
        with _quietly(path), _open(path) as file:
            waveform, sample_rate = _read_span(path, file, start_s, duration_s), file.samplerate
    with path.open("rb") as opened:
        checksum = hashlib.file_digest(opened, "sha256").hexdigest()
    return Clip(waveform, sample_rate, source=Source(str(path), start_s, checksum))


def _decoder(path: Path) -> Decoder:
    try:
        if not path.exists():
            raise AudioError("no such file", remedy="Check the path and its spelling", where=path)
        if path.is_dir():
            raise AudioError("is a folder, not a sound file", remedy="Name one of the files in it", where=path)
        if not path.is_file():
            raise AudioError("is a pipe or device, not a file", remedy="Save the sound to a file first", where=path)
        if path.stat().st_size == 0:
            raise AudioError("is empty (0 bytes)", remedy=_EXPORT_AGAIN, where=path)
        decoder = decoder_for(path)
        begin = first_bytes(path, 12)
    except OSError as error:
        raise AudioError(
            f"cannot be read ({error.strerror or error})", remedy="Check its permissions and its disk", where=path
        ) from error
    if decoder is None:
        raise AudioError(f"is no sound file that earmark knows (it begins with {begin!r})", remedy=_CONVERT, where=path)
    return decoder


def _quietly(path: Path) -> AbstractContextManager[None]:
    begin = first_bytes(path, 3)
    return mpg123.quiet() if begin == b"ID3" or begin[:1] == b"\xff" else nullcontext()


def _open(path: Path) -> soundfile.SoundFile:
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise AudioError(
            "cannot be decoded: it is damaged or breaks off",
            remedy=f"{_EXPORT_AGAIN}, or convert it",
            where=path,
        ) from error
    if file.frames == 0:
        file.close()
        raise AudioError("holds no samples", remedy=_EXPORT_AGAIN, where=path)
    try:
        _check_length(path, file)
    except AudioError:
        file.close()
        raise
    return file


def _check_length(path: Path, file: soundfile.SoundFile) -> None:
    if file.frames >= _UNKNOWN_FRAMES:
        raise AudioError("does not say how long it is", remedy="Encode it again from a file, not a pipe", where=path)
    if file.format == "MP3":
        counted_s = mp3.counted_s(path)
        length_s = file.frames / file.samplerate
        if counted_s is not None and counted_s - length_s > _MP3_TOLERANCE_S:
            raise AudioError(
                f"is an MP3 of varying bit rate without a length tag: {length_s:.2f} of {counted_s:.2f} s can be read",
                remedy="Convert it to wav, flac or ogg",
                where=path,
            )


def _info(path: Path, file: soundfile.SoundFile) -> FileInfo:
    return FileInfo(path, file.frames / file.samplerate, file.samplerate, file.channels, file.format, "libsndfile")


def _read_span(path: Path, file: soundfile.SoundFile, start_s: float, duration_s: float | None) -> NDArray[np.float32]:
    rate, frames = file.samplerate, file.frames
    start = round(start_s * rate)
    stop = frames if duration_s is None else round((start_s + duration_s) * rate)
    present = truncation.fraction_present(path)
    if present is None or (present < 1.0 and file.format != "MP3"):
        # The header was already corrected to what is there; what it announced is known for some formats only.
        announced_s = None if present is None else frames / rate / present
        if duration_s is None or stop > frames:
            raise _cut_short(path, frames / rate, announced_s)
    elif present < 1.0 and (duration_s is None or stop > frames * present):
        raise _cut_short(path, frames * present / rate, frames / rate, about=True)
    if start >= frames or stop > frames:
        raise beyond_end(path, start_s, duration_s, frames / rate)
    if stop == start:
        raise SettingError(f"{duration_s:g} s at {rate} Hz hold no sample", remedy="Ask for more", where=path)
    try:
        file.seek(start)
        samples: NDArray[np.float32] = file.read(stop - start, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        decodable_s = _decodable_s(path)
        raise AudioError(
            f"cannot be decoded beyond {decodable_s:.2f} s of its {frames / rate:.2f} s: it breaks off or is damaged",
            remedy=_EXPORT_OR_PART,
            where=path,
        ) from error
    missing_s = (stop - start - len(samples)) / rate
    # Without a length tag the end was an estimate, a frame or two beyond what there is.
    estimated = file.format == "MP3" and missing_s <= _MP3_TOLERANCE_S and duration_s is None
    if missing_s > 0 and not (estimated and mp3.counted_s(path) is not None):
        raise _cut_short(path, (start + len(samples)) / rate, frames / rate)
    return samples.T


def _decodable_s(path: Path) -> float:
    """Seconds from the beginning up to where decoding fails."""
    decoded = 0
    with soundfile.SoundFile(path) as file:
        try:
            while block := len(file.read(4096, dtype="float32")):
                decoded += block
        except soundfile.LibsndfileError:
            pass  # this is the place that was looked for
        return decoded / int(file.samplerate)


def _check_span(path: Path, start_s: float, duration_s: float | None) -> None:
    if not (math.isfinite(start_s) and start_s >= 0):
        raise SettingError(f"the start {start_s:g} s is no time in a file", remedy="Give 0 or more seconds", where=path)
    if duration_s is not None and not (math.isfinite(duration_s) and duration_s > 0):
        raise SettingError(f"the duration {duration_s:g} s is not positive", remedy="Give seconds above 0", where=path)


def _cut_short(path: Path, readable_s: float, announced_s: float | None, *, about: bool = False) -> AudioError:
    of = f" of the {announced_s:.2f} s that it announces" if announced_s else ", without its last page"
    return AudioError(
        f"breaks off after {'about ' if about else ''}{readable_s:.2f} s{of}",
        remedy=_EXPORT_OR_PART,
        where=path,
    )


def beyond_end(path: Path, start_s: float, duration_s: float | None, length_s: float) -> AudioError:
    """The error for a span that is not inside a file of ``length_s`` seconds."""
    asked = f"the start {start_s:g} s" if duration_s is None else f"the span {start_s:g}–{start_s + duration_s:g} s"
    return AudioError(
        f"{asked} reaches beyond its end at {length_s:.2f} s", remedy="Choose a span inside the file", where=path
    )
