"""What published tables call descriptors, in earmark's names."""

from __future__ import annotations

import re
from functools import cache

from earmark.features.descriptors.names import DESCRIPTOR_SETS, descriptor_names

_PITCHES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")
_ALIASES = {"tempo": "tempo_bpm", "zcr": "zero_crossing_rate", "rolloff": "rolloff_85_hz", "centroid": "centroid_hz"}


def descriptor_called(column: str) -> str:
    """The descriptor that a column is, whatever its case and its usual short forms; the column itself if it is none.

    Examples
    --------
    >>> [descriptor_called(c) for c in ("mfcc03_mean", "chroma02_std", "tempo", "zcr_mean", "CHROMA_FS_MEAN", "age")]
    ['mfcc_03_mean', 'chroma_Cs_std', 'tempo_bpm', 'zero_crossing_rate_mean', 'chroma_Fs_mean', 'age']
    """
    known = _known()
    if column.casefold() in known:
        return known[column.casefold()]
    found = re.fullmatch(r"([a-z]+?)_?(\d{1,2})?(_(?:mean|std))?", column.casefold())
    if found is None:
        return column
    word, number, stat = found[1], found[2], found[3] or ""
    if word == "chroma" and number is not None and 1 <= int(number) <= 12:
        name = f"chroma_{_PITCHES[int(number) - 1]}{stat}"
    elif word == "mfcc" and number is not None:
        name = f"mfcc_{int(number):02d}{stat}"
    else:
        name = f"{_ALIASES.get(word, word)}{stat}" if number is None else column
    return known.get(name.casefold(), column)


@cache
def _known() -> dict[str, str]:
    return {name.casefold(): name for each in DESCRIPTOR_SETS for name in descriptor_names(each)}
