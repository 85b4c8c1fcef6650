"""shap's TreeExplainer: exact Shapley values of trees against a background, in time polynomial in the features.

Lundberg, Erion, Chen et al. (2020), From local explanations to global understanding with explainable AI for trees
(Nature Machine Intelligence 2), interventional algorithm. The values are those of ``shapley_exact`` over the same
background.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from earmark.components.descriptors import Descriptors
from earmark.errors import CapabilityError
from earmark.explain.game import Floats, log_odds
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

AVERAGED = frozenset(
    {"DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier"}
)
BOOSTED = frozenset({"GradientBoostingClassifier", "HistGradientBoostingClassifier"})


@dataclass(frozen=True)
class ShapTree:
    """Decision trees, random forests, extra trees (probability), and boosted trees of two classes (log-odds).

    Of boosted trees, what shap calls probability is left out: it stretches the values of the log-odds until they add
    up, which does not give the Shapley values of the probability (0.007 off on a small example).

    Scalers before the trees are looked through. The result is checked against the classifier's own scores.
    """

    name: ClassVar[str] = "shap_tree"

    def outputs(self, classifier: TabularClassifier) -> tuple[str, ...]:
        """Probability; of boosted trees log-odds.

        Raises
        ------
        CapabilityError
            If the classifier is no such scikit-learn estimator.
        """
        estimator, _ = taken_apart(classifier, self.name)
        family = family_of(estimator)
        if family & AVERAGED:
            return ("probability",)
        if not family & BOOSTED:
            raise wrong_family(classifier, self.name, "scikit-learn's trees")
        if len(classifier.labels) != 2:
            raise CapabilityError(
                f"{self.name} explains boosted trees of 2 classes, not of {len(classifier.labels)}",
                remedy="Use the method shapley or shap_permutation",
                where=classifier.name,
            )
        return ("log_odds",)

    def attribute(
        self, classifier: TabularClassifier, descriptors: Descriptors, output: str, mix: Floats, seed: int
    ) -> Attribution:
        """Exact values; nothing is drawn."""
        one_feature_each(descriptors, self.name)
        estimator, transform = taken_apart(classifier, self.name)
        shap = load_shap()
        explainer = shap.TreeExplainer(
            estimator,
            data=transform(descriptors.stand_ins),
            feature_perturbation="interventional",
            model_output="raw",  # of forests the mean probability, of boosted trees the log-odds
        )
        found = explainer.shap_values(transform(descriptors.row[np.newaxis]), check_additivity=False)
        scores = classifier.scores(np.concatenate([descriptors.row[np.newaxis], descriptors.stand_ins]))
        answers = (log_odds(scores) if output == "log_odds" else scores) @ mix.T
        values = mix @ per_output(found, len(classifier.labels))
        attribution = Attribution(
            values=values,
            errors=np.zeros_like(values),
            base=answers[1:].mean(axis=0),
            full=answers[0],
            converged=True,
            exact=True,
            diagnostics={"shap": str(shap.__version__)},
        )
        return check_sum(attribution, classifier, self.name)
