"""What a network learns from: rows, or slices of spectrograms or of waveforms, with the class of each.

Slices are places in the sounds of items, cut when a batch is put together, so that shifted and overlapping slices cost
no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import Sampler

from earmark.errors import DatasetError
from earmark.training.augment import moved

Ints = NDArray[np.int64]


class Examples(Protocol):
    """Examples in a fixed order."""

    @property
    def targets(self) -> Ints:
        """Place of the class of each, ``(N,)``."""
        ...

    @property
    def items(self) -> Ints:
        """The item that each was cut from, ``(N,)``, counted from 0."""
        ...

    def batch(self, places: Sequence[int] | Ints, rng: np.random.Generator | None) -> Tensor:
        """Those examples; with a generator their starts may be shifted."""
        ...


@dataclass(frozen=True, eq=False)
class RowExamples:
    """Rows of numbers, ``(N, F)``, with the class and the item of each."""

    rows: Tensor
    targets: Ints
    items: Ints

    def batch(self, places: Sequence[int] | Ints, rng: np.random.Generator | None) -> Tensor:
        """``(B, F)``."""
        return self.rows[torch.from_numpy(np.asarray(places, dtype=np.int64))]


@dataclass(frozen=True, eq=False)
class SliceExamples:
    """Slices along the last axis of one array an item: spectrograms ``(bins, frames)`` or waveforms ``(samples,)``.

    Parameters
    ----------
    sounds : one an item; a waveform is padded already as its front end would.
    items, starts : of each slice: which sound, and its first frame.
    targets : of each slice.
    length : of a slice, frames.
    shift : how many frames a slice may begin earlier or later.
    hop, n_fft : of a waveform's front end, samples; 1 and 1 for spectrograms.
    """

    sounds: Sequence[NDArray[np.float32]]
    items: Ints
    starts: Ints
    targets: Ints
    length: int
    shift: int = 0
    hop: int = 1
    n_fft: int = 1

    def batch(self, places: Sequence[int] | Ints, rng: np.random.Generator | None) -> Tensor:
        """``(B, bins, frames)``, or ``(B, samples)`` of waveforms."""
        cut = []
        for place in np.asarray(places, dtype=np.int64):
            sound, start = self.sounds[int(self.items[place])], int(self.starts[place])
            if rng is not None and self.shift:
                total = (sound.shape[-1] - self.n_fft) // self.hop + 1
                start = moved(start, total, self.length, self.shift, rng)
            first = start * self.hop
            cut.append(sound[..., first : first + (self.length - 1) * self.hop + self.n_fft])
        return torch.from_numpy(np.stack(cut))


def slices(
    sounds: Sequence[NDArray[np.float32]],
    targets: Sequence[int],
    names: Sequence[str],
    length: int,
    *,
    every: int | None = None,
    shift: int = 0,
    hop: int = 1,
    n_fft: int = 1,
) -> SliceExamples:
    """All slices of all sounds: side by side, or one ``every`` so many frames; what is left over is not used.

    Raises
    ------
    DatasetError
        If a sound is shorter than one slice or holds NaN; names the first, and says how many.
    """
    short, items, starts = [], [], []
    for item, (sound, name) in enumerate(zip(sounds, names, strict=True)):
        frames = (sound.shape[-1] - n_fft) // hop + 1
        if frames < length:
            short.append(name)
        if not np.isfinite(sound).all():
            raise DatasetError("holds NaN or infinity", remedy="Repair the file, or leave it out", where=name)
        for start in range(0, frames - length + 1, every or length):
            items.append(item)
            starts.append(start)
    if short:
        raise DatasetError(
            f"{len(short)} of {len(names)} sounds are shorter than a slice of {length} frames, the first is {short[0]}",
            remedy="Leave them out, or train with shorter slices (--frames)",
            where="slices",
        )
    of = np.array(items, dtype=np.int64)
    labels = np.asarray(targets, dtype=np.int64)[of]
    return SliceExamples(sounds, of, np.array(starts, dtype=np.int64), labels, length, shift, hop, n_fft)


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step learns from, and the epoch and place that its random draws hang on."""

    x: Tensor
    targets: Tensor
    epoch: int
    index: int


class EpochOrder(Sampler[tuple[int, int]]):
    """(epoch, batch) for every batch of an epoch; Lightning tells it the epoch."""

    def __init__(self, batches: int, epoch: int = 0) -> None:
        self.batches, self.epoch = batches, epoch

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls it before each epoch but the first, whose first batch it has fetched by then."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter([(self.epoch, index) for index in range(self.batches)])


class Batches(TorchDataset[Batch]):
    """Batches in an order that is a function of seed and epoch alone, so that a resumed run sees the same ones.

    Parameters
    ----------
    examples : to learn from, or to judge by.
    batch_size : at most; an epoch is dealt out evenly, so that no batch is left with a single example.
    seed : of the order; None keeps the examples' own order and shifts nothing.
    rank, world : this process takes every ``world``-th example of a batch.
    """

    def __init__(self, examples: Examples, batch_size: int, seed: int | None, *, rank: int = 0, world: int = 1) -> None:
        self.examples, self.seed, self.rank, self.world = examples, seed, rank, world
        self.count = -(-len(examples.targets) // batch_size)
        self._dealt: tuple[int, list[Ints]] = (-1, [])

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, key: tuple[int, int]) -> Batch:
        epoch, index = key
        if self._dealt[0] != epoch:
            n = len(self.examples.targets)
            order = np.arange(n) if self.seed is None else np.random.default_rng([self.seed, 1, epoch]).permutation(n)
            self._dealt = (epoch, np.array_split(order, self.count))
        places = self._dealt[1][index][self.rank :: self.world]
        rng = None if self.seed is None else np.random.default_rng([self.seed, 2, epoch, index, self.rank])
        return Batch(self.examples.batch(places, rng), torch.from_numpy(self.examples.targets[places]), epoch, index)
