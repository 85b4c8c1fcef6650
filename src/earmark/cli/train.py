"""``earmark train``: from a data set to a bundle."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli import config, data_source, learning, options
from earmark.cli.console import Console
from earmark.errors import UsageError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset
    from earmark.data.split import Split
    from earmark.models.recipe import Recipe
    from earmark.training.fit import Fitted
    from earmark.training.history import Epoch
    from earmark.training.settings import FitSettings

_SAY_EVERY_S = 10.0

HELP = """Train a model on a data set.

Writes a bundle: weights, labels, front end, split and figures; `earmark predict` and `explain` take it as `--model`.
The test items are not opened; `earmark assess` opens them. The same command goes on where it was interrupted.

Examples:

- `earmark train cnn genres/ -o models/cnn`
- `earmark train cnn_lstm genres/ --from models/cnn -o models/cnn_lstm --augment reverse=0.5`
- `earmark train logreg esc10/manifest.csv --split-by fold:4 --set C=0.1`
- `earmark train probe genres/ --split-by artist --json`
- `earmark train joint songs/ --audio musicnn-msd --text sentence`
"""


def train(
    context: typer.Context,
    model: learning.Recipe,
    data: data_source.Source,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="The bundle: models/MODEL by default.",
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
    epochs: learning.Epochs = None,
    batch_size: learning.Batch = None,
    learning_rate: learning.Rate = None,
    patience: learning.Patience = None,
    monitor: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What has to improve on the validation slices: loss, accuracy or macro_f1.",
            rich_help_panel=learning.HOW,
        ),
    ] = "loss",
    schedule: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Of the learning rate: constant, cosine or plateau.", rich_help_panel=learning.HOW
        ),
    ] = "constant",
    warmup: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Epochs over which the learning rate rises.", rich_help_panel=learning.HOW
        ),
    ] = 0,
    weight_decay: Annotated[
        float, typer.Option(metavar="X", min=0, help="Of AdamW; 0 is Adam.", rich_help_panel=learning.HOW)
    ] = 0.0,
    label_smoothing: Annotated[
        float, typer.Option(metavar="X", min=0, help="From 0 to below 1.", rich_help_panel=learning.HOW)
    ] = 0.0,
    clip_norm: Annotated[
        float, typer.Option(metavar="X", min=0, help="Of the gradient; 0 is any.", rich_help_panel=learning.HOW)
    ] = 0.0,
    class_weights: learning.ClassWeights = False,
    augment: learning.Augment = None,
    frames: learning.Frames = None,
    slice_hop: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Frames from slice to slice in training; a slice's length by default.",
            rich_help_panel=learning.HOW,
        ),
    ] = None,
    setting: learning.Set = None,
    audio: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Of a joint model: a tagger's name, or a folder.", rich_help_panel=learning.HOW
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Of a joint model: tfidf, sentence, or a folder.",
            rich_help_panel=learning.HOW,
        ),
    ] = None,
    source: learning.From = None,
    thaw: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EPOCH:LAYER",
            help="Keep a layer as it is until that epoch (from 0), by name or pattern; repeatable. gradual, or "
            "gradual:N: the model's own stages, one in N epochs (3); the default where --from gives it weights.",
            rich_help_panel=learning.HOW,
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Also find a temperature on the validation items.", rich_help_panel=learning.HOW
        ),
    ] = False,
    device: learning.Device = "auto",
    devices: Annotated[
        int, typer.Option(metavar="N", min=1, help="GPUs that share each batch.", rich_help_panel=learning.HOW)
    ] = 1,
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="32, or mixed: 16 or bf16.", rich_help_panel=learning.HOW)
    ] = "32",
    seed: learning.Seed = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained on what.", rich_help_panel=learning.HOW)
    ] = False,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """Train a model on a data set."""
    if print_config:
        print(config.as_toml(context))
        return
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    from earmark.training.fit import chosen_recipe, fit

    sides = _sides(model, setting, audio, text)
    fitting = learning.Fitting(
        epochs,
        batch_size,
        learning_rate,
        patience,
        class_weights,
        augment,
        frames,
        sides,
        device,
        seed,
    )
    settings = replace(
        fitting.settings(),
        monitor=monitor,  # type: ignore[arg-type]  # checked there
        schedule=schedule,  # type: ignore[arg-type]
        warmup_epochs=warmup,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        clip_norm=clip_norm,
        slice_hop=slice_hop,
        devices=devices,
        precision=precision,  # type: ignore[arg-type]
    )
    recipe = chosen_recipe(model, settings)
    settings = replace(settings, thaw=_thaw(thaw, recipe))
    splitting = learning.Splitting(split_by, split_lists, leaky, fractions, split_seed)
    dataset, split = splitting.of(
        data_source.opened(data, kind, console), slice_s=learning.slice_s(recipe), console=console
    )
    folder = out if out is not None else Path("models") / model
    if dry_run:
        _forecast(recipe, settings, dataset, split, folder, console)
        return
    with console.watch(f"training {model}") as watch:
        fitted = fit(
            model,
            dataset,
            split,
            folder=folder,
            settings=settings,
            source=source,
            calibrate=calibrate,
            overwrite=overwrite,
            watch=watch,
            on_epoch=_teller(console),
            say=console.say,
        )
    _tell(fitted, data, console)
    data_source.raise_left_out(dataset.problems)


def _sides(model: str, setting: list[str] | None, audio: str | None, text: str | None) -> list[str]:
    """The settings with the two sides of a joint model."""
    from earmark.models.recipe import recipe

    found = list(setting or ())
    for option, value in (("audio", audio), ("text", text)):
        if value is None:
            continue
        if recipe(model).kind != "joint":
            raise UsageError(f"{model} is no joint model", remedy="Leave it out", where=f"--{option}")
        found.append(f"{option}={value}")
    return found


def _teller(console: Console) -> Callable[[Epoch], None]:
    """Every epoch with -v, else one line in ten seconds."""
    said = time.monotonic()

    def tell(row: Epoch) -> None:
        nonlocal said
        if console.verbose or time.monotonic() - said > _SAY_EVERY_S:
            console.say(str(row))
            said = time.monotonic()

    return tell


def _thaw(words: list[str] | None, recipe: Recipe) -> tuple[tuple[int, str], ...]:
    from earmark.training.stages import EVERY, gradual

    found: list[tuple[int, str]] = []
    for word in words or ():
        if word.partition(":")[0] == "gradual":
            every = word.partition(":")[2] or str(EVERY)
            if not every.isdigit():
                raise UsageError(f"{word!r} is no gradual:N", remedy="Write it like gradual:3", where="--thaw")
            found += gradual(recipe, int(every))
            continue
        epoch, colon, layer = word.partition(":")
        if not colon or not epoch.isdigit() or not layer:
            raise UsageError(f"{word!r} is no EPOCH:LAYER", remedy="Write it like 5:block4", where="--thaw")
        found.append((int(epoch), layer))
    return tuple(found)


def _tell(fitted: Fitted, data: str, console: Console) -> None:
    from earmark.training.history import best_of

    if fitted.history:
        console.data(f"kept epoch {best_of(fitted.history).epoch} of {fitted.history[-1].epoch}")
    found = fitted.validation
    judged = "texts" if fitted.card.kind == "text" else "clips"
    if found is not None:
        console.data(f"validation: accuracy {found.accuracy}, macro-F1 {found.macro_f1} ({found.n} {judged})")
    console.data(str(fitted.folder))
    bundle, source = shlex.quote(str(fitted.folder)), shlex.quote(data)
    console.say(f"next: earmark assess {bundle} {source}")
    document: dict[str, Any] = {
        "folder": str(fitted.folder),
        "fingerprint": fitted.card.fingerprint,
        "labels": list(fitted.card.labels),
        "training": vars(fitted.card.training) if fitted.card.training is not None else None,
        "validation": found.document() if found is not None else None,
        "history": [_finite(row) for row in fitted.history],
    }
    console.document(document)


def _finite(row: Epoch) -> dict[str, float | None]:
    """Without validation its figures are no numbers, which JSON does not have."""
    return {name: value if value == value else None for name, value in vars(row).items()}


def _forecast(
    recipe: Recipe, settings: FitSettings, dataset: Dataset, split: Split, folder: Path, console: Console
) -> None:
    from earmark.training.fit import check_split

    filled = settings.filled(recipe)
    check_split(dataset, split, validated=recipe.kind != "estimator" and bool(filled.patience))
    sees = recipe.descriptors or recipe.pretrained or f"slices of {recipe.slice_s:.2f} s"
    if recipe.kind in ("text", "joint"):
        named = [str(recipe.settings[key]) for key in ("model", "audio", "text") if key in recipe.settings]
        sees = " and ".join(named)
    console.data(f"would train {recipe.architecture} ({recipe.kind}) on {sees} into {folder}")
    if filled.epochs:
        console.data(
            f"at most {filled.epochs} epochs, batches of {filled.batch_size}, learning rate {filled.learning_rate:g}"
        )
    console.document(
        {
            "folder": str(folder),
            "sees": sees,
            "items": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
            "split": split.name,
            "leaky": split.leaky,
            "settings": filled.document(),
        }
    )
