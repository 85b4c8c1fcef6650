"""``earmark tune``: search for good settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import config, data_source, learning, options
from earmark.cli.console import Console

_SEARCH = "What is searched"

HELP = """Search for the settings of a model that judge the validation items best.

Every trial starts fresh and the test items stay closed. The best bundle is in FOLDER/best, the trials are in
FOLDER/study.db (Optuna's format); the same command goes on where it was interrupted.

Examples:

- `earmark tune logreg genres/ --trials 30`
- `earmark tune cnn genres/ --search learning_rate=1e-4..1e-2:log --search augment.mixup=0.0,0.2 -o tuned`
- `earmark tune svm genres/ --sampler grid --search model.C=1,10,100 --search model.gamma=0.001,0.01`
"""


def tune(
    context: typer.Context,
    model: learning.Recipe,
    data: data_source.Source,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Of the search: tuned/MODEL by default.",
            rich_help_panel="Where results go",
        ),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="A,B,C or LOW..HIGH or LOW..HIGH:log for a setting of training, model.NAME or augment.NAME; "
            "repeatable. The usual ones of the model by default.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    sampler: Annotated[
        str, typer.Option(metavar="NAME", help="tpe, or grid: every combination.", rich_help_panel=_SEARCH)
    ] = "tpe",
    trials: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="How many, those of a resumed search included.", rich_help_panel=_SEARCH),
    ] = 20,
    metric: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Of the validation clips: accuracy, macro_f1 or nll.", rich_help_panel=_SEARCH
        ),
    ] = "accuracy",
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
    class_weights: learning.ClassWeights = False,
    augment: learning.Augment = None,
    frames: learning.Frames = None,
    setting: learning.Set = None,
    source: learning.From = None,
    device: learning.Device = "auto",
    seed: learning.Seed = 0,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """Search for the settings of a model that judge the validation items best."""
    if print_config:
        print(config.as_toml(context))
        return
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    from earmark.training.fit import chosen_recipe
    from earmark.training.search import space_from
    from earmark.training.tune import tune as search_for

    settings = learning.Fitting(
        epochs, batch_size, learning_rate, patience, class_weights, augment, frames, setting, device, seed
    ).settings()
    space = space_from(search or ())
    recipe = chosen_recipe(model, settings)
    splitting = learning.Splitting(split_by, split_lists, leaky, fractions, split_seed)
    dataset, split = splitting.of(
        data_source.opened(data, kind, console), slice_s=learning.slice_s(recipe), console=console
    )
    found = search_for(
        model,
        dataset,
        split,
        folder=out if out is not None else Path("tuned") / model,
        space=space,
        sampler=sampler,
        trials=trials,
        metric=metric,
        settings=settings,
        source=source,
        watching=console.watch,
        say=console.say,
    )
    best = ", ".join(f"{name} {value}" for name, value in found.best.values.items())
    console.data(f"best of {len(found.trials)} trials: {best}")
    console.data(f"validation {found.metric} {found.best.figure:.4f}")
    console.data(str(found.folder / "best"))
    console.document(
        {
            "folder": str(found.folder),
            "best": {"number": found.best.number, "values": dict(found.best.values), "figure": found.best.figure},
            "metric": found.metric,
            "trials": [{"number": t.number, "values": dict(t.values), "figure": t.figure} for t in found.trials],
        }
    )
    data_source.raise_left_out(dataset.problems)
