"""Descriptors of a sound as components: a feature, or a group of features, is what can be switched off.

These are no ``Components`` in the sense of ``earmark.components.component``: a row of numbers cannot be listened to.
They make rows of masks where the others make waveforms.

A feature that is off takes its value from a background data set: one row (its mean or its median), or each of many rows
in turn, over which the classifier's output is then averaged. The latter ("marginal") is the interventional value
function of SHAP: Lundberg & Lee (2017), equation 11; Janzing, Minorics & Blöbaum (2020) for why it is not conditional.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.components.component import Component
from earmark.errors import SettingError, UnknownNameError
from earmark.models.tabular import checked_rows

Floats = NDArray[np.float64]

KIND = "descriptors"
DESCRIPTOR_FILLS = ("marginal", "mean", "median")
PLAYERS = ("feature", "group")

# First word of a feature's name → what it describes.
FAMILIES = {
    "timbre": (
        *("mfcc", "zcr", "zero", "spectral", "centroid", "rolloff", "bandwidth", "flatness", "contrast", "flux", "mel"),
    ),
    "harmony": ("chroma", "key", "tonnetz", "chord"),
    "rhythm": ("tempo", "onset", "beat", "bpm"),
}


@dataclass(frozen=True, eq=False)
class Descriptors:
    """One row, with what stands in for its values where they are off; made by ``describe``.

    Parameters
    ----------
    row : the values, shape ``(F,)``.
    stand_ins : rows ``(m, F)`` that masked features are taken from, each in turn.
    owner : which of the n components each feature belongs to, shape ``(F,)``.
    table : what each component is: ``name`` with its value, ``group`` "timbre", "harmony", "rhythm", "other" or yours.
    settings : what makes the same components again from the same row and background (JSON values only).
    """

    row: Floats
    stand_ins: Floats
    owner: NDArray[np.intp]
    table: tuple[Component, ...]
    settings: dict[str, object]

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.table)

    def rows(self, masks: NDArray[np.generic]) -> Floats:
        """Rows ``(B · m, F)`` of masks ``(B, n)``, True keeps a component: m rows for the first mask, then the next.

        Raises
        ------
        SettingError
            If the masks have another shape.
        """
        masks = np.asarray(masks)
        if masks.ndim != 2 or masks.shape[1] != self.n:
            raise SettingError(
                f"masks of shape {masks.shape} for {self.n} components",
                remedy=f"Give an array (masks, {self.n})",
                where=KIND,
            )
        kept = masks.astype(np.bool_)[:, np.newaxis, self.owner]
        return np.where(kept, self.row, self.stand_ins).reshape(-1, len(self.row))


def describe(
    row: ArrayLike,
    features: Sequence[str],
    background: ArrayLike,
    *,
    players: str = "feature",
    groups: Mapping[str, Sequence[str]] | None = None,
    fill: str = "marginal",
    background_rows: int = 100,
    seed: int = 0,
) -> Descriptors:
    """The components of a row.

    Parameters
    ----------
    row : F numbers.
    features : their names.
    background : rows ``(M, F)`` of the data that the row comes from.
    players : "feature" switches every feature for itself, "group" all features of a group together.
    groups : group → its features; what is in none is "other". By default the names tell, see ``family``.
    fill : "mean" or "median" of the background, or "marginal": every row of it in turn.
    background_rows : how many rows of the background "marginal" takes at most, drawn without replacement.
    seed : of that draw.

    Raises
    ------
    SettingError
        If a number is missing or not finite, the background is empty, or a feature is in two groups.
    UnknownNameError
        For an unknown fill, way to play, or feature in a group.

    Examples
    --------
    >>> cut = describe([3.0, 120.0], ["mfcc01_mean", "tempo"], [[1.0, 100.0], [2.0, 80.0]])
    >>> [c.label for c in cut.table], [c.group for c in cut.table]
    (['mfcc01_mean = 3', 'tempo = 120'], ['timbre', 'rhythm'])
    >>> cut.rows(np.array([[True, False]]))
    array([[  3., 100.], [  3.,  80.]])
    """
    if fill not in DESCRIPTOR_FILLS:
        raise UnknownNameError("fill of descriptors", fill, DESCRIPTOR_FILLS)
    if players not in PLAYERS:
        raise UnknownNameError("kind of players", players, PLAYERS)
    if background_rows < 1:
        raise SettingError(f"{background_rows} rows", remedy="Give at least 1", where="background_rows")
    values = checked_rows([row], features, where="row")[0]
    others = checked_rows(background, features, where="background")
    if len(others) == 0:
        raise SettingError(
            "no rows", remedy="Give rows of the data that the classifier was trained on", where="background"
        )
    membership = _membership(features, groups)
    owner = np.arange(len(features))
    table = tuple(
        Component(name=f"{name} = {value:.5g}", group=group)
        for name, value, group in zip(features, values, membership, strict=True)
    )
    if players == "group":
        names = list(dict.fromkeys(membership))
        owner = np.array([names.index(group) for group in membership])
        table = tuple(Component(name=_counted(name, membership.count(name)), group=name) for name in names)
    settings: dict[str, object] = {
        "players": players,
        "groups": {name: list(members) for name, members in groups.items()} if groups is not None else None,
        "fill": fill,
        "background_rows": background_rows,
        "background_sha256": hashlib.sha256(others.astype("<f8").tobytes()).hexdigest(),
    }
    return Descriptors(values, _stand_ins(others, fill, background_rows, seed), owner, table, settings)


def family(feature: str) -> str:
    """What a feature describes, by the first word of its name: "timbre", "harmony", "rhythm" or "other".

    Examples
    --------
    >>> family("mfcc07_std"), family("zero_crossing_rate"), family("Chroma_3"), family("tempo"), family("rms_mean")
    ('timbre', 'timbre', 'harmony', 'rhythm', 'other')
    """
    first = re.match(r"[a-z]*", feature.strip().lower())
    word = first[0] if first else ""
    return next((name for name, words in FAMILIES.items() if word in words), "other")


def _membership(features: Sequence[str], groups: Mapping[str, Sequence[str]] | None) -> list[str]:
    if groups is None:
        return [family(name) for name in features]
    found: dict[str, str] = {}
    for group, members in groups.items():
        if isinstance(members, str):
            raise SettingError(f"group {group!r} is a text", remedy="Give a list of features", where="groups")
        for name in members:
            if name not in features:
                raise UnknownNameError("feature", name, features)
            if name in found:
                raise SettingError(
                    f"{name} is in the groups {found[name]!r} and {group!r}",
                    remedy="Put every feature in one group",
                    where="groups",
                )
            found[name] = group
    return [found.get(name, "other") for name in features]


def _stand_ins(background: Floats, fill: str, most: int, seed: int) -> Floats:
    if fill == "mean":
        mean: Floats = background.mean(axis=0, keepdims=True)
        return mean
    if fill == "median":
        median: Floats = np.median(background, axis=0, keepdims=True)
        return median
    if len(background) <= most:
        return background
    # In the order of the data set, so that the draw alone decides.
    return background[np.sort(np.random.default_rng(seed).choice(len(background), most, replace=False))]


def _counted(name: str, count: int) -> str:
    return f"{name} ({count} descriptor{'s' if count != 1 else ''})"
