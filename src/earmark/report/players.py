"""The sound inside the page: original, kept and removed, as data: URIs that a browser plays without asking anyone."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs
from earmark.audio.write import encode
from earmark.errors import SettingError
from earmark.listen.loudness import shared_lufs
from earmark.listen.render import Listening

AUDIO_FORMATS = ("auto", "flac", "mp3", "wav")
"""What a page can hold. Vorbis is not among them: browsers decode it to another length, and versions would drift."""

_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg", "wav": "audio/wav"}
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_KEYS = {"original": "A", "kept": "B", "removed": "N"}
_LOSSLESS_UP_TO = 4_000_000


@dataclass(frozen=True)
class Player:
    """One version of the clip in the page.

    Parameters
    ----------
    id : "original", "kept" or "removed"; of further masks "kept-1", "removed-1", …
    role : "original", "kept" or "removed".
    key : the key that chooses it.
    title, meaning : for people.
    uri : data: URI.
    duration_s : seconds.
    lufs : integrated loudness in LUFS, −inf when silent.
    mask : number of the mask it was made by; 0 for the first and for the original.
    match_db : gain in dB that brings it to the loudness that all versions can share without clipping.
    """

    id: str
    role: str
    mask: int
    key: str
    title: str
    meaning: str
    uri: str
    duration_s: float
    lufs: float
    match_db: float

    @property
    def loudness(self) -> str:
        """``−14.2 LUFS``, or "silent"."""
        return "silent" if math.isinf(self.lufs) else f"{self.lufs:.1f} LUFS".replace("-", "−")


def players_of(
    listening: Listening,
    audio_format: str = "auto",
    kept: str | None = None,
    *,
    others: Sequence[tuple[str, str, Listening]] = (),
) -> tuple[tuple[Player, ...], str]:
    """The versions (original, then kept and removed of each mask), and the format that was chosen.

    ``auto`` is lossless FLAC while the versions together have less than 4 MB of 24-bit samples, then MP3 where it
    can hold the clip's rate and channels, and else FLAC. ``kept`` says what the kept version is; ``others``
    are further masks of the same clip at the same gain: name, what the kept version is, and how it sounds.

    Raises
    ------
    SettingError
        For another format than ``AUDIO_FORMATS``.
    AudioError
        If the format cannot hold the clip.
    """
    _check_format(audio_format)
    clip = listening.original
    chosen = _automatic(clip, 3 + 2 * len(others)) if audio_format == "auto" else audio_format
    versions = [("original", 0, "Original", "The whole clip", listening.original, listening.original_lufs)]
    pairs = [("", kept or f"What raises {listening.label}", listening), *others]
    for number, (name, meaning, heard) in enumerate(pairs):
        by = f" by {name}" if name else ""
        versions.append(("kept", number, f"Kept{by}", meaning, heard.kept, heard.kept_lufs))
        versions.append(("removed", number, f"Removed{by}", "Everything else", heard.removed, heard.removed_lufs))
    shared = shared_lufs([(sound, lufs) for *_, sound, lufs in versions])
    return tuple(
        Player(
            id=f"{role}-{number}" if number else role,
            role=role,
            mask=number,
            key=_KEYS[role],
            title=title,
            meaning=meaning,
            uri=audio_uri(sound, chosen),
            duration_s=sound.duration_s,
            lufs=lufs,
            match_db=0.0 if math.isinf(lufs) else shared - lufs,
        )
        for role, number, title, meaning, sound, lufs in versions
    ), chosen


def original_player(clip: Clip, audio_format: str = "auto") -> tuple[tuple[Player, ...], str]:
    """The sound as it is, alone, and the format that was chosen; raises as ``players_of``.

    What exceeds full scale is brought down to it.
    """
    _check_format(audio_format)
    peak = float(np.abs(clip.waveform).max())
    sound = clip if peak <= 1 else replace(clip, waveform=clip.waveform * np.float32((1 - 1e-6) / peak))
    chosen = _automatic(sound, 1) if audio_format == "auto" else audio_format
    uri, lufs = audio_uri(sound, chosen), integrated_lufs(sound)
    player = Player(
        "original", "original", 0, _KEYS["original"], "Original", "The whole clip", uri, sound.duration_s, lufs, 0.0
    )
    return (player,), chosen


def audio_uri(sound: Clip, audio_format: str) -> str:
    """A clip as a data: URI in a format that a page can hold ("flac", "mp3", "wav").

    Raises
    ------
    AudioError
        If the format cannot hold the clip.
    """
    return data_uri(encode(sound, audio_format), _TYPES[audio_format])


def compressed_uri(sound: Clip) -> str:
    """A clip as a data: URI, small: MP3 where that can hold its rate and channels, else FLAC."""
    return audio_uri(sound, "mp3" if _fits_mp3(sound) else "flac")


def data_uri(data: bytes, kind: str) -> str:
    """Bytes as a data: URI of that MIME type.

    Examples
    --------
    >>> data_uri(b"hi", "text/plain")
    'data:text/plain;base64,aGk='
    """
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _check_format(audio_format: str) -> None:
    if audio_format not in AUDIO_FORMATS:
        raise SettingError(
            f"{audio_format!r} cannot be embedded in a report",
            remedy=f"Choose one of {', '.join(AUDIO_FORMATS)}",
            where="audio_format",
        )


def _automatic(clip: Clip, versions: int) -> str:
    if versions * 3 * clip.samples * clip.channels <= _LOSSLESS_UP_TO:
        return "flac"
    return "mp3" if _fits_mp3(clip) else "flac"


def _fits_mp3(clip: Clip) -> bool:
    return clip.sample_rate in _MP3_RATES and clip.channels <= 2
