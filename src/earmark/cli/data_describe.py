"""``earmark data describe``: pictures of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.data_source import Kind, Source, opened, raise_left_out, say_problems
from earmark.cli.results import check_writable, refuse_existing

PAGE = "describe.html"

HELP = """Draw a data set: how many, how long, how classes sound on average, what tells them apart, one of each.

Writes describe.html and each of its pictures as PNG. Exit code 3 where sounds are missing or cannot be heard.

Examples:

- `earmark data describe scorebook/ -o described/`
- `earmark data describe music/ --most 100`
"""


def describe(
    data: Source,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the pictures go.")] = Path(
        "described"
    ),
    kind: Kind = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Sounds a class that are listened to.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws them where there are more.")] = 0,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Draw a data set."""
    if not overwrite:
        refuse_existing(out, (PAGE,))
    check_writable(out)
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    from earmark.data.overview import overview
    from earmark.report.data_pictures import write_pictures

    dataset = opened(data, kind, console)
    with console.watch("Listening") as watch:
        seen = overview(dataset, most=most, seed=seed, watch=watch.on_progress)
    say_problems(seen.problems, console)
    paths = write_pictures(out, seen)
    telling = seen.telling
    best = [seen.names[at] for at in (-telling).argsort(kind="stable")[:3]]
    console.data(f"{seen.name}: what differs most between its classes is {', '.join(best)}")
    console.data(str(paths[0]))
    console.document(
        {
            "name": seen.name,
            "counts": seen.counts,
            "telling": dict(zip(seen.names, (round(float(share), 4) for share in telling), strict=True)),
            "files": [str(path) for path in paths],
        }
    )
    raise_left_out((*dataset.problems, *seen.problems))
