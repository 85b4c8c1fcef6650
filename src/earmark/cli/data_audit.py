"""``earmark data audit``: what in a data set is broken, twice, or tells the label by something else than the sound."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.data_source import Kind, opened, raise_left_out, say_problems
from earmark.cli.results import check_writable, refuse_existing
from earmark.errors import UsageError

if TYPE_CHECKING:
    from earmark.data.audit import Audit

MOST_LEAKS = 10
FILES = ("audit.json", "audit.html")

HELP = """Listen to every sound of a data set and report what a model should not learn from.

Exact and near duplicates, corrupt, silent, clipped and short sounds, how much the sample rate, the format, the
bandwidth, the length and the level alone tell of the label, the balance of the classes, and what in lyrics is not sung
(headers, platforms' phrases, names of artists and classes). Writes audit.json and audit.html. Exit code 3 where files
are missing or corrupt; findings as such are no failure.

Examples:

- `earmark data audit music/ -o audit/`
- `earmark data audit --descriptors features.csv -o audit/`
"""


def audit(
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A folder or manifest; left out with --descriptors.")
    ] = None,
    descriptors: Annotated[
        Path | None,
        typer.Option(
            "--descriptors",
            metavar="TABLE",
            help="Audit a table of descriptors (CSV, Parquet) where there is no sound.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the files go.")] = Path("audit"),
    kind: Kind = None,
    shortest: Annotated[
        float | None,
        typer.Option(
            "--shortest", metavar="SECONDS", min=0, help="What is shorter is too short; half the median by default."
        ),
    ] = None,
    near: Annotated[
        float,
        typer.Option(
            "--near", metavar="DEVIATIONS", min=0, help="Descriptors that differ by less are near duplicates."
        ),
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the permutation tests.")] = 0,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Audit a data set."""
    if (data is None) == (descriptors is None):
        raise UsageError("one thing can be audited", remedy="Give DATA or --descriptors TABLE")
    if not overwrite:
        refuse_existing(out, FILES)
    check_writable(out)
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    if descriptors is not None:
        from earmark.data.descriptor_tables import audit_descriptors

        found = audit_descriptors(descriptors, near=near)
    else:
        from earmark.data.audit import audit as listen_to_all

        dataset = opened(str(data), kind, console)
        with console.watch("Listening") as watch:
            found = listen_to_all(dataset, shortest_s=shortest, seed=seed, watch=watch.on_progress)
        say_problems(found.corrupt, console)
    _write(found, out)
    for line in summary(found):
        console.data(line)
    console.data(f"{out / 'audit.html'}")
    console.document(found.to_dict())
    raise_left_out((*found.problems, *found.corrupt))


def summary(found: Audit) -> list[str]:
    """What was found, a line each."""
    counts = found.counts
    pairs = found.duplicates
    crossing = [pair for pair in pairs if "class" in found.crossing(pair)]
    heard = any(entry.facts is not None for entry in found.entries)
    what = "sounds" if heard or found.leaks is None else "texts"
    identical = sum(pair.kind == "identical" for pair in pairs)
    lines = [
        f"{found.name}: {len(found.entries)} {what}, {len(counts)} classes "
        f"(as uneven as {found.effective_classes:.1f} equal ones)",
        f"duplicates   {identical} identical and {len(pairs) - identical} near pairs, {len(crossing)} across classes",
    ]
    for pair in crossing:
        lines.append(f"             {found.entries[pair.first].name} = {found.entries[pair.second].name} ({pair.kind})")
    if heard:
        lines.append(
            f"sounds       {len(found.corrupt)} corrupt, {len(found.silent)} silent, {len(found.clipped)} clipped, "
            f"{len(found.short)} shorter than {found.shortest_s:g} s"
        )
    if found.leaks is not None:
        lines.append(f"lyrics       {len(found.leaks.rows)} findings that tell the class and may never be sung")
        lines += [f"             {line}" for line in str(found.leaks).splitlines()[:MOST_LEAKS]]
    for one in found.confounds:
        if one.alarming:
            lines.append(
                f"confound     the {one.name} alone guesses {one.hit_rate:.0%} of the labels, "
                f"chance {one.base_rate:.0%} (V {one.v:.2f}, p {one.p:.3f})"
            )
    return lines


def _write(found: Audit, out: Path) -> None:
    from earmark.files import write_text
    from earmark.report.data_audit import write_audit

    write_text(out / "audit.json", json_.dumps(found.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    write_audit(out / "audit.html", found)
