"""What is known of a sound file before its samples are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileInfo:
    """A sound file as its header describes it.

    Parameters
    ----------
    path : the file.
    duration_s : length in seconds; for a file that breaks off, of what is there (wav, aiff, au, ogg) or of what was
        announced (mp3).
    sample_rate : Hz.
    channels : number of channels.
    format : container or codec, in the decoder's words ("WAV", "MP3", "aac", …).
    decoder : "libsndfile" or "ffmpeg" (through PyAV).
    """

    path: Path
    duration_s: float
    sample_rate: int
    channels: int
    format: str
    decoder: str
