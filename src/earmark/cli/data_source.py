"""What the commands about data sets share: naming one, saying what was left out, and ending with exit code 3 if so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.console import Console
from earmark.errors import SomeFailedError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset, Problem

SHOWN = 10

Source = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A folder, a manifest (.csv, .tsv, .parquet), or huggingface:, mirdata: or soundata:NAME."
    ),
]
Kind = Annotated[
    str | None,
    typer.Option("--kind", metavar="NAME", help="What kind it is (`earmark list data`); recognised if left out."),
]


def opened(source: str, kind: str | None, console: Console) -> Dataset:
    """The data set, what was left out of it said on stderr.

    Raises
    ------
    DatasetError, UnknownNameError, SettingError
        As ``open_dataset`` does.
    """
    from earmark.data.open import open_dataset

    dataset = open_dataset(source, kind=kind)
    say_problems(dataset.problems, console)
    return dataset


def say_problems(problems: Sequence[Problem], console: Console) -> None:
    """One line each for the first ten problems (all with ``-v``), and how many more there are."""
    shown = len(problems) if console.verbose else SHOWN
    for problem in problems[:shown]:
        console.error(f"{problem.where}: {problem.fact}.")
    if len(problems) > shown:
        console.error(f"and {len(problems) - shown} more like these (-v shows all).")


def raise_left_out(problems: Sequence[Problem]) -> None:
    """Raise if there were problems, after the work is done.

    Raises
    ------
    SomeFailedError
        (exit code 3) with their number.
    """
    if problems:
        raise SomeFailedError(
            f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the data",
            remedy="The rest is used; the lines above say what is missing",
        )
