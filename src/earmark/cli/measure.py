"""``earmark measure``: is an explanation any better than chance?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.explained import check_model, check_order, explanation_in, label_of, load_explanation
from earmark.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.explain.explanation import Explanation
    from earmark.explain.map import MapExplanation
    from earmark.metrics.measures import Measures

NAMES = ("measures.json", "measures.csv")

HELP = """Measure an explanation on the sound that it points at, beside masks that know nothing of the model.

Prints every figure beside those of random masks of equal area and grain, of the loudest parts, of everything and of
nothing; in the sound (rendered and heard again) and in the masked spectrogram; and says whether to rely on it. Writes
`measures.json` and `measures.csv`.

Examples:

- `earmark explain song.mp3`, and then
- `earmark measure out/song song.mp3`
- `earmark measure out/song/explanation.json song.mp3 --metrics quick --mask top_30`
- `earmark measure out/song/map.safetensors song.mp3 --mask area:10 -o out/judged`
- `earmark measure out/song/explanation.json song.mp3 --metrics usual,randomisation,sensitivity_max --json`
"""


def measure(
    explanation: Annotated[
        Path,
        typer.Argument(
            metavar="EXPLANATION.json", help="What `earmark explain` wrote; or its `map.safetensors`, or its folder."
        ),
    ],
    file: Annotated[str, typer.Argument(metavar="FILE", help="The sound that was explained.")],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="The model that was explained; by default the pre-trained one of the name in the explanation.",
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="TAG", help="For this label; the explanation's first target by default.")
    ] = None,
    mask: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How attributions become a mask (`earmark list masks`), or `area:PERCENT`; binary by default, top_30 "
            "where they have no direction.",
        ),
    ] = None,
    metrics: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Measures (`earmark list metrics`), separated by commas; quick stands for those of the mask alone, "
            "usual for all that explain nothing anew.",
        ),
    ] = "usual",
    draws: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Random masks to compare with; 19 are the fewest that can show 95 %."),
    ] = 19,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random draw.")] = 0,
    device: options.Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Where they go; a folder measures-LABEL-MASK beside the explanation by default.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure an explanation on the sound that it points at, beside masks that know nothing of the model."""
    from earmark.audio.read import read
    from earmark.cli.listen import slug
    from earmark.cli.results import all_or_nothing, check_writable, refuse_existing
    from earmark.explain.explanation import Explanation
    from earmark.explain.modalities import has_words
    from earmark.listen.masks import area_of
    from earmark.metrics.measure import measure as judge
    from earmark.models.classifier import ReadsLyrics
    from earmark.models.load import load_model

    console = Console(quiet=quiet, json=json, bars=not no_progress)
    check_order(explanation, file, "measure")
    names = named(metrics)
    if mask is not None:
        area_of(mask)
    explanation = explanation_in(explanation)
    loaded = load_explanation(explanation)
    chosen = label_of(loaded, label)
    model = _model(model, loaded)
    mask = mask if mask is not None else "binary" if loaded.signed else "top_30"
    folder = out if out is not None else explanation.parent / f"measures-{slug(chosen)}-{slug(mask)}"
    if not overwrite:
        refuse_existing(folder, NAMES)
    check_writable(folder)
    clip = read(file, start_s=loaded.clip.start_s, duration_s=loaded.clip.duration_s)
    classifier = load_model(model, say=console.say, device=device)
    words = isinstance(loaded, Explanation) and has_words(loaded)
    if not words and isinstance(classifier, ReadsLyrics):
        # It was explained with --lyrics none.
        classifier = classifier.with_lyrics(None)
    check_model(loaded, classifier)
    with console.watch(f"measuring {clip.name}") as watch:
        found = judge(
            loaded,
            classifier,
            clip,
            label=chosen,
            mask=mask,
            metrics=names,
            draws=draws,
            seed=seed,
            watch=watch,
        )
    with all_or_nothing(folder) as staging:
        found.save(staging / NAMES[0])
        found.to_csv(staging / NAMES[1])
    for line in table(found):
        console.data(line)
    for path in (folder / name for name in NAMES):
        console.data(str(path))
    console.document(found.to_dict() | {"written": [str(folder / name) for name in NAMES]})


def named(text: str) -> tuple[str, ...]:
    """The measures in a list like "quick,randomisation".

    Raises
    ------
    UsageError
        If there is none.
    """
    from earmark.metrics.catalogue import ASKED_BY_NAME, NOT_OF_ONE, SETS, USUAL

    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise UsageError("no metric", remedy="Choose quick, usual, or names like ff,ad", where="--metrics")
    named_ones = tuple(dict.fromkeys(name for part in names for name in SETS.get(part, (part,))))
    for name in named_ones:
        if name in NOT_OF_ONE:
            raise UsageError(
                f"{name} is no measure of one explanation: {NOT_OF_ONE[name]}",
                remedy="Leave it out (earmark list metrics)",
                where="--metrics",
            )
        if name not in USUAL and name not in ASKED_BY_NAME:
            raise UnknownNameError("metric", name, (*SETS, *USUAL, *ASKED_BY_NAME))
    return named_ones


def table(found: Measures) -> list[str]:
    """What was found, for people: a line a figure, the baselines in columns beside it."""
    from earmark.report.measures import measure_row

    what = "cells of the map" if found.components == "cells" else f"{found.components} components"
    lines = [
        f"{found.clip}: {found.method} on {what}, for {found.label} ({found.score:.3f})",
        f"mask {found.mask} keeps {found.area:.0%} of the {'cells' if found.components == 'cells' else 'components'}",
        *(f"  note: {note}" for note in found.mask_notes),
    ]
    header = ("", "", "this one", "random", "beaten", "loudest", "all", "nothing")
    rows = [header]
    for figure in found.figures:
        r = measure_row(figure)
        rows.append((f"{r.name} {r.arrow}".strip(), r.domain, r.value, r.random, r.beaten, r.loudest, r.all, r.nothing))
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    if found.only_audio:
        lines.append(f"in sound only, not in the spectrogram: {found.only_audio}")
    lines += [f"  left out: {reason}" for reason in found.left_out]
    lines += [f"  {rule}" for rule in found.trust.rules]
    return [*lines, found.trust.sentence]


def _model(given: str | None, loaded: Explanation | MapExplanation) -> str:
    if given is not None:
        return given
    from earmark.models.catalogue import PRETRAINED

    if loaded.model.name not in PRETRAINED:
        raise UsageError(
            f"the explained model {loaded.model.name!r} is no pre-trained one that can be found by its name",
            remedy="Name its folder",
            where="--model",
        )
    return loaded.model.name
