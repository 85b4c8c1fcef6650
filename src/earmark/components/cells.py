"""Cells of a model's own spectrogram: what image explainers switch off.

Masks act on the picture that the network sees, not on sound: nothing to listen to, but the cheapest components there
are. ``Grid`` is the audible cousin.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.components.mask import checked_masks
from earmark.components.memory import Memory
from earmark.errors import SettingError


class Cells:
    """A spectrogram whose cells are switched off in groups.

    Parameters
    ----------
    spectrogram : what the network sees, ``(bins, frames)``.
    groups : component of each cell, ``(bins, frames)``, numbered from 0 without gaps (superpixels, a grid).
    fill : what a cell holds while it is off; None: the least value of the spectrogram, its silence.

    Raises
    ------
    SettingError
        If the groups do not cover the spectrogram, or leave a number out.

    Examples
    --------
    >>> picture = torch.arange(6.0).reshape(2, 3)
    >>> Cells(picture, np.array([[0, 0, 1], [0, 0, 1]])).render(np.array([[1, 0]]))
    tensor([[[0., 1., 0.],
             [3., 4., 0.]]])
    """

    def __init__(self, spectrogram: Tensor, groups: NDArray[np.integer], fill: float | None = None) -> None:
        if spectrogram.ndim != 2 or groups.shape != tuple(spectrogram.shape):
            raise SettingError(
                f"groups of shape {groups.shape} for a spectrogram of shape {tuple(spectrogram.shape)}",
                remedy="Give one (bins, frames) spectrogram, and a group for each of its cells",
                where="groups",
            )
        found = np.unique(groups)
        if not np.array_equal(found, np.arange(len(found))):
            raise SettingError("groups that leave a number out", remedy="Number them 0, 1, 2 …", where="groups")
        self._spectrogram = spectrogram
        self._groups = groups.astype(np.int64)
        self._fill = float(spectrogram.min()) if fill is None else fill
        self._n = len(found)
        # Neighbouring bins whose cells belong to the same groups are looked up once: a grid has few such runs.
        starts = np.flatnonzero(np.r_[True, (self._groups[1:] != self._groups[:-1]).any(axis=1)])
        self._patterns = self._groups[starts]
        self._heights = np.diff(np.r_[starts, len(self._groups)])

    @classmethod
    def grid(cls, spectrogram: Tensor, n_bins: int, n_frames: int, fill: float | None = None) -> Cells:
        """``n_bins`` × ``n_frames`` equal rectangles, to the cell; component ``row * n_frames + column``, from bin 0.

        Raises
        ------
        SettingError
            If there are more rows or columns than the spectrogram has.
        """
        bins, frames = spectrogram.shape
        if not (1 <= n_bins <= bins and 1 <= n_frames <= frames):
            raise SettingError(
                f"{n_bins} × {n_frames} cells on a spectrogram of {bins} × {frames}",
                remedy="Give at least one, and at most as many as it has bins and frames",
                where="grid",
            )
        rows, columns = np.arange(bins) * n_bins // bins, np.arange(frames) * n_frames // frames
        return cls(spectrogram, rows[:, np.newaxis] * n_frames + columns, fill)

    @property
    def n(self) -> int:
        """Number of components."""
        return self._n

    def render(self, masks: NDArray[np.generic], *, memory: Memory | None = None) -> Tensor:
        """Spectrograms ``(B, bins, frames)`` of masks ``(B, n)``, True (or above 0) where a component is on.

        ``memory``, on the CPU and for float32, is where they are written: for many calls, one after the other.

        Raises
        ------
        SettingError
            If the masks are not ``(B, n)``.
        """
        on = checked_masks(masks, self._n) > 0
        spectrogram = self._spectrogram
        if spectrogram.device.type == "cpu":
            # NumPy, because torch would wait for its threads longer than the work takes.
            shape = (len(on), *spectrogram.shape)
            if memory is not None and spectrogram.dtype == torch.float32:
                out = memory.rows(shape)
            else:
                out = spectrogram.new_empty(shape)
            self._choose(on, spectrogram.numpy(), out.numpy())
            return out
        groups = torch.from_numpy(self._groups).to(spectrogram.device)
        chosen = torch.from_numpy(on).to(spectrogram.device)[:, groups]
        return torch.where(chosen, spectrogram, spectrogram.new_tensor(self._fill))

    def _choose(self, on: NDArray[np.bool_], picture: NDArray[np.floating], out: NDArray[np.floating]) -> None:
        """The picture where a cell is on and the fill elsewhere, bit by bit: exact, and faster than a choice."""
        bits = np.dtype(f"i{picture.itemsize}")
        fill = np.asarray(self._fill, dtype=picture.dtype).view(bits)
        kept = np.repeat(np.take(-on.astype(bits), self._patterns, axis=1), self._heights, axis=1)
        written = out.view(bits)
        np.bitwise_and(kept, picture.view(bits) ^ fill, out=written)
        written ^= fill
