"""One planted sound: every method, kind of components and fill, judged by the truth and by faithfulness.

Faithfulness is measured on the rendered sound, with the same cut and fill that the explanation was made with, and at
equal area for all: the strongest quarter of the components is kept, or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.components.catalogue import COMPONENTS
from earmark.components.component import Component, Components
from earmark.components.layered import Layered
from earmark.components.stems import Stems
from earmark.components.stems_time import StemsTime
from earmark.errors import SettingError
from earmark.explain.budget import with_samples
from earmark.explain.case import Case, open_case
from earmark.explain.catalogue import METHODS
from earmark.explain.explanation import Explanation
from earmark.explain.game import Floats
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.gradient.run import explain_map
from earmark.explain.map import MapExplanation
from earmark.explain.method import Method
from earmark.listen.masks import area_mask
from earmark.metrics.baselines import shuffled
from earmark.metrics.curves import deletion_auc
from earmark.metrics.faithfulness import ad, ai, ff
from earmark.metrics.localisation import localisation_auc, pointing_game, relevance_mass
from earmark.metrics.planted.case import PlantedClip
from earmark.metrics.planted.sounds import BANDS, SEGMENTS
from earmark.metrics.planted.truth import Truth, truth_of
from earmark.models.classifier import Classifier, Differentiable

BASELINES = ("random", "energy")
NO_FILL = "none"
AREA = 0.25
DELETION_STEPS = 8
RANDOM_DRAWS = 100
RANDOM_JUDGED = 4
BATCH = 16

# Case, seed, number of the sound, label, kind of components.
Facts = tuple[str, int, int, str, str]


@dataclass(frozen=True)
class Score:
    """One row of the table. Figures that cannot be given are NaN.

    Parameters
    ----------
    case, seed, clip, label : the sound: its case, the seed that it was drawn and its listener trained by, its number,
        the label that is explained (the right one).
    components, fill : how it was cut; the fill of a gradient method is "none" (faithfulness: silence).
    method : a registered one, or a baseline ("random", "energy").
    n, true : components, and how many of them hold the evidence.
    auc : localisation AUC: 1 perfect, 0.5 chance.
    pointing, mass : pointing game and relevance mass accuracy.
    ff, ai, ad, deletion : faithfulness, see ``earmark.metrics``; AI and AD in per cent.
    """

    case: str
    seed: int
    clip: int
    label: str
    components: str
    fill: str
    method: str
    n: int
    true: int
    auc: float
    pointing: float
    mass: float
    ff: float
    ai: float
    ad: float
    deletion: float


@dataclass(frozen=True)
class Ask:
    """What is scored.

    Parameters
    ----------
    methods : of ``METHODS`` and ``GRADIENT_METHODS``; the baselines are always there.
    components : kinds; those that the case cannot judge are passed over.
    fills : of ``FILLS``.
    samples : evaluations of a sampling method at most.
    seed : of every random draw.
    """

    methods: tuple[str, ...]
    components: tuple[str, ...]
    fills: tuple[str, ...]
    samples: int
    seed: int = 0


def score_clip(
    case: str, kinds: Sequence[str], number: int, one: PlantedClip, classifier: Classifier, ask: Ask
) -> list[Score]:
    """All rows of one sound, in a fixed order.

    Parameters
    ----------
    case, kinds : name of the case, and the kinds of components that can be right or wrong about it.
    number : of the sound.
    one : the sound and its truth.
    classifier : the listener.
    ask : what is scored.
    """
    maps = _maps(one, classifier, ask) if any(kind not in ("stems", "stems_time") for kind in kinds) else {}
    rows = []
    for kind in (kind for kind in ask.components if kind in kinds):
        silent = cut(one, kind, "silence")
        truth = truth_of(silent.table, one.places, duration_s=one.clip.duration_s, sample_rate=one.clip.sample_rate)
        if truth is None or not truth.decides:
            continue
        energy = _energy(silent)
        for fill in ask.fills:
            components = silent if fill == "silence" else cut(one, kind, fill)
            judge = Judge(
                open_case(one.clip, classifier, components, seed=ask.seed, batch_size=BATCH), one.label, truth
            )
            rng = np.random.default_rng([ask.seed, number, ask.fills.index(fill)])
            facts = (case, ask.seed, number, one.label, kind)
            rows.append(judge.random(facts, fill, energy, rng))
            rows.append(judge.row(facts, fill, "energy", energy))
            rows += [
                judge.row(facts, fill, name, judge.attributions(method, ask.seed))
                for name, method in playing(ask, components.n).items()
            ]
            if fill == ask.fills[0]:
                quiet = (
                    judge
                    if fill == "silence"
                    else Judge(open_case(one.clip, classifier, silent, batch_size=BATCH), one.label, truth)
                )
                rows += [
                    quiet.row(facts, NO_FILL, name, found.pool(silent.table)[0])
                    for name, found in maps.items()
                    if not any(part.stem for part in silent.table)
                ]
    return rows


class Judge:
    """Judges attributions of one cut sound; all of them draw on one game.

    Parameters
    ----------
    case : the sound, cut, in front of the classifier.
    label : that is explained.
    truth : which components hold the evidence.
    """

    def __init__(self, case: Case, label: str, truth: Truth) -> None:
        self.case, self.truth = case, truth
        self.label, self.place = label, case.label_index(label)

    def attributions(self, method: Method, seed: int) -> Floats:
        """Of the label, ``(n,)``."""
        found: Explanation = self.case.explain(method, targets=[self.label], seed=seed)
        return found.values(self.label)

    def row(self, facts: Facts, fill: str, method: str, values: Floats) -> Score:
        """Truth and faithfulness of attributions ``(n,)``."""
        case, seed, number, label, kind = facts
        inside, counted = self.truth.inside, self.truth.counted
        some = bool(values[counted].any())
        return Score(
            case, seed, number, label, kind, fill, method, len(values), int(inside.sum()),
            localisation_auc(values[counted], inside[counted]),
            pointing_game(values[counted], inside[counted]) if some else float("nan"),
            relevance_mass(values[counted], inside[counted]) if some else float("nan"),
            *self._faithfulness(values),
        )  # fmt: skip

    def random(self, facts: Facts, fill: str, values: Floats, rng: np.random.Generator) -> Score:
        """The mean over attributions in random order."""
        drawn = [shuffled(np.argsort(values, kind="stable").astype(np.float64), rng) for _ in range(RANDOM_DRAWS)]
        inside, counted = self.truth.inside, self.truth.counted
        some = [self.row(facts, fill, "random", one) for one in drawn[:RANDOM_JUDGED]]
        return replace(
            some[0],
            auc=float(np.mean([localisation_auc(one[counted], inside[counted]) for one in drawn])),
            pointing=float(np.mean([pointing_game(one[counted], inside[counted]) for one in drawn])),
            mass=float(np.mean([relevance_mass(one[counted], inside[counted]) for one in drawn])),
            ff=float(np.mean([row.ff for row in some])),
            ai=float(np.mean([row.ai for row in some])),
            ad=float(np.mean([row.ad for row in some])),
            deletion=float(np.mean([row.deletion for row in some])),
        )

    def _faithfulness(self, values: Floats) -> tuple[float, float, float, float]:
        n = len(values)
        if not np.ptp(values):
            return (float("nan"),) * 4
        mask = area_mask(values, max(1, round(AREA * n))).values > 0.5
        whole, kept, removed = self.case.game.values(np.stack([np.ones(n, dtype=np.bool_), mask, ~mask]))
        rows = [self.place]

        def score(masks: NDArray[np.float64]) -> Floats:
            column: Floats = self.case.game.values(masks > 0.5)[:, self.place]
            return column

        return (
            float(ff(whole[None], removed[None], rows)[0]),
            float(ai(whole[None], kept[None], rows)[0]),
            float(ad(whole[None], kept[None], rows)[0]),
            deletion_auc(score, values, steps=min(DELETION_STEPS, n)),
        )


def cut(one: PlantedClip, kind: str, fill: str) -> Components:
    """A planted sound cut into 8 segments, 8 bands, or its own stems.

    Raises
    ------
    UnknownNameError, SettingError
        If there is no such kind or fill, or the sound has no stems.
    """
    if kind in ("stems", "stems_time"):
        return _stems(one, kind, fill)
    settings: dict[str, dict[str, int]] = {
        "time": {"n": SEGMENTS},
        "bands": {"n": BANDS},
        "grid": {"n_times": SEGMENTS, "n_bands": BANDS},
    }
    if kind not in settings:
        COMPONENTS.entry(kind)
        raise SettingError(
            f"{kind} components have no place that a truth could be compared with",
            remedy=f"Choose {', '.join(KINDS)}",
            where="components",
        )
    build: Callable[..., Components] = lambda: COMPONENTS.get(kind)(fill=fill, **settings[kind]).build(one.clip)  # type: ignore[call-arg]  # noqa: E731
    return build()


KINDS = ("time", "bands", "grid", "stems", "stems_time")


def _stems(one: PlantedClip, kind: str, fill: str) -> Components:
    if not one.stems:
        raise SettingError("the sound has no stems", remedy="Cut it by time and frequency", where="components")
    layers = torch.from_numpy(np.stack([sound.waveform for _, sound in one.stems]))
    parts = [Component(stem=name) for name, _ in one.stems]
    # Settings name the stems; they are here in memory, and no file is read.
    names = tuple(f"{name}.flac" for name, _ in one.stems)
    if kind == "stems":
        return Layered(Stems(source=names, fill=fill), one.clip, layers, parts, edges_s=None, fill=fill)
    edges = tuple(np.linspace(0.0, one.clip.duration_s, SEGMENTS + 1).tolist())
    how = StemsTime(source=names, n=SEGMENTS, fill=fill)
    return Layered(how, one.clip, layers, parts, edges_s=edges, fade_s=how.fade_s, fill=fill)


def playing(ask: Ask, n: int) -> dict[str, Method]:
    """The methods asked for that play a game, with the budget in place of their own number of samples."""
    return {name: with_samples(METHODS.get(name)(), ask.samples, n) for name in ask.methods if name in METHODS}


def _maps(one: PlantedClip, classifier: Classifier, ask: Ask) -> dict[str, MapExplanation]:
    if not isinstance(classifier, Differentiable):
        return {}
    return {
        name: explain_map(one.clip, classifier, name, targets=[one.label], seed=ask.seed)
        for name in ask.methods
        if name in GRADIENT_METHODS
    }


def _energy(components: Components) -> Floats:
    """Power of each component by itself, ``(n,)``."""
    alone = components.render(np.eye(components.n)).double()
    power: Floats = alone.square().mean(dim=(1, 2)).numpy()
    return power
