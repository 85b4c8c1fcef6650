"""Tables that describe data sets: CSV, TSV and Parquet as rows of texts, with the line each came from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earmark.errors import DatasetError, SettingError


@dataclass(frozen=True)
class Table:
    """Columns and rows of a file, everything as text; a missing value is "".

    Parameters
    ----------
    columns : their names, in lower case.
    rows : one mapping of column to text a row.
    lines : where each row is in the file (for CSV the line, for Parquet the row, both from 1).
    broken : lines whose number of values is not that of the columns.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    broken: tuple[int, ...] = ()


def read_table(path: Path, *, delimiter: str | None = None) -> Table:
    """A .parquet file, or a text file with a header line; tabs or commas are told apart by the header.

    Raises
    ------
    DatasetError
        If the file is missing, no table, or empty.
    SettingError
        If it is Parquet and pyarrow is not installed.
    """
    if not path.is_file():
        raise DatasetError("no such file", remedy="Check the path and its spelling", where=path)
    return _parquet(path) if path.suffix.lower() == ".parquet" else _text(path, delimiter)


def need_columns(path: Path, table: Table, names: Sequence[str]) -> None:
    """Raise if a column is missing.

    Raises
    ------
    DatasetError
        Naming what is missing and what is there.
    """
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise DatasetError(
            f"has no column {' and no column '.join(missing)} (its columns: {', '.join(table.columns)[:200]})",
            remedy="Write the names of the columns in its first line",
            where=path,
        )


def _text(path: Path, delimiter: str | None) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            if delimiter is None:
                delimiter = "\t" if "\t" in header else ","
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            columns = tuple(name.strip().lower() for name in next(reader, []))
            rows, lines, broken = [], [], []
            for values in reader:
                if not any(value.strip() for value in values):
                    continue
                if len(values) != len(columns):
                    broken.append(reader.line_num)
                    continue
                rows.append({name: value.strip() for name, value in zip(columns, values, strict=True)})
                lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"is no table in UTF-8 ({error})", remedy="Save it as CSV in UTF-8 and try again", where=path
        ) from error
    except OSError as error:
        raise DatasetError(
            f"cannot be read ({error.strerror or error})", remedy="Check its permissions", where=path
        ) from error
    _check_header(path, columns)
    return Table(columns, tuple(rows), tuple(lines), tuple(broken))


def _parquet(path: Path) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise SettingError(
            "Parquet needs the package pyarrow, which is not installed",
            remedy="Run: pip install 'earmark[train]'",
            where=path,
        ) from error
    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise DatasetError(f"is no Parquet file ({error})", remedy="Write it again", where=path) from error
    columns = tuple(str(name).strip().lower() for name in table.column_names)
    _check_header(path, columns)
    values = [column.to_pylist() for column in table.columns]
    rows = tuple(
        {name: _word(value) for name, value in zip(columns, row, strict=True)} for row in zip(*values, strict=True)
    )
    return Table(columns, rows, tuple(range(1, len(rows) + 1)))


def _word(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _check_header(path: Path, columns: Sequence[str]) -> None:
    if not columns or not any(columns):
        raise DatasetError("is empty", remedy="Begin it with the names of its columns", where=path)
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DatasetError(f"has two columns {twice[0]!r}", remedy="Rename one of them", where=path)
