"""Components that are cells of a grid: segments of time × frequency bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from earmark.audio.clip import Clip
from earmark.components.band_masks import Spacing, band_edges, band_layers, check_spacing, fit_band_edges
from earmark.components.edges import time_edges
from earmark.components.layered import Layered
from earmark.components.settings import check_count, check_cut, check_positive, floats


@dataclass(frozen=True)
class Grid:
    """Cut into frequency bands, and each band into segments of time (SoundLIME's time–frequency segments, Mishra 2017).

    Component ``band * n_times + segment`` is one cell. The bands are those of ``Bands``, the cuts in time those of
    ``Time``; both keep their sums, so the cells sum to the clip.

    Parameters
    ----------
    n_times, n_bands : number of segments and of bands.
    seconds : length of a segment instead of ``n_times``.
    spacing, low_hz, high_hz : as in ``Bands``.
    fill : registered name of what takes the place of what is off.
    fade_s : length of the cross-fade centred at each cut in time, in seconds.
    edges_s, edges_hz : all edges, in seconds and in Hz, instead.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> clip = Clip(np.random.default_rng(0).standard_normal(16000) / 10, 16000)
    >>> cut = Grid(n_times=2, n_bands=2, spacing="octave", low_hz=125).build(clip)
    >>> cut.n, cut.table[1].label
    (4, '0–1 kHz, 0.5–1.0 s')
    """

    name: ClassVar[str] = "grid"

    n_times: int = 4
    n_bands: int = 4
    seconds: float | None = None
    spacing: Spacing = "mel"
    low_hz: float | None = None
    high_hz: float | None = None
    fill: str = "silence"
    fade_s: float = 0.008
    edges_s: tuple[float, ...] | None = None
    edges_hz: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_count(self.n_times, "n_times")
        check_count(self.n_bands, "n_bands")
        check_positive(self.seconds, "seconds", unit="seconds")
        check_spacing(self.spacing, self.low_hz, self.high_hz)
        check_cut(self.fill, self.fade_s)
        object.__setattr__(self, "edges_s", floats(self.edges_s, "edges_s"))
        object.__setattr__(self, "edges_hz", floats(self.edges_hz, "edges_hz"))

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip; ``snap_s``: times in seconds to which cuts in time move, see ``edges.snap``."""
        times = time_edges(
            clip, n=self.n_times, seconds=self.seconds, edges_s=self.edges_s, snap_s=snap_s, fade_s=self.fade_s
        )
        if self.edges_hz is None:
            bands = band_edges(clip, n=self.n_bands, spacing=self.spacing, low_hz=self.low_hz, high_hz=self.high_hz)
        else:
            bands = fit_band_edges(self.edges_hz, clip)
        layers, parts = band_layers(clip, bands)
        how = replace(self, n_times=len(times) - 1, n_bands=len(bands) - 1, edges_s=times, edges_hz=bands)
        return Layered(how, clip, layers, parts, edges_s=times, fade_s=self.fade_s, fill=self.fill, seed=seed)
