"""Components that are sections of a piece: intro, verse, chorus, found by what sounds alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.components.edges import fit_edges
from earmark.components.layered import Layered
from earmark.components.settings import check_count, check_cut, floats
from earmark.components.time import segments_of
from earmark.errors import AudioError, SettingError
from earmark.features.stft import frame_length, stft

RATE = 22050
BLOCK_S = 0.5


@dataclass(frozen=True)
class Segments:
    """Cut in time into ``n`` sections of even sound, of unequal length.

    Harmony (12 chroma) and timbre (13 MFCC), each standardised over the clip and averaged over blocks of 0.5 s, are
    merged bottom-up, neighbour with neighbour, after Ward, until n sections are left (McFee & Ellis 2014, section 2.2,
    without their learned features). Cuts lie at multiples of 0.5 s.

    Parameters
    ----------
    n : number of sections.
    fill : registered name of what takes the place of what is off.
    fade_s : length of the cross-fade centred at each cut, in seconds.
    edges_s : all edges in seconds, as found before, instead.

    Raises
    ------
    SettingError
        If a setting is out of range.
    """

    name: ClassVar[str] = "segments"

    n: int = 8
    fill: str = "silence"
    fade_s: float = 0.008
    edges_s: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_count(self.n, "n")
        check_cut(self.fill, self.fade_s)
        object.__setattr__(self, "edges_s", floats(self.edges_s, "edges_s"))

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip. Cuts stay where the sections meet: ``snap_s`` changes nothing.

        Raises
        ------
        SettingError
            If the clip is too short for n sections.
        AudioError
            If it is silent.
        """
        edges = fit_edges(self.edges_s, clip) if self.edges_s is not None else section_edges(clip, self.n)
        how = replace(self, n=len(edges) - 1, edges_s=edges)
        return segments_of(how, clip, edges, self.fade_s, self.fill, seed)


def section_edges(clip: Clip, n: int) -> tuple[float, ...]:
    """Edges in seconds of the n sections of a clip; see ``Segments``."""
    from librosa.segment import agglomerative

    blocks = int(clip.duration_s / BLOCK_S)
    if blocks < max(n, 2):
        raise SettingError(
            f"{clip.duration_s:.2f} s cannot be {n} sections of at least {BLOCK_S} s",
            remedy="Choose fewer, or components 'time'",
            where=clip.name,
        )
    if not clip.waveform.any():
        raise AudioError("a silent clip has no sections", remedy="Use components 'time'", where=clip.name)
    features = block_features(clip, blocks)
    starts = agglomerative(features, n)
    return (0.0, *(float(k) * BLOCK_S for k in starts[1:]), clip.duration_s)


def block_features(clip: Clip, blocks: int) -> NDArray[np.float64]:
    """Standardised chroma and MFCC ``(25, blocks)``, means over 0.5 s each; the last block takes the remainder."""
    import librosa

    mono = resample(to_channels(clip, 1), RATE)
    n_fft = frame_length(RATE, 0.09)
    power = stft(torch.from_numpy(mono.waveform[0].copy()), n_fft).abs().square().numpy()
    chroma = librosa.feature.chroma_stft(S=power, sr=RATE, n_fft=n_fft, tuning=0.0)
    mel = librosa.feature.melspectrogram(S=power, sr=RATE, n_mels=40)
    features = np.concatenate((chroma, librosa.feature.mfcc(S=librosa.power_to_db(mel, ref=np.max), n_mfcc=13)))
    features = features.astype(np.float64)
    spread = features.std(axis=1, keepdims=True)
    features = (features - features.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    first = np.round(np.arange(blocks) * BLOCK_S * RATE / (n_fft // 4)).astype(int)
    sums = np.add.reduceat(features, first, axis=1)
    means: NDArray[np.float64] = sums / np.diff(np.append(first, features.shape[1]))
    return means
