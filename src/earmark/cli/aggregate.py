"""``earmark aggregate``: many explanations of one model as one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import options
from earmark.cli.again import command_line
from earmark.cli.console import Console
from earmark.errors import SomeFailedError, UsageError

if TYPE_CHECKING:
    from earmark.explain_global.aggregate.importance import Aggregate
    from earmark.explain_global.aggregate.table import Known

NAMES = ("aggregate.html", "aggregate.csv", "evidence.parquet")
_FILE = "explanation.json"
_MOST_LEAKS = 5

HELP = """Put many explanations of one model together: what counts for each class, how surely, and what to distrust.

Reads the explanations that `earmark explain` wrote (folders are searched for them), or a table of an earlier run.
Figures are mean effects on the score of the class, in brackets their 95 % intervals over clips.
Exit code 3 where some could not be used.

Examples:

- `earmark explain music/*.mp3 --components stems_time -o out`, and then
- `earmark aggregate out`
- `earmark aggregate out --data music/ --of truth --group artist`
- `earmark aggregate out/aggregate/evidence.parquet --least 20 --json`
"""


def aggregate(
    context: typer.Context,
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER|FILE…", help="Folders of explanations, explanation.json files, or tables."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where page and tables go.")] = Path(
        "out/aggregate"
    ),
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="The data set of the clips: says true classes, tracks, artists."),
    ] = None,
    group: Annotated[
        str, typer.Option("--group", metavar="NAME", help="Clips that are drawn together: clip, track or artist.")
    ] = "clip",
    of: Annotated[
        str,
        typer.Option(
            "--of",
            metavar="NAME",
            help="A clip counts for the class that the model gave it (predicted), its true class (truth), or all.",
        ),
    ] = "predicted",
    weights: Annotated[
        str,
        typer.Option("--weights", metavar="NAME", help="I_LIME, I_AVG, I_H from all weights, or positive ones only."),
    ] = "all",
    least: Annotated[int, typer.Option("--least", min=1, help="Clips a feature must occur in to be ranked.")] = 5,
    segments: Annotated[
        int | None,
        typer.Option(
            "--segments", min=1, help="Parts of a clip that are told apart; as many as its components cut, by default."
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Features shown for each class.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Put many explanations of one model together."""
    from earmark.cli.results import all_or_nothing, check_writable, refuse_existing

    if not overwrite:
        refuse_existing(out, NAMES)
    if group not in ("clip", "track", "artist"):
        raise UsageError(f"no groups of {group!r}", remedy="Choose clip, track or artist", where="--group")
    if data is None and (group != "clip" or of == "truth"):
        raise UsageError(
            "only a data set says that", remedy="Add --data", where="--group" if group != "clip" else "--of"
        )
    check_writable(out)
    console = Console(quiet=quiet, json=json, bars=not no_progress)
    from earmark.explain_global.aggregate.importance import aggregate as put_together
    from earmark.explain_global.aggregate.table import collect
    from earmark.report.aggregate import document, leak_lines, shares_text, told, write_aggregate

    tables, files = _found(sources, out)
    problems: tuple[str, ...] = ()
    with all_or_nothing(out) as staging:
        if files:
            with console.watch("Reading explanations") as watch:
                collected = collect(
                    files,
                    staging / NAMES[2],
                    known=_known(data, group),
                    segments=segments,
                    watch=watch.on_progress,
                )
            problems = collected.problems
            tables = [collected.path]
        found = put_together(tables, of=of, weights_of=weights, least=least, seed=seed)  # type: ignore[arg-type]
        found = _screened(found, data, top, console)
        write_aggregate(staging, found, command=command_line(context, out), k=top)
    for problem in problems:
        console.error(problem.rstrip("."))
    for label in found.labels:
        shares = shares_text(found, label)
        rows = found.top(label, top)
        count = found.explanations[label]
        console.data(
            f"{label} ({count} clip{'' if count == 1 else 's'})"
            + ("" if rows else f": nothing is in {least} of them (--least)")
        )
        for row in rows:
            console.data(f"  {told(found, row)}")
        if shares:
            console.data(f"  {shares}")
    for flag in found.flags:
        console.data(f"{'distrust' if flag.raised else 'looked for, not found'}: {flag.sentence}")
    for line in leak_lines(found)[:_MOST_LEAKS]:
        console.data(f"in the lyrics: {line}")
    written = [out / name for name in NAMES if (out / name).exists()]
    for path in written:
        console.data(str(path))
    console.document(document(found, top) | {"problems": list(problems), "files": [str(path) for path in written]})
    if problems:
        raise SomeFailedError(
            f"{len(problems)} explanation{'s' if len(problems) > 1 else ''} left out", remedy="The rest is put together"
        )


def _found(sources: list[Path], out: Path) -> tuple[list[Path], list[Path]]:
    """Tables, and files of explanations, in the order of their names.

    Raises
    ------
    UsageError
        If a source does not exist or holds none, or both kinds are given.
    """
    tables, files = [], []
    for source in sources:
        if source.is_dir():
            inside = sorted(path for path in source.rglob(_FILE) if out not in path.parents)
            if not inside:
                raise UsageError(
                    f"no {_FILE} in it", remedy="Explain clips into it with earmark explain … -o", where=source
                )
            files += inside
        elif not source.exists():
            raise UsageError("no such file or folder", remedy="Check the path and its spelling", where=source)
        elif source.suffix.lower() == ".parquet":
            tables.append(source)
        else:
            files.append(source)
    if tables and files:
        raise UsageError(
            f"tables ({tables[0]}) and explanations ({files[0]}) at once", remedy="Give one kind; tables can be several"
        )
    return tables, files


def _screened(found: Aggregate, data: str | None, top: int, console: Console) -> Aggregate:
    """With the flags of words, where words took part and the data set has the lyrics."""
    leading = {label: [row.feature.word or "" for row in found.words(label, top)] for label in found.labels}
    if not any(row.feature.word for row in found.rows):
        return found
    if data is None:
        console.say("with --data the leak screen would look among these words for what was not sung")
        return found
    from earmark.data.lyrics.leak_screen import leak_screen
    from earmark.data.open import open_dataset
    from earmark.explain_global.aggregate.flags import word_flags

    items = [(item, item.lyrics) for item in open_dataset(data).items if item.lyrics is not None]
    if not items:
        console.say(f"{data} has no lyrics for the leak screen to look into")
        return found
    screen = leak_screen(
        [text for _, text in items], [item.label for item, _ in items], [item.artist for item, _ in items]
    )
    return replace(found, flags=(*found.flags, *word_flags(leading, screen)), screen=screen)


def _known(data: str | None, group: str) -> dict[str, Known]:
    """True class and group of each clip, by its file's name; by its file's SHA-256 where that name is not enough."""
    from earmark.explain_global.aggregate.table import Known

    if data is None:
        return {}
    from earmark.data.open import open_dataset

    named: dict[str, dict[Path, Known]] = {}
    for item in open_dataset(data).items:
        belongs = {"track": item.track, "artist": item.artist}.get(group)
        named.setdefault(item.path.name, {})[item.path] = Known(item.label, belongs)
    found = {}
    for name, files in named.items():
        if len(set(files.values())) == 1:
            found[name] = next(iter(files.values()))
            continue
        for path, known in files.items():
            if not path.is_file():  # then nobody has explained it
                continue
            with path.open("rb") as file:
                found[hashlib.file_digest(file, "sha256").hexdigest()] = known
    if group != "clip" and not any(each.group for each in found.values()):
        raise UsageError(f"{data} names no {group}", remedy="Choose --group track or clip", where="--group")
    return found
