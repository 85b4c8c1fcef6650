"""How much of a figure is leak: the same model, trained and judged under three splits of the same slices.

Sturm (2013, "The GTZAN dataset: its contents, its faults, ...") and Flexer (2007) showed for music what is true of any
recording: slices of one track, and tracks of one artist, resemble each other for reasons other than their class.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from earmark.data.dataset import Dataset
from earmark.data.slices import slices_of
from earmark.data.split import Split
from earmark.data.splits import FRACTIONS, split_by_group, split_slices_at_random
from earmark.errors import DatasetError, SettingError
from earmark.models.load import load_model
from earmark.training.answers import answers
from earmark.training.assess import Watching
from earmark.training.fit import ROW_SLICE_S, chosen_recipe, fit
from earmark.training.scores import Scores, score, vote
from earmark.training.settings import FitSettings


@dataclass(frozen=True)
class LeakRow:
    """One split.

    Parameters
    ----------
    split : its name.
    kept_apart : what no two parts share: "nothing", "track" or "artist".
    slices : judged one by one. ``songs``: the mean over the test slices of each track.
    why_not : where it could not be done, the reason; then the scores are None.
    """

    split: str
    kept_apart: str
    slices: Scores | None
    songs: Scores | None
    why_not: str = ""


def leak_report(
    model: str,
    dataset: Dataset,
    *,
    settings: FitSettings | None = None,
    source: Path | None = None,
    slice_s: float | None = None,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    draws: int = 1000,
    watching: Watching | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[LeakRow, ...]:
    """Train the model anew under each split (slices at random, by track, by artist) and judge it by the test slices.

    Parameters
    ----------
    model, settings, source : as for ``earmark.training.fit.fit``.
    dataset : of whole clips, which are cut into slices.
    slice_s : their length in seconds; None for the model's own, or 3 of one that hears a clip as a whole.
    fractions, seed : of the splits.
    draws : of the bootstrap, which draws tracks in each row.
    watching, say : for progress.

    Raises
    ------
    DatasetError, SettingError
        As for ``fit``.
    """
    settings = settings or FitSettings()
    length_s = slice_s or chosen_recipe(model, settings).slice_s or ROW_SLICE_S
    rows = []
    for group in ("nothing", "track", "artist"):
        try:
            sliced, split = _split(dataset, group, length_s, fractions, seed)
        except (DatasetError, SettingError) as error:
            if group == "nothing":
                raise
            rows.append(LeakRow(f"by {group}", group, None, None, str(error)))
            continue
        if say is not None:
            say(f"training {model} on {split.name}")
        rows.append(_row(model, sliced, split, settings, source, draws, seed, watching))
    return tuple(rows)


def _split(
    dataset: Dataset, group: str, slice_s: float, fractions: Sequence[float], seed: int
) -> tuple[Dataset, Split]:
    if group == "nothing":
        return split_slices_at_random(dataset, slice_s=slice_s, fractions=fractions, seed=seed, leaky=True)
    sliced = slices_of(dataset, slice_s=slice_s)
    return sliced, split_by_group(sliced, by=group, fractions=fractions, seed=seed)


def _row(
    model: str,
    dataset: Dataset,
    split: Split,
    settings: FitSettings,
    source: Path | None,
    draws: int,
    seed: int,
    watching: Watching | None,
) -> LeakRow:
    title = watching or (lambda text: nullcontext(None))
    with tempfile.TemporaryDirectory(prefix="earmark-leak-") as folder:
        with title(f"training {split.name}") as watch:
            fitted = fit(
                model, dataset, split, folder=Path(folder) / "model", settings=settings, source=source, watch=watch
            )
        with title(f"asking {split.name}") as watch:
            found = answers(load_model(fitted.folder), dataset.subset(split.test), watch=watch)
    return LeakRow(
        split.name,
        split.group,
        score(found.clips, draws=draws, seed=seed),
        score(vote(found.clips, found.songs), draws=draws, seed=seed),
    )
