"""The sound of an item: its part of its file."""

from __future__ import annotations

from dataclasses import replace

from earmark.audio.clip import Clip
from earmark.audio.read import info, read
from earmark.data.dataset import Item
from earmark.errors import AudioError


def read_item(item: Item) -> Clip:
    """The sound that is meant, at its own rate and with its own channels, with its lyrics where it has any.

    Parameters
    ----------
    item : of a data set.

    Returns
    -------
    Clip
        float32 ``(channels, samples)`` from ``start_s`` to ``end_s``. An end that lies beyond the file by rounding
        alone (under 50 ms) is the file's end.

    Raises
    ------
    AudioError
        If the file is missing, unreadable, damaged, silent about its length, or shorter than the part; if there are
        words alone.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> from earmark.audio.write import write
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tone.wav"
    >>> _ = write(Clip(np.zeros((1, 32000)), 16000), file)
    >>> read_item(Item(file, "tone", start_s=0.5, end_s=1.5)).duration_s
    1.0
    """
    if item.row:
        raise AudioError(
            "is a row of descriptors, there is no sound",
            remedy="Use a model of descriptors, such as logreg",
            where=item.path,
        )
    if not item.sound:
        raise AudioError(
            "is words alone, there is no sound",
            remedy="Use a model of text, such as tfidf or sentence",
            where=item.path,
        )
    start_s = item.start_s if item.start_s is not None else 0.0
    end_s = item.end_s
    if end_s is not None:
        length_s = info(item.path).duration_s
        if length_s < end_s <= length_s + 0.05:
            end_s = None
    clip = read(item.path, start_s=start_s, duration_s=None if end_s is None else end_s - start_s)
    return clip if item.lyrics is None else replace(clip, lyrics=item.lyrics)
