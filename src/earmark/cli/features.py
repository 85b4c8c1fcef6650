"""``earmark features``: descriptors of sounds as a table, or their spectrograms as a cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import inputs, options
from earmark.cli.console import Console
from earmark.cli.data_source import Kind, opened, raise_left_out
from earmark.errors import OutputError, SettingError, UsageError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset

TABLES, CACHES = (".parquet",), (".h5", ".hdf5")
_MANIFESTS = (".csv", ".tsv", ".parquet")
_SCHEMES = ("huggingface:", "mirdata:", "soundata:")

HELP = """Describe sounds in numbers with names and units (Parquet), or keep their spectrograms (HDF5).

A cache of spectrograms that was interrupted goes on where it stopped.

Examples:

- `earmark features music/ -o descriptors.parquet`
- `earmark features *.wav --set reference-89 -o descriptors.parquet`
- `earmark features music/ --front-end mfcc13 -o mfcc13.h5`
"""


def features(
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA|FILE…", help="A data set (a folder, a manifest), or sound files."),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="The .parquet or, with --front-end, .h5 file.")
    ],
    set_name: Annotated[
        str | None,
        typer.Option("--set", metavar="NAME", help="Which descriptors: full by default (`earmark list features`)."),
    ] = None,
    front_end: Annotated[
        str | None,
        typer.Option("--front-end", metavar="NAME", help="Spectrograms instead: `earmark list features`."),
    ] = None,
    kind: Kind = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Threads, for spectrograms.")] = 1,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Describe sounds in numbers, or keep their spectrograms."""
    _check(out, set_name, front_end)
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    found = _dataset(data, kind, console)
    if front_end is not None:
        _cache(found, front_end, out, jobs, overwrite, console)
    else:
        if out.exists() and not overwrite:
            raise OutputError("exists", remedy="Choose another file, or add --overwrite", where=out)
        _table(found, set_name or "full", out, console, overwrite=overwrite)
    raise_left_out(found.problems)


def _check(out: Path, set_name: str | None, front_end: str | None) -> None:
    if set_name is not None and front_end is not None:
        raise UsageError("--set and --front-end exclude each other", remedy="Leave one out")
    wanted = TABLES if front_end is None else CACHES
    if out.suffix.lower() not in wanted:
        raise SettingError(
            f"{out.name} is no {' or '.join(wanted)} file",
            remedy="Descriptors are written as .parquet, spectrograms (--front-end) as .h5",
            where="-o",
        )
    if front_end is not None:
        from earmark.features.catalogue import FRONT_ENDS

        FRONT_ENDS.entry(front_end)
    else:
        from earmark.features.descriptors.names import blocks

        blocks(set_name or "full")


def _dataset(names: list[str], kind: str | None, console: Console) -> Dataset:
    first = names[0]
    if len(names) == 1 and (
        kind is not None
        or Path(first).is_dir()
        or Path(first).suffix.lower() in _MANIFESTS
        or first.startswith(_SCHEMES)
    ):
        return opened(first, kind, console)
    if kind is not None:
        raise UsageError("--kind is about one data set", remedy="Name one folder or manifest", where="--kind")
    from earmark.data.dataset import Dataset, Item

    files = inputs.named(names)
    return Dataset("files", Path.cwd(), tuple(Item(Path(file).absolute(), "") for file in files))


def _table(dataset: Dataset, set_name: str, out: Path, console: Console, *, overwrite: bool) -> None:
    from earmark.features.descriptors import describe_to

    with console.watch("descriptors") as watch:
        table = describe_to(out, dataset, set_name, watch=watch, overwrite=overwrite)
    console.data(f"{out}: {len(table.ids)} sounds, {len(table.names)} descriptors ({set_name})")
    console.document({"file": str(out), "sounds": len(table.ids), "descriptors": len(table.names), "set": set_name})


def _cache(dataset: Dataset, front_end: str, out: Path, jobs: int, overwrite: bool, console: Console) -> None:
    from earmark.features.cache import FeatureCache, remove_cache
    from earmark.features.catalogue import FRONT_ENDS

    card = FRONT_ENDS.get(front_end)
    if overwrite:
        remove_cache(out)
    with console.watch("spectrograms") as watch, FeatureCache.open(out, card, dataset, watch=watch, jobs=jobs) as cache:
        console.data(f"{out}: {len(cache)} spectrograms of {card.bins} bins ({front_end})")
        console.document(
            {"file": str(out), "sounds": len(cache), "bins": card.bins, "front_end": front_end,
             "fingerprint": card.fingerprint}
        )  # fmt: skip
