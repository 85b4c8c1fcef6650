"""Components split into parts, as finer layers and edges: what a refined cut is made of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.band_masks import band_layers
from earmark.components.component import Component
from earmark.components.layered import Layered
from earmark.components.split import Path, Split
from earmark.errors import SettingError


@dataclass(frozen=True)
class Node:
    """A component of a refined cut.

    Parameters
    ----------
    path : which one, see ``Split``.
    base : index of the layer of the first cut that it is made of.
    span_s, range_hz : its limits in seconds and Hz.
    part : what it is.
    """

    path: Path
    base: int
    span_s: tuple[float, float]
    range_hz: tuple[float, float]
    part: Component


@dataclass(frozen=True, eq=False)
class Sublayer:
    """A band of layer ``base`` of the first cut: its limits in Hz, its sound ``(channels, samples)``."""

    base: int
    range_hz: tuple[float, float]
    sound: Tensor


def divide(
    parent: Layered, splits: Sequence[Split]
) -> tuple[tuple[Node, ...], tuple[Sublayer, ...], tuple[float, ...] | None]:
    """The components after all splits, the layers that they take, and the edges in seconds (None: no cut in time).

    Raises
    ------
    SettingError
        If a split names no component, or cuts beside it.
    """
    end_s, nyquist = parent.clip.duration_s, parent.clip.sample_rate / 2
    segments = parent.fades.segments
    nodes: dict[Path, Node] = {}
    for k, part in enumerate(parent.table):
        span = (0.0 if part.start_s is None else part.start_s, end_s if part.end_s is None else part.end_s)
        band = (0.0 if part.low_hz is None else part.low_hz, nyquist if part.high_hz is None else part.high_hz)
        nodes[(k,)] = Node((k,), k // segments, span, band, part)
    layers = [Sublayer(j, nodes[(j * segments,)].range_hz, sound) for j, sound in enumerate(parent.layers)]
    edges = set(parent.edges_s if parent.edges_s is not None else (0.0, end_s))
    for split in splits:
        node = nodes.pop(split.path, None)
        if node is None:
            raise SettingError(
                f"no component {list(split.path)} to split",
                remedy="Name one that is there, and it before its parts",
                where="splits",
            )
        parts = _parts(node, split)
        nodes.update((part.path, part) for part in parts)
        edges.update(split.at_s)
        for cut in split.at_hz:
            layers = [piece for layer in layers for piece in _cut(layer, cut, node.base, parent.clip)]
    edges_s = tuple(sorted(edges)) if parent.edges_s is not None or len(edges) > 2 else None
    return tuple(nodes[path] for path in sorted(nodes)), tuple(layers), edges_s


def owners(nodes: Sequence[Node], layers: Sequence[Sublayer], edges_s: Sequence[float]) -> NDArray[np.intp]:
    """Index of the component of each cell ``layer * segments + segment``."""
    found = []
    for layer in layers:
        middle_hz = sum(layer.range_hz) / 2
        here = [
            (k, node.span_s)
            for k, node in enumerate(nodes)
            if node.base == layer.base and node.range_hz[0] < middle_hz < node.range_hz[1]
        ]
        for low, high in itertools.pairwise(edges_s):
            middle_s = (low + high) / 2
            found.append(next(k for k, span in here if span[0] < middle_s < span[1]))
    return np.array(found, dtype=np.intp)


def _parts(node: Node, split: Split) -> list[Node]:
    times, bands = (node.span_s[0], *split.at_s, node.span_s[1]), (node.range_hz[0], *split.at_hz, node.range_hz[1])
    for edges, unit in ((times, "s"), (bands, "Hz")):
        if not all(a < b for a, b in itertools.pairwise(edges)):
            raise SettingError(
                f"cuts {list(edges[1:-1])} {unit} are not inside {edges[0]:g}–{edges[-1]:g} {unit}",
                remedy="Cut a component within its own limits",
                where=f"splits {list(split.path)}",
            )
    parts: list[Node] = []
    for band in itertools.pairwise(bands):
        for span in itertools.pairwise(times):
            part = node.part
            # A direction that was not cut is named only if it had a name before.
            if split.at_s:
                part = replace(part, start_s=span[0], end_s=span[1])
            if split.at_hz:
                part = replace(part, low_hz=band[0], high_hz=band[1])
            parts.append(Node((*node.path, len(parts)), node.base, span, band, part))
    return parts


def _cut(layer: Sublayer, at_hz: float, base: int, clip: Clip) -> list[Sublayer]:
    low, high = layer.range_hz
    if layer.base != base or not low < at_hz < high:
        return [layer]
    # Bands of a band: the outer ones reach on as far as the layer does, and both sum to it whatever it is (a band, a
    # stem, or what is left of one when its fill is taken off).
    sounds, _ = band_layers(replace(clip, waveform=layer.sound.numpy()), (low, at_hz, high))
    return [Sublayer(base, (low, at_hz), sounds[0]), Sublayer(base, (at_hz, high), sounds[1])]
