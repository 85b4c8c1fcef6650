"""What ``train``, ``tune`` and ``assess`` share: which data, and who learns, chooses and judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.cli.console import Console
    from earmark.data.dataset import Dataset
    from earmark.data.split import Split
    from earmark.models.recipe import Recipe as Recipe_
    from earmark.training.settings import FitSettings

SLICE_S = 3.0
SPLITS = ("track", "artist", "duplicates", "published", "fold:NAME", "slices")
SPLIT = "Who learns, who chooses, who judges"
HOW = "How it learns"

Recipe = Annotated[str, typer.Argument(metavar="MODEL", help="What to train (`earmark list recipes`).")]
SplitBy = Annotated[
    str | None,
    typer.Option(
        "--split-by",
        metavar="NAME",
        help="track, artist, duplicates, published, fold:NAME (that one judges), or slices (only with --leaky). By "
        "default published where the data set has it, else track.",
        rich_help_panel=SPLIT,
    ),
]
SplitLists = Annotated[
    Path | None,
    typer.Option(
        "--split-lists",
        metavar="FOLDER",
        help="Take the split from train.txt, valid.txt and test.txt there.",
        rich_help_panel=SPLIT,
    ),
]
Leaky = Annotated[
    bool,
    typer.Option(
        "--leaky",
        help="Accept that parts of one recording are both learnt from and judged; the card will say so.",
        rich_help_panel=SPLIT,
    ),
]
Fractions = Annotated[
    str,
    typer.Option("--fractions", metavar="A,B,C", help="Shares that learn, choose and judge.", rich_help_panel=SPLIT),
]
SplitSeed = Annotated[
    int, typer.Option("--split-seed", metavar="N", min=0, help="Of the split.", rich_help_panel=SPLIT)
]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="Of every other random draw.", rich_help_panel=HOW)
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model itself; repeatable.", rich_help_panel=HOW),
]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N.", rich_help_panel=HOW)
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FOLDER|FILE",
        help="Start from this bundle (cnn_lstm: from a trained cnn), or from a checkpoint of PANNs.",
        rich_help_panel=HOW,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", metavar="N", min=1, help="At most; the model's own by default.", rich_help_panel=HOW),
]
Batch = Annotated[
    int | None,
    typer.Option("--batch-size", metavar="N", min=2, help="The model's own by default.", rich_help_panel=HOW),
]
Rate = Annotated[
    float | None,
    typer.Option("--learning-rate", metavar="X", help="The model's own by default.", rich_help_panel=HOW),
]
Patience = Annotated[
    int | None,
    typer.Option(
        "--patience",
        metavar="N",
        min=0,
        help="Stop after so many epochs without improvement and keep the best; 0 trains all and keeps the last.",
        rich_help_panel=HOW,
    ),
]
Frames = Annotated[
    int | None,
    typer.Option(
        "--frames", metavar="N", min=1, help="Length of a slice, frames of the front end.", rich_help_panel=HOW
    ),
]
Augment = Annotated[
    list[str] | None,
    typer.Option(
        "--augment",
        metavar="KEY=VALUE",
        help="reverse (probability), spec_bins, spec_frames, mixup (α), gain_db, noise_snr_db, shift_s; repeatable.",
        rich_help_panel=HOW,
    ),
]
ClassWeights = Annotated[
    bool, typer.Option("--class-weights", help="Rare classes count as much as frequent ones.", rich_help_panel=HOW)
]


@dataclass(frozen=True)
class Splitting:
    """The options about the split."""

    by: str | None = None
    lists: Path | None = None
    leaky: bool = False
    fractions: str = "0.7,0.15,0.15"
    seed: int = 0

    def of(self, dataset: Dataset, *, slice_s: float, console: Console) -> tuple[Dataset, Split]:
        """The split, and the data set that it is of (another one where it is cut into slices).

        Raises
        ------
        UsageError
            If the options exclude each other or cannot be read.
        EarmarkError
            If the split cannot be made.
        """
        from earmark.data import split_lists, splits

        shares = self.shares()
        if self.by is not None and self.lists is not None:
            raise UsageError("--split-by and --split-lists exclude each other", remedy="Choose one")
        by = self.by or ("published" if any(item.split for item in dataset.items) else "track")
        if self.lists is not None:
            split = split_lists.split_from_lists(dataset, self.lists, leaky=self.leaky)
        elif by == "slices":
            dataset, split = splits.split_slices_at_random(
                dataset, slice_s=slice_s, fractions=shares, seed=self.seed, leaky=self.leaky
            )
        elif by == "published":
            split = splits.split_published(dataset, leaky=self.leaky)
        elif by.startswith("fold:"):
            split = _fold(dataset, by.removeprefix("fold:"), splits.split_folds(dataset, seed=self.seed))
        elif by in SPLITS:
            split = splits.split_by_group(dataset, by=by, fractions=shares, seed=self.seed)
        else:
            raise UnknownNameError("split", by, SPLITS)
        console.say(
            f"{dataset.name}: {len(split.train)} to learn from, {len(split.validation)} to choose by, "
            f"{len(split.test)} to judge by, {len(dataset.labels)} classes; split {split.name}"
        )
        if split.leaky:
            console.say("this split is leaky: its figures will be too good, and the card says so")
        return dataset, split

    def shares(self) -> tuple[float, ...]:
        """The fractions as numbers.

        Raises
        ------
        UsageError
            If they are none.
        """
        try:
            return tuple(float(part) for part in self.fractions.split(","))
        except ValueError:
            raise UsageError(
                f"{self.fractions!r} are no three numbers", remedy="Write 0.7,0.15,0.15", where="--fractions"
            ) from None


@dataclass(frozen=True)
class Fitting:
    """The options about learning that ``train`` and ``tune`` have in common."""

    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    patience: int | None
    class_weights: bool
    augment: Sequence[str] | None
    frames: int | None
    setting: Sequence[str] | None
    device: str
    seed: int

    def settings(self) -> FitSettings:
        """What they ask for.

        Raises
        ------
        UsageError, SettingError
            If one cannot be read or is out of range.
        """
        from earmark.training.augment import augmentation_from
        from earmark.training.settings import FitSettings

        return FitSettings(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            patience=self.patience,
            class_weights=self.class_weights,
            augmentation=augmentation_from(self.augment or ()),
            frames=self.frames,
            model=pairs(self.setting, "--set"),
            device=self.device,
            seed=self.seed,
        )


def slice_s(recipe: Recipe_) -> float:
    """Seconds of a model's slices; 3 of one that hears a clip as a whole."""
    return recipe.slice_s or SLICE_S


def pairs(words: Sequence[str] | None, option: str) -> dict[str, object]:
    """From words KEY=VALUE; a value that reads as JSON is that, any other is text.

    Raises
    ------
    UsageError
        If a word has no "=".
    """
    import json

    found: dict[str, object] = {}
    for word in words or ():
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is no KEY=VALUE", remedy="Write it as KEY=VALUE", where=option)
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found


def _fold(dataset: Dataset, name: str, folds: tuple[Split, ...]) -> Split:
    for split in folds:
        if {dataset.items[place].fold for place in split.test} == {name}:
            return split
    raise UnknownNameError("fold", name, sorted({str(item.fold) for item in dataset.items}))
