"""From sounds to rows of named descriptors."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark import __version__
from earmark.errors import AudioError, DatasetError, SettingError
from earmark.features.descriptors import harmony, rhythm, timbre
from earmark.features.descriptors.analysis import N_FFT, RATE, Analysis
from earmark.features.descriptors.loudness import loudness_range_lu
from earmark.features.descriptors.names import blocks, descriptor_names
from earmark.features.descriptors.parts import Parts, part_of
from earmark.features.descriptors.table import DescriptorTable
from earmark.features.sounds import Watch, files_fingerprint, mono_sound

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset


class _Sound(Analysis):
    """An analysis with those rows that several descriptors are made of."""

    @cached_property
    def chroma(self) -> Tensor:
        return harmony.chroma(self)

    @cached_property
    def onsets(self) -> Tensor:
        return rhythm.onset_strength(self)

    @cached_property
    def related(self) -> Tensor:
        return rhythm.periodicity(self.onsets)


# Rows over the frames, (B, rows, frames), or one number a clip, (B,); the keys are those of the blocks.
_MADE: dict[str, Callable[[_Sound], Tensor]] = {
    "mfcc": lambda sound: sound.mfcc,
    "mfcc_delta": timbre.mfcc_delta,
    "mel": lambda sound: sound.mel_40_db,
    "zero_crossing_rate": timbre.zero_crossing_rate,
    "rolloff": timbre.rolloff_hz,
    "centroid": timbre.centroid_hz,
    "bandwidth": timbre.bandwidth_hz,
    "flatness": timbre.flatness,
    "contrast": timbre.contrast_db,
    "flux": timbre.flux_db,
    "level": timbre.level_db,
    "loudness_range": loudness_range_lu,
    "chroma": lambda sound: sound.chroma,
    "tonnetz": lambda sound: harmony.tonnetz(sound.chroma),
    "key_major": lambda sound: harmony.key_strength(sound.chroma, "major"),
    "key_minor": lambda sound: harmony.key_strength(sound.chroma, "minor"),
    "harmonic_ratio": harmony.harmonic_ratio,
    "tempo": lambda sound: rhythm.tempo_bpm(sound.related),
    "onset": lambda sound: sound.onsets,
    "onset_rate": lambda sound: rhythm.onset_rate_hz(sound.onsets, sound.sound.shape[-1] / RATE),
    "pulse": lambda sound: rhythm.pulse_clarity(sound.related),
}


def describe_waveforms(batch: Tensor, sample_rate: int, set_name: str) -> NDArray[np.float64]:
    """Descriptors ``(B, F)`` of mono waveforms ``(B, samples)``; the columns are ``descriptor_names(set_name)``.

    The definitions are librosa's (0.11), and the numbers agree with it to 1e-3 where it has the descriptor.

    Parameters
    ----------
    batch : full scale ±1, at least one frame (2048 samples) long.
    sample_rate : 22 050 Hz; at another rate the same names would mean other things.
    set_name : one of ``DESCRIPTOR_SETS``.

    Raises
    ------
    SettingError
        If the rate is another.
    UnknownNameError
        If there is no such set.
    AudioError
        If the waveforms have another shape or are too short, or a descriptor is not finite; it names the first.

    Examples
    --------
    >>> tone = 0.5 * torch.sin(2 * torch.pi * 1000 * torch.arange(22050) / 22050)
    >>> row = describe_waveforms(tone[None], 22050, "reference-89-centroid")[0]
    >>> round(float(row[-2]), -2), row.shape
    (1000.0, (89,))
    """
    wanted = blocks(set_name)
    if sample_rate != RATE:
        raise SettingError(
            f"sound at {sample_rate} Hz", remedy=f"Resample it: descriptors are made at {RATE} Hz", where="descriptors"
        )
    if batch.ndim != 2 or len(batch) == 0 or batch.shape[1] < N_FFT:
        raise AudioError(
            f"waveforms of shape {tuple(batch.shape)} instead of (batch, at least {N_FFT})",
            remedy="Give mono sounds of at least one frame",
            where="descriptors",
        )
    columns: list[NDArray[np.float64]] = []
    with torch.inference_mode():
        sound = _Sound(batch.detach().float().cpu(), precise=any(block.key == "contrast" for block in wanted))
        for block in wanted:
            rows = _MADE[block.key](sound)
            made = [rows[:, None]] if not block.stats else [_stat(rows, stat) for stat in block.stats]
            columns += [column.double().numpy() for column in made]
    values = np.concatenate(columns, axis=1)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise AudioError(
            f"{descriptor_names(set_name)[bad[0][1]]} is {values[tuple(bad[0])]}",
            remedy="The sound holds values that are no numbers, or far too large",
            where=f"sound {bad[0][0]} of the batch",
        )
    return values


def describe_to(
    path: str | Path,
    dataset: Dataset,
    set_name: str,
    *,
    watch: Watch | None = None,
    overwrite: bool = False,
    reuse: bool = False,
) -> DescriptorTable:
    """Describe a data set into a Parquet file; what was interrupted, or killed, goes on to the same bytes.

    Parameters
    ----------
    path : of the file; what is done of it lies beside it, in ``NAME.part``.
    dataset, set_name, watch : as for ``describe_dataset``.
    overwrite : forget an unfinished one of other sounds or descriptors.
    reuse : take a finished one that lies there, or that another process finishes meanwhile.

    Raises
    ------
    DatasetError
        As ``describe_dataset`` does; or if an unfinished one of other sounds or descriptors lies there.
    OutputError
        If the file cannot be written.
    UnknownNameError, AudioError, CancelledError
        As ``describe_dataset`` does; what is done is kept.
    """
    path = Path(path)
    names = descriptor_names(set_name)
    facts = {"set": set_name, "columns": len(names), "items": files_fingerprint(dataset), "earmark": __version__}
    if overwrite:
        part_of(path).unlink(missing_ok=True)
    with Parts(path, facts, len(names)) as parts:
        if reuse and path.exists():
            return DescriptorTable.read(path)
        table = describe_dataset(dataset, set_name, watch=watch, parts=parts)
        table.write(path)
    return table


def describe_dataset(
    dataset: Dataset, set_name: str, *, watch: Watch | None = None, parts: Parts | None = None
) -> DescriptorTable:
    """Descriptors of every item of a data set, read and resampled ahead while the one before is described.

    Parameters
    ----------
    dataset : the sounds.
    set_name : one of ``DESCRIPTOR_SETS``.
    watch : progress (items) and cancellation.
    parts : has the rows that are done, and keeps the others.

    Raises
    ------
    UnknownNameError
        If there is no such set.
    AudioError
        If a sound cannot be read.
    DatasetError
        If a sound is too short or a descriptor is not finite; it names the sound and the descriptor.
    CancelledError
        If the user stops it.
    """
    names = descriptor_names(set_name)
    rows: dict[int, NDArray[np.float64]] = dict(parts.rows) if parts is not None else {}
    missing = [place for place in range(len(dataset.items)) if place not in rows]
    if watch is not None:
        watch.planned = len(dataset.items)
        watch.after_batch(len(rows))
    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(mono_sound, dataset.items[place], RATE) for place in missing[:2]]
        for turn, place in enumerate(missing):
            if watch is not None:
                watch.before_batch()
            sound = torch.tensor(waiting.pop(0).result())
            if turn + 2 < len(missing):
                waiting.append(reader.submit(mono_sound, dataset.items[missing[turn + 2]], RATE))
            try:
                rows[place] = describe_waveforms(sound[None], RATE, set_name)[0]
            except AudioError as error:
                raise DatasetError(error.fact, remedy=error.remedy, where=dataset.items[place].path) from error
            if parts is not None:
                parts.keep(place, rows[place])
            if watch is not None:
                watch.after_batch(1)
    ids = tuple(_told(dataset, place) for place in range(len(dataset.items)))
    labels = tuple(item.label for item in dataset.items)
    values = np.array([rows[place] for place in range(len(rows))]).reshape(len(rows), len(names))
    return DescriptorTable(set_name, ids, labels, names, values)


def _told(dataset: Dataset, place: int) -> str:
    item = dataset.items[place]
    path = item.path.relative_to(dataset.root) if item.path.is_relative_to(dataset.root) else item.path
    part = "" if item.start_s is None and item.end_s is None else f"#{item.start_s or 0:g}-{item.end_s or ''}"
    return path.as_posix() + part


def _stat(rows: Tensor, stat: str) -> Tensor:
    if stat == "mean":
        return rows.mean(-1)
    if stat == "std":
        return rows.std(-1, correction=0)
    return torch.quantile(rows, int(stat[1:]) / 100, dim=-1)
