"""``earmark benchmark shortcuts``: does a model listen to what nobody hears?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.errors import UsageError

FEWEST = 3  # of which an interval says anything; refused here before a model is loaded

HELP = """Find out whether a model listens to what nobody hears: below 20 Hz, digital silence, a codec's edge, clicks.

Each is taken out of the sounds, and the model is asked again; how far its scores move stands beside how far they move
under changes that nobody hears either. Give at least 3 sounds, better 20, of several classes.

Examples:

- `earmark benchmark shortcuts planted/models/hum planted/sounds/hum/*.flac`
- `earmark benchmark shortcuts musicnn-msd music/*.mp3 --json`
"""


def shortcuts(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A pre-trained model by name, or a bundle's folder.")],
    clips: Annotated[list[str], typer.Argument(metavar="CLIPS", help="Sound files.")],
    device: options.Device = "auto",
    start: options.Start = 0.0,
    duration: options.Duration = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of every random draw.")] = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Find shortcuts."""
    if len(clips) < FEWEST:
        raise UsageError(
            f"{len(clips)} {'sound is' if len(clips) == 1 else 'sounds are'} too few",
            remedy=f"Give at least {FEWEST}, better 20, such as FOLDER/*.flac",
            where="CLIPS",
        )
    console = Console(quiet=quiet, json=json, bars=not no_progress)
    from earmark.audio.read import read
    from earmark.metrics.shortcuts import find_shortcuts
    from earmark.models.load import load_model

    classifier = load_model(model, say=console.say, device=device)
    sounds = [read(path, start_s=start, duration_s=duration) for path in clips]
    with console.watch("Asking") as watch:
        report = find_shortcuts(classifier, sounds, seed=seed, watch=watch)
    for finding in report.findings:
        console.data(f"{'!' if finding.flagged else ' '} {finding.probe}: {finding.sentence}")
    console.data(report.sentence)
    console.document(
        {
            "model": report.model,
            "clips": report.clips,
            "flagged": list(report.flagged),
            "findings": [asdict(finding) for finding in report.findings],
            "sentence": report.sentence,
        }
    )
