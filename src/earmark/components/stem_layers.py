"""From a source of stems to layers that sum to the clip: median filtering, or the user's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.hpss import NAMES, hpss_layers
from earmark.components.stem_files import REST, checksum, close_sum, read_stem, stem_names
from earmark.errors import AudioError, SettingError, UnknownNameError

SOURCES = ("hpss",)


@dataclass(frozen=True)
class StemLayers:
    """Stems of a clip.

    Parameters
    ----------
    layers : ``(J, channels, samples)``, summing to the clip.
    parts : what each is.
    rest : whether the last one is what the stems leave over (None where there are no files).
    checksums : sha256 of the files, in their order (None where there are none).
    notes : what had to be done to make them fit.
    """

    layers: Tensor
    parts: tuple[Component, ...]
    rest: bool | None
    checksums: tuple[str, ...] | None
    notes: tuple[str, ...]


def check_source(source: object) -> str | tuple[str, ...]:
    """A known source of stems, or paths as a tuple (JSON has only lists).

    Raises
    ------
    UnknownNameError
        If the name is unknown.
    SettingError
        If the paths are no strings, or their names cannot tell the stems apart.
    """
    if isinstance(source, str):
        if source not in SOURCES:
            raise UnknownNameError("source of stems", source, SOURCES)
        return source
    if not isinstance(source, Sequence) or not all(isinstance(path, str) for path in source):
        raise SettingError(f"{source!r} is no list of paths", remedy="Give 'hpss' or paths of files", where="source")
    paths = tuple(source)
    stem_names(paths)
    return paths


def stem_layers(
    source: str | tuple[str, ...], clip: Clip, *, rest: bool | None, checksums: tuple[str, ...] | None
) -> StemLayers:
    """The stems of a clip.

    Parameters
    ----------
    source : "hpss", or paths of files.
    rest : whether there is a layer for what files leave over; None decides by its energy.
    checksums : sha256 that the files must have, or None.

    Raises
    ------
    AudioError
        If a file cannot be read, has another length than the clip, or is not the one with that checksum.
    """
    if isinstance(source, str):
        parts = tuple(Component(stem=name) for name in NAMES)
        return StemLayers(hpss_layers(clip), parts, None, None, ())
    sums = tuple(checksum(path) for path in source)
    if checksums is not None and checksums != sums:
        changed = [path for path, a, b in zip(source, sums, checksums, strict=False) if a != b]
        raise AudioError(
            "this stem is not the file that was explained (its sha256 differs)",
            remedy="Restore the file, or explain the clip again",
            where=", ".join(changed) or "checksums",
        )
    read = [read_stem(path, clip) for path in source]
    layers, has_rest, notes = close_sum(np.stack([samples for samples, _ in read]), clip, rest)
    names = (*stem_names(source), *((REST,) if has_rest else ()))
    return StemLayers(
        torch.from_numpy(layers),
        tuple(Component(stem=name) for name in names),
        has_rest,
        sums,
        (*(note for _, found in read for note in found), *notes),
    )
