"""Measures for which a clip is explained again: with noise, other seeds, a random model, planted components."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.errors import CapabilityError, ExplanationError
from earmark.explain.case import Case, open_case
from earmark.explain.catalogue import METHODS
from earmark.explain.explanation import Explanation
from earmark.explain.game import Floats, Watch
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.gradient.method import Domain
from earmark.explain.gradient.pooled import explain_pooled
from earmark.explain.gradient.run import explain_map
from earmark.explain.map import MapExplanation
from earmark.explain.method import Method
from earmark.explain.stability import agreement
from earmark.metrics.axioms import check_plantable, null_component, symmetry
from earmark.metrics.sanity import check_network, randomised, similarity, similarity_by_chance
from earmark.metrics.stability import sensitivity_max
from earmark.models.classifier import Classifier

RERUNS = {
    "rank_agreement": "higher",
    "sensitivity_max": "lower",
    "randomisation": "lower",
    "null_component": "lower",
    "symmetry": "lower",
}
"""Names, and what is better."""

NETWORKS = 3
"""Random ones that "randomisation" compares with."""
_SEEDS = 3
_AXIOMS = ("null_component", "symmetry")


def check_rerun(name: str, explanation: Explanation | MapExplanation, classifier: Classifier) -> None:
    """That the method and the classifier can give one of ``RERUNS``, before anything is worked out.

    Raises
    ------
    CapabilityError
        If they cannot.
    """
    if name == "randomisation":
        check_network(classifier)
    if name not in _AXIOMS:
        return
    if not isinstance(explanation, Explanation) or not explanation.perturbed:
        raise CapabilityError(
            f"{explanation.recipe.method} plays no game in which a component could be planted",
            remedy=f"Leave {name} out, or explain with a method that switches parts off",
            where=name,
        )
    check_plantable(_method(explanation))


def rerun(
    name: str,
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    clip: Clip,
    label: str,
    *,
    heard: NDArray[np.intp],
    seed: int = 0,
    watch: Watch | None = None,
) -> tuple[float, str]:
    """One of ``RERUNS``: its value, and whether "higher" or "lower" is better.

    "rank_agreement" is over three seeds, "sensitivity_max" over three noises at 40 dB, "randomisation" the mean
    similarity to the explanations by three networks that are wholly random.

    Parameters
    ----------
    name : of the measure.
    explanation, classifier, clip, label : what was explained.
    heard : components, or frames of a map, that the classifier hears. What it does not hear has no attribution whoever
        is asked; counted, it would make any two explanations alike.
    seed : of noises and random parameters.
    watch : progress and cancellation.

    Raises
    ------
    CapabilityError
        If the method or the classifier cannot give it.
    ExplanationError
        If a random network says the same of all versions of the clip, or the parts that are heard are too few to tell
        a random network from the trained one.
    """
    check_rerun(name, explanation, classifier)
    rng = np.random.default_rng(seed)
    if name in _AXIOMS and isinstance(explanation, Explanation):
        value = _axiom(name, explanation, classifier, clip, label, rng, watch)
    elif name == "rank_agreement":
        value = rank_agreement(explanation, classifier, clip, label, watch, heard=heard)
    elif name == "sensitivity_max":
        value = sensitivity_max(_explainer(explanation, classifier, label, watch), clip, rng)
    else:
        value = _survival(explanation, classifier, clip, label, heard, rng, watch)
    return value, RERUNS[name]


def _survival(
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    clip: Clip,
    label: str,
    heard: NDArray[np.intp],
    rng: np.random.Generator,
    watch: Watch | None,
) -> float:
    before = (
        explanation.values[explanation.index(label)]
        if isinstance(explanation, MapExplanation)
        else explanation.values(label)
    )[..., heard]
    if similarity_by_chance(before.size, NETWORKS) >= 1:
        raise ExplanationError(
            f"{before.size} {'part is' if before.size == 1 else 'parts are'} too few to tell a random network from the "
            "trained one",
            remedy="Cut the sound into more parts",
            where="randomisation",
        )
    found = []
    # One random network can agree by chance where the components are few.
    for _ in range(NETWORKS):
        forgetful = randomised(classifier, rng, clip=clip)
        after = np.abs(_explainer(explanation, forgetful, label, watch)(clip)[..., heard])
        if after.size > 1 and np.ptp(after) == 0:
            raise ExplanationError(
                "a network with random parameters says the same of all versions of this sound, so nothing can be "
                "compared with it",
                remedy="Leave randomisation out",
                where=clip.name,
            )
        found.append(similarity(before, after))
    return float(np.mean(found))


def _axiom(
    name: str,
    explanation: Explanation,
    classifier: Classifier,
    clip: Clip,
    label: str,
    rng: np.random.Generator,
    watch: Watch | None,
) -> float:
    case = _case(explanation, classifier, clip, watch)
    game, labels = case.asked(explanation.recipe.output, None)
    row, method = labels.index(label), _method(explanation)
    if name == "null_component":
        return null_component(game, method, rng, row)
    strongest = int(np.abs(explanation.values(label)).argmax())
    return symmetry(game, method, rng, row, component=strongest)


def rank_agreement(
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    clip: Clip,
    label: str,
    watch: Watch | None = None,
    *,
    heard: NDArray[np.intp],
) -> float:
    """Mean Spearman correlation of the attributions of three runs with other seeds; 1 where nothing is drawn."""
    if isinstance(explanation, Explanation) and explanation.perturbed:
        if explanation.exact:
            return 1.0
        case, output = _case(explanation, classifier, clip, watch), explanation.recipe.output
        runs = [
            case.explain(_method(explanation), targets=[label], output=output, seed=seed).values(label)[heard]
            for seed in range(_SEEDS)
        ]
    elif "samples" not in explanation.recipe.method_settings:
        return 1.0
    else:
        runs = [
            _explainer(explanation, classifier, label, watch, seed)(clip)[..., heard].ravel() for seed in range(_SEEDS)
        ]
    return float(agreement(np.stack(runs)[:, None, :], "seeds").rank_agreement[0])


def _case(explanation: Explanation, classifier: Classifier, clip: Clip, watch: Watch | None) -> Case:
    recipe = explanation.recipe
    kind = kind_from(recipe.components, recipe.component_settings)
    return open_case(clip, classifier, kind, seed=recipe.seed, watch=watch)


def _method(explanation: Explanation) -> Method:
    recipe = explanation.recipe
    settings = {key: tuple(v) if isinstance(v, list) else v for key, v in recipe.method_settings.items()}
    method: Method = METHODS.get(recipe.method)(**settings)
    return method


def _explainer(
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    label: str,
    watch: Watch | None,
    seed: int | None = None,
) -> Callable[[Clip], Floats]:
    """The same explanation of any clip: method, settings, output; attributions of the label."""
    recipe = explanation.recipe
    seed = recipe.seed if seed is None else seed
    if isinstance(explanation, Explanation) and explanation.perturbed:
        perturbed = explanation

        def by_game(clip: Clip) -> Floats:
            case = _case(perturbed, classifier, clip, watch)
            return case.explain(_method(perturbed), targets=[label], output=recipe.output, seed=seed).values(label)

        return by_game
    settings = {key: v for key, v in recipe.method_settings.items() if key != "domain"}
    how = GRADIENT_METHODS.get(recipe.method)(**settings)
    if isinstance(explanation, MapExplanation):
        domain: Domain = "waveform" if explanation.domain == "waveform" else "spectrogram"

        def by_map(clip: Clip) -> Floats:
            found = explain_map(
                clip,
                classifier,
                how,
                targets=label,
                output=recipe.output,
                domain=domain,
                seed=seed,
                watch=watch,
            )
            values: Floats = found.values[0].astype(np.float64)
            return values

        return by_map
    pooled_domain = recipe.method_settings.get("domain", "spectrogram")
    kind = kind_from(explanation.recipe.components, explanation.recipe.component_settings)

    def by_pool(clip: Clip) -> Floats:
        _, found = explain_pooled(
            clip,
            classifier,
            kind,
            how,
            targets=label,
            output=recipe.output,
            domain=pooled_domain,
            seed=seed,
            watch=watch,
        )
        return found.values(label)

    return by_pool
