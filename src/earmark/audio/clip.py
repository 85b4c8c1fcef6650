"""The clip: a piece of sound as everything in earmark passes it on.

Conventions: waveforms are float32 of shape ``(channels, samples)``, full scale is ±1, times are seconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import AudioError, SettingError


@dataclass(frozen=True)
class Source:
    """Where a clip was read from.

    Parameters
    ----------
    path : the file as the user named it.
    start_s : where in the file the clip begins, in seconds.
    file_sha256 : checksum of the whole file's bytes, or "" where there is no file.
    """

    path: str
    start_s: float = 0.0
    file_sha256: str = ""


@dataclass(frozen=True, eq=False)
class Clip:
    """A sound: waveform, rate, and where it came from. Never resampled or downmixed behind your back.

    Parameters
    ----------
    waveform : float32, shape ``(channels, samples)``; a 1-D array is taken as mono. Copied and made read-only.
    sample_rate : samples per second, in Hz.
    lyrics : the words that belong to the sound, if any.
    source : where it was read from, if anywhere.

    Raises
    ------
    AudioError
        If the waveform is empty, has more than two dimensions, or holds NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> clip = Clip(np.zeros(8000, dtype=np.float32), 16000)
    >>> clip.channels, clip.duration_s
    (1, 0.5)
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    lyrics: str | None = None
    source: Source | None = None

    def __post_init__(self) -> None:
        where = self.source.path if self.source else "waveform"
        array = _as_waveform(self.waveform, where)
        if int(self.sample_rate) != self.sample_rate or self.sample_rate < 1:
            raise SettingError(
                f"sample rate {self.sample_rate!r} Hz is no positive whole number", remedy="Give it in Hz", where=where
            )
        object.__setattr__(self, "waveform", array)
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.waveform.shape[0])

    @property
    def samples(self) -> int:
        """Number of samples per channel."""
        return int(self.waveform.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate

    @property
    def name(self) -> str:
        """A short name for headings: the file's name, or "clip"."""
        return self.source.path.replace("\\", "/").rsplit("/", 1)[-1] if self.source else "clip"

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over rate, shape and samples: equal exactly when the sound is equal."""
        digest = hashlib.sha256(f"{self.sample_rate} {self.waveform.shape}".encode())
        digest.update(np.ascontiguousarray(self.waveform).tobytes())
        return digest.hexdigest()

    def span(self, start_s: float, end_s: float) -> Clip:
        """The part between two times, in seconds from the beginning of the clip.

        Raises
        ------
        SettingError
            If the span is empty or reaches beyond the clip.
        """
        start, stop = round(start_s * self.sample_rate), round(end_s * self.sample_rate)
        if not 0 <= start < stop <= self.samples:
            raise SettingError(
                f"the span {start_s:g}–{end_s:g} s is not inside the clip's 0–{self.duration_s:g} s",
                remedy="Choose a start before the end, both inside",
                where=self.name,
            )
        source = replace(self.source, start_s=self.source.start_s + start_s) if self.source else None
        return replace(self, waveform=self.waveform[:, start:stop], source=source)


def _as_waveform(values: ArrayLike, where: str) -> NDArray[np.float32]:
    array = np.array(values, dtype=np.float32, order="C", copy=True)
    if array.ndim == 1:
        array = array[np.newaxis, :]
    if array.ndim != 2:
        raise AudioError(f"a waveform of {array.ndim} dimensions", remedy="Give it as (channels, samples)", where=where)
    if array.size == 0:
        raise AudioError("no samples in it", remedy="Give a sound of at least one sample", where=where)
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        raise AudioError(f"{bad} samples are NaN or infinite", remedy="Repair the file and try again", where=where)
    array.flags.writeable = False
    return array
