"""Components that are segments of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.cut_clip import Cut
from earmark.components.edges import time_edges
from earmark.components.layered import Layered
from earmark.components.settings import check_count, check_cut, check_positive, floats


@dataclass(frozen=True)
class Time:
    """Cut into segments of time, with short cross-fades so that clicks are no evidence (SoundLIME, Mishra 2017).

    Parameters
    ----------
    n : number of equally long segments.
    seconds : length of a segment instead; a remainder shorter than half of it joins the last one.
    fill : registered name of what takes the place of what is off.
    fade_s : length of the cross-fade centred at each cut, in seconds.
    edges_s : all edges in seconds, from 0 to the end, instead of n or seconds; not snapped.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> clip = Clip(np.ones(16000), 16000)
    >>> cut = Time(n=2).build(clip)
    >>> [c.label for c in cut.table], cut.render(np.array([[1, 0]]))[0, 0, ::4000].tolist()
    (['0.0–0.5 s', '0.5–1.0 s'], [1.0, 1.0, 0.493..., 0.0])
    """

    name: ClassVar[str] = "time"

    n: int = 10
    seconds: float | None = None
    fill: str = "silence"
    fade_s: float = 0.008
    edges_s: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_count(self.n, "n")
        check_positive(self.seconds, "seconds", unit="seconds")
        check_cut(self.fill, self.fade_s)
        object.__setattr__(self, "edges_s", floats(self.edges_s, "edges_s"))

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip; ``snap_s``: times in seconds to which cuts move, see ``edges.snap``."""
        edges = time_edges(
            clip, n=self.n, seconds=self.seconds, edges_s=self.edges_s, snap_s=snap_s, fade_s=self.fade_s
        )
        return segments_of(replace(self, n=len(edges) - 1, edges_s=edges), clip, edges, self.fade_s, self.fill, seed)


def segments_of(how: Cut, clip: Clip, edges_s: Sequence[float], fade_s: float, fill: str, seed: int) -> Layered:
    """A clip cut in time only, at edges in seconds."""
    layers = torch.from_numpy(clip.waveform.copy())[None]
    return Layered(how, clip, layers, (Component(),), edges_s=edges_s, fade_s=fade_s, fill=fill, seed=seed)
