"""Effects as tables: one row for each class and point, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from earmark.errors import SettingError, UnknownNameError
from earmark.explain_global.edits import EditStudy
from earmark.explain_global.study import Study
from earmark.files import replacing, write_text

FORMATS = ("csv", "parquet")
COLUMNS = ("what", "name", "kind", "label", "at", "value", "low", "high", "rows")
Row = tuple[str, str, str, str, str, float, float, float, int]


def table_rows(study: Study | None, edits: EditStudy | None, labels: tuple[str, ...]) -> list[Row]:
    """What is in the table: ``what`` is effect, interaction, importance or edit; ``at`` a point, or two with ×."""
    rows: list[Row] = []
    for effect in study.effects if study is not None else ():
        for label in labels:
            k = effect.labels.index(label)
            for p, point in enumerate(effect.points):
                at = effect.names[p] if effect.names else f"{point:.10g}"
                # A bin's rows stand at its upper edge.
                count = int(effect.counts[p]) if effect.kind != "continuous" else int(effect.counts[p - 1]) if p else 0
                value, low, high = (float(part[k, p]) for part in (effect.values, effect.low, effect.high))
                rows.append(("effect", effect.feature, effect.kind, label, at, value, low, high, count))
    for pair in study.pairs if study is not None else ():
        for label in labels:
            k = pair.labels.index(label)
            for p, first in enumerate(pair.points[0]):
                for q, second in enumerate(pair.points[1]):
                    count = int(pair.counts[p - 1, q - 1]) if p and q else 0
                    at, value = f"{first:.10g} × {second:.10g}", float(pair.values[k, p, q])
                    name = " × ".join(pair.features)
                    rows.append(("interaction", name, "continuous", label, at, value, math.nan, math.nan, count))
    for kind, units in study.importances.items() if study is not None else ():
        for unit in units:
            at = " ".join(unit.features)
            rows.append(("importance", unit.name, kind, "", at, unit.value, unit.low, unit.high, 0))
    for done in edits.effects if edits is not None else ():
        for label in labels:
            k = done.labels.index(label)
            for p, name in enumerate(done.names):
                value, low, high = (float(part[k, p]) for part in (done.values, done.low, done.high))
                rows.append(("edit", done.edit.label, done.edit.name, label, name, value, low, high, edits.clips))  # type: ignore[union-attr]
    return rows


def write_table(path: Path, rows: list[Row]) -> Path:
    """Write them in the format of the path's suffix, whole or not at all.

    Raises
    ------
    UnknownNameError
        For another suffix than .csv and .parquet.
    SettingError
        If Parquet is asked for and pyarrow is not installed.
    OutputError
        If the file cannot be written.
    """
    suffix = path.suffix.removeprefix(".")
    if suffix not in FORMATS:
        raise UnknownNameError("table format", suffix, FORMATS)
    if suffix == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([f"{cell:.9g}" if isinstance(cell, float) else cell for cell in row])
        return write_text(path, text.getvalue().replace(",nan", ","))
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise SettingError(
            "Parquet needs the package pyarrow, which is not installed",
            remedy="Run: pip install 'earmark[train]'",
            where=path,
        ) from error
    table = pa.table({name: list(column) for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)})
    with replacing(path) as temporary:
        pq.write_table(table, temporary)
    return path
