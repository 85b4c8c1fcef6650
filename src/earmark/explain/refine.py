"""``refine``: a coarse explanation whose strongest components are split, and their parts weighed, on one budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from earmark.audio.clip import Clip
from earmark.components.component import ComponentKind, Components
from earmark.components.refined import RefinedCut, refined_cut
from earmark.components.settings import check_count
from earmark.components.split import Split
from earmark.errors import SettingError
from earmark.explain.case import Case, open_case, patch_borders
from earmark.explain.explanation import Explanation
from earmark.explain.game import CachedGame, Floats, SumGame, Watch
from earmark.explain.ledger import Ledger
from earmark.explain.levels import least
from earmark.explain.play import play
from earmark.models.classifier import Classifier


@dataclass(frozen=True)
class Refinement:
    """Settings of ``refine``; see there."""

    levels: int = 1
    split: tuple[int, int] = (2, 2)
    keep: int | float = 4
    samples: int = 2048
    tolerance: float = 0.025

    def __post_init__(self) -> None:
        object.__setattr__(self, "split", tuple(self.split))
        check_count(self.levels, "levels")
        if len(self.split) != 2 or not all(isinstance(k, int) and k >= 1 for k in self.split) or self.split == (1, 1):
            raise SettingError(
                f"a split into {self.split!r} parts", remedy="Give (parts in time, parts in frequency)", where="split"
            )
        fits = self.keep >= 1 if isinstance(self.keep, int) else 0 < self.keep <= 1
        if isinstance(self.keep, bool) or not fits:
            raise SettingError(f"{self.keep!r} components", remedy="Give a number, or a share up to 1.0", where="keep")

    def strongest(self, n: int) -> int:
        """How many of n components to split."""
        return min(n, self.keep if isinstance(self.keep, int) else math.ceil(self.keep * n))


def refine(
    clip: Clip,
    classifier: Classifier,
    start: ComponentKind | Components | str = "grid",
    *,
    levels: int = 1,
    split: tuple[int, int] = (2, 2),
    keep: int | float = 4,
    samples: int = 2048,
    tolerance: float = 0.025,
    targets: Sequence[str] | int = 3,
    output: str = "probability",
    contrast: tuple[str, str] | None = None,
    seed: int = 0,
    batch_size: int = 16,
    strict: bool = False,
    watch: Watch | None = None,
) -> Explanation:
    """Look closer only where something is: split the strongest components, and again the strongest of those.

    The components of the first cut get Shapley values. The parts of a component share its value as Owen values do (at
    any depth, Winter 1989), so that they add up to it exactly, and all components to f(clip) − f(nothing).

    Parameters
    ----------
    clip, classifier, targets, output, contrast, seed, batch_size, strict, watch : as for ``explain``. A ``Patchwise``
        classifier is explained patch by patch; its evaluations are patches.
    start : the first cut, of layers × time: time, bands, grid, stems, stems_time, beats, segments, nmf.
    levels : how many times to split.
    split : parts in time and in frequency (equal steps of mel). A component that is too small for a direction is left
        whole in it.
    keep : how many components to split each time, the strongest for any target; below 1 or 1.0, a share of all.
    samples : most evaluations to spend, all levels together. What one level leaves over is the next one's.
    tolerance : spend no more on a level once its standard errors are below this share of the spread of the values.

    Raises
    ------
    SettingError
        If the first cut cannot be split, or the budget is too small.
    UnknownNameError, AudioError, ScoresError, CancelledError
        As ``explain``.

    Examples
    --------
    >>> from earmark.components.time import Time
    >>> from earmark.models.callable import from_callable
    >>> def level(waveforms, sample_rate):
    ...     loud = np.minimum(np.abs(waveforms).mean(axis=(1, 2)), 1)
    ...     return np.stack([loud, 1 - loud], axis=1)
    >>> clip = Clip(np.repeat([0.0, 0.5, 0.0, 0.0], 2000), 8000)
    >>> why = refine(clip, from_callable(level, ["loud", "soft"], 8000), Time(n=2), split=(2, 1), keep=1)
    >>> [part.label for part in why.components], [round(float(v), 2) + 0 for v in why.values("loud")]
    (['0.0–0.2 s', '0.2–0.5 s', '0.5–1.0 s'], [0.0, 0.12, 0.0])
    """
    how = Refinement(levels, split, keep, samples, tolerance)
    watch = watch if watch is not None else Watch()
    case = open_case(clip, classifier, start, seed=seed, batch_size=batch_size, strict=strict, watch=watch)
    cut = refined_cut(case.components, (), seed=seed)
    asked, labels = case.asked(output, contrast)
    price = _price(case, output)
    budget = _Budget.of(how, cut.n, price)
    if not isinstance(asked, SumGame):  # what a sum takes is only seen part by part
        budget.check()
    watch.planned = samples
    ledger = Ledger(asked, cut.paths, budget=budget.stage(0, 0), tolerance=tolerance, price=price, seed=seed)
    rows = case.target_rows(targets, contrast)
    spent, counts = [case.game.evaluations], [cut.n]
    for level in range(1, levels + 1):
        splits = _strongest(ledger.values[list(rows)], cut, how, patch_borders(classifier, cut.clip))
        if not splits:
            break
        finer = refined_cut(cut.parent, (*cut.splits, *splits), seed=seed)
        game = play(classifier, finer, batch_size=batch_size, strict=strict, watch=watch)
        _take_over(case, game, cut, finer)
        case, cut = replace(case, components=finer, game=game), finer
        asked, _ = case.asked(output, contrast)
        ledger.split([s.path for s in splits], asked, cut.paths, budget=budget.stage(level, sum(spent)))
        spent.append(game.evaluations)
        counts.append(cut.n)
    found = ledger.attribution()
    levels_found = {
        "evaluations_per_level": [float(k) for k in spent],
        "components_per_level": [float(k) for k in counts],
    }
    found = replace(found, diagnostics=found.diagnostics | levels_found)
    recipe = case.recipe("refine", asdict(how), output, contrast, seed)
    return replace(case.explanation(found, recipe, labels, rows), evaluations=sum(spent))


def _strongest(values: Floats, cut: RefinedCut, how: Refinement, snap_s: Sequence[float] | None) -> list[Split]:
    """Even splits of the components that are strongest for any of the targets ``(targets, n)`` and can be split."""
    splits: list[Split] = []
    for index in np.argsort(-np.abs(values).max(axis=0), kind="stable"):
        split = cut.split_of(int(index), how.split, snap_s=snap_s, beside=splits)
        if split is not None:
            splits.append(split)
        if len(splits) == how.strongest(cut.n):
            break
    return splits


def _take_over(case: Case, game: CachedGame | SumGame, coarse: RefinedCut, fine: RefinedCut) -> None:
    """Tell the finer game what the coarser one knows: a mask of whole components is a mask of their parts."""
    place = {path: index for index, path in enumerate(coarse.paths)}
    whole = np.array([place.get(path, place.get(path[:-1], -1)) for path in fine.paths])
    if isinstance(game, CachedGame) and isinstance(case.game, CachedGame):
        masks, outputs = case.game.seen()
        game.remember(masks[:, whole], outputs)
    elif isinstance(game, SumGame) and isinstance(case.game, SumGame):
        for old, new in zip(case.game.parts, game.parts, strict=True):
            if isinstance(old.game, CachedGame) and isinstance(new.game, CachedGame):
                masks, outputs = old.game.seen()
                new.game.remember(masks[:, np.searchsorted(old.players, whole[new.players])], outputs)


def _price(case: Case, output: str) -> int:
    """How many evaluations one mask can cost: log-odds of a mean over patches ask every patch."""
    return len(case.game.parts) if isinstance(case.game, SumGame) and output == "log_odds" else 1


@dataclass(frozen=True)
class _Budget:
    """One budget for all stages: equal shares, but each leaves what the later ones need at least.

    Parameters
    ----------
    samples : evaluations in all.
    needs : the least that each stage can do with, the first cut before the levels.
    """

    samples: int
    needs: tuple[int, ...]

    @classmethod
    def of(cls, how: Refinement, n: int, price: int) -> _Budget:
        parts = how.split[0] * how.split[1]
        needs, there = [price * min(2 * n + 2, 1 << n)], n
        for _ in range(how.levels):
            needs.append(price * how.strongest(there) * least(parts))
            there += how.strongest(there) * (parts - 1)
        return cls(how.samples, tuple(needs))

    def check(self) -> None:
        if self.samples < sum(self.needs):
            raise SettingError(
                f"{self.samples} samples cannot weigh the components and, {len(self.needs) - 1} times, the parts",
                remedy=f"Give at least {sum(self.needs)}, or split fewer",
                where="samples",
            )

    def stage(self, index: int, spent: int) -> int:
        """Most evaluations for one stage, after ``spent`` in those before it."""
        left = self.samples - spent
        equal = left // (len(self.needs) - index)
        return min(left, max(self.needs[index], min(equal, left - sum(self.needs[index + 1 :]))))
