"""``earmark explain``: which parts of a sound a classifier's decision rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli import config, options
from earmark.cli.console import Console
from earmark.cli.job import FORMATS, OF_SOUND, OF_WORDS, Job, default_components, is_gradient
from earmark.cli.stem_files import check_stems, stem_files
from earmark.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.models.classifier import Classifier

_CUT = "How the sound is cut"
_ASK = "How the classifier is asked"
_WORDS = "Lyrics"

HELP = """Show which parts of a sound a classifier's decision rests on.

Writes `report.html`, `kept.flac`, `removed.flac` and `explanation.json` into `out/<name>`, and prints the top tags,
the strongest evidence in words, and the paths.

Examples:

- `earmark explain song.mp3`
- `earmark explain song.mp3 --target jazz --components grid --segments 8 --bands 6`
- `earmark explain song.mp3 --method integrated_gradients --target jazz`
- `earmark explain song.mp3 --refine 2` looks closer where something is
- `earmark explain song.mp3 --counterfactual --interactions`
- `earmark explain mix.wav --stems stems/ --contrast rock,metal -o out/mix`
- `earmark explain song.mp3 --model models/joint --lyrics song.lrc --words line`
- `find . -name "*.ogg" | earmark explain - --skip-existing --json > results.json`
"""


def explain(
    context: typer.Context,
    files: options.Files = None,
    model: options.Model = "musicnn-msd",
    components: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="stems_time (the default), time, bands, grid and others (`earmark list components`). Of gradient "
            "methods the default is grid; time of a waveform, and of a layer's activations.",
            rich_help_panel=_CUT,
        ),
    ] = None,
    segments: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Segments of time; the kind's own number by default.", rich_help_panel=_CUT
        ),
    ] = None,
    bands: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Frequency bands; the kind's own number by default.", rich_help_panel=_CUT
        ),
    ] = None,
    spacing: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the bands: mel or octave.", rich_help_panel=_CUT)
    ] = None,
    stems: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FOLDER|FILE",
            help="Your own stems, a folder or (repeated) files; harmonic and percussive part by default.",
            rich_help_panel=_CUT,
        ),
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What takes the place of a component that is off: silence (the default), median, noise_floor.",
            rich_help_panel=_CUT,
        ),
    ] = None,
    component_set: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Any other setting of the kind of components; repeatable.", rich_help_panel=_CUT
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(metavar="NAME", help="Explanation method (`earmark list methods`).", rich_help_panel=_ASK),
    ] = "shapley",
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Evaluations of a sampling method at most; its own number by default.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Whose activations grad_cam, hirescam and score_cam show; the deepest by default.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What a gradient method attributes to: spectrogram (the default) or waveform.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    method_set: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Any other setting of the method; repeatable.", rich_help_panel=_ASK),
    ] = None,
    refine: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Split the strongest components further, N times, on one budget (--samples).",
            rich_help_panel=_ASK,
        ),
    ] = 0,
    interactions: Annotated[
        bool,
        typer.Option("--interactions", help="Also what pairs of components do together.", rich_help_panel=_ASK),
    ] = False,
    counterfactual: Annotated[
        bool,
        typer.Option(
            "--counterfactual",
            help="Also the smallest set of components whose removal flips the decision.",
            rich_help_panel=_ASK,
        ),
    ] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="Also whether to rely on it: measures of the first target beside random masks and loudness.",
            rich_help_panel=_ASK,
        ),
    ] = False,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Explain this label; may be repeated.", rich_help_panel=_ASK),
    ] = None,
    top_targets: Annotated[
        int,
        typer.Option(metavar="K", min=1, help="Without --target: the K most probable labels.", rich_help_panel=_ASK),
    ] = 3,
    contrast: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Explain why A rather than B: the difference.", rich_help_panel=_ASK),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="probability (the default), log_odds (in nats), or logit (the default of gradient methods, for them "
            "only).",
            rich_help_panel=_ASK,
        ),
    ] = None,
    lyrics: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="For a model that reads them: a file (.lrc, .srt, .vtt, .csv, .json, .txt), none, or auto: the file "
            "beside the sound that is named like it, or its tags.",
            rich_help_panel=_WORDS,
        ),
    ] = "auto",
    words: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="What of them is switched off: word, line or stanza.", rich_help_panel=_WORDS
        ),
    ] = "word",
    repeated: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Words that come again: switched off together, or each for itself (each).",
            rich_help_panel=_WORDS,
        ),
    ] = "together",
    lyrics_encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of that file, such as cp1252, where it is not UTF-8.", rich_help_panel=_WORDS
        ),
    ] = None,
    start: options.Start = 0.0,
    duration: options.Duration = None,
    device: options.Device = "auto",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random draw.", rich_help_panel=_ASK)] = 0,
    out: options.Out = None,
    formats: options.Formats = None,
    overwrite: options.Overwrite = False,
    skip_existing: options.SkipExisting = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be written, and how long it would take.", rich_help_panel=_ASK),
    ] = False,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """Show which parts of a sound a classifier's decision rests on."""
    if print_config:
        print(config.as_toml(context))
        return
    if target and contrast is not None:
        raise UsageError("--target and --contrast exclude each other", remedy="A contrast is its own target")
    if overwrite and skip_existing:
        raise UsageError("--overwrite and --skip-existing exclude each other", remedy="Choose one")
    gradient = is_gradient(method)
    if components is None:
        components = "grid" if refine else default_components(method, domain)
    job = Job(
        model=model,
        components=components,
        segments=segments,
        bands=bands,
        spacing=spacing,
        stems=stem_files(stems),
        fill=fill,
        component_set=tuple(component_set or ()),
        method=method,
        samples=samples,
        layer=layer,
        domain=domain,
        method_set=tuple(method_set or ()),
        refine=refine,
        interactions=interactions,
        counterfactual=counterfactual,
        measure=measure,
        targets=tuple(target) if target else top_targets,
        contrast=contrast,
        output=output if output is not None else "logit" if gradient else "probability",
        start_s=start,
        duration_s=duration,
        lyrics=lyrics,
        words=words,
        repeated=repeated,
        lyrics_encoding=lyrics_encoding,
        seed=seed,
        device=device,
        given=tuple(name for name in (*OF_SOUND, *OF_WORDS) if config.typed(context, name)),
    )
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    _explain_files(files, job, out, formats_of(formats, gradient=gradient), console, overwrite, skip_existing, dry_run)


def formats_of(text: str | None, *, gradient: bool) -> tuple[str, ...]:
    """The names in a list like "json,html"; None for what is written where nobody asks for anything else.

    Raises
    ------
    UnknownNameError
        If one is no format.
    UsageError
        If there is none, or a map is asked of a method that makes none.
    """
    if text is None:
        return ("html", "flac", "json", "map") if gradient else ("html", "flac", "json")
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FORMATS:
            raise UnknownNameError("format", name, FORMATS)
    if not names:
        raise UsageError("no format", remedy=f"Choose from {', '.join(FORMATS)}", where="--format")
    if "map" in names and not gradient:
        raise UsageError("only gradient methods make a map", remedy="Leave map out", where="--format")
    return names


def _explain_files(
    given: list[str] | None,
    job: Job,
    out: Path | None,
    formats: tuple[str, ...],
    console: Console,
    overwrite: bool,
    skip_existing: bool,
    dry_run: bool,
) -> None:
    from earmark.cli import inputs, results, run

    files = inputs.named(given)
    if job.lyrics not in ("auto", "none") and len(files) > 1:
        raise UsageError("lyrics belong to one FILE", remedy="Put each beside its sound instead", where="--lyrics")
    if job.stems is not None and len(files) > 1:
        raise UsageError("stems belong to one FILE", remedy="Explain the files one by one", where="--stems")
    job.check()
    check_stems(job.stems or ())
    several = len(files) > 1
    folders = {file: results.folder_for(file, out, several=several) for file in files}
    results.check_distinct([folders[file] for file in files], files)
    names = run.names_of(formats, job)
    done = [file for file in files if skip_existing and run.finished(folders[file], names)]
    for file in done:
        console.say(f"{file}: skipped, its results are in {folders[file]}")
    to_do = [file for file in files if file not in done]
    there = [] if overwrite or skip_existing else [file for file in files if results.existing(folders[file], names)]
    if there and not dry_run:
        # What is asked of the model is wrong whatever lies there.
        _load(job, console)
    for file in there:
        results.refuse_existing(folders[file], names, skips=True)
    if dry_run:
        if to_do:
            _foretell(to_do, job, folders, names, console)
        else:
            console.document([])
        return
    classifier = _load(job, console) if to_do else None

    def one(file: str) -> dict[str, Any]:
        if classifier is None or file in done:
            return run.found_document(file, folders[file], names) if console.json else {}
        explained = run.explain_file(file, job, classifier, folders[file], formats, console)
        run.tell(explained, console)
        return explained.document() if console.json else {}

    outcomes = inputs.each(files, one, console)
    documents: list[dict[str, Any]] = [
        outcome.result if outcome.result is not None else {"file": outcome.file, "error": str(outcome.error)}
        for outcome in outcomes
    ]
    console.document(documents if several else documents[0])
    inputs.raise_failed(outcomes)


def _load(job: Job, console: Console) -> Classifier:
    from earmark.cli.words import check_asked
    from earmark.models.load import load_model

    classifier = load_model(job.model, say=console.say, device=job.device)
    job.check_labels(classifier.labels)
    check_asked(job, classifier)
    return classifier


def _foretell(files: list[str], job: Job, folders: dict[str, Path], names: list[str], console: Console) -> None:
    from earmark.cli import inputs
    from earmark.cli.forecast import forecast

    classifier = _load(job, console)
    planned = inputs.each(files, lambda file: forecast(file, job, classifier, folders[file], names, console), console)
    console.document([o.result.document() for o in planned if o.result is not None])
    inputs.raise_failed(planned)
