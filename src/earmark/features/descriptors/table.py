"""A table of descriptors, and its way to Parquet and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import DatasetError, SettingError
from earmark.features.descriptors.names import descriptor_group, descriptor_names, descriptor_unit
from earmark.files import replacing

_SET = b"earmark.descriptors"


@dataclass(frozen=True, eq=False)
class DescriptorTable:
    """Descriptors of N sounds.

    Parameters
    ----------
    set_name : which set.
    ids : names of the sounds.
    labels : their classes; "" where there is none.
    names : of the F descriptors.
    values : ``(N, F)``.
    """

    set_name: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    values: NDArray[np.float64]

    def write(self, path: str | Path) -> Path:
        """Write it as Parquet: columns ``id``, ``label`` and the descriptors, with unit and group in their metadata.

        Raises
        ------
        SettingError
            If pyarrow is not installed.
        OutputError
            If the file cannot be written.
        """
        pa = _pyarrow()
        import pyarrow.parquet as pq

        fields = [pa.field("id", pa.string()), pa.field("label", pa.string())]
        fields += [
            pa.field(name, pa.float64(), metadata={"unit": descriptor_unit(name), "group": descriptor_group(name)})
            for name in self.names
        ]
        columns = [pa.array(self.ids, pa.string()), pa.array(self.labels, pa.string())]
        columns += [pa.array(np.ascontiguousarray(column)) for column in self.values.T]
        table = pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata={_SET: self.set_name.encode()}))
        with replacing(path) as temporary:
            pq.write_table(table, temporary)
        return Path(path)

    @classmethod
    def read(cls, path: str | Path) -> DescriptorTable:
        """Read what ``write`` wrote.

        Raises
        ------
        SettingError
            If pyarrow is not installed.
        DatasetError
            If it is missing, damaged, or no such table, or its columns are not those of its set.
        """
        pa = _pyarrow()
        import pyarrow.parquet as pq

        path = Path(path)
        remedy = "Make it again with: earmark features"
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"is no readable Parquet file ({error})", remedy=remedy, where=path) from error
        found = (table.schema.metadata or {}).get(_SET)
        if found is None:
            raise DatasetError("is no table of descriptors", remedy=remedy, where=path)
        names = tuple(table.column_names[2:])
        if names != descriptor_names(found.decode()):
            raise DatasetError(f"has other columns than the set {found.decode()}", remedy=remedy, where=path)
        values = np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.float64)
        return cls(found.decode(), tuple(table["id"].to_pylist()), tuple(table["label"].to_pylist()), names, values)


def set_of(path: Path) -> str:
    """The set of descriptors that a file was written with by ``DescriptorTable.write``; "" for any other file."""
    if path.suffix.lower() != ".parquet":
        return ""
    pa = _pyarrow()
    import pyarrow.parquet as pq

    try:
        found = (pq.read_schema(path).metadata or {}).get(_SET, b"")
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"is no readable Parquet file ({error})", remedy="Make it again", where=path) from error
    return str(found.decode())


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise SettingError(
            "pyarrow is not installed", remedy="Run: pip install 'earmark[train]'", where="table of descriptors"
        ) from error
    return pyarrow
