"""A recipe that merges labels: a table with the columns ``from`` and ``to``, one row for each label that is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from earmark.data.tables import need_columns, read_table
from earmark.errors import DatasetError

NAME = "merge.csv"


@dataclass(frozen=True)
class MergeRecipe:
    """Which of a data set's own labels become which class; those not named are left out.

    Parameters
    ----------
    targets : class of each own label, keyed without regard to case.
    """

    targets: dict[str, str]

    def label(self, own: Iterable[str]) -> str | None:
        """The one class that all known ones of these labels become; None where it is none, or more than one.

        Examples
        --------
        >>> recipe = MergeRecipe({"guitar": "strings", "violin, fiddle": "strings", "drum": "drums"})
        >>> recipe.label(["Guitar", "Violin, fiddle", "Music"])
        'strings'
        >>> recipe.label(["guitar", "drum"]) is None
        True
        """
        found = {self.targets[name.casefold()] for name in own if name.casefold() in self.targets}
        return found.pop() if len(found) == 1 else None


def read_recipe(path: Path) -> MergeRecipe:
    """The recipe in a CSV, TSV or Parquet file.

    Raises
    ------
    DatasetError
        If it is no such table, is empty, or sends a label to two classes.
    """
    table = read_table(path)
    need_columns(path, table, ("from", "to"))
    targets: dict[str, str] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        own, to = row["from"].casefold(), row["to"]
        if not own or not to or targets.get(own, to) != to:
            raise DatasetError(
                f"line {line} does not send one label to one class", remedy="Give each label once", where=path
            )
        targets[own] = to
    if not targets or table.broken:
        raise DatasetError(
            "is empty or has lines of another number of values", remedy="Write lines such as guitar,strings", where=path
        )
    return MergeRecipe(targets)
