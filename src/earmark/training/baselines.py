"""What any model must beat: the most frequent class, and logistic regression on descriptors or on words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from earmark.data.dataset import Dataset
from earmark.training import material
from earmark.training.progress import Watch
from earmark.training.scores import Judged

DESCRIPTORS = "reference-89"


def majority(training: Dataset, judged: Judged) -> Judged:
    """The classes' shares in the training items, whatever the sound: it says the most frequent class every time.

    Parameters
    ----------
    training : items learnt from.
    judged : the sounds to judge; only truth and groups are used.
    """
    counts = np.bincount(material.targets_of(training, judged.labels), minlength=len(judged.labels))
    share = counts / counts.sum()
    return Judged(judged.labels, judged.truth, np.tile(share, (len(judged.truth), 1)), judged.groups)


def logistic_regression(
    training: Dataset, testing: Dataset, judged: Judged, *, seed: int = 0, watch: Watch | None = None
) -> Judged:
    """Logistic regression on the 89 standardised reference descriptors, fitted on the training items.

    Parameters
    ----------
    training, testing : items learnt from, and the items of ``judged`` in its order.
    judged : only its labels, truth and groups are used.
    """
    from earmark.models.estimators import fit_estimator

    both = replace(training, items=(*training.items, *testing.items))
    columns, values = material.descriptor_rows(both, DESCRIPTORS, watch=watch)
    count = len(training.items)
    fitted = fit_estimator("logreg", values[:count], [item.label for item in training.items], columns, seed=seed)
    said = np.asarray(fitted.predict_proba(values[count:]), dtype=np.float64)
    return Judged(judged.labels, judged.truth, _in_order(said, fitted.classes_, judged.labels), judged.groups)


def words(training: Dataset, testing: Dataset, judged: Judged, *, seed: int = 0) -> Judged:
    """Logistic regression on TF-IDF of the lyrics, fitted on the training items that have some.

    Parameters
    ----------
    training, testing : items learnt from, and the items of ``judged`` in its order, all with lyrics.
    judged : only its labels, truth and groups are used.
    """
    from earmark.models.text.lyrics_classifier import fit_head
    from earmark.models.text.tfidf import Tfidf

    told = [item for item in training.items if item.lyrics]
    encoder = Tfidf.fitted([item.lyrics or "" for item in told], {})
    rows = encoder.embed([item.lyrics or "" for item in told]).double().numpy()
    classes = [item.label for item in told]
    head = fit_head(rows, classes, strength=10.0, balanced=False, standardised=False, seed=seed)
    with torch.inference_mode():
        said = torch.softmax(head(encoder.embed([item.lyrics or "" for item in testing.items])).double(), 1).numpy()
    return Judged(judged.labels, judged.truth, _in_order(said, sorted(set(classes)), judged.labels), judged.groups)


def _in_order(said: np.ndarray, classes: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Columns of the estimator's classes in the places of the labels; a label that it never saw gets 0."""
    table = np.zeros((len(said), len(labels)))
    for column, name in enumerate(classes):
        table[:, labels.index(str(name))] = said[:, column]
    return table
