"""One sound in front of a classifier: where its masks lie, what every method attributes to them, and their scores.

Where the classifier shows its spectrogram, masks lie on its cells, and attributions of components are spread over
theirs. Where it does not, masks lie on the components, and only their sound can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.components.grid import Grid
from earmark.components.levels import component_levels
from earmark.errors import CapabilityError, ScoresError
from earmark.explain.case import Case, open_case
from earmark.explain.game import Floats, Watch
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.gradient.run import explain_map
from earmark.explain.method import Method
from earmark.listen.masks import check_attributions
from earmark.metrics.domains import (
    Domain,
    cell_owners,
    component_domains,
    map_domains,
    spectrogram_of,
    waveform_of,
)
from earmark.metrics.experiment.plan import Plan, method_named
from earmark.models.classifier import Classifier, Differentiable
from earmark.models.prepare import prepare

BATCH = 32


@dataclass(frozen=True, eq=False)
class Found:
    """Attributions in the shape of a mask, or why there are none."""

    values: Floats | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Subject:
    """A sound, cut, in front of a classifier; made by ``open_subject``.

    Parameters
    ----------
    clip : the sound, noise and all, at its own rate.
    case : the same, cut into components, and its game: component methods share their evaluations.
    domains : where masks are applied: "spectrogram" and "audio", the one or both.
    frames : of the whole spectrogram; None where masks lie on components.
    energy : power in the shape of a mask, only its order counts.
    full : probabilities of the sound as it is, ``(K,)``.
    owner : component of each cell of the whole spectrogram (n: of none); None where masks lie on components.
    only_audio : why the spectrogram cannot be measured; "" where it can.
    """

    clip: Clip
    case: Case
    domains: tuple[Domain, ...]
    frames: int | None
    energy: Floats
    full: Floats
    owner: NDArray[np.intp] | None
    only_audio: str

    @property
    def row(self) -> int:
        """The class that is explained: the most probable one."""
        return int(self.full.argmax())

    @property
    def label(self) -> str:
        """Its name."""
        return self.case.classifier.labels[self.row]

    def whole(self, masks: Floats) -> Floats:
        """Masks of what the classifier hears → of the whole spectrogram (or of all components)."""
        return self.domains[0].whole(masks)

    def scores(self, domain: Domain, masks: Floats) -> Floats:
        """Probabilities ``(B, K)`` of masks ``(B, *shape)``, in batches of 32, each mask asked once."""
        return domain.scores(masks)

    def attributions(self, name: str, plan: Plan) -> Found:
        """What a method attributes to each cell (or component), for the class that is explained.

        Raises
        ------
        ExplanationError, ScoresError
            If they are not all finite.
        """
        method = method_named(name, plan)
        classifier = self.case.classifier
        try:
            if name in GRADIENT_METHODS:
                found = explain_map(
                    self.clip, classifier, method, targets=[self.label], seed=plan.seed  # type: ignore[arg-type]
                )  # fmt: skip
                values = found.values[0].astype(np.float64)
            else:
                playing: Method = method  # type: ignore[assignment]
                values = self.case.explain(playing, targets=[self.label], seed=plan.seed).values(self.label)
                if self.owner is not None:
                    values = np.append(values, 0.0)[self.owner]
            values = values[..., self.domains[0].heard]
        except CapabilityError as error:
            return Found(None, str(error))
        if np.isfinite(values).all() and not values.any():
            return Found(None, "all attributions are zero: no mask can say what matters")
        return Found(check_attributions(values))


def open_subject(clip: Clip, classifier: Classifier, plan: Plan, *, watch: Watch | None = None) -> Subject:
    """Put a sound in front of a classifier.

    Parameters
    ----------
    clip : any rate and channels.
    classifier : who is asked.
    plan : components, seed, and whether the masked sound is measured where the masked spectrogram can be.
    watch : cancellation.

    Raises
    ------
    AudioError
        If the classifier cannot take the sound.
    ScoresError
        If its answer is no probability.
    """
    watch = watch if watch is not None else Watch()
    kind = Grid(n_times=plan.grid[0], n_bands=plan.grid[1])
    heard = prepare(clip, classifier.input).clip
    case = open_case(clip, classifier, kind, seed=plan.seed, watch=Watch(cancelled=watch.cancelled))
    quiet = Watch(cancelled=watch.cancelled)
    owner: NDArray[np.intp] | None = None
    frames: int | None = None
    if isinstance(classifier, Differentiable):
        both, why = map_domains(heard, classifier, batch_size=BATCH, watch=quiet)
        waveform = waveform_of(heard, classifier)
        seen = spectrogram_of(classifier, waveform)
        frames = seen.shape[1]
        # Every scale of a spectrogram rises with its power.
        energy = seen - seen.min()
        owner, reason = cell_owners(case.components.table, classifier.front_end, seen.shape)
        if owner is None:
            raise CapabilityError(reason, remedy="Choose another grid", where=classifier.name)
    else:
        both, why = component_domains(case.components, classifier, batch_size=BATCH, watch=quiet)
        energy = np.power(10.0, component_levels(case.components) / 10)
    spectrogram = tuple(domain for domain in both if domain.name == "spectrogram")
    audio = tuple(domain for domain in both if domain.name == "audio")
    domains = (*spectrogram, *(audio if plan.audio or not spectrogram else ()))
    full = domains[0].scores(np.ones((1, *both[0].shape)))[0]
    if not full.max() > 0:
        raise ScoresError("no class has any probability", remedy="Give a sound it knows", where=classifier.name)
    return Subject(clip, case, domains, frames, energy[..., domains[0].heard], full, owner, why)
