"""Cut the items of a data set into slices of one length."""

from __future__ import annotations

import math
from dataclasses import replace

from earmark.audio.read import info
from earmark.data.dataset import Dataset, Item
from earmark.errors import DatasetError, SettingError


def slices_of(dataset: Dataset, *, slice_s: float, hop_s: float | None = None) -> Dataset:
    """The data set of slices: parts of the items, with their labels, tracks and artists.

    Parameters
    ----------
    dataset : the items.
    slice_s : length in seconds; what is left over at the end of an item is in no slice.
    hop_s : from the start of one slice to that of the next, in seconds; one length by default.

    Raises
    ------
    SettingError
        If a length is not positive.
    DatasetError
        If every item is shorter than a slice.
    AudioError
        If a file cannot be opened.
    """
    if dataset.columns:
        raise SettingError(
            "is a table of descriptors, which cannot be cut into slices", remedy="Give the sounds", where=dataset.name
        )
    hop = slice_s if hop_s is None else hop_s
    for name, value in (("slice_s", slice_s), ("hop_s", hop)):
        if not (math.isfinite(value) and value > 0):
            raise SettingError(f"{value:g} s is no length", remedy="Give seconds above 0", where=name)
    slices = [part for item in dataset.items for part in _slices(item, slice_s, hop)]
    if not slices:
        raise DatasetError(
            f"every item is shorter than a slice of {slice_s:g} s", remedy="Take shorter slices", where=dataset.name
        )
    return replace(dataset, name=f"{dataset.name}, slices of {slice_s:g} s", items=tuple(slices))


def _slices(item: Item, slice_s: float, hop_s: float) -> list[Item]:
    begin = item.start_s or 0.0
    end = item.end_s if item.end_s is not None else info(item.path).duration_s
    # A thousandth of a slice of rounding in the published times is no reason to lose one.
    number = max(0, math.floor((end - begin - slice_s) / hop_s + 1e-3) + 1)
    starts = [begin + index * hop_s for index in range(number)]
    return [replace(item, start_s=start, end_s=min(start + slice_s, end)) for start in starts]
