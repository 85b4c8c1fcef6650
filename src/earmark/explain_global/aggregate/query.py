"""Questions to tables of explanations, answered by DuckDB: it reads them piece by piece, in bounded memory."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from earmark.errors import ExplanationError, UnknownNameError
from earmark.explain_global.aggregate.table import need

Of = Literal["predicted", "truth", "all"]
_WHICH = {"predicted": "predicted", "truth": "truth = label", "all": "TRUE"}
# For what DuckDB holds; NumPy's part comes on top.
MEMORY_MB = 600


@contextlib.contextmanager
def opened(paths: Sequence[str | Path], of: Of = "predicted") -> Iterator[Any]:
    """A connection with the view ``evidence``: the rows of all tables that count.

    Parameters
    ----------
    paths : tables that ``collect`` wrote.
    of : "predicted": each clip for the class that it was given; "truth": each clip for its true class; "all": each clip
        for all labels that it was explained for.

    Raises
    ------
    UnknownNameError
        For another ``of``.
    SettingError
        If duckdb is not installed.
    """
    if of not in _WHICH:
        raise UnknownNameError("choice of explanations", of, tuple(_WHICH))
    duckdb = need("duckdb")
    # One thread: several add numbers up in an order of their own, and the last bits of a sum depend on it.
    with tempfile.TemporaryDirectory(prefix="earmark-") as spill:
        settings = {"memory_limit": f"{MEMORY_MB}MB", "threads": 1, "temp_directory": spill}
        connection = duckdb.connect(config=settings | {"preserve_insertion_order": "false"})
        try:
            connection.sql(f"CREATE VIEW evidence AS SELECT * FROM {_rows_of(paths)} WHERE {_WHICH[of]}")
            yield connection
        finally:
            connection.close()


def check_once(connection: Any, paths: Sequence[str | Path]) -> None:
    """That no explanation is in two of the tables.

    Raises
    ------
    ExplanationError
        Naming the clip and the table; or the table that is given twice.
    """
    for path, other in itertools.combinations(paths, 2):
        if Path(path).resolve() == Path(other).resolve():
            raise ExplanationError("is given twice", remedy="Give each table once", where=other)
    question = f"""
    SELECT any_value(clip), max(filename) FROM (SELECT DISTINCT clip_id, clip, filename FROM {_rows_of(paths)})
    GROUP BY clip_id HAVING count(DISTINCT filename) > 1 ORDER BY 1, 2 LIMIT 1
    """
    for clip, path in connection.sql(question).fetchall():
        raise ExplanationError(
            f"holds an explanation that another table holds as well ({clip})",
            remedy="Give each explanation once, or aggregate the explanations themselves",
            where=path,
        )


def _rows_of(paths: Sequence[str | Path]) -> str:
    # DuckDB takes a path for a pattern, and a folder "group=a" for a column.
    escaped = ("".join(f"[{c}]" if c in "*?[" else c for c in str(path)).replace("'", "''") for path in paths)
    files = ", ".join(f"'{path}'" for path in escaped)
    return f"read_parquet([{files}], hive_partitioning = false, filename = true)"


def batches(connection: Any, question: str, rows: int = 500_000) -> Iterator[Any]:
    """The answer as Arrow batches of that many rows."""
    yield from connection.sql(question).to_arrow_reader(rows)
