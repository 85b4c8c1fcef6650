"""What an experiment is: methods, masks, noises, and how many clips; which methods a classifier cannot be asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from earmark import __version__
from earmark.data.dataset import Dataset
from earmark.errors import SettingError, UnknownNameError
from earmark.explain.budget import with_samples
from earmark.explain.catalogue import METHODS
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.gradient.method import MapMethod
from earmark.explain.gradient.saliency import Saliency
from earmark.explain.method import Method
from earmark.listen.masks import PUBLISHED_MASKS, area_of
from earmark.metrics.experiment.noise import NAMES, SNR_DB, Noise
from earmark.models.classifier import Classifier, Differentiable

USUAL = ("saliency", "smoothgrad", "integrated_gradients", "gradient_shap", "grad_cam", "lime", "shapley")
USUAL_MASKS = (*PUBLISHED_MASKS, "area:30")
_ON_LAYERS = ("grad_cam", "hirescam", "score_cam")


@dataclass(frozen=True)
class Plan:
    """What is run.

    Parameters
    ----------
    methods : of ``METHODS`` (by components) and ``GRADIENT_METHODS`` (by cells).
    masks : of ``MASKS``, and at least one ``area:PERCENT``, which keeps exactly as many cells for every method.
    noises : conditions; "clean" is the clip itself.
    snr_db : of the others, dB.
    grid : segments of time and bands of the components.
    samples : evaluations of a sampling method at most.
    audio : measure the masked sound too, heard through the front end again.
    sounds : clips of which sounds are kept.
    seed : of every random draw.
    """

    methods: tuple[str, ...] = USUAL
    masks: tuple[str, ...] = USUAL_MASKS
    noises: tuple[Noise, ...] = tuple(Noise(name) for name in NAMES)
    snr_db: float = SNR_DB
    grid: tuple[int, int] = (6, 6)
    samples: int = 512
    audio: bool = False
    sounds: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.methods:
            if name not in METHODS and name not in GRADIENT_METHODS:
                raise UnknownNameError("method", name, (*METHODS.names(), *GRADIENT_METHODS.names()))
        equal = self.equal_masks
        names = [noise.name for noise in self.noises]
        for what, given in (("methods", self.methods), ("masks", self.masks), ("noises", names)):
            if not given or len(set(given)) < len(given):
                raise SettingError(
                    f"{what}: {', '.join(map(str, given)) or 'none'}", remedy="Name each once, at least one", where=what
                )
        if not equal:
            raise SettingError(
                f"the masks {', '.join(self.masks)} have no equal area, by which methods could be compared",
                remedy="Add one that has, like area:30",
                where="masks",
            )
        if not math.isfinite(self.snr_db):
            raise SettingError(
                f"a signal-to-noise ratio of {self.snr_db} dB", remedy="Give a finite one", where="snr_db"
            )
        if min(self.grid) < 1 or self.grid[0] * self.grid[1] < 2:
            raise SettingError("a grid of less than two cells", remedy="Choose such as 6x6", where="grid")
        if self.samples < 1 or self.sounds < 0:
            raise SettingError(
                f"{self.samples} samples, sounds of {self.sounds} clips", remedy="Give positive numbers", where="plan"
            )

    @property
    def equal_masks(self) -> tuple[str, ...]:
        """Names of the masks of equal area: methods are compared by these."""
        return tuple(name for name in self.masks if area_of(name) is not None)

    def document(self) -> dict[str, Any]:
        """For JSON: what another run must agree with to go on with this one."""
        return {**asdict(self), "version": __version__}


@dataclass(frozen=True)
class LeftOut:
    """A method that this classifier cannot be asked, and why."""

    method: str
    reason: str


def left_out(methods: Sequence[str], classifier: Classifier) -> tuple[LeftOut, ...]:
    """Those of the methods that the classifier does not offer what they need for."""
    found = []
    for name in methods:
        if name not in GRADIENT_METHODS:
            continue
        if not isinstance(classifier, Differentiable):
            found.append(LeftOut(name, f"{classifier.name} cannot be differentiated, it gives scores only"))
        elif name in _ON_LAYERS and not classifier.cam_layers:
            found.append(LeftOut(name, f"{classifier.name} names no layer for activation maps"))
    return tuple(found)


def method_named(name: str, plan: Plan) -> Method | MapMethod:
    """A method with the plan's settings; saliency keeps its sign, or half of the masks would keep everything."""
    if name == "saliency":
        return Saliency(absolute=False)
    if name in GRADIENT_METHODS:
        return GRADIENT_METHODS.get(name)()
    return with_samples(METHODS.get(name)(), plan.samples, plan.grid[0] * plan.grid[1])


def chosen(dataset: Dataset, clips: int, seed: int) -> Dataset:
    """So many clips, of every class alike where there are classes, drawn by the seed; all where there are no more.

    Raises
    ------
    SettingError
        If none is asked for.
    """
    if clips < 1:
        raise SettingError(f"{clips} clips", remedy="Ask for at least 1", where="clips")
    order = np.random.default_rng(seed).permutation(len(dataset.items))
    of_class = {label: [int(at) for at in order if dataset.items[at].label == label] for label in dataset.labels}
    deepest = max(len(places) for places in of_class.values())
    rounds = [places[turn] for turn in range(deepest) for places in of_class.values() if turn < len(places)]
    return dataset.subset(sorted(rounds[:clips]))


def unknown_classes(dataset: Dataset, classifier: Classifier) -> tuple[str, ...]:
    """Classes of the data that are none of the classifier's labels.

    What is explained is what the classifier hears, so they do no harm; they only serve to draw clips of each alike.
    """
    return tuple(label for label in dataset.labels if label and label not in classifier.labels)
