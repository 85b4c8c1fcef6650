"""Names, units and groups of the descriptors, and the sets of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from earmark.errors import UnknownNameError

Group = Literal["timbre", "harmony", "rhythm"]
DESCRIPTOR_SETS = ("reference-85", "reference-89", "reference-89-centroid", "full")
# Sharps are written with an s, because # starts a comment in too many places.
_PITCHES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")
_MOMENTS = ("mean", "std")
_SHAPE = ("mean", "std", "p10", "p90")


@dataclass(frozen=True)
class Block:
    """Descriptors that are made together: rows over frames and their statistics, or one number a clip.

    Parameters
    ----------
    key : what they are made of, see ``earmark.features.descriptors.describe``.
    rows : a name for each row.
    stats : "mean", "std" (population), "p10", "p90" (percentiles) over the frames; empty for one number a clip.
    unit, group : of all of them.
    """

    key: str
    rows: tuple[str, ...]
    stats: tuple[str, ...]
    unit: str
    group: Group

    @property
    def names(self) -> tuple[str, ...]:
        """All rows for the first statistic, then for the next."""
        return tuple(f"{row}_{stat}" for stat in self.stats for row in self.rows) if self.stats else self.rows


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{n:02d}" for n in range(1, count + 1))


_MFCC = _numbered("mfcc", 30)
_CHROMA = tuple(f"chroma_{pitch}" for pitch in _PITCHES)
_TEMPO = Block("tempo", ("tempo_bpm",), (), "BPM", "rhythm")
_85 = (
    Block("mfcc", _MFCC, _MOMENTS, "dB", "timbre"),
    Block("chroma", _CHROMA, _MOMENTS, "1", "harmony"),
    _TEMPO,
)
_ZCR = Block("zero_crossing_rate", ("zero_crossing_rate",), _MOMENTS, "1/sample", "timbre")
_ROLLOFF = Block("rolloff", ("rolloff_85_hz",), _MOMENTS, "Hz", "timbre")
_CENTROID = Block("centroid", ("centroid_hz",), _MOMENTS, "Hz", "timbre")
# For ``earmark list``.
SUMMARIES = {
    "reference-85": "mean and deviation of 30 MFCC and 12 chroma, and the tempo",
    "reference-89": "reference-85 and zero-crossing rate and roll-off",
    "reference-89-centroid": "reference-85 and zero-crossing rate and centroid",
    "full": "these and mel bands, deltas, contrast, key, tonal centroid, loudness range, onsets … (413)",
}
_SETS: dict[str, tuple[Block, ...]] = {
    "reference-85": _85,
    "reference-89": (*_85, _ZCR, _ROLLOFF),
    "reference-89-centroid": (*_85, _ZCR, _CENTROID),
    "full": (
        Block("mfcc", _MFCC, _SHAPE, "dB", "timbre"),
        Block("mfcc_delta", _numbered("mfcc_delta", 30), ("std",), "dB/frame", "timbre"),
        Block("mel", _numbered("mel", 40), _SHAPE, "dB", "timbre"),
        Block("zero_crossing_rate", ("zero_crossing_rate",), _SHAPE, "1/sample", "timbre"),
        Block("rolloff", ("rolloff_85_hz",), _SHAPE, "Hz", "timbre"),
        Block("centroid", ("centroid_hz",), _SHAPE, "Hz", "timbre"),
        Block("bandwidth", ("bandwidth_hz",), _SHAPE, "Hz", "timbre"),
        Block("flatness", ("flatness",), _SHAPE, "1", "timbre"),
        Block("contrast", _numbered("contrast", 7), _SHAPE, "dB", "timbre"),
        Block("flux", ("flux_db",), _SHAPE, "dB", "timbre"),
        Block("level", ("level_db",), _SHAPE, "dB", "timbre"),
        Block("loudness_range", ("loudness_range_lu",), (), "LU", "timbre"),
        Block("chroma", _CHROMA, _MOMENTS, "1", "harmony"),
        Block("tonnetz", _numbered("tonnetz", 6), _MOMENTS, "1", "harmony"),
        Block("key_major", ("key_major_strength",), (), "1", "harmony"),
        Block("key_minor", ("key_minor_strength",), (), "1", "harmony"),
        Block("harmonic_ratio", ("harmonic_ratio",), (), "1", "harmony"),
        _TEMPO,
        Block("onset", ("onset_strength_db",), _SHAPE, "dB", "rhythm"),
        Block("onset_rate", ("onset_rate_hz",), (), "1/s", "rhythm"),
        Block("pulse", ("pulse_clarity",), (), "1", "rhythm"),
    ),
}


def blocks(set_name: str) -> tuple[Block, ...]:
    """What a set consists of, in order.

    Raises
    ------
    UnknownNameError
        If there is no such set.
    """
    if set_name not in _SETS:
        raise UnknownNameError("set of descriptors", set_name, DESCRIPTOR_SETS)
    return _SETS[set_name]


def descriptor_names(set_name: str) -> tuple[str, ...]:
    """Names of the columns of a set, in order.

    Raises
    ------
    UnknownNameError
        If there is no such set.

    Examples
    --------
    >>> len(descriptor_names("reference-85")), descriptor_names("reference-89")[-5:]
    (85, ('tempo_bpm', 'zero_crossing_rate_mean', 'zero_crossing_rate_std', 'rolloff_85_hz_mean', 'rolloff_85_hz_std'))
    """
    return tuple(name for block in blocks(set_name) for name in block.names)


def descriptor_group(name: str) -> Group:
    """What a descriptor describes: "timbre", "harmony" or "rhythm".

    Raises
    ------
    UnknownNameError
        If there is no such descriptor.

    Examples
    --------
    >>> descriptor_group("mfcc_03_mean"), descriptor_group("chroma_Cs_std"), descriptor_group("tempo_bpm")
    ('timbre', 'harmony', 'rhythm')
    """
    return _block_of(name).group


def descriptor_unit(name: str) -> str:
    """Its unit: "Hz", "dB", "BPM", …; "1" for a ratio.

    Raises
    ------
    UnknownNameError
        If there is no such descriptor.
    """
    return _block_of(name).unit


def _block_of(name: str) -> Block:
    known = _known()
    if name not in known:
        raise UnknownNameError("descriptor", name, known)
    return known[name]


@cache
def _known() -> dict[str, Block]:
    return {name: block for set_name in DESCRIPTOR_SETS for block in blocks(set_name) for name in block.names}
