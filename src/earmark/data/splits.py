"""Split a data set into training, validation and test items, so that what belongs together stays together.

Parts of one recording, and songs of one artist, sound alike for other reasons than their class. A classifier that has
learnt from one and is judged by the other is judged too well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from earmark.data.dataset import Dataset
from earmark.data.split import Split
from earmark.data.stratify import check_fractions, share_out
from earmark.errors import DatasetError, SettingError

PARTS = ("train", "validation", "test")
FRACTIONS = (0.7, 0.15, 0.15)


def split_by_group(
    dataset: Dataset,
    *,
    by: str = "track",
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    groups: Sequence[str] | None = None,
) -> Split:
    """No group on two sides, and every class on each in its proportion, as well as whole groups allow.

    Parameters
    ----------
    dataset : the items.
    by : "track", "artist", or "duplicates": tracks, those joined that sound the same.
    fractions : of training, validation and test items; of the latter two one may be 0.
    seed : the same seed gives the same split.
    groups : the group of each item, where it is known already (for "duplicates", or groups of your own with a name of
        their own); None takes them from the items, and listens to every file for "duplicates".

    Raises
    ------
    SettingError
        If ``by`` is unknown, fractions do not add up to 1, or artists are not known.
    DatasetError
        If there is one class only, or a class has too few groups.
    AudioError
        If duplicates are asked for and a file cannot be read.
    """
    check_three(fractions)
    if groups is None:
        groups = _groups(dataset, by)
    if len(groups) != len(dataset.items):
        raise SettingError(
            f"{len(groups)} groups for {len(dataset.items)} items", remedy="Give one for each item", where="groups"
        )
    labels = [item.label for item in dataset.items]
    parts = share_out(groups, labels, fractions, PARTS, seed)
    return _split(dataset, parts, f"by {by}, seed {seed}", by)


def split_published(dataset: Dataset, *, leaky: bool = False) -> Split:
    """The publisher's split, from the items' ``split``; items without one are in no part.

    Parameters
    ----------
    dataset : the items.
    leaky : accept that parts of one track are on two sides; the split's group is then "nothing".

    Raises
    ------
    DatasetError
        If no item says where it belongs, no one trains or judges, or a track is on two sides.
    """
    parts = [PARTS.index(item.split) if item.split in PARTS else -1 for item in dataset.items]
    if all(part < 0 for part in parts):
        raise DatasetError(
            "has no published split",
            remedy="Split by track, or give a manifest with a column split",
            where=dataset.name,
        )
    return split_from_parts(dataset, parts, "published", leaky=leaky)


def split_folds(
    dataset: Dataset, *, by: str = "track", validation: float = 0.15, seed: int = 0, groups: Sequence[str] | None = None
) -> tuple[Split, ...]:
    """Leave one fold out: as many splits as folds, each tested on one and validated, by group, on part of the others.

    Parameters
    ----------
    dataset : items with folds.
    by, groups, seed : as in ``split_by_group``.
    validation : fraction of the other folds' items that validates.

    Raises
    ------
    DatasetError
        If an item has no fold, there is one fold only, or a group lies in two.
    SettingError
        If ``by`` or the fraction is none.
    """
    items = dataset.items
    missing = sum(item.fold is None for item in items)
    folds = sorted({item.fold for item in items if item.fold is not None})
    if missing or len(folds) < 2:
        fact = f"{missing} of {len(items)} items have no fold" if missing else f"has {len(folds)} fold"
        raise DatasetError(fact, remedy="Give a manifest with a column fold, or split by track", where=dataset.name)
    named = _groups(dataset, by) if groups is None else groups
    places = [folds.index(item.fold or "") for item in items]
    _refuse_shared(dataset.name, named, places, [f"fold {fold}" for fold in folds])
    splits = []
    for number, fold in enumerate(folds):
        others = [index for index, place in enumerate(places) if place != number]
        inner = share_out(
            [named[index] for index in others],
            [items[index].label for index in others],
            (1 - validation, validation),
            PARTS[:2],
            seed,
        )
        parts = [2] * len(items)
        for index, part in zip(others, inner, strict=True):
            parts[index] = part
        splits.append(_split(dataset, parts, f"fold {fold} left out, by {by}, seed {seed}", by))
    return tuple(splits)


def split_slices_at_random(
    dataset: Dataset,
    *,
    slice_s: float,
    hop_s: float | None = None,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    leaky: bool = False,
) -> tuple[Dataset, Split]:
    """Cut every item into slices and deal these out at random: what one should not do, for measuring what it does.

    Parameters
    ----------
    dataset : the items.
    slice_s : length of a slice in seconds; what is left over at the end is in none.
    hop_s : from one slice to the next, in seconds; one length by default.
    fractions, seed : as in ``split_by_group``.
    leaky : must be True.

    Returns
    -------
    tuple
        The data set of slices (their tracks are those of the items), and a split of it with the group "nothing".

    Raises
    ------
    SettingError
        Unless ``leaky`` is True, or if lengths or fractions make no sense.
    DatasetError
        If there are too few slices.
    """
    from earmark.data.slices import slices_of

    if not leaky:
        raise SettingError(
            "slices of one recording would be on both sides, and the figures would be too good",
            remedy="Split by track; or say --leaky to measure the leak, and the card will say so",
            where="leaky",
        )
    check_three(fractions)
    sliced = slices_of(dataset, slice_s=slice_s, hop_s=hop_s)
    single = [str(index) for index in range(len(sliced.items))]
    parts = share_out(single, [item.label for item in sliced.items], fractions, PARTS, seed)
    return sliced, _split(sliced, parts, f"slices at random (leaky), seed {seed}", "nothing")


def split_from_parts(dataset: Dataset, parts: Sequence[int], name: str, *, leaky: bool = False) -> Split:
    """The split that puts each item into part 0 (training), 1 (validation), 2 (test), or -1 (none).

    Raises
    ------
    DatasetError
        If no one trains or judges, a class is not learnt from, or a track is on two sides and ``leaky`` is not set.
    """
    for part in (0, 2):
        if part not in parts:
            raise DatasetError(f"no item is in {PARTS[part]}", remedy="Name some", where=f"{dataset.name}, {name}")
    learnt = {item.label for item, part in zip(dataset.items, parts, strict=True) if part == 0}
    unlearnt = sorted({item.label for item, p in zip(dataset.items, parts, strict=True) if p > 0} - learnt)
    if unlearnt:
        named = ", ".join(repr(label) for label in unlearnt)
        raise DatasetError(
            f"the class {named} is judged, but not in train"
            if len(unlearnt) == 1
            else f"the classes {named} are judged, but not in train",
            remedy="Add some",
            where=f"{dataset.name}, {name}",
        )
    if leaky:
        return _split(dataset, parts, f"{name} (leaky)", "nothing")
    _refuse_shared(f"{dataset.name}, {name}", dataset.groups("track"), parts, PARTS)
    # Items without a known artist cannot show that artists are apart.
    artists = [item.artist for item, part in zip(dataset.items, parts, strict=True) if part >= 0]
    apart = all(artists) and len({(a, p) for a, p in zip(artists, [p for p in parts if p >= 0], strict=True)}) == len(
        set(artists)
    )
    return _split(dataset, parts, name, "artist" if apart else "track")


def check_three(fractions: Sequence[float]) -> None:
    """Raise if these are no fractions for training, validation and test.

    Raises
    ------
    SettingError
        If there are not three, or they do not add up to 1.
    """
    if len(fractions) != len(PARTS):
        raise SettingError(
            f"{len(fractions)} fractions", remedy="Give three: training, validation, test", where="fractions"
        )
    check_fractions(fractions)


def _groups(dataset: Dataset, by: str) -> tuple[str, ...]:
    if by != "duplicates":
        return dataset.groups(by)
    from earmark.data.duplicates import duplicate_groups

    return duplicate_groups(dataset)


def _refuse_shared(where: str, groups: Sequence[str], parts: Sequence[int], names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for group, part in zip(groups, parts, strict=True):
        if part >= 0 and first.setdefault(group, part) != part:
            raise DatasetError(
                f"{group!r} is in {names[first[group]]} and in {names[part]}",
                remedy="Take it out of one, or say that the split is leaky (--leaky)",
                where=where,
            )


def _split(dataset: Dataset, parts: Sequence[int], name: str, group: str) -> Split:
    places = np.asarray(parts)
    train, validation, test = (tuple(int(i) for i in np.flatnonzero(places == part)) for part in range(3))
    return replace(Split(name, (), (), (), group, dataset.fingerprint), train=train, validation=validation, test=test)
