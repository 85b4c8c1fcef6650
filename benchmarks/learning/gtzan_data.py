"""GTZAN as features: descriptors of clips, tags of slices, published lists, artists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.data.gtzan import read_artists
from earmark.data.tables import read_table

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "gtzan"
LISTS = ("train", "valid", "test")
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of numbers ``(N, F)``, the genre of each, the clip that it belongs to and that clip's artist."""

    values: Floats
    genres: NDArray[np.str_]
    clips: NDArray[np.str_]
    artists: NDArray[np.str_]

    def of(self, places: Sequence[int] | NDArray[np.intp]) -> Rows:
        """Those rows."""
        return Rows(self.values[places], self.genres[places], self.clips[places], self.artists[places])

    def in_lists(self, *names: str) -> Rows:
        """The rows of the clips in published fault-filtered lists ("train", "valid", "test"; Kereliuk et al. 2015)."""
        wanted = {
            Path(line.strip()).stem
            for name in names
            for line in (FOLDER / f"{name}_filtered.txt").open()
            if line.strip()
        }
        return self.of(np.flatnonzero(np.isin(self.clips, sorted(wanted))))


def descriptors() -> Rows:
    """1000 clips × 89 columns."""
    table = read_table(FOLDER / "descriptors_89.csv")
    numbers = [column for column in table.columns if column.startswith(("mfcc", "chroma", "tempo", "zcr", "rolloff"))]
    clips = np.array([Path(row["file"]).stem for row in table.rows])
    values = np.array([[float(row[column]) for column in numbers] for row in table.rows])
    return _rows(values, clips)


def tags(name: str) -> Rows:
    """Probabilities of 50 tags of each 3 s slice; "training" or "evaluation"."""
    file = np.load(FOLDER / f"{name}_data_GTZAN_MSDmusicnn_taggram.npz", allow_pickle=False)
    clips = np.array([Path(str(clip)).stem for clip in file["IDS"]])
    return _rows(file["X"].astype(np.float64), clips)


def _rows(values: Floats, clips: NDArray[np.str_]) -> Rows:
    known = read_artists(FOLDER / "GTZANindex_sturm.txt")
    genres = np.array([clip.split(".")[0] for clip in clips])
    # A clip whose artist nobody has named stands for itself.
    return Rows(values, genres, clips, np.array([known.get(clip, clip) for clip in clips]))
