"""shap's Permutation explainer: Shapley values of any classifier from antithetic permutations.

Mitchell, Cooper, Frank & Holmes (2022), Sampling permutations for Shapley value estimation. Every permutation is gone
through forwards and backwards; our own ``shapley_permutation`` does the same over a game that remembers its masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from earmark.components.descriptors import Descriptors
from earmark.errors import SettingError
from earmark.explain.convergence import settled
from earmark.explain.game import Floats, log_odds
from earmark.explain.method import Attribution
from earmark.explain.tabular_method import check_sum, load_shap, one_feature_each, per_output, seeded_for_shap
from earmark.models.tabular import TabularClassifier


@dataclass(frozen=True)
class ShapPermutation:
    """Means over pairs of permutations, with standard errors between the pairs.

    Parameters
    ----------
    permutations : pairs (forwards and backwards), 2n + 1 masks each.
    tolerance : it has converged if every standard error is below this share of the spread of the values.
    """

    permutations: int = 10
    tolerance: float = 0.05

    name: ClassVar[str] = "shap_permutation"

    def outputs(self, classifier: TabularClassifier) -> tuple[str, ...]:
        """Both: it only asks the classifier."""
        return ("probability", "log_odds")

    def attribute(
        self, classifier: TabularClassifier, descriptors: Descriptors, output: str, mix: Floats, seed: int
    ) -> Attribution:
        """Estimates; the seed decides the permutations.

        Raises
        ------
        SettingError
            If there are fewer than two permutations: no error could be told.
        """
        one_feature_each(descriptors, self.name)
        if self.permutations < 2:
            raise SettingError(
                f"{self.permutations} permutations leave no standard error",
                remedy="Give at least 2",
                where=self.name,
            )

        def answer(rows: Floats) -> Floats:
            scores = classifier.scores(rows)
            mixed: Floats = (log_odds(scores) if output == "log_odds" else scores) @ mix.T
            return mixed

        shap = load_shap()
        others, row = descriptors.stand_ins, descriptors.row[np.newaxis]
        most = 2 * descriptors.n + 1
        with seeded_for_shap(seed):
            masker = shap.maskers.Independent(others, max_samples=len(others))
            explainer = shap.PermutationExplainer(answer, masker, seed=seed)
            # One pair a call: shap itself tells the spread of single directions only, which are not independent.
            pairs = np.stack(
                [
                    per_output(explainer(row, max_evals=most, silent=True).values, len(mix))
                    for _ in range(self.permutations)
                ]
            )
        values, errors = pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(self.permutations)
        answers = answer(np.concatenate([row, others]))
        attribution = Attribution(
            values=values,
            errors=errors,
            base=answers[1:].mean(axis=0),
            full=answers[0],
            converged=settled(values, errors, self.tolerance),
            diagnostics={"permutations": self.permutations, "shap": str(shap.__version__)},
        )
        return check_sum(attribution, classifier, self.name)
