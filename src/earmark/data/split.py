"""Who learns, who chooses, who judges: a split of a data set into training, validation and test items."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """Places of items in a data set; no item is in two of them.

    Parameters
    ----------
    name : how it was made, for cards and tables, e.g. "by track, seed 0".
    train, validation, test : places of items in the data set, ascending. The test items are opened by ``assess`` alone.
    group : what no two of the three share: "track", "artist", "duplicates" or, for a leaky split, "nothing".
    dataset : fingerprint of the data set that the places are places in.
    """

    name: str
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    group: str
    dataset: str

    @property
    def leaky(self) -> bool:
        """Whether parts of one recording may be both learnt from and judged."""
        return self.group == "nothing"

    @property
    def fingerprint(self) -> str:
        """sha256 over the places and the data set."""
        what = [self.dataset, self.train, self.validation, self.test]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()
