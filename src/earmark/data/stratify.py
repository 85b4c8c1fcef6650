"""Share out groups of items so that every part gets its fraction of every class, as well as whole groups allow.

Groups are placed one after the other, rarest class first, where that class is missed most: iterative stratification
(Sechidis, Tsoumakas and Vlahavas 2011) of groups instead of items, after every part was given one group of every class.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from earmark.errors import DatasetError, SettingError


def share_out(
    groups: Sequence[str], labels: Sequence[str], fractions: Sequence[float], names: Sequence[str], seed: int
) -> tuple[int, ...]:
    """The part of each item; items of one group are in the same part, and every class is in every part.

    Parameters
    ----------
    groups, labels : of each item.
    fractions : of the items that each part should get; a part of fraction 0 gets none.
    names : of the parts, for messages.
    seed : decides among equals; the same seed gives the same parts.

    Raises
    ------
    SettingError
        If the fractions are negative or do not add up to 1.
    DatasetError
        If there is one class only, or some class has too few groups for every part to get one.

    Examples
    --------
    >>> share_out("aabbccdd", "xxyyxxyy", (0.5, 0.5), ("train", "test"), seed=0)
    (1, 1, 0, 0, 0, 0, 1, 1)
    """
    check_fractions(fractions)
    parts = [part for part, fraction in enumerate(fractions) if fraction > 0]
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for group, label in zip(groups, labels, strict=True):
        members[group][label] += 1
    counts = Counter(labels)
    check_classes(members, counts, [names[part] for part in parts])
    order = sorted(members)
    np.random.default_rng(seed).shuffle(order)
    having = {label: [group for group in order if label in members[group]] for label in sorted(counts)}
    rarest_first = sorted(having, key=lambda label: (len(having[label]), label))
    need = {part: {label: fractions[part] * counts[label] for label in counts} for part in parts}
    chosen: dict[str, int] = {}

    def place(group: str, part: int) -> None:
        chosen[group] = part
        for label, number in members[group].items():
            need[part][label] -= number

    for label in rarest_first:
        # The part that needs most takes the first, largest group.
        for part in sorted(parts, key=lambda part: (-fractions[part], part)):
            if any(chosen.get(group) == part for group in having[label]):
                continue
            free = [group for group in having[label] if group not in chosen]
            if free:
                want = max(need[part][label], 1.0)
                place(min(free, key=lambda group: abs(members[group][label] - want)), part)
    for label in rarest_first:
        free = [group for group in having[label] if group not in chosen]
        for group in sorted(free, key=lambda group: -members[group].total()):
            missing = {
                part: (
                    need[part][label] / (fractions[part] * counts[label]),
                    sum(need[part][other] * number for other, number in members[group].items()),
                    -part,
                )
                for part in parts
            }
            place(group, max(parts, key=lambda part: missing[part]))
    _check_parts(chosen, members, counts, parts, names)
    return tuple(chosen[group] for group in groups)


def check_fractions(fractions: Sequence[float]) -> None:
    """Raise if these are no fractions of one whole.

    Raises
    ------
    SettingError
        If one is negative or not finite, or their sum is not 1.
    """
    wrong = any(not math.isfinite(f) or f < 0 for f in fractions) or abs(sum(fractions) - 1) > 1e-6
    if wrong or fractions[0] == 0:
        raise SettingError(
            f"the fractions {', '.join(f'{f:g}' for f in fractions)} do not share out one whole",
            remedy="Give numbers from 0 to 1 that add up to 1, that of the training items above 0",
            where="fractions",
        )


def check_classes(members: dict[str, Counter[str]], counts: Counter[str], parts: Sequence[str]) -> None:
    """Raise if some class cannot be in every part.

    Raises
    ------
    DatasetError
        Naming all such classes and what could be done.
    """
    if len(counts) < 2:
        raise DatasetError(
            f"has the one class {next(iter(counts), '')!r}", remedy="Give sounds of two classes or more", where="split"
        )
    largest = max(sorted(members), key=lambda group: members[group].total())
    groups = {label: sum(label in inside for inside in members.values()) for label in sorted(counts)}
    few = [label for label, number in groups.items() if number < len(parts)]
    if not few:
        return
    told = [f"{label!r} has {_number(counts[label], 'item')} in {_number(groups[label], 'group')}" for label in few]
    spans = len(members[largest]) > 1 and any(label in members[largest] for label in few)
    raise DatasetError(
        f"the class{'' if len(few) == 1 else 'es'} {', '.join(told)}; each of {', '.join(parts)} needs one of its own"
        + (f" (the group {largest!r} alone holds {len(members[largest])} classes)" if spans else ""),
        remedy=f"Add some, merge or leave out the class{'' if len(few) == 1 else 'es'}, or split by a narrower group",
        where="split",
    )


def _number(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"


def _check_parts(
    chosen: dict[str, int],
    members: dict[str, Counter[str]],
    counts: Counter[str],
    parts: Sequence[int],
    names: Sequence[str],
) -> None:
    for part in parts:
        there = {label for group, place in chosen.items() if place == part for label in members[group]}
        missing = sorted(set(counts) - there)
        if missing:
            raise DatasetError(
                f"groups hold several classes each, and none was left with {missing[0]!r} for {names[part]}",
                remedy="Split by a narrower group, or take another seed",
                where="split",
            )
