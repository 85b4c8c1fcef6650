"""The sounds of a data set as front ends and descriptors take them: mono, at one rate."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.audio.convert import resample, to_channels
from earmark.audio.read import info, read
from earmark.errors import AudioError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset, Item

_ROUNDING_S = 0.05


class Watch(Protocol):
    """Progress out, cancellation in: ``earmark.explain.game.Watch`` is one."""

    planned: int

    def before_batch(self) -> None:
        """Raise ``CancelledError`` if the user wants to stop."""
        ...

    def after_batch(self, rows: int) -> None:
        """Count ``rows`` more and report."""
        ...


def mono_sound(item: Item, sample_rate: int) -> NDArray[np.float32]:
    """The sound of an item, ``(samples,)``: the mean of its channels, resampled (soxr HQ) to ``sample_rate`` in Hz.

    Raises
    ------
    AudioError
        If the file cannot be read, or ends before the item does (by more than 50 ms, which is rounding).
    """
    start_s = item.start_s or 0.0
    length_s = None
    if item.end_s is not None:
        whole_s = info(item.path).duration_s
        beyond = whole_s < item.end_s <= whole_s + _ROUNDING_S
        length_s = None if beyond else item.end_s - start_s
    clip = read(item.path, start_s=start_s, duration_s=length_s)
    sound: NDArray[np.float32] = resample(to_channels(clip, 1), sample_rate).waveform[0]
    return sound


def files_fingerprint(dataset: Dataset) -> str:
    """sha256 over what the items are and the size and time of each file: changes when a sound may have changed.

    Raises
    ------
    AudioError
        If a file is missing.
    """
    facts: list[object] = [dataset.fingerprint]
    for item in dataset.items:
        try:
            stat = item.path.stat()
        except OSError as error:
            raise AudioError(
                f"cannot be opened ({error.strerror})", remedy="Check the path, or leave it out", where=item.path
            ) from error
        facts.append([stat.st_size, stat.st_mtime_ns])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
