"""``earmark data show``: what a loader finds in a data set, and what it leaves out."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.data_source import Kind, Source, opened, raise_left_out

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset

HELP = """Show what is in a data set: classes, tracks, artists, published split, and what was left out and why.

Exit code 3 where something was left out.

Examples:

- `earmark data show music/`
- `earmark data show manifest.csv --json`
- `earmark data show GTZAN/ --kind gtzan`
"""


def show(
    data: Source,
    kind: Kind = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show what is in a data set."""
    console = Console(quiet=quiet, verbose=verbose, json=json)
    dataset = opened(data, kind, console)
    rows = _rows(dataset)
    splits = Counter(item.split for item in dataset.items if item.split is not None)
    folds = Counter(item.fold for item in dataset.items if item.fold is not None)
    artists = {item.artist for item in dataset.items if item.artist is not None}
    unknown = sum(item.artist is None for item in dataset.items)
    tracks = len(set(dataset.groups()))
    console.data(f"{dataset.name}: {len(dataset.items)} items, {len(rows)} classes, {tracks} tracks")
    width = max(len(label) for label in rows)
    for label, (items, tracks_in) in rows.items():
        console.data(f"  {label:<{width}}  {items:>6} items  {tracks_in:>6} tracks")
    if artists:
        console.data(f"artists      {len(artists)}" + (f", unknown for {unknown} items" if unknown else ""))
    if splits:
        console.data("split        " + ", ".join(f"{name} {splits[name]}" for name in sorted(splits)))
    if folds:
        console.data("folds        " + ", ".join(f"{name} ({folds[name]})" for name in sorted(folds)))
    console.data(f"fingerprint  {dataset.fingerprint}")
    console.document(
        {
            "name": dataset.name,
            "root": str(dataset.root),
            "items": len(dataset.items),
            "classes": {label: {"items": n, "tracks": t} for label, (n, t) in rows.items()},
            "tracks": tracks,
            "artists": len(artists),
            "split": dict(sorted(splits.items())),
            "folds": dict(sorted(folds.items())),
            "fingerprint": dataset.fingerprint,
            "problems": [asdict(problem) for problem in dataset.problems],
        }
    )
    raise_left_out(dataset.problems)


def _rows(dataset: Dataset) -> dict[str, tuple[int, int]]:
    tracks = Counter(label for label, _ in {(item.label, item.track) for item in dataset.items})
    return {label: (number, tracks[label]) for label, number in dataset.counts.items()}
