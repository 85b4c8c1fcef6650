"""``earmark predict``: what a classifier says about sounds."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from earmark.cli import config, options
from earmark.cli.console import Console

HELP = """Say what a classifier hears in a sound.

Examples:

- `earmark predict song.mp3`
- `earmark predict *.ogg --model vgg-msd --top 3 --json`
- `earmark predict podcast.wav --start 600 --duration 30`
"""


def predict(
    context: typer.Context,
    files: options.Files = None,
    model: options.Model = "musicnn-msd",
    top: Annotated[int, typer.Option("--top", metavar="K", min=1, help="The K most probable labels.")] = 5,
    start: options.Start = 0.0,
    duration: options.Duration = None,
    device: options.Device = "auto",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """Say what a classifier hears in a sound."""
    if print_config:
        print(config.as_toml(context))
        return
    console = Console(quiet=quiet, verbose=verbose, json=json)
    from earmark.cli import inputs

    names = inputs.named(files)

    from earmark.audio.read import read
    from earmark.cli.run import bar
    from earmark.data.download import local
    from earmark.models.load import load_model
    from earmark.models.predict import predict as scores_of
    from earmark.models.prepare import prepare

    classifier = load_model(model, say=console.say, device=device)

    def one(file: str) -> list[dict[str, Any]]:
        clip = read(local(file, say=console.say), start_s=start, duration_s=duration)
        if verbose:
            for step in prepare(clip, classifier.input).steps:
                console.detail(f"{clip.name}: {step}")
        scores = scores_of(clip, classifier)
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:top]
        ranked = [{"label": classifier.labels[i], "score": float(scores[i])} for i in order]
        width = max(len(classifier.labels[i]) for i in order)
        console.data(f"{file}: {classifier.name}")
        for i in order:
            console.data(f"  {classifier.labels[i]:<{width}}  {scores[i]:6.3f}  {bar(scores[i])}".rstrip())
        return ranked

    outcomes = inputs.each(names, one, console)
    if len(outcomes) == 1:
        console.document(outcomes[0].result)
    else:
        console.document(
            [
                {"file": o.file, "scores": o.result} if o.error is None else {"file": o.file, "error": str(o.error)}
                for o in outcomes
            ]
        )
    inputs.raise_failed(outcomes)
