"""When has an estimate settled?"""

from __future__ import annotations

import numpy as np

from earmark.explain.game import Floats


def settled(values: Floats, errors: Floats, tolerance: float) -> bool:
    """Whether the largest standard error of each output is below a share of the spread of its values.

    Covert & Lee (2021, section 4.3) stop when max σ / (max φ − min φ) < t. Theirs is per output; ours counts no spread
    as less than a fifth of the largest: of fifty tags most hardly move, and refining those would cost the most.

    Parameters
    ----------
    values, errors : shape ``(K, n)``.
    tolerance : t.
    """
    if not np.isfinite(errors).all():
        return False
    spread = values.max(axis=1) - values.min(axis=1)
    floor = spread.max(initial=0.0) / 5
    rounding = 1e-12 * np.abs(values).max(axis=1, initial=0.0)  # where all values are equal there is no spread
    return bool((errors.max(axis=1) <= tolerance * np.maximum(spread, floor) + rounding).all())
