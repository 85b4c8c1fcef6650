"""How well a classifier judged labelled sounds, with intervals that respect which of them belong together.

Conventions: ``truth`` are places in the list of labels, ``probabilities`` are ``(N, K)``, a confusion matrix has a row
for each true class and a column for each predicted one. Intervals are percentiles of a bootstrap that draws whole
groups (tracks, artists) with replacement (Field & Welsh 2007, "cluster bootstrap"): slices of one track are no
independent witnesses. Precision, recall and F1 of a class are 0 where their denominator is 0; macro-F1 is the mean over
the classes that occur in truth or prediction, as scikit-learn has it.

The expected calibration error is that of Guo et al. (2017, eq. 3), with equally wide bins of the top probability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import SettingError
from earmark.resampling import percentile_ends

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 15


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier said about N sounds (or slices, or songs) whose class is known.

    Parameters
    ----------
    labels : K class names.
    truth : place of the true class of each, ``(N,)``.
    probabilities : ``(N, K)``.
    groups : what each belongs to, ``(N,)``; sounds of one group are drawn together.

    Raises
    ------
    SettingError
        If the shapes do not fit, there is nothing, or a number is no probability.
    """

    labels: tuple[str, ...]
    truth: Ints
    probabilities: Floats
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        truth = np.asarray(self.truth, dtype=np.int64)
        probabilities = np.asarray(self.probabilities, dtype=np.float64)
        object.__setattr__(self, "truth", truth)
        object.__setattr__(self, "probabilities", probabilities)
        if not len(truth):
            raise SettingError("there is nothing to judge", remedy="Give at least one sound", where="truth")
        shape = (len(truth), len(self.labels))
        if probabilities.shape != shape or len(self.groups) != len(truth):
            raise SettingError(
                f"{len(truth)} classes, probabilities of shape {probabilities.shape}, {len(self.groups)} groups",
                remedy="Give one row of probabilities and one group a sound",
                where="judged",
            )
        if truth.min() < 0 or truth.max() >= len(self.labels):
            raise SettingError("a class that is not in the list", remedy="Check the labels", where="truth")
        if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and (probabilities <= 1).all()):
            raise SettingError("numbers outside 0 to 1", remedy="Give probabilities", where="probabilities")

    @property
    def predicted(self) -> Ints:
        """Place of the most probable class of each, the first of equals, ``(N,)``."""
        found: Ints = self.probabilities.argmax(axis=1)
        return found


@dataclass(frozen=True)
class Interval:
    """A measure, and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class ClassScores:
    """One class: how many there are, how many of those called so are so, how many of those that are so are found."""

    label: str
    support: int
    precision: Interval
    recall: Interval
    f1: float


@dataclass(frozen=True)
class Bin:
    """One bin of the reliability diagram: its ends, how many fell in, their mean confidence and their accuracy."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Scores:
    """All measures of one classifier on one list of sounds.

    Parameters
    ----------
    n, groups : sounds, and groups that were drawn for the intervals.
    accuracy, macro_f1, ece : with intervals.
    nll : mean negative log-likelihood of the truth, nats (probabilities below 1e-12 count as 1e-12).
    classes : per class.
    confusion : counts; rows are the truth.
    reliability : the bins that are not empty.
    """

    n: int
    groups: int
    accuracy: Interval
    macro_f1: Interval
    ece: Interval
    nll: float
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bin, ...]

    def document(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def score(judged: Judged, *, seed: int = 0, draws: int = 1000, level: float = 0.95) -> Scores:
    """All measures, each with its interval.

    Parameters
    ----------
    judged : truth, probabilities and groups.
    seed : of the bootstrap.
    draws : of the bootstrap.
    level : of the intervals.

    Examples
    --------
    >>> found = score(Judged(("cat", "dog"), [0, 1, 1], [[.9, .1], [.2, .8], [.6, .4]], ("a", "b", "c")))
    >>> round(found.accuracy.value, 3), found.confusion
    (0.667, ((1, 0), (1, 1)))
    """
    labels = len(judged.labels)
    matrices, weights = _by_group(judged.groups, _confusions(judged)), _draws(judged.groups, seed, draws)
    total = confusion(judged.truth, judged.predicted, labels)
    drawn = (weights @ matrices.reshape(len(matrices), -1)).reshape(-1, labels, labels)

    def interval(measure: Callable[[Floats], Floats]) -> Interval:
        return _interval(float(measure(total[None].astype(np.float64))[0]), measure(drawn), level)

    precisions, recalls, f1s = (measure(total[None].astype(np.float64))[0] for measure in (precision, recall, f1))
    drawn_precisions, drawn_recalls = precision(drawn), recall(drawn)
    sums = _bin_sums(judged)
    binned = _by_group(judged.groups, sums)
    return Scores(
        n=len(judged.truth),
        groups=len(matrices),
        accuracy=interval(accuracy),
        macro_f1=interval(macro_f1),
        ece=_interval(float(_ece(sums.sum(0)[None])[0]), _ece(np.tensordot(weights, binned, axes=1)), level),
        nll=negative_log_likelihood(judged.probabilities, judged.truth),
        classes=tuple(
            ClassScores(
                label,
                int(total[k].sum()),
                _interval(float(precisions[k]), drawn_precisions[:, k], level),
                _interval(float(recalls[k]), drawn_recalls[:, k], level),
                float(f1s[k]),
            )
            for k, label in enumerate(judged.labels)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in total),
        reliability=_reliability(sums.sum(0)),
    )


def difference(one: Judged, other: Judged, *, seed: int = 0, draws: int = 1000, level: float = 0.95) -> Interval:
    """Accuracy of ``one`` minus that of ``other`` on the same sounds, the groups drawn for both at once.

    Raises
    ------
    SettingError
        If they are not about the same sounds.
    """
    if one.groups != other.groups or not np.array_equal(one.truth, other.truth):
        raise SettingError("not the same sounds", remedy="Judge the same list with both", where="difference")
    right = (one.predicted == one.truth).astype(np.float64) - (other.predicted == other.truth)
    sums = _by_group(one.groups, np.stack([right, np.ones_like(right)], axis=1))
    drawn = _draws(one.groups, seed, draws) @ sums
    return _interval(float(right.mean()), drawn[:, 0] / drawn[:, 1], level)


def vote(judged: Judged, units: Sequence[str]) -> Judged:
    """The mean probabilities of all sounds of a unit (a song), as one judgement a unit, in order of appearance.

    Raises
    ------
    SettingError
        If two sounds of a unit have different classes or lie in different groups.
    """
    places: dict[str, list[int]] = {}
    for place, unit in enumerate(units):
        places.setdefault(unit, []).append(place)
    for unit, members in places.items():
        if len({int(judged.truth[m]) for m in members}) > 1 or len({judged.groups[m] for m in members}) > 1:
            raise SettingError(
                "its parts have different classes or groups", remedy="Correct the manifest's groups", where=unit
            )
    first = [members[0] for members in places.values()]
    return Judged(
        judged.labels,
        judged.truth[first],
        np.stack([judged.probabilities[members].mean(axis=0) for members in places.values()]),
        tuple(judged.groups[place] for place in first),
    )


def confusion(truth: ArrayLike, predicted: ArrayLike, labels: int) -> Ints:
    """Counts ``(labels, labels)``; rows are the truth."""
    flat = np.asarray(truth, dtype=np.int64) * labels + np.asarray(predicted, dtype=np.int64)
    counts: Ints = np.bincount(flat, minlength=labels * labels).reshape(labels, labels)
    return counts


def accuracy(matrices: Floats) -> Floats:
    """Share on the diagonal of confusion matrices ``(R, K, K)``: ``(R,)``."""
    return _ratio(np.trace(matrices, axis1=1, axis2=2), matrices.sum((1, 2)))


def precision(matrices: Floats) -> Floats:
    """Per class, ``(R, K)``; 0 where nothing was called so."""
    return _ratio(np.diagonal(matrices, axis1=1, axis2=2), matrices.sum(1))


def recall(matrices: Floats) -> Floats:
    """Per class, ``(R, K)``; 0 where there is none."""
    return _ratio(np.diagonal(matrices, axis1=1, axis2=2), matrices.sum(2))


def f1(matrices: Floats) -> Floats:
    """Per class, ``(R, K)``: harmonic mean of precision and recall."""
    return _ratio(2 * np.diagonal(matrices, axis1=1, axis2=2), matrices.sum(1) + matrices.sum(2))


def macro_f1(matrices: Floats) -> Floats:
    """Mean of F1 over the classes that occur in truth or prediction: ``(R,)``."""
    occurring = (matrices.sum(1) + matrices.sum(2)) > 0
    return _ratio((f1(matrices) * occurring).sum(1), occurring.sum(1).astype(np.float64))


def expected_calibration_error(probabilities: ArrayLike, truth: ArrayLike, *, bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over ``bins`` equally wide bins of the top probability."""
    p, t = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    return float(_ece(_sums(p, t, bins).sum(0)[None])[0])


def negative_log_likelihood(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Mean of −ln p(truth), nats; a probability below 1e-12 counts as 1e-12."""
    p, t = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    return float(-np.log(np.maximum(p[np.arange(len(t)), t], 1e-12)).mean())


def _ratio(above: NDArray[np.generic], below: NDArray[np.generic]) -> Floats:
    a, b = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _confusions(judged: Judged) -> Floats:
    labels = len(judged.labels)
    each = np.zeros((len(judged.truth), labels, labels))
    each[np.arange(len(each)), judged.truth, judged.predicted] = 1
    return each


def _by_group(groups: Sequence[str], values: Floats) -> Floats:
    """Sums of ``values (N, …)`` over each group: ``(G, …)``."""
    _, where = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sums = np.zeros((int(where.max()) + 1, *values.shape[1:]))
    np.add.at(sums, where, values)
    return sums


def _draws(groups: Sequence[str], seed: int, draws: int) -> Floats:
    """How often each group was drawn: ``(draws, G)``."""
    count = len(set(groups))
    weights: Floats = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), draws).astype(float)
    return weights


def _interval(value: float, drawn: Floats, level: float) -> Interval:
    low, high = percentile_ends(drawn, level)
    return Interval(value, float(low), float(high))


def _bin_sums(judged: Judged) -> Floats:
    return _sums(judged.probabilities, judged.truth, BINS)


def _sums(probabilities: Floats, truth: Ints, bins: int) -> Floats:
    """For each sound and bin: count, confidence, correctness, ``(N, bins, 3)``."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    # A bin holds its upper end, as in the paper.
    place = np.clip(np.ceil(top * bins).astype(int) - 1, 0, bins - 1)
    sums = np.zeros((len(truth), bins, 3))
    sums[np.arange(len(truth)), place] = np.stack([np.ones_like(top), top, right], axis=1)
    return sums


def _ece(sums: Floats) -> Floats:
    """From sums ``(R, bins, 3)``: ``(R,)``."""
    return _ratio(np.abs(sums[:, :, 1] - sums[:, :, 2]).sum(1), sums[:, :, 0].sum(1))


def _reliability(sums: Floats) -> tuple[Bin, ...]:
    bins = len(sums)
    return tuple(
        Bin(b / bins, (b + 1) / bins, int(count), confidence / count, right / count)
        for b, (count, confidence, right) in enumerate(sums.tolist())
        if count
    )
