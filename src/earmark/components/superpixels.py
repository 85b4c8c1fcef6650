"""Components that are superpixels of the spectrogram: regions of similar level, grown from the log-mel picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import torch

from earmark.audio.clip import Clip
from earmark.components.fill import fill_layers
from earmark.components.mosaic import Mosaic
from earmark.components.packed import pack, unpack
from earmark.components.settings import check_count, check_cut, check_positive
from earmark.components.superpixel_map import LabelMap, segment, snippets_of
from earmark.errors import SettingError
from earmark.features.stft import frame_length, stft

WINDOW_S = 0.064
Algorithm = Literal["slic", "felzenszwalb", "quickshift"]


@dataclass(frozen=True)
class Superpixels:
    """Cut the spectrogram into regions of similar level (SLIME, Mishra 2017; LIME's superpixels, Ribeiro 2016).

    The regions are found on a log-mel picture (64 mel, 64 ms frames, 60 dB range) and carried back to linear
    frequency: a bin between two mel belongs to the regions of both, by their distance. The masks act on the complex
    STFT and sum to one.

    Parameters
    ----------
    algorithm : "slic" (Achanta et al. 2012), "felzenszwalb" (Felzenszwalb & Huttenlocher 2004) or "quickshift"
        (Vedaldi & Soatto 2008), as scikit-image (extra ``images``) has them.
    n : about how many regions; slic only (50).
    scale : larger regions for larger values; felzenszwalb only (100).
    kernel : width of the kernel in pixels, larger regions for larger values; quickshift only (4).
    fill : registered name of what takes the place of what is off: of the whole clip, masked like the clip.
    labels, shape, top_hz, hop_s : the regions as they were found (region of each mel and frame, packed; number of mel
        and frames; upper end of the mel axis; seconds from frame to frame), instead.

    Raises
    ------
    SettingError
        If a setting is out of range, or belongs to another algorithm.
    """

    name: ClassVar[str] = "superpixels"

    algorithm: Algorithm = "slic"
    n: int | None = None
    scale: float | None = None
    kernel: float | None = None
    fill: str = "silence"
    labels: str | None = None
    shape: tuple[int, int] | None = None
    top_hz: float | None = None
    hop_s: float | None = None

    def __post_init__(self) -> None:
        owners = {"slic": "n", "felzenszwalb": "scale", "quickshift": "kernel"}
        if self.algorithm not in owners:
            raise SettingError(
                f"unknown algorithm {self.algorithm!r}", remedy=f"Choose one of {', '.join(owners)}", where="algorithm"
            )
        for algorithm, setting in owners.items():
            if algorithm != self.algorithm and getattr(self, setting) is not None:
                raise SettingError(
                    f"{setting} has no meaning for {self.algorithm}",
                    remedy=f"Leave it out, or choose {algorithm}",
                    where=setting,
                )
        if self.n is not None:
            check_count(self.n, "n")
        for setting in ("scale", "kernel", "top_hz", "hop_s"):
            check_positive(getattr(self, setting), setting, unit="(a positive number)")
        check_cut(self.fill)
        given = [x is not None for x in (self.labels, self.shape, self.top_hz, self.hop_s)]
        if any(given) and not all(given):
            raise SettingError(
                "labels, shape, top_hz and hop_s belong together", remedy="Give all or none", where="labels"
            )
        if self.shape is not None:
            object.__setattr__(self, "shape", (int(self.shape[0]), int(self.shape[1])))

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Mosaic:
        """Cut the clip. Regions are where the picture has them: ``snap_s`` changes nothing.

        Raises
        ------
        AudioError
            If the clip is silent, and there is no picture.
        SettingError
            If scikit-image is missing (extra ``images``).
        """
        n_fft = frame_length(clip.sample_rate, WINDOW_S)
        waveform = torch.from_numpy(clip.waveform.copy())
        spectrum = stft(waveform, n_fft)
        regions = self.regions() or segment(
            spectrum, clip, self.algorithm, n=self.n or 50, scale=self.scale or 100.0, kernel=self.kernel or 4.0
        )
        off = fill_layers(self.fill, waveform[None], waveform, clip.sample_rate, seed)
        different = spectrum if off is None else spectrum - stft(off[0], n_fft)
        starts, snippets = snippets_of(different, regions, clip.sample_rate, clip.samples, n_fft)
        how = replace(
            self,
            labels=pack(regions.labels.astype(np.uint16)),
            shape=regions.labels.shape,
            top_hz=regions.top_hz,
            hop_s=regions.hop_s,
        )
        return Mosaic(
            how, clip, starts, snippets, regions.table(clip.duration_s), off=None if off is None else off[0],
            least_s=regions.hop_s, seed=seed,
        )  # fmt: skip

    def regions(self) -> LabelMap | None:
        """The regions as they were found; None before a clip is cut."""
        if self.labels is None or self.shape is None or self.top_hz is None or self.hop_s is None:
            return None
        return LabelMap(unpack(self.labels, self.shape, np.uint16).astype(np.intp), self.top_hz, self.hop_s)
