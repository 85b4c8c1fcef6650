"""Questions to tables of explanations, answered by DuckDB: it reads them piece by piece, in bounded memory."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from earmark.errors import UnknownNameError
from earmark.explain_global.aggregate.table import need

Of = Literal["predicted", "truth", "all"]
_WHICH = {"predicted": "predicted", "truth": "truth = label", "all": "TRUE"}
# For what DuckDB holds; NumPy's part comes on top.
MEMORY_MB = 800


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
            files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
            connection.sql(f"CREATE VIEW evidence AS SELECT * FROM read_parquet([{files}]) WHERE {_WHICH[of]}")
            yield connection
        finally:
            connection.close()


def batches(connection: Any, question: str, rows: int = 500_000) -> Iterator[Any]:
    """The answer as Arrow batches of that many rows."""
    yield from connection.sql(question).to_arrow_reader(rows)
