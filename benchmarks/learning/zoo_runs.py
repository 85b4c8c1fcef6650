"""Recipes of the zoo, trained and asked as a user would: fit, the bundle on disk, what it says about the test items."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.learning.gtzan_data import Floats
from earmark.data.dataset import Dataset
from earmark.data.split import Split
from earmark.models.descriptor_classifier import DescriptorClassifier
from earmark.models.load import load_model
from earmark.models.recipe import recipe
from earmark.training.answers import answers
from earmark.training.fit import fit
from earmark.training.material import descriptor_rows, targets_of
from earmark.training.scores import Judged
from earmark.training.settings import FitSettings


@dataclass(frozen=True, eq=False)
class Answer:
    """What a recipe's bundle says about the test items, and how many seconds of processor its training took."""

    judged: Judged
    cpu_s: float
    folder: Path


def answer(
    model: str,
    dataset: Dataset,
    split: Split,
    settings: FitSettings | None = None,
    *,
    folder: Path | None = None,
    source: Path | None = None,
    group: str = "track",
) -> Answer:
    """Train a recipe and ask its bundle about the test items.

    Parameters
    ----------
    model, dataset, split, settings, source : as for ``fit``.
    folder : where the bundle is kept; None for one that is not.
    group : what intervals draw, "track" or "artist".
    """
    with tempfile.TemporaryDirectory() as other:
        kept = folder or Path(other) / model
        began = time.process_time()
        fit(model, dataset, split, folder=kept, settings=settings, source=source, overwrite=True)
        spent = time.process_time() - began
        test, classifier = dataset.subset(split.test), load_model(kept)
        if isinstance(classifier, DescriptorClassifier):
            # The descriptors of the test items are the same for all recipes: computed once, kept in the cache.
            names, rows = descriptor_rows(test, str(recipe(model).descriptors), recipe(model).columns)
            if names != tuple(classifier.tabular.features):
                raise ValueError(f"{model} learnt from other columns")
            judged = Judged(
                classifier.labels,
                targets_of(test, classifier.labels),
                classifier.tabular.scores(rows),
                test.groups(group),
            )
        else:
            judged = answers(classifier, test, group=group).clips
    return Answer(judged, spent, kept)


def together(every: Sequence[Judged]) -> Judged:
    """One judgement of several sets of items, such as the test items of all folds."""
    return Judged(
        every[0].labels,
        np.concatenate([each.truth for each in every]),
        np.concatenate([each.probabilities for each in every]),
        tuple(group for each in every for group in each.groups),
    )


def soft_vote(every: Sequence[Judged]) -> Judged:
    """The mean of what several models say about the same items."""
    mean: Floats = np.mean([each.probabilities for each in every], axis=0)
    return Judged(every[0].labels, every[0].truth, mean, every[0].groups)
