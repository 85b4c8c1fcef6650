"""What a data set sounds like, class by class: lengths, mean spectra, descriptors, and one example of each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.read import info
from earmark.data.dataset import Dataset, Item, Problem
from earmark.errors import AudioError, DatasetError, SettingError
from earmark.features.descriptors import harmony, rhythm, timbre
from earmark.features.descriptors.analysis import HOP, N_MELS, RATE, Analysis
from earmark.features.descriptors.describe import describe_waveforms
from earmark.features.descriptors.names import descriptor_names
from earmark.features.sounds import mono_sound

DESCRIPTORS = "reference-89"
HOP_S = HOP / RATE
_TEMPOGRAM_S = 8.0
_LEAST_DB = -80.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """One sound, mono at 22 050 Hz, frames every 512 samples.

    Parameters
    ----------
    name : its path.
    waveform : ``(samples,)``.
    mel_db : ``(128, frames)``, dB of power.
    chroma : ``(12, frames)``, 0 to 1.
    tempogram : ``(tempos, frames)``, autocorrelation of the onset strength in windows of 8 s, 1 at lag 0.
    bpm : ``(tempos,)``, falling.
    rolloff_hz : ``(frames,)``, below which lies 0.85 of the magnitude.
    """

    name: str
    waveform: Floats
    mel_db: Floats
    chroma: Floats
    tempogram: Floats
    bpm: Floats
    rolloff_hz: Floats


@dataclass(frozen=True, eq=False)
class Overview:
    """A data set in numbers.

    Parameters
    ----------
    name : of the data set.
    counts : items a class.
    durations_s : a class, the lengths of all its items.
    spectra_db : a class, the mean spectra of the items that were heard, ``(items, 128)`` mel bands, dB below the
        loudest band of each.
    descriptors : a class, ``(items, 89)``.
    names : of the descriptors.
    examples : one item a class.
    problems : items that could not be heard.
    """

    name: str
    counts: dict[str, int]
    durations_s: dict[str, Floats]
    spectra_db: dict[str, Floats]
    descriptors: dict[str, Floats]
    names: tuple[str, ...]
    examples: dict[str, Example]
    problems: tuple[Problem, ...]

    @property
    def telling(self) -> Floats:
        """Of each descriptor the share of its variance that lies between the classes (eta squared), 0 to 1."""
        every = np.concatenate(list(self.descriptors.values()))
        total = ((every - every.mean(axis=0)) ** 2).sum(axis=0)
        between = sum(
            len(values) * (values.mean(axis=0) - every.mean(axis=0)) ** 2 for values in self.descriptors.values()
        )
        return np.asarray(np.divide(between, total, out=np.zeros(every.shape[1]), where=total > 0))

    @property
    def profiles(self) -> Floats:
        """``(classes, 89)``: the mean of each class in standard deviations from that of all items."""
        every = np.concatenate(list(self.descriptors.values()))
        deviation = every.std(axis=0)
        means = np.stack([values.mean(axis=0) for values in self.descriptors.values()])
        off = means - every.mean(axis=0)
        return np.asarray(np.divide(off, deviation, out=np.zeros(means.shape), where=deviation > 0))


def overview(
    dataset: Dataset, *, most: int = 20, seed: int = 0, watch: Callable[[int, int], None] | None = None
) -> Overview:
    """Listen to some items of every class; lengths are taken of all.

    Parameters
    ----------
    dataset : the sounds.
    most : items a class that are heard.
    seed : draws them where there are more.
    watch : told (done, planned).

    Raises
    ------
    SettingError
        If ``most`` is below 1.
    DatasetError
        If no sound of some class can be heard.
    """
    if most < 1:
        raise SettingError(f"{most} sounds a class", remedy="Choose 1 or more", where="most")
    rng = np.random.default_rng(seed)
    problems: dict[str, Problem] = {}
    durations = {label: _lengths([i for i in dataset.items if i.label == label], problems) for label in dataset.labels}
    chosen = {label: _drawn(dataset, label, most, rng) for label in dataset.labels}
    planned, done = sum(map(len, chosen.values())), 0
    spectra: dict[str, Floats] = {}
    described: dict[str, Floats] = {}
    examples: dict[str, Example] = {}
    for label, items in chosen.items():
        rows, values = [], []
        for item in items:
            try:
                analysis = Analysis(torch.tensor(mono_sound(item, RATE))[None])
                values.append(describe_waveforms(analysis.sound, RATE, DESCRIPTORS)[0])
            except AudioError as error:
                problems[str(item.path)] = Problem(error.where or str(item.path), error.fact)
            else:
                rows.append(_spectrum_db(analysis))
                if label not in examples:
                    examples[label] = _example(_told(dataset, item), analysis)
            done += 1
            if watch is not None:
                watch(done, planned)
        if not rows:
            raise DatasetError(
                f"no sound of the class {label} can be heard", remedy="Check its files", where=dataset.name
            )
        spectra[label], described[label] = np.stack(rows), np.stack(values)
    return Overview(
        dataset.name, dataset.counts, durations, spectra, described, descriptor_names(DESCRIPTORS), examples,
        tuple(problems.values()),
    )  # fmt: skip


def _drawn(dataset: Dataset, label: str, most: int, rng: np.random.Generator) -> list[Item]:
    items = [item for item in dataset.items if item.label == label]
    places = np.sort(rng.permutation(len(items))[:most])
    return [items[place] for place in places]


def _lengths(items: list[Item], problems: dict[str, Problem]) -> Floats:
    found = []
    for item in items:
        try:
            end_s = item.end_s if item.end_s is not None else info(item.path).duration_s
            found.append(end_s - (item.start_s or 0.0))
        except AudioError as error:
            problems[str(item.path)] = Problem(error.where or str(item.path), error.fact)
    return np.array(found)


def _spectrum_db(analysis: Analysis) -> Floats:
    power = analysis.mel_power[0].double().mean(-1).numpy()
    if power.max() == 0:
        return np.full(N_MELS, _LEAST_DB)
    return np.asarray(10 * np.log10(np.maximum(power / power.max(), 10 ** (_LEAST_DB / 10))))


def _example(name: str, analysis: Analysis) -> Example:
    onsets = rhythm.onset_strength(analysis)[0, 0].double().numpy()
    tempogram, bpm = _tempogram(onsets)
    return Example(
        name,
        analysis.sound[0].double().numpy(),
        analysis.mel_db[0].double().numpy(),
        harmony.chroma(analysis)[0].double().numpy(),
        tempogram,
        bpm,
        timbre.rolloff_hz(analysis)[0, 0].double().numpy(),
    )


def _tempogram(onsets: Floats) -> tuple[Floats, Floats]:
    """Autocorrelation of windows of 8 s around each frame, at lags of 30 to 320 beats a minute."""
    length = int(_TEMPOGRAM_S * RATE / HOP)
    padded = np.pad(onsets, (length // 2, length - length // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[: len(onsets)] * np.hanning(length)
    related = np.fft.irfft(np.abs(np.fft.rfft(windows, 2 * length)) ** 2)[:, :length]
    energy = related[:, :1]
    related = np.divide(related, energy, out=np.zeros_like(related), where=energy > 0)
    bpm = 60.0 / (HOP_S * np.arange(1, length))
    kept = (bpm >= 30) & (bpm <= 320)
    return np.asarray(related[:, 1:].T[kept]), np.asarray(bpm[kept], dtype=np.float64)


def _told(dataset: Dataset, item: Item) -> str:
    return (item.path.relative_to(dataset.root) if item.path.is_relative_to(dataset.root) else item.path).as_posix()
