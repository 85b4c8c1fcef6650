"""When has an estimate settled?"""

from __future__ import annotations

import numpy as np

from earmark.explain.game import Floats


def settled(values: Floats, errors: Floats, tolerance: float) -> bool:
    """Whether the largest standard error of each output is below a share of the spread of its values.

    Covert & Lee (2021, section 4.3) stop when max σ / (max φ − min φ) < t. Theirs is per output; ours asks it of every
    output whose values differ by more than 1e-3 of the largest spread: the others say nothing worth refining.

    Parameters
    ----------
    values, errors : shape ``(K, n)``.
    tolerance : t.
    """
    if not np.isfinite(errors).all():
        return False
    spread = values.max(axis=1) - values.min(axis=1)
    relevant = spread > 1e-3 * spread.max(initial=0.0)
    return bool((errors.max(axis=1)[relevant] <= tolerance * spread[relevant]).all())
