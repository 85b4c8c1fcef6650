"""Stems that the user brings as files: read at the clip's span, rate and channels, and made to sum to the clip."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.audio.read import info, read
from earmark.components.edges import SAME_LENGTH_S
from earmark.errors import AudioError, SettingError

REST = "rest"
# Of the clip's energy: lossy encodings of stems leave more than this behind, roundings to 16 bits less.
REST_DB = -60.0


def stem_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Names of stems: the files' names without suffix.

    Raises
    ------
    SettingError
        If there are none, or two are the same, or one is "rest" (the name of what the stems leave over).
    """
    names = tuple(Path(path).stem for path in paths)
    if not names:
        raise SettingError("no stem files", remedy="Give at least one", where="source")
    for name in names:
        if names.count(name) > 1 or name == REST:
            raise SettingError(
                f"two stems would be called {name!r}" if name != REST else "a stem cannot be called 'rest'",
                remedy="Rename the file: stems are called after their files, 'rest' is what they leave over",
                where=name,
            )
    return names


def checksum(path: str) -> str:
    """sha256 of a file.

    Raises
    ------
    AudioError
        If it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(str(error.strerror), remedy="Check the path of the stem", where=path) from error


def read_stem(path: str, clip: Clip) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """One stem as ``(channels, samples)`` of the clip, and what was done to make it fit.

    A stem as long as the clip belongs to it from its start; a stem as long as the file that the clip is a span of is
    read at that span.

    Raises
    ------
    AudioError
        If it is neither, by more than 50 ms.
    """
    length_s = info(path).duration_s
    if abs(length_s - clip.duration_s) <= SAME_LENGTH_S:
        stem = read(path)
    else:
        whole_s = _file_length_s(clip)
        if clip.source is None or whole_s is None or abs(length_s - whole_s) > SAME_LENGTH_S:
            raise AudioError(
                f"this stem lasts {length_s:.3f} s, the clip {clip.duration_s:.3f} s",
                remedy="Give stems of the whole file, or of exactly the span that is explained",
                where=path,
            )
        start_s = clip.source.start_s
        stem = read(path, start_s=start_s, duration_s=min(clip.duration_s, length_s - start_s))
    stem = resample(to_channels(stem, clip.channels), clip.sample_rate)
    missing = clip.samples - stem.samples
    samples = np.zeros((clip.channels, clip.samples), dtype=np.float32)
    samples[:, : stem.samples] = stem.waveform[:, : clip.samples]
    # A sample or two is the resampler's rounding; more is worth saying.
    notes = (f"{Path(path).name}: {abs(missing)} samples {'padded' if missing > 0 else 'cut'} at its end",)
    return samples, notes if abs(missing) > 2 else ()


def _file_length_s(clip: Clip) -> float | None:
    if clip.source is None or not Path(clip.source.path).is_file():
        return None
    return info(clip.source.path).duration_s


def close_sum(
    stems: NDArray[np.float32], clip: Clip, rest: bool | None
) -> tuple[NDArray[np.float32], bool, tuple[str, ...]]:
    """Layers that sum to the clip: the stems, and what they leave over.

    Parameters
    ----------
    stems : ``(J, channels, samples)``.
    rest : whether what is left over becomes a layer of its own; None: only if it is above −60 dB of the clip's energy.
        Where it does not, it joins the loudest stem, which masks it.

    Returns
    -------
    The layers, whether the last of them is the rest, and notes.
    """
    left = clip.waveform - stems.sum(axis=0, dtype=np.float64)
    energy, whole = float(np.sum(left**2)), float(np.sum(clip.waveform.astype(np.float64) ** 2))
    level = 10 * np.log10(energy / whole) if energy > 0 and whole > 0 else (np.inf if energy > 0 else -np.inf)
    if rest or (rest is None and level > REST_DB):
        note = f"the stems leave {level:.1f} dB of the clip over: added as {REST!r}"
        return np.concatenate((stems, left[None].astype(np.float32))), True, (note,)
    layers = stems.copy()
    loudest = int(np.argmax(np.square(stems, dtype=np.float64).sum(axis=(1, 2))))
    layers[loudest] += left.astype(np.float32)
    return layers, False, ()
