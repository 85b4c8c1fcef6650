"""``measure``: one explanation, judged on the sound it points at, beside masks that know nothing of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earmark import __version__
from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.levels import component_levels
from earmark.errors import AudioError, CapabilityError, ExplanationError, SettingError, UnknownNameError
from earmark.explain.case import cut_for
from earmark.explain.explanation import Explanation
from earmark.explain.game import Floats, Watch
from earmark.explain.map import MapExplanation
from earmark.explain.modalities import sound_of
from earmark.listen.belongs import check_same_clip, check_same_model
from earmark.listen.masks import Mask, check_attributions, make_mask
from earmark.metrics.axioms import completeness
from earmark.metrics.baselines import arrangements, energy_mask, ones_mask, random_masks, shuffled, zeros_mask
from earmark.metrics.catalogue import NOT_OF_ONE, USUAL
from earmark.metrics.domains import Domain, component_domains, map_domains, spectrogram_of, waveform_of
from earmark.metrics.families import MASK_MEASURES, ORDER_MEASURES, SIZE_MEASURES
from earmark.metrics.measures import Figure, Gap, Measures
from earmark.metrics.reruns import NETWORKS, RERUNS, check_rerun, rerun
from earmark.metrics.sanity import similarity_by_chance
from earmark.metrics.trust import Rivals, judge
from earmark.models.classifier import Classifier, Differentiable
from earmark.models.prepare import prepare

_STEPS = 10
_ORDERS = 5
MEASURES = (*MASK_MEASURES, *ORDER_MEASURES, *SIZE_MEASURES, "completeness", *RERUNS)
"""Names that ``metrics`` takes."""


def measure(
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    clip: Clip,
    *,
    label: str | None = None,
    mask: str | None = None,
    metrics: Sequence[str] = USUAL,
    draws: int = 19,
    orders: int | None = None,
    seed: int = 0,
    batch_size: int = 16,
    watch: Watch | None = None,
) -> Measures:
    """How good is this explanation, and is it any better than chance?

    Every measure of faithfulness is taken on the sound (rendered, and through the front end again) and, where the
    classifier shows its spectrogram, on the masked spectrogram; ``gaps`` are the differences.

    Parameters
    ----------
    explanation : by components, or a map of the spectrogram.
    classifier : the one that was explained.
    clip : the sound as it was given to ``explain``.
    label : whose attributions; the first target by default.
    mask : registered name, or ``area:PERCENT``; "binary" by default, "top_30" where attributions have no direction.
    metrics : registered names, see ``MEASURES``.
    draws : random masks behind each baseline; 19 of them all beaten is one chance in twenty.
    orders : random orders behind the baselines of measures that take parts out in order; they are dearer, so 5 by
        default, or as many as ``draws`` where ``ff`` cannot show anything about chance, so that they have to.
    seed : of all random draws.
    batch_size : masks per call of the classifier.
    watch : progress and cancellation.

    Raises
    ------
    ExplanationError
        If the explanation belongs to another clip or classifier, or its attributions are all zero or not finite; or
        where ``left_out`` would have all that was asked for.
    AudioError
        If the clip is silent.
    CapabilityError
        If a measure is asked that this method or classifier cannot give, before any is taken.
    UnknownNameError
        For another label, mask or metric.

    Examples
    --------
    >>> from earmark.explain.run import explain
    >>> from earmark.models.callable import from_callable
    >>> def level(waveforms, sample_rate):
    ...     loud = np.abs(waveforms[:, :, 4000:]).mean(axis=(1, 2))
    ...     return np.stack([loud, 1 - loud], axis=1)
    >>> clip = Clip(np.full(8000, 0.5), 8000)
    >>> late = from_callable(level, ["late", "not"], 8000)
    >>> found = measure(explain(clip, late, "time", targets=["late"]), late, clip, metrics=["ff"])
    >>> round(found.figure("ff").value, 3), round(found.figure("ff").random, 2) < 0.4
    (0.5, True)
    """
    _check(explanation, classifier, clip, metrics, draws, orders)
    watch = watch if watch is not None else Watch()
    case = _open(explanation, classifier, clip, label, batch_size, watch)
    chosen = mask if mask is not None else "binary" if explanation.signed else "top_30"
    made = make_mask(case.values, chosen)
    masks = Rivals(draws, arrangements(made.values), "masks of its size")
    if orders is None:
        orders = _ORDERS if "ff" in metrics and not masks.too_few else draws
    rng = np.random.default_rng(seed)
    candidates = _candidates(case, made, draws, orders, rng)
    wanted = tuple(dict.fromkeys(metrics))
    watch.planned = _planned(case, wanted, draws, orders)
    figures: list[Figure] = []
    missing: dict[str, ExplanationError] = {}
    if "completeness" in wanted:
        figures.append(Figure("completeness", "", completeness(explanation, case.label), "lower"))
    for domain in case.domains:
        figures += _mask_figures(domain, case.row, candidates, wanted)
        for name in (name for name in wanted if name in ORDER_MEASURES):
            try:
                figures.append(_order_figure(name, domain, case, candidates, seed))
            except ExplanationError as error:
                missing[name] = error
    figures += _size_figures(candidates, wanted)
    heard = case.domains[0].heard
    for name in (name for name in wanted if name in RERUNS):
        try:
            value, better = rerun(name, explanation, classifier, clip, case.label, heard=heard, seed=seed, watch=watch)
        except ExplanationError as error:
            missing[name] = error
        else:
            figures.append(Figure(name, "", value, better))
    if not figures:
        raise next(iter(missing.values()))
    figures.sort(key=lambda f: wanted.index(f.metric))
    return Measures(
        method=explanation.recipe.method,
        components=explanation.recipe.components if isinstance(explanation, Explanation) else "cells",
        label=case.label,
        mask=made.name,
        area=made.area,
        mask_notes=(*made.notes, *_unheard(case)),
        score=float(case.domains[0].scores(np.ones((1, *case.values.shape)))[0, case.row]),
        figures=tuple(figures),
        gaps=_gaps(figures),
        only_audio=case.only_audio,
        draws=draws,
        orders=orders,
        seed=seed,
        evaluations=sum(domain.evaluations for domain in case.domains),
        model=classifier.name,
        model_fingerprint=classifier.fingerprint,
        clip=clip.name,
        clip_fingerprint=clip.fingerprint,
        trust=judge(
            figures,
            area=made.area,
            settled=explanation.converged if isinstance(explanation, Explanation) else True,
            perturbed=isinstance(explanation, Explanation) and explanation.perturbed,
            extras=_extras(explanation, case.label, figures),
            similar_by_chance=similarity_by_chance(case.values.size, NETWORKS),
            masks=masks,
            orders=Rivals(orders, arrangements(case.values), "orders of its parts"),
        ),
        version=__version__,
        left_out=tuple(f"{name}: {error.fact}" for name, error in missing.items()),
    )


@dataclass(frozen=True, eq=False)
class _Case:
    label: str
    row: int
    values: Floats
    energy: Floats
    domains: tuple[Domain, ...]
    only_audio: str


@dataclass(frozen=True, eq=False)
class _Candidates:
    """The explanation and what it is compared with: masks, and attributions in the order of each."""

    mask: Floats
    values: Floats
    random: Floats
    random_values: Floats
    energy: Floats
    energy_values: Floats
    ones: Floats
    zeros: Floats


def _check(
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    clip: Clip,
    metrics: Sequence[str],
    draws: int,
    orders: int | None,
) -> None:
    if draws < 1 or (orders is not None and orders < 1):
        raise SettingError(
            f"{draws} random masks, {_ORDERS if orders is None else orders} orders",
            remedy="Take at least 1 of each",
            where="draws",
        )
    if not metrics:
        raise SettingError("no metric is named", remedy="Name one, such as ff", where="metrics")
    for name in metrics:
        if name in NOT_OF_ONE:
            raise CapabilityError(
                f"{name} is no measure of one explanation: {NOT_OF_ONE[name]}", remedy="Leave it out", where="metrics"
            )
        if name not in MEASURES:
            raise UnknownNameError("metric", name, MEASURES)
    check_same_clip(explanation, clip)
    check_same_model(explanation, classifier)
    for name in (name for name in metrics if name in RERUNS):
        check_rerun(name, explanation, classifier)
    if explanation.recipe.contrast is not None:
        raise CapabilityError(
            "a difference of two labels is no class, and these measures ask for the score of a class",
            remedy="Explain one of the two labels",
            where=" − ".join(explanation.recipe.contrast),
        )
    if not clip.waveform.any():
        raise AudioError(
            "the clip is silent: nothing in it can be kept or removed", remedy="Give a sound", where=clip.name
        )


def _open(
    explanation: Explanation | MapExplanation,
    classifier: Classifier,
    clip: Clip,
    label: str | None,
    batch_size: int,
    watch: Watch,
) -> _Case:
    prepared = prepare(clip, classifier.input).clip
    index = explanation.index(label)
    if isinstance(explanation, MapExplanation):
        name = explanation.targets[index]
        if explanation.domain != "spectrogram":
            raise CapabilityError(
                "a map of the waveform has no cells that could be masked",
                remedy="Make the map of the spectrogram, or pool it over components of time",
                where=explanation.recipe.method,
            )
        values = check_attributions(explanation.values[index])
        domains, only_audio = map_domains(prepared, classifier, batch_size=batch_size, watch=watch)
        if values.shape != domains[0].full:
            raise ExplanationError(
                f"a map of shape {values.shape} for a spectrogram of shape {domains[0].full}",
                remedy="Explain the clip again",
                where=clip.name,
            )
        energy = _cell_energy(classifier, prepared)
    elif sound_of(explanation) is None:
        raise CapabilityError(
            "it is about words alone, and its figures would have no loudest parts to stand beside",
            remedy="Measure an explanation of a model that listens",
            where=clip.name,
        )
    else:
        name = explanation.labels[index]
        values = check_attributions(explanation.values(index))
        recipe = explanation.recipe
        kind = kind_from(recipe.components, recipe.component_settings)
        components = cut_for(classifier, kind, prepared, seed=recipe.seed)
        if components.n != len(values):
            raise ExplanationError(
                f"the clip has {components.n} components, the explanation {len(values)}",
                remedy="Explain the clip again",
                where=clip.name,
            )
        domains, only_audio = component_domains(components, classifier, batch_size=batch_size, watch=watch)
        energy = np.power(10.0, component_levels(components) / 10)
    heard = domains[0].heard
    values = check_attributions(values[..., heard])
    return _Case(name, classifier.labels.index(name), values, energy[..., heard], domains, only_audio)


def _unheard(case: _Case) -> tuple[str, ...]:
    domain = case.domains[0]
    missing = domain.full[-1] - len(domain.heard)
    if not missing:
        return ()
    what = "frames" if len(domain.full) == 2 else "components"
    return (f"{missing} of {domain.full[-1]} {what} lie where the model does not listen, and are not counted",)


def _cell_energy(classifier: Classifier, clip: Clip) -> Floats:
    if not isinstance(classifier, Differentiable):
        raise CapabilityError("shows no spectrogram", remedy="Measure by components", where=classifier.name)
    seen = spectrogram_of(classifier, waveform_of(clip, classifier))
    # Only the order counts, and every scale of a spectrogram rises with its power.
    energy: Floats = seen - seen.min()
    return energy


def _candidates(case: _Case, made: Mask, draws: int, orders: int, rng: np.random.Generator) -> _Candidates:
    return _Candidates(
        mask=made.values,
        values=case.values,
        random=random_masks(made.values, draws, rng),
        random_values=np.stack([shuffled(case.values, rng) for _ in range(orders)]),
        energy=energy_mask(made.values, case.energy),
        energy_values=_by_energy(case.values, case.energy),
        ones=ones_mask(made.values),
        zeros=zeros_mask(made.values),
    )


def _by_energy(values: Floats, energy: Floats) -> Floats:
    given = np.empty(values.size)
    given[np.argsort(-energy, axis=None, kind="stable")] = np.sort(values, axis=None)[::-1]
    return given.reshape(values.shape)


def _mask_figures(domain: Domain, row: int, given: _Candidates, wanted: Sequence[str]) -> list[Figure]:
    names = [name for name in wanted if name in MASK_MEASURES]
    if not names:
        return []
    masks = np.concatenate([np.stack([given.mask, given.energy, given.ones, given.zeros]), given.random])
    scores = domain.scores(np.concatenate([masks, 1.0 - masks]))
    kept, removed = scores[: len(masks)], scores[len(masks) :]
    full = np.repeat(kept[2:3], len(masks), axis=0)
    figures = []
    for name in names:
        measure_of = MASK_MEASURES[name]
        value, energy, ones, zeros, *random = measure_of.take(full, kept, removed, [row] * len(masks)).tolist()
        figures.append(_figure(name, domain.name, value, measure_of.better, random, energy, ones, zeros))
    return figures


def _order_figure(name: str, domain: Domain, case: _Case, given: _Candidates, seed: int) -> Figure:
    ask, size = domain.of_class(case.row), case.values.size
    steps = None if size <= _STEPS else _STEPS
    measure_of = ORDER_MEASURES[name]
    # The same seed for all: what is taken out at random is the same for each, and asked once.
    value, energy, *random = [
        measure_of.take(ask, values, np.random.default_rng(seed), steps)
        for values in (given.values, given.energy_values, *given.random_values)
    ]
    return _figure(name, domain.name, value, measure_of.better, random, energy)


def _size_figures(given: _Candidates, wanted: Sequence[str]) -> list[Figure]:
    figures = []
    for name in (name for name in wanted if name in SIZE_MEASURES):
        measure_of = SIZE_MEASURES[name]
        value = measure_of.take(given.mask if measure_of.of_mask else given.values)
        random = [measure_of.take(m) for m in (given.random if measure_of.of_mask else given.random_values)]
        energy = measure_of.take(given.energy if measure_of.of_mask else given.energy_values)
        zeros = measure_of.take(given.zeros) if measure_of.of_mask else None
        figure = _figure(name, "", value, measure_of.better, random, energy, measure_of.take(given.ones), zeros)
        figures.append(figure)
    return figures


def _figure(
    name: str,
    domain: str,
    value: float,
    better: str,
    random: list[float],
    energy: float | None = None,
    ones: float | None = None,
    zeros: float | None = None,
) -> Figure:
    drawn = np.array(random)
    worse = drawn < value - 1e-9 if better == "higher" else drawn > value + 1e-9
    return Figure(
        metric=name,
        domain=domain,
        value=float(value),
        better=better,
        random=float(drawn.mean()),
        random_sd=_spread(drawn),
        # Of the same values in another order, sizes are the same: nothing to beat.
        beaten=float(worse.mean()) if better and domain else None,
        energy=energy,
        ones=ones,
        zeros=zeros,
    )


def _spread(drawn: Floats) -> float | None:
    if len(drawn) < 2:
        return None
    # Of equal figures nothing but rounding is left.
    return 0.0 if np.ptp(drawn) <= 1e-12 * max(1.0, float(np.abs(drawn).max())) else float(drawn.std(ddof=1))


def _gaps(figures: Sequence[Figure]) -> tuple[Gap, ...]:
    heard = {f.metric: f.value for f in figures if f.domain == "audio"}
    return tuple(Gap(f.metric, f.value - heard[f.metric]) for f in figures if f.domain == "spectrogram")


def _extras(explanation: Explanation | MapExplanation, label: str, figures: Sequence[Figure]) -> dict[str, float]:
    found = {f.metric: f.value for f in figures if f.metric in ("rank_agreement", "randomisation")}
    foreseen = explanation.diagnostics.get("rank_agreement")
    if "rank_agreement" not in found and isinstance(foreseen, list):
        found["rank_agreement"] = float(foreseen[explanation.index(label)])
    return found


def _planned(case: _Case, wanted: Sequence[str], draws: int, orders: int) -> int:
    steps = min(_STEPS, case.values.size) + 1
    cost = {"deletion_auc": steps, "insertion_auc": steps, "monotonicity": steps, "comprehensiveness": 5}
    cost["sufficiency"] = 5
    ordered = (2 + orders) * sum(cost.get(name, 0) for name in wanted)
    sets = 32 * len({"infidelity", "faithfulness_correlation"} & set(wanted))
    masks = 2 * (draws + 3) if set(wanted) & set(MASK_MEASURES) else 0
    return len(case.domains) * (ordered + sets + masks)
