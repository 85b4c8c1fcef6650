"""Components that are frequency bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from earmark.audio.clip import Clip
from earmark.components.band_masks import Spacing, band_edges, band_layers, check_spacing, fit_band_edges
from earmark.components.layered import Layered
from earmark.components.settings import check_count, check_cut, floats


@dataclass(frozen=True)
class Bands:
    """Cut into frequency bands by smooth masks on the complex STFT that sum to one.

    Parameters
    ----------
    n : number of bands.
    spacing : "mel" (equal steps of mel) or "octave" (equal steps of octaves: a constant ratio).
    low_hz, high_hz : range that is divided; by default from 0 Hz ("octave": 62.5 Hz) to the Nyquist frequency. The
        outermost bands reach on to 0 Hz and to the Nyquist frequency, so that nothing is left over.
    fill : registered name of what takes the place of what is off.
    edges_hz : all n + 1 edges in Hz, from 0 to the Nyquist frequency, instead. On a clip of a higher rate the top band
        reaches up to that clip's own Nyquist frequency.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> clip = Clip(np.random.default_rng(0).standard_normal(16000) / 10, 16000)
    >>> [c.label for c in Bands(n=3, spacing="octave", low_hz=125).build(clip).table]
    ['0–500 Hz', '0.5–2 kHz', '2–8 kHz']
    """

    name: ClassVar[str] = "bands"

    n: int = 8
    spacing: Spacing = "mel"
    low_hz: float | None = None
    high_hz: float | None = None
    fill: str = "silence"
    edges_hz: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_count(self.n, "n")
        check_spacing(self.spacing, self.low_hz, self.high_hz)
        check_cut(self.fill)
        object.__setattr__(self, "edges_hz", floats(self.edges_hz, "edges_hz"))

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip. Bands have no cuts in time: ``snap_s`` changes nothing."""
        if self.edges_hz is None:
            edges = band_edges(clip, n=self.n, spacing=self.spacing, low_hz=self.low_hz, high_hz=self.high_hz)
        else:
            edges = fit_band_edges(self.edges_hz, clip)
        layers, parts = band_layers(clip, edges)
        how = replace(self, n=len(edges) - 1, edges_hz=edges)
        return Layered(how, clip, layers, parts, edges_s=None, fill=self.fill, seed=seed)
