"""The files a command works on, one after the other; one bad file does not end the run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from earmark.cli.console import Console
from earmark.errors import CancelledError, EarmarkError, SomeFailedError, UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one input: a result, or the error that stopped it."""

    file: str
    result: T | None
    error: EarmarkError | None


def named(files: Sequence[str] | None) -> list[str]:
    """The inputs, ``-`` replaced by the lines of standard input, without white space at their ends and empty ones.

    Raises
    ------
    UsageError
        If there is none.
    """
    names: list[str] = []
    for name in files or ():
        if name == "-":
            names += [line.rstrip() for line in sys.stdin if line.strip()]
        else:
            names.append(name)
    if not names:
        raise UsageError("no FILE given", remedy="Name one or more sound files, or `-` to read their names from stdin")
    return names


def each(files: Sequence[str], work: Callable[[str], T], console: Console) -> list[Outcome[T]]:
    """Work on every file; with several, an error is said and the next file follows.

    Raises
    ------
    EarmarkError
        The error itself where there is one file only. ``CancelledError`` always ends the run.
    """
    if len(files) == 1:
        return [Outcome(files[0], work(files[0]), None)]
    outcomes: list[Outcome[T]] = []
    for file in files:
        try:
            outcomes.append(Outcome(file, work(file), None))
        except CancelledError:
            raise
        except EarmarkError as error:
            console.error(str(error))
            outcomes.append(Outcome(file, None, error))
    return outcomes


def raise_failed(outcomes: Sequence[Outcome[T]]) -> None:
    """Raise if any input failed.

    Raises
    ------
    SomeFailedError
        (exit code 3) if some did; the results of the others stand.
    EarmarkError
        (exit code 1, or 2 where every one was wrong usage) if all did.
    """
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return
    counted = f"{len(errors)} of {len(outcomes)} inputs failed"
    if len(errors) < len(outcomes):
        raise SomeFailedError(counted, remedy="The others are done; the lines above say what to do about these")
    kind = UsageError if all(error.exit_code == 2 for error in errors) else EarmarkError
    raise kind(counted, remedy="The lines above say why")
