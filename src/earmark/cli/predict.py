"""``earmark predict``: what a classifier says about sounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli import config, options
from earmark.cli.console import Console
from earmark.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from earmark.models.classifier import Classifier

HELP = """Say what a classifier hears in a sound.

Examples:

- `earmark predict song.mp3`
- `earmark predict *.ogg --model vgg-msd --top 3 --json`
- `earmark predict podcast.wav --start 600 --duration 30`
- `earmark predict song.mp3 --model models/joint --lyrics song.lrc`
- `earmark predict lyrics.txt --model models/sentence`
"""


def predict(
    context: typer.Context,
    files: options.Files = None,
    model: options.Model = "musicnn-msd",
    top: Annotated[int, typer.Option("--top", metavar="K", min=1, help="The K most probable labels.")] = 5,
    start: options.Start = 0.0,
    duration: options.Duration = None,
    device: options.Device = "auto",
    lyrics: options.Lyrics = "auto",
    lyrics_encoding: options.LyricsEncoding = None,
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
    if lyrics not in ("auto", "none") and len(names) > 1:
        raise UsageError("lyrics belong to one FILE", remedy="Put each beside its sound instead", where="--lyrics")

    from earmark.cli.job import Job
    from earmark.cli.words import excerpt, sound_and_lyrics
    from earmark.models.load import load_model
    from earmark.models.predict import predict as scores_of
    from earmark.models.prepare import prepare
    from earmark.report.lyrics import untimed_text

    classifier = load_model(model, say=console.say, device=device)

    def one(file: str) -> list[dict[str, Any]]:
        job = Job(model, start_s=start, duration_s=duration, lyrics=lyrics, lyrics_encoding=lyrics_encoding)
        clip, words = sound_and_lyrics(file, classifier, job, console)
        if verbose:
            for step in prepare(clip, classifier.input).steps:
                console.detail(f"{clip.name}: {step}")
        if words is not None and excerpt(words, job):
            console.say(untimed_text(classifier.name, len(words.lines), start, start + clip.duration_s))
        scores = scores_of(clip if words is None else replace(clip, lyrics=words.text), classifier)
        return _told(file, classifier, scores, top, console)

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


def _told(
    file: str, classifier: Classifier, scores: NDArray[np.float64], top: int, console: Console
) -> list[dict[str, Any]]:
    from earmark.cli.run import bar

    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:top]
    width = max(len(classifier.labels[i]) for i in order)
    console.data(f"{file}: {classifier.name}")
    for i in order:
        console.data(f"  {classifier.labels[i]:<{width}}  {scores[i]:6.3f}  {bar(float(scores[i]))}".rstrip())
    return [{"label": classifier.labels[i], "score": float(scores[i])} for i in order]
