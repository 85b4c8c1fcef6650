"""Where a network is trained, and what to say when that is not there or too small."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from earmark.errors import SettingError
from earmark.models.device import torch_device

_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory|Unable to allocate", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """What Lightning's Trainer is told: accelerator and which devices."""

    accelerator: str
    devices: int | list[int]

    @property
    def count(self) -> int:
        """Processes that train together."""
        return self.devices if isinstance(self.devices, int) else len(self.devices)


def place(device: str, devices: int = 1) -> Place:
    """From "auto", "cpu", "cuda" or "cuda:1" and a number of them to a place that is there.

    Parameters
    ----------
    device : "auto" takes a GPU where there is one.
    devices : GPUs, or processes on the CPU, that share each batch.

    Raises
    ------
    SettingError
        If there is no such GPU, or not so many.

    Examples
    --------
    >>> place("cpu")
    Place(accelerator='cpu', devices=1)
    """
    if devices < 1:
        raise SettingError(f"{devices} devices", remedy="Give 1 or more", where="devices")
    found = torch_device(device)
    if found.type == "cpu":
        return Place("cpu", devices)
    one = device not in ("auto", "cuda")
    there = 1 if one else torch.cuda.device_count()
    if devices > there:
        raise SettingError(
            f"{device} × {devices} asked for, {there} there",
            remedy="Use fewer --devices; `earmark doctor` shows what there is",
            where="devices",
        )
    return Place("cuda", [int(found.index)] if one else devices)


@contextlib.contextmanager
def told_what_fits(batch_size: int, where: str) -> Iterator[None]:
    """Turn running out of memory inside the block into an error that says which batch size to try.

    Raises
    ------
    SettingError
        In place of torch's and Python's own errors about memory; others pass.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not _MEMORY.search(str(error)):
            raise
        smaller = batch_size // 2
        remedy = f"Try --batch-size {smaller}" if smaller >= 2 else "Use shorter slices or a smaller model"
        raise SettingError(f"out of memory with batches of {batch_size}", remedy=remedy, where=where) from error
