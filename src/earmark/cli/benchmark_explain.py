"""``earmark benchmark explain``: methods × masks × noises on a data set, in one command."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import data_source, options
from earmark.cli.again import command_line
from earmark.cli.console import Console
from earmark.cli.results import check_writable, refuse_existing
from earmark.errors import SomeFailedError, UsageError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset
    from earmark.metrics.experiment.plan import Plan
    from earmark.models.classifier import Classifier

FILES = ("experiment.html", "experiment.parquet", "summary.csv", "comparisons.csv")
_WHAT = "What is run"

HELP = """Judge methods and masks on a model and its data: the experiment of the literature, with random masks in it.

Each method explains the class that the model hears in each clip (classes of the data only serve to draw clips of each
alike: a folder of sounds without classes will do), clean and under noise; each of the fourteen masks, and
one of equal area for all, is judged by what it keeps and removes, beside a random mask and the loudest cells of the
same area. Writes experiment.html, one Parquet table, means and paired tests as CSV, pictures and sounds. A run that was
broken off goes on when its command is repeated, to the same bytes.

Examples:

- `earmark benchmark explain models/cnn sounds/ -o experiment/`
- `earmark benchmark explain models/cnn sounds/ --clips 10 --methods lime,shapley --noise clean --noise horse.wav`
- `earmark benchmark explain models/cnn sounds/ --audio --masks binary,area:10 --snr 10`
"""


def explain(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A bundle's folder, a pre-trained model by name, onnx:FILE or huggingface:FOLDER."
        ),
    ],
    data: data_source.Source,
    kind: data_source.Kind = None,
    clips: Annotated[
        int,
        typer.Option("--clips", metavar="N", min=1, help="How many, of every class alike.", rich_help_panel=_WHAT),
    ] = 40,
    all_clips: Annotated[
        bool,
        typer.Option(
            "--all-clips",
            help="Take them from all of the data, also from what the model learnt from. By default a bundle that "
            "brings its split of this data is asked about its test clips.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="NAMES",
            help="Separated by commas, of `earmark list methods`; by default saliency, smoothgrad, "
            "integrated_gradients, gradient_shap, grad_cam, lime, shapley.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    masks: Annotated[
        str | None,
        typer.Option(
            "--masks",
            metavar="NAMES",
            help="Separated by commas, of `earmark list masks`; at least one `area:PERCENT`, by which methods are "
            "compared. The fourteen published ones and `area:30` by default.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(
            "--noise",
            metavar="NAME|FILE",
            help="clean, white, room, sharp, or a sound file; repeatable. The four by default.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    snr: Annotated[
        float,
        typer.Option(
            "--snr",
            metavar="DB",
            help="Signal to noise. 3.52 dB is .6 of the signal and .4 of the noise, both of RMS 1.",
            rich_help_panel=_WHAT,
        ),
    ] = 3.52,
    grid: Annotated[
        str,
        typer.Option(
            "--grid",
            metavar="TIMESxBANDS",
            help="Components of LIME, Shapley values and other methods that play a game.",
            rich_help_panel=_WHAT,
        ),
    ] = "6x6",
    samples: Annotated[
        int,
        typer.Option("--samples", metavar="N", min=1, help="Evaluations of a sampling method.", rich_help_panel=_WHAT),
    ] = 512,
    audio: Annotated[
        bool,
        typer.Option(
            "--audio",
            help="Measure the masked sound too, heard through the front end again, and the gap (takes far longer).",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    sounds: Annotated[
        int,
        typer.Option(
            "--sounds",
            metavar="N",
            min=0,
            help="Clips whose kept and removed parts are written.",
            rich_help_panel=_WHAT,
        ),
    ] = 2,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of every random draw.")] = 0,
    device: options.Device = "auto",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the files go.")] = Path(
        "experiment"
    ),
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Judge methods and masks."""
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    plan = _plan(methods, masks, noise, snr, grid, samples, audio, sounds, seed)
    from earmark.metrics.experiment.plan import chosen, unknown_classes
    from earmark.metrics.experiment.run import PARTS, forget, run_experiment
    from earmark.metrics.experiment.table import compare, read_columns, summarise, unanswered, write_tables
    from earmark.models.load import load_model
    from earmark.report.experiment import shown, write_experiment
    from earmark.report.experiment_tables import Means, legend, text_of, told, too_few

    if not overwrite and not (out / PARTS).exists():
        # What lies beside the parts of an unfinished run was written by that run.
        refuse_existing(out, FILES)
    check_writable(out)
    classifier = load_model(model, say=console.say, device=device)
    whole = _opened(data, kind, console)
    part = chosen(_judged(whole, classifier, Path(model), all_clips, console), clips, seed)
    unknown = unknown_classes(part, classifier)
    if unknown:
        few = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")
        console.say(
            f"{len(unknown)} of its {len(part.labels)} classes are none of {classifier.name}'s labels ({few}): what is "
            "explained is what it hears, so they only serve to draw clips of each alike"
        )
    if overwrite and out.exists():
        shutil.rmtree(out / PARTS, ignore_errors=True)
    if not (out / PARTS).exists():
        # Sounds of an older run: another plan may have made them.
        shutil.rmtree(out / "sounds", ignore_errors=True)
    with console.watch("Explaining, masking, asking") as watch:
        outcome = run_experiment(plan, classifier, part, out, watch=watch, say=console.detail)
    for left in outcome.left_out:
        console.error(f"{left.method}: left out: {left.reason}.")
    for problem in outcome.problems:
        console.error(f"{problem.where}: left out: {problem.fact}")
    columns = read_columns(outcome.table)
    missing = unanswered(columns)
    for one in missing:
        console.error(f"{one.sentence}.")
    means, tests = summarise(columns, seed=seed), compare(columns, plan.equal_masks, seed=seed)
    tables = write_tables(means, tests, out)
    command = command_line(context, out)
    written = write_experiment(
        out, plan, outcome, means, tests, missing, model=classifier.name, data=part.name, command=command
    )
    forget(out)
    found = Means(means)
    said = told(found, tests, plan.equal_masks)
    for table in shown(found, tests, plan):
        for line in text_of(table):
            console.data(line)
        console.data("")
    for line in legend(found):
        console.data(line)
    few = too_few(tests, outcome.clips)
    for sentence in [*said, *([few] if few else [])]:
        console.data(sentence)
    if outcome.only_audio:
        console.data(f"only the masked sound was measured: {outcome.only_audio}")
    console.data(str(written[0]))
    console.document(
        {
            "model": classifier.name,
            "data": part.name,
            "clips": outcome.clips,
            "left_out": [asdict(one) for one in outcome.left_out],
            "unanswered": [asdict(one) for one in missing],
            "problems": [asdict(one) for one in outcome.problems],
            "only_audio": outcome.only_audio,
            "findings": said,
            "too_few": few,
            "means": [asdict(one) for one in means],
            "files": [str(path) for path in (*written, outcome.table, *tables)],
        }
    )
    if outcome.problems:
        raise SomeFailedError(f"{len(outcome.problems)} clips were left out", remedy="See above")
    data_source.raise_left_out(whole.problems)


def _opened(data: str, kind: str | None, console: Console) -> Dataset:
    """A data set; sounds in one folder are one too, since nothing here needs their classes."""
    from earmark.data.folder import is_classless, load_classless
    from earmark.data.open import recognise

    path = Path(data)
    if kind is not None or not path.is_dir() or recognise(path) != "folder" or not is_classless(path):
        return data_source.opened(data, kind, console)
    dataset = load_classless(path)
    data_source.say_problems(dataset.problems, console)
    return dataset


def _judged(dataset: Dataset, classifier: Classifier, place: Path, all_clips: bool, console: Console) -> Dataset:
    """The test clips where the model brings its split of this data, else all."""
    record = getattr(getattr(classifier, "card", None), "training", None)
    if all_clips or record is None or not place.is_dir():
        return dataset
    if dataset.fingerprint != record.dataset_fingerprint:
        console.say(f"{classifier.name} was trained on other data ({record.dataset}): all clips are taken")
        return dataset
    from earmark.data.split_lists import split_from_lists
    from earmark.training.fit import SPLIT

    split = split_from_lists(dataset, place / SPLIT, leaky=record.leaky)
    return dataset.subset(split.test)


def _plan(
    methods: str | None,
    masks: str | None,
    noise: list[str] | None,
    snr: float,
    grid: str,
    samples: int,
    audio: bool,
    sounds: int,
    seed: int,
) -> Plan:
    from earmark.metrics.experiment.noise import NAMES, noise_of
    from earmark.metrics.experiment.plan import USUAL, USUAL_MASKS, Plan

    return Plan(
        methods=USUAL if methods is None else _names(methods, "--methods"),
        masks=USUAL_MASKS if masks is None else _names(masks, "--masks"),
        noises=tuple(noise_of(text) for text in (noise or NAMES)),
        snr_db=snr,
        grid=_grid(grid),
        samples=samples,
        audio=audio,
        sounds=sounds,
        seed=seed,
    )


def _names(text: str, where: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError("names nothing", remedy="Separate names by commas", where=where)
    return names


def _grid(text: str) -> tuple[int, int]:
    times, _, bands = text.lower().replace("×", "x").partition("x")
    if not (times.strip().isdigit() and bands.strip().isdigit()):
        raise UsageError(f"{text!r} is no grid", remedy="Write --grid 6x6: segments of time × bands", where="--grid")
    return int(times), int(bands)
