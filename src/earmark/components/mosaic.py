"""Components that each cover a part of the time, by masks on the complex STFT that sum to one.

Each component is a snippet of sound with a start. A span is rendered piece by piece between the snippets' ends, as
the product of the masks and of those snippets that sound there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.cut_clip import Cut, CutClip, mix_into


class Mosaic(CutClip):
    """Components that are snippets of sound which sum to the clip (minus what is heard where all are off).

    Parameters
    ----------
    how, clip, seed : as in ``Layered``.
    starts : first sample of each snippet.
    snippets : what each component adds to the clip: ``(channels, samples)`` each.
    table : what each component is.
    off : what is heard where all are off, ``(channels, samples)``; None for silence.
    least_s : a component overlaps a span where it has more than half of this of it, in seconds.
    """

    def __init__(
        self,
        how: Cut,
        clip: Clip,
        starts: Sequence[int],
        snippets: Sequence[Tensor],
        table: Sequence[Component],
        *,
        off: Tensor | None,
        least_s: float,
        seed: int = 0,
    ) -> None:
        super().__init__(how, clip, table, linear=off is None, least_s=least_s, seed=seed)
        self._snippets = tuple(snippets)
        self._starts = np.asarray(starts)
        self._stops = self._starts + np.array([snippet.shape[-1] for snippet in snippets])
        self._off = off

    def mix(self, masks: Tensor, start: int, stop: int, out: Tensor) -> None:
        """See ``CutClip.mix``."""
        borders = np.unique(np.clip(np.concatenate(([start, stop], self._starts, self._stops)), start, stop))
        for low, high in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
            heard = np.flatnonzero((self._starts <= low) & (self._stops >= high))
            sound = out[:, :, low - start : high - start]
            if len(heard) == 0:
                sound.zero_()
                continue
            offsets = self._starts[heard]
            parts = [self._snippets[i][:, low - o : high - o] for i, o in zip(heard, offsets, strict=True)]
            mix_into(sound, masks[:, torch.from_numpy(heard)], torch.stack(parts))
        if self._off is not None:
            out += self._off[:, start:stop]
