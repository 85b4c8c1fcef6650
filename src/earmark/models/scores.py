"""What counts as an answer of a classifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import ScoresError

# Sums of float16 or float32 exponentials miss 0 and 1 by about this much.
TOLERANCE = 1e-4


def checked_scores(
    values: ArrayLike, rows: int, labels: int, *, where: str, item: str = "sound"
) -> NDArray[np.float64]:
    """Probabilities ``(rows, labels)`` as float64, or an error that says what they are instead.

    Parameters
    ----------
    values : what the classifier returned.
    rows, labels : the shape that it must have.
    where : the classifier's name.
    item : what one row of the batch is, for messages.

    Raises
    ------
    ScoresError
        If they are not numbers, have another shape, are not finite or lie outside [0, 1] by more than ``TOLERANCE``.
    """
    try:
        scores = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScoresError(
            f"it returned {type(values).__name__}, which is no array of numbers",
            remedy=f"Return an array of shape ({rows}, {labels})",
            where=where,
        ) from error
    if scores.shape != (rows, labels):
        raise ScoresError(
            f"it returned shape {scores.shape} for {rows} {item}s and {labels} labels",
            remedy=f"Return an array of shape ({rows}, {labels}): one row per {item}, one column per label",
            where=where,
        )
    finite = np.isfinite(scores)
    if not finite.all():
        row, column = (int(i) for i in np.argwhere(~finite)[0])
        raise ScoresError(
            f"it returned {scores[row, column]} for label {column} of {item} {row}",
            remedy="Check it on a silent sound: many models divide by the energy of their input"
            if item == "sound"
            else f"Check it on that {item}",
            where=where,
        )
    outside = (scores < -TOLERANCE) | (scores > 1 + TOLERANCE)
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise ScoresError(
            f"it returned {scores[row, column]:.4g} for label {column} of {item} {row}, which is outside [0, 1]",
            remedy="Return probabilities: apply softmax or sigmoid to logits",
            where=where,
        )
    return scores
