"""Components of several kinds as one set of players: bands and segments, stems and beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.component import Component
from earmark.components.cut_clip import Cut, CutClip
from earmark.components.layered import Layered
from earmark.components.settings import check_cut
from earmark.errors import SettingError

# Their layers are linear filters, so they can be applied to the layers of another kind.
FILTERS = ("bands", "grid")
# Cuts nearer than this are the same cut, found by two kinds.
SAME_CUT_S = 1e-3


@dataclass(frozen=True)
class Joint:
    """Several ways to cut the same sound, all of whose components play together.

    Every kind cuts the whole clip, so each moment of sound belongs to one component of *each* kind and is heard as
    loud as the product of their masks: it is there where all of them are on. With n₁ and n₂ components there are
    n₁ + n₂ players, not n₁ · n₂ as in a grid: "this band" and "this second" each get an effect of their own, and their
    interaction is shared between them. Because of the product, kept and removed part do not add up to the clip.

    Parameters
    ----------
    kinds : the kinds, as mappings of ``kind`` (registered name) and its settings; see ``Joint.of``. At most one of
        them separates sounds (stems, nmf); superpixels cannot take part.
    fill : registered name of what takes the place of what is off, for all; those of the kinds stay "silence".
    fade_s : length of the cross-fade centred at each cut in time, in seconds, for all kinds.

    Raises
    ------
    SettingError, UnknownNameError
        If a setting is out of range, or kinds cannot play together.

    Examples
    --------
    >>> from earmark.components.bands import Bands
    >>> from earmark.components.time import Time
    >>> clip = Clip(np.random.default_rng(0).standard_normal(16000) / 10, 16000)
    >>> [c.label for c in Joint.of(Time(n=2), Bands(n=2, spacing="octave", low_hz=125)).build(clip).table]
    ['0.0–0.5 s', '0.5–1.0 s', '0–1 kHz', '1–8 kHz']
    """

    name: ClassVar[str] = "joint"

    kinds: tuple[Mapping[str, Any], ...]
    fill: str = "silence"
    fade_s: float = 0.008

    def __post_init__(self) -> None:
        check_cut(self.fill, self.fade_s)
        object.__setattr__(self, "kinds", tuple(self.kinds))
        if len(self.kinds) < 2:
            raise SettingError(f"{len(self.kinds)} kinds", remedy="Join at least two", where="kinds")
        for entry in self.kinds:
            if not isinstance(entry, Mapping) or not isinstance(entry.get("kind"), str):
                raise SettingError(
                    f"{entry!r} is no kind with settings",
                    remedy='Give mappings like {"kind": "time", "n": 4}',
                    where="kinds",
                )
            kind = _kind(entry)
            if isinstance(kind, Joint):
                raise SettingError("a joint cannot hold a joint", remedy="Join its kinds themselves", where="kinds")
            if kind.fill != "silence":
                raise SettingError(
                    f"{entry['kind']!r} brings a fill of its own", remedy="Give the fill to the joint", where="fill"
                )

    @classmethod
    def of(cls, *kinds: Cut, fill: str = "silence", fade_s: float = 0.008) -> Joint:
        """Join kinds: ``Joint.of(Time(n=4), Bands(n=3))``."""
        return cls(tuple({"kind": kind.name, **asdict(kind)} for kind in kinds), fill, fade_s)

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Joined:
        """Cut the clip; ``snap_s`` goes to every kind that cuts in time.

        Raises
        ------
        SettingError
            If two kinds separate sounds, or cuts of different kinds are nearer than the cross-fade.
        """
        cuts = [_layered(_kind(entry), clip, snap_s, seed) for entry in self.kinds]
        layers, rows = _joint_layers(cuts, clip, seed)
        edges = _joint_edges([cut.edges_s for cut in cuts], clip.duration_s)
        players = torch.stack([_players(cut, rows[:, k], edges) for k, cut in enumerate(cuts)])
        offsets = np.cumsum([0, *(cut.n for cut in cuts[:-1])])
        players += torch.from_numpy(offsets)[:, None, None]
        how = replace(self, kinds=tuple({"kind": cut.kind, **cut.settings} for cut in cuts))
        cells = Layered(
            how, clip, layers, [Component()] * len(layers), edges_s=edges, fade_s=self.fade_s, fill=self.fill, seed=seed
        )
        return Joined(how, cells, players, cuts, least_s=self.fade_s, seed=seed)


class Joined(CutClip):
    """Several cuts of one clip, heard where all of them have something on.

    Parameters
    ----------
    how, seed : as in ``CutClip``.
    cells : what belongs to one component of each cut: layers × segments, components of their own.
    players : index of the player of each cut in each cell, ``(cuts, J, T)``.
    cuts : the cuts, whose components are the players.
    least_s : a component overlaps a span where it has more than half of this of it, in seconds.
    """

    def __init__(
        self, how: Joint, cells: Layered, players: Tensor, cuts: Sequence[Layered], *, least_s: float, seed: int
    ) -> None:
        super().__init__(
            how,
            cells.clip,
            [part for cut in cuts for part in cut.table],
            # A product of masks is not linear in them: m·m' and (1 − m)·(1 − m') do not sum to one.
            linear=False,
            least_s=least_s,
            seed=seed,
            notes=[note for cut in cuts for note in cut.notes],
        )
        self.cells = cells
        self._players = players.flatten(1)

    def cell_masks(self, masks: Tensor) -> Tensor:
        """Gain of each cell ``(B, J * T)``: the product of the masks ``(B, n)`` of its players."""
        return masks[:, self._players].prod(dim=1)

    def mix(self, masks: Tensor, start: int, stop: int, out: Tensor) -> None:
        """See ``CutClip.mix``."""
        self.cells.mix(self.cell_masks(masks), start, stop, out)


def _kind(entry: Mapping[str, Any]) -> Any:
    return kind_from(entry["kind"], {key: value for key, value in entry.items() if key != "kind"})


def _layered(kind: Any, clip: Clip, snap_s: Sequence[float] | None, seed: int) -> Layered:
    cut = kind.build(clip, snap_s=snap_s, seed=seed)
    if not isinstance(cut, Layered):
        raise SettingError(
            f"{kind.name!r} components cannot be joined", remedy="Use time, bands, grid, stems, …", where="kinds"
        )
    return cut


def _joint_layers(cuts: Sequence[Layered], clip: Clip, seed: int) -> tuple[Tensor, Tensor]:
    """Layers that belong to one layer of each cut, and to which: ``(J, channels, samples)`` and ``(J, cuts)``."""
    several = [k for k, cut in enumerate(cuts) if len(cut.layers) > 1]
    separating = [k for k in several if cuts[k].kind not in FILTERS]
    if len(separating) > 1:
        names = " and ".join(repr(cuts[k].kind) for k in separating)
        raise SettingError(f"{names} both separate sounds", remedy="Join one of them", where="kinds")
    layers = [(torch.from_numpy(clip.waveform.copy()), [0] * len(cuts))]
    first = True
    for k in (*separating, *(k for k in several if k not in separating)):
        split = []
        for sound, rows in layers:
            # Filters are linear: bands of the stems are the stems of the bands.
            parts = cuts[k].layers if first else _refiltered(cuts[k], sound, clip, seed)
            split += [(part, [*rows[:k], j, *rows[k + 1 :]]) for j, part in enumerate(parts)]
        layers, first = split, False
    return torch.stack([sound for sound, _ in layers]), torch.tensor([rows for _, rows in layers])


def _refiltered(cut: Layered, sound: Tensor, clip: Clip, seed: int) -> Tensor:
    filtered = cut.how.build(replace(clip, waveform=sound.numpy()), seed=seed)
    if not isinstance(filtered, Layered):
        raise SettingError(f"{cut.kind!r} is no filter", remedy="Use bands or grid", where="kinds")
    return filtered.layers


def _joint_edges(edges_s: Sequence[tuple[float, ...] | None], end_s: float) -> tuple[float, ...]:
    merged = [0.0]
    for edge in sorted(edge for edges in edges_s if edges is not None for edge in edges[1:-1]):
        if edge - merged[-1] > SAME_CUT_S:
            merged.append(edge)
    return (*merged, end_s)


def _players(cut: Layered, rows: Tensor, edges_s: tuple[float, ...]) -> Tensor:
    """Index of the cut's component for each joint layer and segment, ``(J, T)``."""
    own = cut.edges_s if cut.edges_s is not None else (0.0, edges_s[-1])
    middles = (np.array(edges_s[:-1]) + edges_s[1:]) / 2
    segments = np.searchsorted(np.array(own[1:-1]), middles)
    return rows[:, None] * (len(own) - 1) + torch.from_numpy(segments)[None]
