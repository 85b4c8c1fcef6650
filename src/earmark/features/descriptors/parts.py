"""What is done of an unfinished table of descriptors, so that a kill at any moment loses one row at most.

One file, ``NAME.part``: a line that says what is being described, then a record a row, its place, its numbers and a
checksum. A record that a kill has cut off is not read; the table itself appears only when it is whole.
"""

from __future__ import annotations

import json
import struct
import types
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from earmark.errors import DatasetError, OutputError

Row = NDArray[np.float64]
_CHECK = struct.Struct("<I")


class Parts:
    """The rows of an unfinished table; a context manager that no two processes enter for one table.

    Parameters
    ----------
    path : of the table.
    facts : what decides its numbers; an unfinished table with other ones is refused.
    width : numbers a row.
    """

    def __init__(self, path: Path, facts: Mapping[str, object], width: int) -> None:
        self.file = part_of(path)
        self._table = path
        self._head = (json.dumps(dict(facts), sort_keys=True) + "\n").encode()
        self._record = np.dtype([("place", "<i8"), ("row", "<f8", (width,))])
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self.rows: dict[int, Row] = {}

    def __enter__(self) -> Parts:
        """Read what is there, after any other process that is at it.

        Raises
        ------
        DatasetError
            If it is of other sounds or descriptors.
        OutputError
            If the folder cannot be written to.
        """
        try:
            self._table.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            raise OutputError(
                f"cannot be written ({error.strerror})", remedy="Choose another folder with -o", where=self._table
            ) from error
        try:
            kept = self._read()
            self._out = self.file.open("r+b" if kept else "wb")
            self._out.truncate(kept)
            self._out.seek(kept)
            if not kept:
                self._out.write(self._head)
                self._out.flush()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._out.close()
        if kind is None or not self.rows:
            self.file.unlink(missing_ok=True)
        self._lock.release()

    def keep(self, place: int, row: Row) -> None:
        """Keep a finished row; after this a kill does not lose it."""
        record = np.zeros(1, self._record)
        record["place"], record["row"] = place, row
        told = record.tobytes()
        self._out.write(told + _CHECK.pack(zlib.crc32(told)))
        self._out.flush()
        self.rows[place] = row

    def _read(self) -> int:
        """Read the whole records; returns where they end, 0 where there is nothing."""
        if not self.file.exists():
            return 0
        kept = self.file.read_bytes()
        if b"\n" not in kept:  # cut off in its first line
            return 0
        if not kept.startswith(self._head):
            raise DatasetError(
                "is unfinished, and of other sounds, files that have changed since, or other descriptors",
                remedy="Delete it, add --overwrite, or choose another file with -o",
                where=self.file,
            )
        at, size = len(self._head), self._record.itemsize
        while at + size + _CHECK.size <= len(kept):
            told = kept[at : at + size]
            if _CHECK.unpack_from(kept, at + size)[0] != zlib.crc32(told):
                break
            record = np.frombuffer(told, self._record)[0]
            self.rows[int(record["place"])] = record["row"].copy()
            at += size + _CHECK.size
        return at


def part_of(path: Path) -> Path:
    """Where the finished rows of an unfinished table lie."""
    return path.with_name(f"{path.name}.part")
