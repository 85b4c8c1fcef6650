"""The registered measures of an explanation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from earmark.registry import Registry

METRICS: Registry[Callable[..., Any]] = Registry("metric")
_HERE = "earmark.metrics"

METRICS.add("ff", f"{_HERE}.faithfulness:ff", "what the class loses without the kept part ↑")
METRICS.add("ai", f"{_HERE}.faithfulness:ai", "per cent of sounds whose kept part alone scores higher ↑")
METRICS.add("ad", f"{_HERE}.faithfulness:ad", "per cent of the score that the kept part alone lacks ↓")
METRICS.add("ad_double_softmax", f"{_HERE}.faithfulness:ad_double_softmax", "AD as old tables have it, wrongly ↓")
METRICS.add("ag", f"{_HERE}.faithfulness:ag", "per cent of the room above that the kept part gains ↑")
METRICS.add("fid_in", f"{_HERE}.faithfulness:fid_in", "whether the kept part alone has the same class ↑")
METRICS.add("deletion_auc", f"{_HERE}.curves:deletion_auc", "area under the score as the strongest parts go ↓")
METRICS.add("insertion_auc", f"{_HERE}.curves:insertion_auc", "area under the score as the strongest parts come ↑")
METRICS.add(
    "comprehensiveness", f"{_HERE}.comprehensiveness:comprehensiveness", "what is lost without the strongest parts ↑"
)
METRICS.add("sufficiency", f"{_HERE}.comprehensiveness:sufficiency", "what is lost with the strongest parts alone ↓")
METRICS.add("infidelity", f"{_HERE}.infidelity:infidelity", "squared error of attributions as predictions of loss ↓")
METRICS.add(
    "faithfulness_correlation", f"{_HERE}.correlation:faithfulness_correlation", "attributions and losses correlate ↑"
)
METRICS.add("monotonicity", f"{_HERE}.monotonicity:monotonicity", "share of positive parts that raise the score ↑")
METRICS.add("sparseness", f"{_HERE}.complexity:sparseness", "Gini index of the magnitudes ↑")
METRICS.add("entropy", f"{_HERE}.complexity:entropy", "entropy of the magnitudes, nats ↓")
METRICS.add("effective_components", f"{_HERE}.complexity:effective_components", "exp of the entropy ↓")
METRICS.add("mask_area", f"{_HERE}.complexity:mask_area", "mean of the mask")
METRICS.add("pointing_game", f"{_HERE}.localisation:pointing_game", "whether the strongest cell lies in the truth ↑")
METRICS.add("relevance_mass", f"{_HERE}.localisation:relevance_mass", "share of positive attribution in the truth ↑")
METRICS.add("relevance_rank", f"{_HERE}.localisation:relevance_rank", "share of the k strongest cells in the truth ↑")
METRICS.add("localisation_auc", f"{_HERE}.localisation:localisation_auc", "chance that a true cell outranks another ↑")
METRICS.add("sensitivity_max", f"{_HERE}.stability:sensitivity_max", "change of the explanation under faint noise ↓")
METRICS.add("rank_agreement", f"{_HERE}.reruns:rank_agreement", "rank correlation of runs with other seeds ↑")
METRICS.add("randomisation", f"{_HERE}.sanity:cascading_randomisation", "what survives in a randomised model ↓")
METRICS.add("label_randomisation", f"{_HERE}.sanity:label_randomisation", "likeness to a model of shuffled labels ↓")
METRICS.add("completeness", f"{_HERE}.axioms:completeness", "what the attributions miss of their promised sum ↓")
METRICS.add("null_component", f"{_HERE}.axioms:null_component", "share given to a part that does nothing ↓")
METRICS.add("symmetry", f"{_HERE}.axioms:symmetry", "difference between interchangeable parts ↓")
METRICS.add("agreement", f"{_HERE}.agreement:agreement", "clips whose class has the largest mean contribution ↑")

QUICK = ("ff", "ai", "ad", "ag", "fid_in", "sparseness", "entropy", "effective_components", "mask_area")
"""What ``earmark measure --metrics quick`` takes: measures of the mask alone, some fifty evaluations in each domain."""

USUAL = (
    *QUICK[:5], "deletion_auc", "insertion_auc", "comprehensiveness", "sufficiency", "infidelity",
    "faithfulness_correlation", "monotonicity", *QUICK[5:],
)  # fmt: skip
"""What ``measure`` takes where nothing is named: all that explain nothing anew."""

SETS = {"quick": QUICK, "usual": USUAL}

ASKED_BY_NAME = {
    "ad_double_softmax": "to read old tables",
    "completeness": "needs a method that promises a sum, such as shapley or integrated_gradients",
    "rank_agreement": "explains again with other seeds",
    "sensitivity_max": "explains again with noise",
    "randomisation": "explains again; needs a model whose network is known",
    "null_component": "explains again; needs components and a method that switches them off",
    "symmetry": "explains again; needs components and a method that switches them off",
}
"""Measures of one explanation that are in no set, and what each takes."""

NOT_OF_ONE = {
    "pointing_game": "needs a planted truth: earmark benchmark planted",
    "relevance_mass": "needs a planted truth: earmark benchmark planted",
    "relevance_rank": "needs a planted truth: earmark benchmark planted",
    "localisation_auc": "needs a planted truth: earmark benchmark planted",
    "label_randomisation": "needs a second model, trained on shuffled labels: in Python",
    "agreement": "needs explanations of several clips: in Python",
}
"""Measures that ``measure`` cannot give, and who gives them."""
