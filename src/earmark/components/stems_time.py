"""Components that are stems × segments of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from earmark.audio.clip import Clip
from earmark.components.edges import time_edges
from earmark.components.layered import Layered
from earmark.components.settings import check_count, check_cut, check_positive, floats
from earmark.components.stem_layers import check_source, stem_layers


@dataclass(frozen=True)
class StemsTime:
    """Cut into stems, and each stem into segments of time (audioLIME, Haunschmid et al. 2020: 4 stems × 10 segments).

    Component ``stem * n + segment`` is one stem during one segment.

    Parameters
    ----------
    source, rest, checksums, weights : as in ``Stems``.
    n, seconds, fade_s, edges_s : as in ``Time``.
    fill : registered name of what takes the place of what is off.

    Raises
    ------
    SettingError, UnknownNameError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> clip = Clip(np.sin(np.arange(8000) / 5) / 2, 16000)
    >>> StemsTime(n=2).build(clip).table[2].label
    'percussive, 0.0–0.2 s'
    """

    name: ClassVar[str] = "stems_time"

    source: str | tuple[str, ...] = "hpss"
    n: int = 10
    seconds: float | None = None
    fill: str = "silence"
    fade_s: float = 0.008
    edges_s: tuple[float, ...] | None = None
    rest: bool | None = None
    checksums: tuple[str, ...] | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", check_source(self.source, self.weights))
        object.__setattr__(self, "checksums", None if self.checksums is None else tuple(self.checksums))
        object.__setattr__(self, "edges_s", floats(self.edges_s, "edges_s"))
        check_count(self.n, "n")
        check_positive(self.seconds, "seconds", unit="seconds")
        check_cut(self.fill, self.fade_s)

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip; ``snap_s``: times in seconds to which cuts move, see ``edges.snap``.

        Raises
        ------
        AudioError
            If a stem file cannot be read or does not belong to the clip.
        """
        edges = time_edges(
            clip, n=self.n, seconds=self.seconds, edges_s=self.edges_s, snap_s=snap_s, fade_s=self.fade_s
        )
        stems = stem_layers(self.source, clip, weights=self.weights, rest=self.rest, checksums=self.checksums)
        how = replace(self, n=len(edges) - 1, edges_s=edges, rest=stems.rest, checksums=stems.checksums)
        return Layered(
            how, clip, stems.layers, stems.parts, edges_s=edges, fade_s=self.fade_s, fill=self.fill, seed=seed,
            notes=stems.notes,
        )  # fmt: skip
