"""``earmark data split``: who learns, who chooses, who judges, as lists of files."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.data_source import Kind, Source, opened, raise_left_out
from earmark.cli.results import refuse_existing
from earmark.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset
    from earmark.data.split import Split

GROUPS = ("track", "artist", "duplicates")

HELP = """Split a data set and write the lists train.txt, valid.txt and test.txt (for `--split-lists`).

No group is on two sides, and every class is on each in its proportion, as well as whole groups allow. `--by duplicates`
listens to every file and keeps together what sounds the same.

Examples:

- `earmark data split music/ -o lists/`
- `earmark data split manifest.csv --by artist --fractions 0.8,0.1,0.1 --seed 3 -o lists/`
- `earmark data split ESC-50/ --folds -o lists/`
"""


def split(
    data: Source,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the lists go.")] = Path("lists"),
    kind: Kind = None,
    by: Annotated[
        str, typer.Option("--by", metavar="GROUP", help="What stays together: track, artist or duplicates.")
    ] = "track",
    fractions: Annotated[
        str,
        typer.Option("--fractions", metavar="A,B,C", help="Of the items, for training, validation and test."),
    ] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same split.")] = 0,
    folds: Annotated[
        bool, typer.Option("--folds", help="One split for each of the publisher's folds, which judges it.")
    ] = False,
    published: Annotated[bool, typer.Option("--published", help="The publisher's own split.")] = False,
    leaky: Annotated[
        bool, typer.Option("--leaky", help="Accept a published split with one track on two sides; the lists say so.")
    ] = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Split a data set and write the lists."""
    from earmark.data.split_lists import FILES, write_lists
    from earmark.files import write_text

    if by not in GROUPS:
        raise UnknownNameError("group", by, GROUPS)
    if folds and published:
        raise UsageError("--folds and --published exclude each other", remedy="Leave one out")
    if leaky and not published:
        raise UsageError("--leaky is about published splits here", remedy="Add --published, or leave it out")
    parts = _fractions(fractions)
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    dataset = opened(data, kind, console)
    found = _splits(dataset, by, parts, seed, console, folds=folds, published=published, leaky=leaky)
    places = [out / f"fold-{number}" for number in range(1, len(found) + 1)] if folds else [out]
    if not overwrite:
        for place in places:
            refuse_existing(place, (*FILES, "split.json"))
    rows = []
    for place, made in zip(places, found, strict=True):
        write_lists(dataset, made, place)
        numbers = {"train": len(made.train), "validation": len(made.validation), "test": len(made.test)}
        row = {
            "folder": str(place),
            "name": made.name,
            "group": made.group,
            "leaky": made.leaky,
            **numbers,
            "dataset": made.dataset,
            "fingerprint": made.fingerprint,
        }
        write_text(place / "split.json", json_.dumps(row, indent=1) + "\n")
        rows.append(row)
        told = ", ".join(f"{name} {number}" for name, number in numbers.items())
        console.data(f"{place}: {told} ({made.name})")
    console.document(rows)
    raise_left_out(dataset.problems)


def _splits(
    dataset: Dataset,
    by: str,
    fractions: tuple[float, ...],
    seed: int,
    console: Console,
    *,
    folds: bool,
    published: bool,
    leaky: bool,
) -> tuple[Split, ...]:
    from earmark.data.splits import split_by_group, split_folds, split_published

    if published:
        return (split_published(dataset, leaky=leaky),)
    groups = None
    if by == "duplicates":
        from earmark.data.duplicates import duplicate_groups

        with console.watch("Listening") as watch:
            groups = duplicate_groups(dataset, watch=watch.on_progress)
    if folds:
        return split_folds(dataset, by=by, seed=seed, groups=groups)
    return (split_by_group(dataset, by=by, fractions=fractions, seed=seed, groups=groups),)


def _fractions(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"{text!r} are no fractions", remedy="Give three numbers, as 0.7,0.15,0.15", where="--fractions"
        ) from None
