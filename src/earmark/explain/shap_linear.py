"""shap's LinearExplainer: Shapley values of a linear model, weight × (value − mean of the background).

Lundberg & Lee (2017), A unified approach to interpreting model predictions (corollary 1). A logistic regression is
linear in its logits, not in its probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import softmax

from earmark.components.descriptors import Descriptors
from earmark.errors import CapabilityError
from earmark.explain.game import Floats
from earmark.explain.method import Attribution
from earmark.explain.tabular_method import (
    check_sum,
    family_of,
    load_shap,
    one_feature_each,
    per_output,
    taken_apart,
    wrong_family,
)
from earmark.models.tabular import TabularClassifier

LINEAR = frozenset({"LogisticRegression", "LogisticRegressionCV"})


@dataclass(frozen=True)
class ShapLinear:
    """Logistic regression: log-odds of two classes, logits (the softmax is over them) of more. Both are in nats.

    A contrast of two logits is the logarithm of the ratio of the two probabilities. Scalers before the regression are
    looked through.
    """

    name: ClassVar[str] = "shap_linear"

    def outputs(self, classifier: TabularClassifier) -> tuple[str, ...]:
        """Log-odds where there are two classes, else logits; no probability.

        Raises
        ------
        CapabilityError
            If the classifier is no logistic regression of scikit-learn.
        """
        estimator, _ = taken_apart(classifier, self.name)
        if not family_of(estimator) & LINEAR:
            raise wrong_family(classifier, self.name, "scikit-learn's logistic regression")
        return ("log_odds",) if len(classifier.labels) == 2 else ("logit",)

    def attribute(
        self, classifier: TabularClassifier, descriptors: Descriptors, output: str, mix: Floats, seed: int
    ) -> Attribution:
        """Exact values; nothing is drawn.

        Raises
        ------
        CapabilityError
            If the scores are no softmax over the logits (one-vs-rest).
        """
        one_feature_each(descriptors, self.name)
        estimator, transform = taken_apart(classifier, self.name)
        shap = load_shap()
        row, others = transform(descriptors.row[np.newaxis]), transform(descriptors.stand_ins)
        explainer = shap.LinearExplainer(estimator, shap.maskers.Independent(others, max_samples=len(others)))
        outputs = len(classifier.labels)
        full, base = (_logits(estimator.decision_function(rows)) for rows in (row, others))
        _check_softmax(full, classifier.scores(descriptors.row[np.newaxis]), classifier)
        values = mix @ per_output(explainer.shap_values(row), outputs)
        attribution = Attribution(
            values=values,
            errors=np.zeros_like(values),
            base=mix @ base.mean(axis=0),
            full=mix @ full[0],
            converged=True,
            exact=True,
            diagnostics={"shap": str(shap.__version__)},
        )
        return check_sum(attribution, classifier, self.name)


def _logits(decisions: Floats) -> Floats:
    # Of two classes scikit-learn gives the log-odds of the second only, shape (B,).
    return np.stack([-decisions, decisions], axis=1) if decisions.ndim == 1 else decisions


def _check_softmax(logits: Floats, scores: Floats, classifier: TabularClassifier) -> None:
    # Of two classes the softmax is that of half the log-odds either way.
    z = logits / 2 if logits.shape[1] == 2 else logits
    expected = softmax(z, axis=1)
    if np.abs(expected - scores).max() > 1e-6:
        raise CapabilityError(
            "its probabilities are no softmax over its logits",
            remedy="Use the method shapley or shap_permutation",
            where=classifier.name,
        )
