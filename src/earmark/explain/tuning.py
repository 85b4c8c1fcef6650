"""How many rows at once? The fastest batch size differs between models and machines; a short probe finds it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from earmark.errors import SettingError
from earmark.explain.game import Bools, Evaluate

CANDIDATES = (1, 4, 8, 16, 32, 64)


def tune_batch_size(
    evaluate: Evaluate,
    rows: Bools,
    seconds: float = 1.0,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """The batch size of 1, 4, 8, 16, 32, 64 with the least time per row, by trying them for about ``seconds``.

    Nothing calls this by itself. A float32 sum may differ in its last digits from one batch size to another, so two
    machines that probe may disagree in the last digits of an explanation; where the same bytes matter more than speed,
    give a batch size instead.

    Parameters
    ----------
    evaluate : masks ``(B, n)`` → scores ``(B, K)``, as a game calls it.
    rows : masks ``(R, n)`` to try it on, at least one; repeated where a batch needs more.
    seconds : what the probe may take. Batch size 1 is tried whatever it costs (twice, the first call of a model being
        slower than the others); a larger one only where the time left is enough for it, to judge by the best so far.
    clock : reads seconds.

    Raises
    ------
    SettingError
        If there are no rows, or ``seconds`` is not positive.

    Examples
    --------
    >>> masks = np.ones((2, 3), dtype=np.bool_)
    >>> tune_batch_size(lambda batch: batch.sum(axis=1, keepdims=True) * 1.0, masks, 0.01) in CANDIDATES
    True
    """
    if len(rows) == 0 or not seconds > 0:
        raise SettingError(
            f"{len(rows)} rows and {seconds:g} seconds", remedy="Give at least one row and some time", where="tuning"
        )
    enough = np.resize(rows, (CANDIDATES[-1], rows.shape[1]))
    begin = clock()
    evaluate(enough[:1])
    # The least of several times: what else the machine does can only add to it.
    best: dict[int, float] = {}
    while True:
        tried = False
        for size in CANDIDATES:
            foreseen = size * best.get(size, min(best.values(), default=0.0))
            if best and clock() - begin + foreseen > seconds:
                continue
            start = clock()
            evaluate(enough[:size])
            spent = (clock() - start) / size
            best[size] = min(spent, best.get(size, spent))
            tried = True
        if not tried or clock() - begin >= seconds:
            return min(best, key=lambda size: best[size])
