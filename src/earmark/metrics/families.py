"""Which measures there are for one clip, and how each is taken from scores of masked versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from earmark.explain.game import Floats
from earmark.metrics import complexity, faithfulness
from earmark.metrics.comprehensiveness import comprehensiveness, sufficiency
from earmark.metrics.correlation import faithfulness_correlation
from earmark.metrics.curves import deletion_auc, insertion_auc
from earmark.metrics.infidelity import infidelity
from earmark.metrics.monotonicity import monotonicity
from earmark.metrics.removal import Ask


@dataclass(frozen=True)
class MaskMeasure:
    """From scores ``(1, K)`` of the whole sound, of the kept and of the removed part, and the row of the class."""

    take: Callable[[Floats, Floats, Floats, list[int]], Floats]
    better: str


@dataclass(frozen=True)
class OrderMeasure:
    """From the attributions, the scores of any mask, a generator and a number of steps."""

    take: Callable[[Ask, Floats, np.random.Generator, int | None], float]
    better: str


@dataclass(frozen=True)
class SizeMeasure:
    """From the attributions and the mask alone: ``of_mask`` says which of them."""

    take: Callable[[Floats], float]
    better: str
    of_mask: bool = False


MASK_MEASURES = {
    "ff": MaskMeasure(lambda full, kept, removed, row: faithfulness.ff(full, removed, row), "higher"),
    "ai": MaskMeasure(lambda full, kept, removed, row: faithfulness.ai(full, kept, row), "higher"),
    "ad": MaskMeasure(lambda full, kept, removed, row: faithfulness.ad(full, kept, row), "lower"),
    "ag": MaskMeasure(lambda full, kept, removed, row: faithfulness.ag(full, kept, row), "higher"),
    "fid_in": MaskMeasure(lambda full, kept, removed, row: faithfulness.fid_in(full, kept, row), "higher"),
    "ad_double_softmax": MaskMeasure(
        lambda full, kept, removed, row: faithfulness.ad_double_softmax(full, kept, row), "lower"
    ),
}

# Random sets of cells that infidelity and correlation take out: the same for the explanation and every baseline.
_SETS = 32

ORDER_MEASURES = {
    "deletion_auc": OrderMeasure(lambda ask, a, rng, steps: deletion_auc(ask, a, steps=steps), "lower"),
    "insertion_auc": OrderMeasure(lambda ask, a, rng, steps: insertion_auc(ask, a, steps=steps), "higher"),
    "comprehensiveness": OrderMeasure(lambda ask, a, rng, steps: comprehensiveness(ask, a), "higher"),
    "sufficiency": OrderMeasure(lambda ask, a, rng, steps: sufficiency(ask, a), "lower"),
    "infidelity": OrderMeasure(lambda ask, a, rng, steps: infidelity(ask, a, rng, draws=_SETS), "lower"),
    "faithfulness_correlation": OrderMeasure(
        lambda ask, a, rng, steps: faithfulness_correlation(ask, a, rng, draws=_SETS), "higher"
    ),
    "monotonicity": OrderMeasure(lambda ask, a, rng, steps: monotonicity(ask, a, steps=steps), "higher"),
}

SIZE_MEASURES = {
    "sparseness": SizeMeasure(complexity.sparseness, "higher"),
    "entropy": SizeMeasure(complexity.entropy, "lower"),
    "effective_components": SizeMeasure(complexity.effective_components, "lower"),
    "mask_area": SizeMeasure(complexity.mask_area, "", of_mask=True),
}
