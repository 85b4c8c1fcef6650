"""A map, pooled over components, as an ordinary ``Explanation``: to read, report, export and hear like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.component import ComponentKind, Components
from earmark.components.superpixel_map import LabelMap
from earmark.components.superpixels import Superpixels
from earmark.errors import CapabilityError, ExplanationError
from earmark.explain.case import cut_for
from earmark.explain.convergence import settled
from earmark.explain.explanation import Explanation, Recipe
from earmark.explain.game import Floats, Watch
from earmark.explain.gradient.method import Domain, MapMethod
from earmark.explain.gradient.run import map_and_errors
from earmark.explain.map import MapExplanation
from earmark.explain.method import Diagnostic
from earmark.explain.stability import stability_facts
from earmark.models.classifier import Classifier
from earmark.models.prepare import prepare

# Shares of full − base: what a sum may miss and still be called complete, or settled.
COMPLETE, SETTLED = 0.01, 0.05


def explain_pooled(
    clip: Clip,
    classifier: Classifier,
    components: ComponentKind | Components,
    method: MapMethod | str,
    *,
    targets: str | Sequence[str] | int | None = None,
    output: str = "logit",
    contrast: tuple[str, str] | None = None,
    domain: Domain = "spectrogram",
    seed: int = 0,
    batch_size: int = 16,
    watch: Watch | None = None,
) -> tuple[MapExplanation, Explanation]:
    """The map of a clip by a gradient method, and the same map pooled over components.

    Parameters and errors as for ``earmark.explain.gradient.run.explain_map``; ``components`` as for
    ``earmark.explain.run.explain``. Components that cannot be pooled over are refused before the map is made.
    """
    cut = cut_for(classifier, components, prepare(clip, classifier.input).clip, seed=seed)
    require_extents(cut, domain)
    found, errors = map_and_errors(
        clip,
        classifier,
        method,
        targets=targets,
        output=output,
        contrast=contrast,
        domain=domain,
        seed=seed,
        batch_size=batch_size,
        watch=watch,
        sums=lambda made: _sums(made, cut),
    )
    return found, pooled(found, cut, errors)


def pooled(found: MapExplanation, components: Components, errors: Floats | None = None) -> Explanation:
    """Attribution of a component = sum of the map's cells in it.

    A cell belongs to the component in whose extent its centre lies; a cell of a superpixel's picture that lies between
    two of its mel belongs to both, by its distance. Components that tile the clip share all of the map.

    The labels are the map's targets. ``exact`` says that no draws were made and that, where the cells promise a sum,
    they miss it by no more than 1 % of ``full − base``; ``converged`` allows 5 %. A method that draws ("samples" among
    its settings) has converged if moreover all its standard errors are below 5 % of the spread of the values; where
    they are not known they are NaN, and it is never called converged.

    Parameters
    ----------
    found : the map.
    components : a cut of the same clip, as the classifier heard it.
    errors : standard errors ``(T, n)`` of the sums, where the map is a mean over draws.

    Raises
    ------
    CapabilityError
        If a component has no extent in time or frequency (a stem, a word), or one in frequency over a waveform or over
        the map of a layer that has lost the frequency: there, sums would only count bins.
    ExplanationError
        If the cut is of a clip of another length.
    """
    require_extents(components, found.recipe.domain)
    if abs(components.clip.duration_s - found.duration_s) > 0.05:
        raise ExplanationError(
            f"components of {components.clip.duration_s:.2f} s for a map of {found.duration_s:.2f} s",
            remedy="Cut the clip that the map is of",
            where="components",
        )
    if _flat(found) and any(component.low_hz is not None for component in components.table):
        raise CapabilityError(
            f"the map of {found.diagnostics.get('layer', found.recipe.method)} is the same at all frequencies",
            remedy="Choose components time, beats or segments, or a layer that still has frequencies",
            where=components.kind,
        )
    counted = replace(found, targets=("cells",), values=np.ones((1, *found.values.shape[1:]), dtype=np.float32))
    values = _sums(found, components)
    facts = _diagnostics(found, round(float(_sums(counted, components).sum())))
    settings = found.recipe.method_settings
    sampled = "samples" in settings
    missed = float(missed_shares(found.gap, found.base, found.full).max(initial=0.0))
    exact = not sampled and missed <= COMPLETE
    if not sampled or errors is None:
        errors = np.full_like(values, 0.0 if exact else np.nan)
    firm = not sampled or settled(values, errors, SETTLED)
    if sampled:
        facts |= stability_facts(values, errors, found.recipe.seed)
    return Explanation(
        labels=found.targets,
        targets=tuple(range(len(found.targets))),
        components=components.table,
        attributions=values,
        errors=errors,
        base=found.base,
        full=found.full,
        scores=found.scores,
        evaluations=int(found.diagnostics["rows"]),
        unit="patch" if int(found.diagnostics["patches"]) > 1 else "clip",
        converged=firm and missed <= SETTLED,
        exact=exact,
        model=found.model,
        clip=replace(found.clip, conversion=found.clip.conversion + components.notes),
        signed=found.signed,
        recipe=Recipe(
            method=found.recipe.method,
            method_settings=settings | {"domain": found.recipe.domain},
            components=components.kind,
            component_settings=components.settings,
            output=found.recipe.output,
            contrast=found.recipe.contrast,
            seed=found.recipe.seed,
            version=found.recipe.version,
        ),
        diagnostics=facts,
    )


def missed_shares(gap: Floats | Sequence[float] | None, base: Floats, full: Floats) -> Floats:
    """What the cells of a map miss of ``full − base``, as shares of it, ``(T,)``; empty where no sum is promised.

    Examples
    --------
    >>> missed_shares([0.1], np.array([1.0]), np.array([3.0]))
    array([0.05])
    """
    if gap is None:
        return np.zeros(0)
    missed, change = np.asarray(gap, dtype=np.float64), np.abs(full - base)
    shares: Floats = np.divide(missed, change, out=np.where(missed > 0, np.inf, 0.0), where=change > 0)
    return shares


def require_extents(components: Components, domain: str) -> None:
    """That every component is an extent in time or frequency.

    Raises
    ------
    CapabilityError
        Naming the first that is not.
    """
    for component in components.table:
        placed = component.start_s is not None or component.low_hz is not None
        if component.stem or component.word or not placed:
            raise CapabilityError(
                f"{component.label or 'a component'} is no region of time or frequency, and a map has no other cells",
                remedy="Choose components grid, time, bands, beats, segments or superpixels, or a method like shapley",
                where=components.kind,
            )
        if domain == "waveform" and component.low_hz is not None:
            raise CapabilityError(
                f"{component.label}: a waveform has no frequency axis",
                remedy="Choose components time, beats or segments, or the domain spectrogram",
                where=components.kind,
            )


def _flat(found: MapExplanation) -> bool:
    values = found.values
    if found.recipe.domain == "waveform" or values.shape[1] < 2:
        return False
    # Spreading a layer's only row over the bins may round differently in each.
    return bool(np.ptp(values, axis=1).max() <= 1e-5 * np.abs(values).max())


def _sums(found: MapExplanation, components: Components) -> Floats:
    kind = kind_from(components.kind, components.settings) if components.kind == Superpixels.name else None
    regions = kind.regions() if isinstance(kind, Superpixels) else None
    # The boxes around superpixels overlap; the regions themselves do not.
    return found.pool(components.table) if regions is None else _region_sums(found, regions)


def _region_sums(found: MapExplanation, regions: LabelMap) -> Floats:
    onto = np.einsum("tbf,bm->tmf", found.values.astype(np.float64), regions.weights(found.bin_hz))
    nearest = np.minimum(np.round(found.frame_s / regions.hop_s).astype(int), regions.labels.shape[1] - 1)
    labels = regions.labels[:, nearest].ravel()
    count = int(regions.labels.max()) + 1
    return np.stack([np.bincount(labels, weights=row.ravel(), minlength=count) for row in onto])


def _diagnostics(found: MapExplanation, cells_inside: int) -> dict[str, Diagnostic]:
    facts: dict[str, Diagnostic] = {
        "cells": int(np.prod(found.values.shape[1:])),
        "cells in components": cells_inside,
    }
    if found.gap is not None:
        facts["gap"] = [float(f"{value:.6g}") for value in found.gap]
    return facts | dict(found.diagnostics)
