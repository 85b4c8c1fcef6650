"""The edits by which shortcuts are found. Each gives another waveform, or None where the clip has nothing to edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.features.stft import frame_length, istft, stft

Waveform = NDArray[np.float32]

INAUDIBLE_HZ = 20.0
# What lies below 20 Hz counts from here on, rms in dB of full scale.
FAINT_DB = -90.0
# Half a step of 16 bits: below it a sound is digitally silent. And what it is filled with, rms.
SILENT = 0.5 / 32768
FILL_DB = -80.0
SILENT_S = 0.02
# A codec's edge: the level falls by so much within 300 Hz and does not come back; sound reaches up to it.
EDGE_DROP_DB = 30.0
LOWEST_EDGE_HZ = 2000.0
STEP_HZ = 100.0
# A click: 2 ms that stand out from the 100 ms around them, at most three of them in a row.
CLICK_S = 0.002
CLICK_DB = 12.0
CLICK_FRAMES = 4


@dataclass(frozen=True)
class Edit:
    """What an edit may need to know.

    Parameters
    ----------
    edges : of each clip, the frequency in Hz at which a codec cut it off; None where it was not cut.
    index : which clip it is.
    rng : for noise.
    """

    edges: tuple[float | None, ...]
    index: int
    rng: np.random.Generator


@dataclass(frozen=True)
class Probe:
    """A question: the edit, and the words for it.

    Parameters
    ----------
    edit : clip → waveform ``(channels, samples)``, or None.
    about : what the classifier would listen to.
    what : what a clip must have for the question to make sense.
    done : what the edit does.
    """

    edit: Callable[[Clip, Edit], Waveform | None]
    about: str
    what: str
    done: str


def without_infrasound(clip: Clip, edit: Edit) -> Waveform | None:
    """The clip without anything below 20 Hz."""
    spectrum = np.fft.rfft(clip.waveform.astype(np.float64))
    spectrum[:, np.fft.rfftfreq(clip.samples, 1 / clip.sample_rate) >= INAUDIBLE_HZ] = 0
    below = np.fft.irfft(spectrum, clip.samples)
    if _rms_db(below) < FAINT_DB:
        return None
    return (clip.waveform - below).astype(np.float32)


def without_silence(clip: Clip, edit: Edit) -> Waveform | None:
    """Digital silence of 20 ms or more filled with noise of −80 dB of full scale."""
    silent: NDArray[np.bool_] = np.max(np.abs(clip.waveform), axis=0) < SILENT
    least = max(1, round(SILENT_S * clip.sample_rate))
    places = np.zeros(clip.samples, dtype=np.bool_)
    for start, stop in _runs(silent):
        if stop - start >= least:
            places[start:stop] = True
    if not places.any():
        return None
    noise = 10 ** (FILL_DB / 20) * edit.rng.standard_normal(clip.waveform.shape)
    return (clip.waveform + places * noise).astype(np.float32)


def without_edge(clip: Clip, edit: Edit) -> Waveform | None:
    """Above the edge: noise where the clip was cut off, nothing where others were and this one was not."""
    known = [hz for hz in edit.edges if hz is not None]
    if not known:
        return None
    spectrum = np.fft.rfft(clip.waveform.astype(np.float64))
    hz = np.fft.rfftfreq(clip.samples, 1 / clip.sample_rate)
    own = edit.edges[edit.index]
    edge = float(np.median(known)) if own is None else own
    if edge >= 0.95 * clip.sample_rate / 2:
        return None
    above = hz > edge
    if own is None:
        spectrum[:, above] = 0
    else:
        # As loud as the quieter half of what lies in the 1000 Hz under the edge: its floor, not its tones.
        beside = np.abs(spectrum[:, (hz > edge - 1000) & (hz <= edge - 2 * STEP_HZ)])
        level = np.quantile(beside, 0.5, axis=1, keepdims=True)
        phase = np.exp(2j * np.pi * edit.rng.uniform(size=(len(spectrum), int(above.sum()))))
        spectrum[:, above] = level * phase
    return np.fft.irfft(spectrum, clip.samples).astype(np.float32)


def without_clicks(clip: Clip, edit: Edit) -> Waveform | None:
    """Clicks replaced by the sound right before them."""
    found = clicks_of(clip)
    if not found:
        return None
    waveform = clip.waveform.copy()
    for start, stop in found:
        length = stop - start
        source = start - length if start >= length else stop
        patch = clip.waveform[:, source : source + length]
        waveform[:, start : start + patch.shape[1]] = patch
    return waveform


PROBES: dict[str, Probe] = {
    "below_20_hz": Probe(without_infrasound, "what lies below 20 Hz", "anything below 20 Hz", "without it"),
    "silence": Probe(without_silence, "digital silence", "digital silence", "with noise of −80 dB instead"),
    "codec_edge": Probe(
        without_edge, "the edge of a codec", "such an edge", "with the treble above it filled in, or cut off too"
    ),
    "clicks": Probe(without_clicks, "single clicks", "single clicks", "without them"),
}


def edges_of(clips: Sequence[Clip]) -> tuple[float | None, ...]:
    """Where each clip's treble was cut off, in Hz; None where it was not."""
    return tuple(edge_of(clip) for clip in clips)


def edge_of(clip: Clip) -> float | None:
    """The frequency in Hz at which the level falls off a cliff for good; None where there is no such edge.

    Above it must lie at least a twentieth of the spectrum, and below it sound without holes: tones in silence have
    no edge.
    """
    power = (np.abs(np.fft.rfft(clip.waveform.astype(np.float64))) ** 2).mean(axis=0)
    hz = np.fft.rfftfreq(clip.samples, 1 / clip.sample_rate)
    steps = int(clip.sample_rate / 2 // STEP_HZ)
    if steps < 40:
        return None
    place = np.minimum((hz / STEP_HZ).astype(np.intp), steps - 1)
    sums = np.bincount(place, power, steps) / np.maximum(np.bincount(place, minlength=steps), 1)
    level = 10 * np.log10(sums + 1e-12 * sums.max() + 1e-300)
    best: tuple[float, float] | None = None
    for step in range(round(LOWEST_EDGE_HZ / STEP_HZ), round(0.95 * steps)):
        below, above = level[step - 10 : step], level[step + 2 :]
        drop = float(np.median(below) - above.max())
        whole = float(np.median(below) - below[:-1].min()) < EDGE_DROP_DB / 2
        if whole and drop >= EDGE_DROP_DB and (best is None or drop > best[0]):
            best = (drop, step * STEP_HZ)
    return None if best is None else best[1]


def clicks_of(clip: Clip) -> list[tuple[int, int]]:
    """First and last sample of each click.

    The sound is whitened first (the magnitude of its STFT becomes one): what is flat in time spreads, what is a point
    in time stays one, however loud the tones around it are.
    """
    n_fft = frame_length(clip.sample_rate, 0.064)
    spectrum = stft(torch.tensor(clip.waveform.mean(axis=0, keepdims=True)), n_fft)
    white = istft(torch.sgn(spectrum), n_fft, samples=clip.samples)[0].double().numpy()
    frame = max(1, round(CLICK_S * clip.sample_rate))
    count = clip.samples // frame
    power = (white[: count * frame].reshape(count, frame) ** 2).mean(axis=1)
    around = max(2, round(0.05 / CLICK_S))
    padded = np.pad(power, around, mode="reflect") if count > around else power
    if count <= around:
        return []
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1), axis=1)
    stands_out = (power > 10 ** (CLICK_DB / 10) * usual) & (usual > 0)
    runs = [(start, stop) for start, stop in _runs(stands_out) if stop - start <= CLICK_FRAMES]
    # A frame more on either side: a click that begins late in a frame hardly raises it.
    return [(max(0, start - 1) * frame, min(count, stop + 1) * frame) for start, stop in runs]


def _runs(places: NDArray[np.bool_]) -> list[tuple[int, int]]:
    steps = np.flatnonzero(np.diff(np.concatenate(([0], places.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in steps.reshape(-1, 2)]


def _rms_db(waveform: NDArray[np.float64]) -> float:
    power = float(np.mean(waveform**2))
    return 10 * float(np.log10(power)) if power > 0 else -np.inf
