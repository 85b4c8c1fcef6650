"""The table of an experiment as files: a part for each clip, all of them as one Parquet, means and tests as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.errors import SettingError
from earmark.explain.game import Floats
from earmark.files import replacing, write_text
from earmark.metrics.experiment.rows import FIGURES, MEASURES, Row
from earmark.metrics.statistics import bootstrap_intervals, holm, sign_flips

if TYPE_CHECKING:
    import pyarrow

TABLE, SUMMARY, COMPARISONS = "experiment.parquet", "summary.csv", "comparisons.csv"
ENERGY, RANDOM = "energy", "random"
# Noise, method, mask, source.
_Cell = tuple[str, str, str, str]


def need_pyarrow() -> None:
    """That Parquet can be written, found out before the work.

    Raises
    ------
    SettingError
        If pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise SettingError("the table needs pyarrow", remedy="Run: pip install 'earmark[train]'") from error


def write_part(rows: Sequence[Row], path: Path) -> Path:
    """The rows of one clip, whole or not at all; the same rows give the same bytes."""
    import pyarrow
    import pyarrow.parquet

    columns = {field.name: [_null(getattr(row, field.name)) for row in rows] for field in fields(Row)}
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(pyarrow.table(columns, schema=_schema()), temporary)
    return path


def merge(parts: Sequence[Path], path: Path) -> Path:
    """All parts in their order as one file."""
    import pyarrow.parquet

    with replacing(path) as temporary, pyarrow.parquet.ParquetWriter(temporary, _schema()) as writer:
        for part in parts:
            writer.write_table(pyarrow.parquet.read_table(part))
    return path


@dataclass(frozen=True, eq=False)
class Columns:
    """The table in memory: names as arrays of text, figures as float64 (NaN where there is none), ``(rows,)`` each."""

    names: dict[str, np.ndarray[tuple[int], np.dtype[Any]]]
    figures: dict[str, Floats]

    def distinct(self, name: str) -> tuple[str, ...]:
        """Values of a column of names, in their first order."""
        return tuple(dict.fromkeys(self.names[name].tolist()))


def read_columns(path: Path) -> Columns:
    """Read what ``merge`` (or ``write_part``) wrote."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    texts = ("clip", "truth", "predicted", "noise", "method", "mask", "source", "note")
    names = {name: np.array(table[name].to_pylist()) for name in texts}
    names["number"] = np.array(table["number"].to_pylist())
    figures = {
        name: np.array([math.nan if v is None else v for v in table[name].to_pylist()], dtype=np.float64)
        for name in (*FIGURES, "score")
    }
    return Columns(names, figures)


@dataclass(frozen=True)
class Unanswered:
    """Sounds about which a method had nothing to say: ``sounds`` of ``of`` (clips times noises), and why."""

    method: str
    sounds: int
    of: int
    reason: str

    @property
    def sentence(self) -> str:
        """In words."""
        return f"{self.method} has no figures for {self.sounds} of {self.of} sounds: {self.reason}"


def unanswered(columns: Columns) -> tuple[Unanswered, ...]:
    """What methods had nothing to say about, by reason; means are over the other sounds."""
    names = columns.names
    of = len(set(zip(names["number"].tolist(), names["noise"].tolist(), strict=True)))
    found: dict[tuple[str, str], int] = {}
    for at in np.flatnonzero((names["mask"] == "") & (names["method"] != "")):
        key = (str(names["method"][at]), str(names["note"][at]).rstrip("."))
        found[key] = found.get(key, 0) + 1
    return tuple(Unanswered(method, sounds, of, reason) for (method, reason), sounds in found.items())


@dataclass(frozen=True)
class Mean:
    """A figure's mean over clips, and its 95 % bootstrap interval.

    Parameters
    ----------
    noise, method, mask, source : as in ``Row``.
    figure : column, e.g. "ff" or "ff_audio".
    mean, low, high : over the clips that have it.
    clips : how many.
    """

    noise: str
    method: str
    mask: str
    source: str
    figure: str
    mean: float
    low: float
    high: float
    clips: int


# P values below it, after correction, are called clear.
CLEAR = 0.05


@dataclass(frozen=True)
class Difference:
    """Two masks on the same clips: a method's against the random one of its area, or two methods' of equal area.

    Two methods are compared by how far each is from its own random mask: a mask of salt and pepper ruins any sound, one
    of a few large patches does not, so that figures of masks of one area but other grain say little by themselves.

    Parameters
    ----------
    noise, mask, figure : where.
    first, second : methods; ``second`` may be "random" (or "energy").
    difference : mean of first − second; between methods, of (first − its random mask) − (second − its random mask).
    better : whether the first is better; a lower AD is.
    p_value : of the sign-flip test, two-sided.
    corrected : by Holm's method, for all tests of the same noise and figure against the same kind of rival.
    clips : pairs.
    """

    noise: str
    mask: str
    figure: str
    first: str
    second: str
    difference: float
    better: bool
    p_value: float
    corrected: float
    clips: int

    @property
    def clear(self) -> bool:
        """Whether less than one in twenty families of tests would show such a difference by chance."""
        return self.corrected < CLEAR


def summarise(columns: Columns, *, seed: int = 0) -> tuple[Mean, ...]:
    """Means of all figures for every noise, method, mask and source, in the order of the rows."""
    keys = [columns.names[name].tolist() for name in ("noise", "method", "mask", "source")]
    groups: dict[tuple[str, ...], list[int]] = {}
    for at, key in enumerate(zip(*keys, strict=True)):
        groups.setdefault(key, []).append(at)
    found = []
    for (noise, method, mask, source), places in groups.items():
        block = np.stack([columns.figures[name][places] for name in FIGURES], axis=1)
        # Figures of one group that have the same clips are drawn together.
        known = ~np.isnan(block)
        for clips in np.unique(known, axis=1).T:
            which = [at for at in range(len(FIGURES)) if (known[:, at] == clips).all()]
            if not clips.any():
                continue
            mean, low, high = bootstrap_intervals(block[clips][:, which], seed=seed)
            for at, column in enumerate(which):
                middle, lower, upper = (round(float(v[at]), 6) for v in (mean, low, high))
                figure = FIGURES[column]
                found.append(Mean(noise, method, mask, source, figure, middle, lower, upper, int(clips.sum())))
    return tuple(found)


def compare(columns: Columns, equal_masks: Sequence[str], *, seed: int = 0) -> tuple[Difference, ...]:
    """Each method against random and energy masks of the same area; pairs of methods, by that margin, at equal area.

    Methods are not compared by other masks: theirs differ in area, and a larger mask keeps more of any score.
    """
    cells = _cells_by_clip(columns)
    methods = [name for name in columns.distinct("method") if name]
    # Mask, first, second, source of the second.
    pairs: dict[str, list[tuple[str, str, str, str]]] = {RANDOM: [], ENERGY: [], "methods": []}
    for mask in (name for name in columns.distinct("mask") if name):
        for rival in (RANDOM, ENERGY):
            pairs[rival] += [(mask, method, method, rival) for method in methods]
        if mask in equal_masks:
            for at, first in enumerate(methods):
                pairs["methods"] += [(mask, first, second, "mask") for second in methods[at + 1 :]]
    found = []
    for noise in columns.distinct("noise"):
        for figure in (*MEASURES, *(f"{name}_audio" for name in MEASURES)):
            for asked in pairs.values():
                found += _family(columns.figures[figure], cells, noise, figure, asked, seed)
    return tuple(found)


def _family(
    values: Floats,
    cells: dict[_Cell, dict[int, int]],
    noise: str,
    figure: str,
    pairs: Sequence[tuple[str, str, str, str]],
    seed: int,
) -> list[Difference]:
    """Tests that are corrected together."""
    columns: dict[int, list[tuple[tuple[str, str, str, str], Floats]]] = {}
    for pair in pairs:
        mask, first, second, source = pair
        if source == "mask":
            own = _paired(values, cells, (noise, first, mask, "mask"), (noise, first, mask, RANDOM))
            other = _paired(values, cells, (noise, second, mask, "mask"), (noise, second, mask, RANDOM))
            d = np.array([own[clip] - other[clip] for clip in own if clip in other])
        else:
            d = np.array(
                list(_paired(values, cells, (noise, first, mask, "mask"), (noise, second, mask, source)).values())
            )
        d = d[~np.isnan(d)]
        if len(d):
            columns.setdefault(len(d), []).append((pair, d))
    found = []
    for clips, members in columns.items():
        differences = np.stack([d for _, d in members], axis=1)
        for (pair, d), p in zip(members, sign_flips(differences, seed=seed), strict=True):
            found.append((pair, float(d.mean()), float(p), clips))
    corrected = holm([p for _, _, p, _ in found]) if found else ()
    lower = figure.startswith("ad")
    return [
        Difference(
            noise, mask, figure, first, source if source != "mask" else second,
            round(difference, 6), difference < 0 if lower else difference > 0, round(p, 6), round(q, 6), clips,
        )
        for ((mask, first, second, source), difference, p, clips), q in zip(found, corrected, strict=True)
    ]  # fmt: skip


def _paired(values: Floats, cells: dict[_Cell, dict[int, int]], first: _Cell, second: _Cell) -> dict[int, float]:
    """Differences by clip, of the clips that have both."""
    mine, theirs = cells.get(first, {}), cells.get(second, {})
    return {clip: float(values[row] - values[theirs[clip]]) for clip, row in mine.items() if clip in theirs}


def _cells_by_clip(columns: Columns) -> dict[_Cell, dict[int, int]]:
    """Noise, method, mask, source → clip's number → row."""
    names = columns.names
    keys = [names[name].tolist() for name in ("noise", "method", "mask", "source", "number")]
    found: dict[_Cell, dict[int, int]] = {}
    for at, (noise, method, mask, source, number) in enumerate(zip(*keys, strict=True)):
        found.setdefault((noise, method, mask, source), {})[number] = at
    return found


def write_tables(means: Sequence[Mean], tests: Sequence[Difference], folder: Path) -> tuple[Path, Path]:
    """``summary.csv`` and ``comparisons.csv``."""
    return (
        write_text(folder / SUMMARY, _csv(means, [field.name for field in fields(Mean)])),
        write_text(folder / COMPARISONS, _csv(tests, [field.name for field in fields(Difference)])),
    )


def _csv(rows: Sequence[Any], names: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue()


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _schema() -> pyarrow.Schema:
    import pyarrow

    kinds = {"int": pyarrow.int64(), "str": pyarrow.string(), "float": pyarrow.float64()}
    return pyarrow.schema([(field.name, kinds[str(field.type)]) for field in fields(Row)])
