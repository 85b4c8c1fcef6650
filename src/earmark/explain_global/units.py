"""Which features are permuted together: each alone, by what they describe, or those that are correlated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from earmark.data.published_names import descriptor_called
from earmark.errors import SettingError, UnknownNameError
from earmark.features.descriptors.names import descriptor_group
from earmark.models.tabular import checked_rows

Units = dict[str, tuple[str, ...]]


def single_units(features: Sequence[str]) -> Units:
    """Each feature for itself."""
    return {name: (name,) for name in features}


def group_units(features: Sequence[str]) -> Units:
    """Timbre, harmony and rhythm, for descriptors; names that are no descriptors are in "other".

    Examples
    --------
    >>> group_units(["tempo_bpm", "mfcc_01_mean", "weight"])
    {'timbre': ('mfcc_01_mean',), 'rhythm': ('tempo_bpm',), 'other': ('weight',)}
    """
    groups: dict[str, list[str]] = {"timbre": [], "harmony": [], "rhythm": [], "other": []}
    for name in features:
        try:
            groups[descriptor_group(descriptor_called(name))].append(name)
        except UnknownNameError:
            groups["other"].append(name)
    return {group: tuple(names) for group, names in groups.items() if names}


def correlated_units(rows: ArrayLike, features: Sequence[str], *, least: float = 0.7) -> Units:
    """Clusters of features by |Spearman's ρ| (average linkage of 1 − |ρ|): above ``least`` on average within one.

    A cluster is called after the feature that is most correlated with the others in it.

    Parameters
    ----------
    rows : ``(N, F)``, finite.
    features : names of the columns.
    least : between 0 and 1.

    Raises
    ------
    SettingError
        If ``least`` is out of range, or a feature has only one value.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(99, 2))
    >>> correlated_units(np.column_stack([x, -x[:, 0] ** 3]), ["a", "b", "c"])
    {'a + 1': ('a', 'c'), 'b': ('b',)}
    """
    table = checked_rows(rows, features, where="rows")
    if not 0 < least < 1:
        raise SettingError(f"{least:g} is no correlation between 0 and 1", remedy="Try 0.7", where="least")
    constant = [name for name, column in zip(features, table.T, strict=True) if (column == column[0]).all()]
    if constant:
        raise SettingError("has one value in all rows", remedy="Leave it out", where=constant[0])
    if len(features) < 2:
        return single_units(features)
    rho = np.abs(np.corrcoef(rankdata(table, axis=0), rowvar=False))
    np.fill_diagonal(rho, 1.0)
    apart = np.clip(1 - (rho + rho.T) / 2, 0, 1)
    clusters = fcluster(linkage(squareform(apart, checks=False), "average"), 1 - least, criterion="distance")
    found: Units = {}
    for cluster in dict.fromkeys(clusters.tolist()):
        members = np.flatnonzero(clusters == cluster)
        centre = members[int(rho[np.ix_(members, members)].mean(axis=1).argmax())]
        more = f" + {len(members) - 1}" if len(members) > 1 else ""
        found[f"{features[int(centre)]}{more}"] = tuple(features[int(member)] for member in members)
    return found
