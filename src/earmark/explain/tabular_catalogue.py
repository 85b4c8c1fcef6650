"""The registered methods that explain rows of descriptors beside those that play a game (``METHODS``)."""

from __future__ import annotations

from earmark.explain.tabular_method import TabularMethod
from earmark.registry import Registry

TABULAR_METHODS: Registry[type[TabularMethod]] = Registry("method for rows")
TABULAR_METHODS.add(
    "shap_tree",
    "earmark.explain.shap_tree:ShapTree",
    "shap's TreeExplainer: exact, scikit-learn's trees",
    extra="tabular",
)
TABULAR_METHODS.add(
    "shap_linear",
    "earmark.explain.shap_linear:ShapLinear",
    "shap's LinearExplainer: exact, logistic regression",
    extra="tabular",
)
TABULAR_METHODS.add(
    "shap_permutation",
    "earmark.explain.shap_permutation:ShapPermutation",
    "shap's Permutation explainer: any classifier of rows",
    extra="tabular",
)
