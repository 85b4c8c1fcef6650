"""From a source of stems to layers that sum to the clip: median filtering, Demucs, or the user's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.components.demucs import separate
from earmark.components.hpss import NAMES, hpss_layers
from earmark.components.stem_files import REST, checksum, close_sum, read_stem, stem_names
from earmark.errors import AudioError, SettingError, UnknownNameError

SOURCES = ("hpss", "demucs")


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


def check_source(source: object, weights: object) -> str | tuple[str, ...]:
    """A known source of stems, or paths as a tuple (JSON has only lists).

    Raises
    ------
    UnknownNameError
        If the name is unknown.
    SettingError
        If the paths are no strings, their names cannot tell the stems apart, or weights are missing or without use.
    """
    if source == "demucs" and not isinstance(weights, str):
        raise SettingError(
            "stems by demucs need its weights",
            remedy="Give weights='PATH.safetensors'; none are shipped",
            where="weights",
        )
    if source != "demucs" and weights is not None:
        raise SettingError("only the source 'demucs' has weights", remedy="Leave weights out", where="weights")
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
    source: str | tuple[str, ...],
    clip: Clip,
    *,
    weights: str | None,
    rest: bool | None,
    checksums: tuple[str, ...] | None,
) -> StemLayers:
    """The stems of a clip.

    Parameters
    ----------
    source : "hpss", "demucs", or paths of files.
    weights : path of Demucs' weights.
    rest : whether there is a layer for what files or Demucs leave over; None decides by its energy.
    checksums : sha256 that the files (or the weights) must have, or None.

    Raises
    ------
    AudioError
        If a file cannot be read, has another length than the clip, or is not the one with that checksum.
    """
    if source == "hpss":
        parts = tuple(Component(stem=name) for name in NAMES)
        return StemLayers(hpss_layers(clip), parts, None, None, ())
    files = (weights or "",) if isinstance(source, str) else source
    sums = tuple(checksum(path) for path in files)
    if checksums is not None and checksums != sums:
        changed = [path for path, a, b in zip(files, sums, checksums, strict=False) if a != b]
        raise AudioError(
            "this file is not the one that was explained with (its sha256 differs)",
            remedy="Restore the file, or explain the clip again",
            where=", ".join(changed) or "checksums",
        )
    notes: tuple[str, ...] = ()
    if isinstance(source, str):
        names, stems = separate(clip, files[0])
    else:
        names = stem_names(source)
        read = [read_stem(path, clip) for path in source]
        stems = np.stack([samples for samples, _ in read])
        notes = tuple(note for _, found in read for note in found)
    layers, has_rest, said = close_sum(stems, clip, rest)
    return StemLayers(
        torch.from_numpy(layers),
        tuple(Component(stem=name) for name in (*names, *((REST,) if has_rest else ()))),
        has_rest,
        sums,
        (*notes, *said),
    )
