"""Memory for batches of sound that is used again.

Ten seconds of sound are a megabyte. To ask the system for it anew with every batch costs a page fault every 4 kB, about
as long as it takes to write the sound.
"""

from __future__ import annotations

import math
import sys

import numpy as np
import torch
from torch import Tensor


class Memory:
    """Rows to write into, handed out again as soon as nobody holds on to those handed out before.

    A classifier may keep the batch that it was given, or a view of it: then the next batch gets memory of its own. One
    thread at a time.

    Examples
    --------
    >>> memory = Memory()
    >>> first = memory.rows((2, 1, 3)).zero_()
    >>> kept = first[0]
    >>> del first
    >>> memory.rows((2, 1, 3)).fill_(1.0).sum(), kept.sum()
    (tensor(6.), tensor(0.))
    """

    def __init__(self) -> None:
        self._block = np.empty(0, dtype=np.float32)
        self._alone = sys.getrefcount(self._block)

    def rows(self, shape: tuple[int, ...]) -> Tensor:
        """A float32 tensor on the CPU, holding anything."""
        size = math.prod(shape)
        # Every tensor on this block, every view of one and every array made of one holds a reference to it.
        if size > len(self._block) or sys.getrefcount(self._block) > self._alone:
            self._block = np.empty(size, dtype=np.float32)
        return torch.from_numpy(self._block[:size]).view(shape)
