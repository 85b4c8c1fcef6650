"""``earmark assess``: how good a trained model is on sounds that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import config, data_source, learning, options, results
from earmark.cli.again import command_line
from earmark.cli.console import Console
from earmark.errors import SomeFailedError, UsageError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset
    from earmark.data.split import Split
    from earmark.models.card import TrainingRecord
    from earmark.training.assess import Assessment
    from earmark.training.history import Epoch
    from earmark.training.leak import LeakRow
    from earmark.training.scores import Interval, Scores

_WHAT = "What is measured"

HELP = """Judge a trained model by the test items of a data set.

Accuracy, macro-F1, precision and recall by clip, slice and song with bootstrap intervals over whole tracks (or
artists), calibration, noise, always beside the most frequent class and logistic regression on descriptors. A bundle
brings its own split.

Examples:

- `earmark assess models/cnn genres/`
- `earmark assess models/cnn genres/ --noise 20,10,0 -o out/cnn`
- `earmark assess models/cnn genres/ --leak-report`
- `earmark assess models/cnn other/ --split-by artist --json`
"""


def assess(
    context: typer.Context,
    bundle: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE", help="The folder of a trained model, a model's name, onnx:FILE or huggingface:FOLDER."
        ),
    ],
    data: data_source.Source,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Of page and pictures: out/BUNDLE-assessment by default.",
            rich_help_panel="Where results go",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    kind: data_source.Kind = None,
    split_by: learning.SplitBy = None,
    split_lists: learning.SplitLists = None,
    fractions: learning.Fractions = "0.7,0.15,0.15",
    split_seed: learning.SplitSeed = 0,
    leaky: learning.Leaky = False,
    noise: Annotated[
        str | None,
        typer.Option(
            metavar="DB,DB",
            help="Ask again with white noise at these signal-to-noise ratios, dB.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    leak_report: Annotated[
        bool,
        typer.Option(
            "--leak-report",
            help="Train the same model anew on slices split at random, by track and by artist.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    slice_s: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="Length of the leak report's slices; the model's own, or 3, by default.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    draws: Annotated[int, typer.Option(metavar="N", min=100, help="Of the bootstrap.", rich_help_panel=_WHAT)] = 1000,
    seed: learning.Seed = 0,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """Judge a trained model by the test items of a data set."""
    if print_config:
        print(config.as_toml(context))
        return
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    snrs = _ratios(noise)
    folder = out if out is not None else Path("out") / f"{Path(bundle.partition('?')[0]).name}-assessment"
    from earmark.report.assessment import NAMES, document, rows_of, write_assessment
    from earmark.training.assess import assess as judge

    if not overwrite:
        results.refuse_existing(folder, NAMES)
    results.check_writable(folder)
    from earmark.models.load import load_model

    classifier = load_model(bundle, say=console.say)
    record = getattr(getattr(classifier, "card", None), "training", None)
    place = Path(bundle) if Path(bundle).is_dir() else None
    whole = data_source.opened(data, kind, console)
    splitting = learning.Splitting(split_by, split_lists, leaky, fractions, split_seed)
    if place is not None and record is not None and split_by is None and split_lists is None:
        dataset, split = own_split(whole, place, record)
    else:
        dataset, split = splitting.of(whole, slice_s=learning.SLICE_S, console=console)
    found = judge(
        classifier, dataset, split, snrs_db=snrs, draws=draws, seed=seed, folder=place, watching=console.watch
    )
    for problem in found.problems:
        console.error(f"{problem.where}: left out: {problem.fact}")
    rows = _leak(record, whole, splitting, slice_s, draws, seed, console) if leak_report else ()
    command = command_line(context, folder)
    history = _history(place)
    written = write_assessment(folder, found, command=command, leak=rows, history=history)
    _tell(found, rows, rows_of(found), console)
    for path in written:
        console.data(str(path))
    console.document({**document(found, rows), "written": [str(path) for path in written]})
    if found.problems:
        raise SomeFailedError(f"{len(found.problems)} test items were left out", remedy="See above")
    data_source.raise_left_out(whole.problems)


def _ratios(text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} are no numbers", remedy="Write --noise 20,10,0", where="--noise") from None


def own_split(
    dataset: Dataset,
    folder: Path,
    record: TrainingRecord,
    remedy: str = "Name a split of this one, such as --split-by track",
) -> tuple[Dataset, Split]:
    """The split that the bundle was trained on, and the data set that it is of.

    Raises
    ------
    UsageError
        If the data set is another one.
    """
    from earmark.data.slices import slices_of
    from earmark.data.split_lists import split_from_lists
    from earmark.training.fit import SPLIT, slice_length

    if dataset.fingerprint != record.dataset_fingerprint and record.leaky:
        dataset = slices_of(dataset, slice_s=slice_length(record))
    if dataset.fingerprint != record.dataset_fingerprint:
        raise UsageError(
            f"was trained on the data set {record.dataset}, this is another one or has changed since",
            remedy=remedy,
            where=folder,
        )
    split = split_from_lists(dataset, folder / SPLIT, leaky=record.leaky)
    return dataset, replace(split, name=record.split, group=str(record.settings.get("group", split.group)))


def _leak(
    record: TrainingRecord | None,
    dataset: Dataset,
    splitting: learning.Splitting,
    slice_s: float | None,
    draws: int,
    seed: int,
    console: Console,
) -> tuple[LeakRow, ...]:
    from earmark.training.fit import repeated
    from earmark.training.leak import leak_report

    if record is None:
        raise UsageError(
            "the model's card does not say how it was trained",
            remedy="Train it with earmark train, then ask for the leak report",
            where="--leak-report",
        )
    model, settings, source = repeated(record)
    return leak_report(
        model,
        dataset,
        settings=settings,
        source=source,
        slice_s=slice_s,
        fractions=splitting.shares(),
        seed=splitting.seed,
        draws=draws,
        watching=console.watch,
        say=console.say,
    )


def _history(folder: Path | None) -> tuple[Epoch, ...]:
    from earmark.training.fit import CURVES_PATH
    from earmark.training.history import read_curves

    path = folder / CURVES_PATH if folder is not None else None
    return read_curves(path) if path is not None and path.exists() else ()


def _tell(
    found: Assessment, leak: tuple[LeakRow, ...], rows: list[tuple[str, Scores, Interval | None]], console: Console
) -> None:
    console.data(f"{found.model} on {found.clips.n} test {found.unit}s of {found.dataset}; split {found.split}")
    if found.leaky:
        console.data("the split is leaky: these figures are too good")
    width = max(len(name) for name, _, _ in rows)
    for name, scores, gap in rows:
        beside = f"  model better by {gap}" if gap is not None else ""
        console.data(f"  {name:<{width}}  accuracy {scores.accuracy}  macro-F1 {scores.macro_f1}{beside}")
    if found.calibration is not None:
        before, after = found.calibration.before.ece.value, found.calibration.after.ece.value
        console.data(f"calibration: ECE {before:.3f}, {after:.3f} with temperature {found.calibration.temperature:.2f}")
    for point in found.noise:
        console.data(f"noise at {point.snr_db:g} dB: accuracy {point.accuracy}")
    for row in leak:
        told = row.why_not
        if row.slices is not None and row.songs is not None:
            told = f"accuracy by slice {row.slices.accuracy}, by song {row.songs.accuracy}"
        console.data(f"leak report, {row.kept_apart} kept apart: {told}")
    if found.openings > 1:
        console.say(f"the test items of this split have now been opened {found.openings} times for this model")
