"""Components some of which are cut further: coarse where little happens, fine where much does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.component import Components
from earmark.components.cut_clip import Cut, CutClip
from earmark.components.hierarchy import Node, divide, owners
from earmark.components.layered import Layered
from earmark.components.settings import check_cut
from earmark.components.split import Path, Split, even_split
from earmark.errors import SettingError


@dataclass(frozen=True)
class Refined:
    """Another kind of components, of which some are split into parts, and these again, to any depth.

    The parts of a component sum to it (to rounding), so a mask of the coarser components is a mask of the finer ones.
    Components are in the order of their paths: the parts of one stand where it stood.

    Parameters
    ----------
    parent : the first cut, as a mapping of ``kind`` (registered name) and its settings; see ``Refined.of``. Any kind
        that is layers × time: time, bands, grid, stems, stems_time, beats, segments, nmf.
    splits : what is cut where, each component before its parts; mappings of the fields of ``Split`` will do.
    fade_s : length of the cross-fade at cuts in time, in seconds, where the first cut has none in time.

    Raises
    ------
    SettingError, UnknownNameError
        If a setting is out of range.

    Examples
    --------
    >>> from earmark.components.time import Time
    >>> clip = Clip(np.random.default_rng(0).standard_normal(16000) / 10, 16000)
    >>> cut = Refined.of(Time(n=2), [Split((1,), at_s=(0.75,)), Split((1, 0), at_hz=(1000.0,))]).build(clip)
    >>> [c.label for c in cut.table]
    ['0.0–0.5 s', '0–1 kHz, 0.5–0.8 s', '1–8 kHz, 0.5–0.8 s', '0.8–1.0 s']
    """

    name: ClassVar[str] = "refined"

    parent: Mapping[str, Any]
    splits: tuple[Split, ...] = ()
    fade_s: float = 0.008

    def __post_init__(self) -> None:
        check_cut("silence", self.fade_s)
        if not isinstance(self.parent, Mapping) or not isinstance(self.parent.get("kind"), str):
            raise SettingError(
                f"{self.parent!r} is no kind with settings",
                remedy='Give a mapping like {"kind": "grid", "n_times": 4}',
                where="parent",
            )
        try:
            splits = tuple(split if isinstance(split, Split) else Split(**split) for split in self.splits)
        except TypeError as error:
            raise SettingError(str(error), remedy="Give path, at_s and at_hz", where="splits") from error
        object.__setattr__(self, "splits", splits)

    @classmethod
    def of(cls, kind: Cut, splits: Sequence[Split], fade_s: float = 0.008) -> Refined:
        """Split components of a kind: ``Refined.of(Time(n=4), [Split((2,), at_s=(1.5,))])``."""
        return cls({"kind": kind.name, **asdict(kind)}, tuple(splits), fade_s)

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> RefinedCut:
        """Cut the clip; ``snap_s`` goes to the first cut, the splits stay where they are.

        Raises
        ------
        SettingError
            If the first cut is not made of layers, or a split names no component or cuts beside it.
        """
        settings = {key: value for key, value in self.parent.items() if key != "kind"}
        parent = kind_from(self.parent["kind"], settings).build(clip, snap_s=snap_s, seed=seed)
        return refined_cut(parent, self.splits, fade_s=self.fade_s, seed=seed)


class RefinedCut(CutClip):
    """A clip, cut, with some components cut further; made by ``Refined.build`` or ``refined_cut``.

    Parameters
    ----------
    how, seed : as in ``CutClip``.
    parent : the first cut.
    cells : the finest layers × segments that any component needs.
    nodes : the components, in order.
    owner : index of the component that each of the cells belongs to.
    """

    def __init__(
        self,
        how: Refined,
        parent: Layered,
        cells: Layered,
        nodes: Sequence[Node],
        owner: NDArray[np.intp],
        *,
        fade_s: float,
        seed: int,
    ) -> None:
        super().__init__(
            how,
            parent.clip,
            [node.part for node in nodes],
            linear=parent.linear,
            least_s=fade_s,
            seed=seed,
            notes=parent.notes,
        )
        self._splits = how.splits
        self.parent = parent
        self.cells = cells
        self.nodes = tuple(nodes)
        self.cell_component = owner

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where each component stands in the hierarchy: its number in the first cut, then those of the parts."""
        return tuple(node.path for node in self.nodes)

    def cell_masks(self, masks: Tensor) -> Tensor:
        """Gain of each cell ``(B, cells)``: the mask ``(B, n)`` of the component that it belongs to."""
        return masks[:, torch.from_numpy(self.cell_component).to(masks.device)]

    def mix(self, masks: Tensor, start: int, stop: int, out: Tensor) -> None:
        """See ``CutClip.mix``."""
        self.cells.mix(self.cell_masks(masks), start, stop, out)

    @property
    def splits(self) -> tuple[Split, ...]:
        """What was cut where, in order."""
        return self._splits

    def split_of(
        self,
        index: int,
        counts: tuple[int, int],
        *,
        snap_s: Sequence[float] | None = None,
        beside: Sequence[Split] = (),
    ) -> Split | None:
        """An even split of a component into ``counts`` parts (time, frequency); None where it is too small.

        ``snap_s``: times in seconds to which cuts had better move; ``beside``: what else is to be split with it.
        """
        node = self.nodes[index]
        return even_split(
            node.path,
            node.span_s,
            node.range_hz,
            counts,
            fade_s=self._least_s,
            edges_s=(*(self.cells.edges_s or ()), *(edge for split in beside for edge in split.at_s)),
            snap_s=snap_s,
        )


def refined_cut(parent: Components, splits: Sequence[Split], *, fade_s: float = 0.008, seed: int = 0) -> RefinedCut:
    """A cut clip with some of its components cut further; without a split, the same components.

    Parameters and errors as for ``Refined`` and its ``build``, but for ``parent``: the clip, cut.
    """
    if not isinstance(parent, Layered):
        raise SettingError(
            f"{parent.kind!r} components cannot be split",
            remedy="Start from time, bands, grid, stems, stems_time, beats, segments or nmf",
            where="parent",
        )
    how = Refined({"kind": parent.kind, **parent.settings}, tuple(splits), fade_s)
    nodes, layers, edges_s = divide(parent, how.splits)
    own_fade_s = fade_s if parent.edges_s is None else parent.fade_s
    cells = parent.recut(how, torch.stack([layer.sound for layer in layers]), edges_s, own_fade_s)
    owner = owners(nodes, layers, edges_s if edges_s is not None else (0.0, parent.clip.duration_s))
    return RefinedCut(how, parent, cells, nodes, owner, fade_s=own_fade_s, seed=seed)
