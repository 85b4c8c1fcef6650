"""The explanation: everything one run found out, and everything needed to run it again."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.components.component import Component
from earmark.errors import ExplanationError, UnknownNameError
from earmark.explain.game import Floats
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.method import Diagnostic
from earmark.files import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = "earmark.explanation/1"


@dataclass(frozen=True)
class ModelFacts:
    """Which classifier was explained."""

    name: str
    fingerprint: str
    sample_rate: int
    channels: int
    activation: str


@dataclass(frozen=True)
class ClipFacts:
    """Which sound was explained, and what was done to it before the classifier heard it."""

    name: str
    fingerprint: str
    file_sha256: str
    start_s: float
    duration_s: float
    sample_rate: int
    channels: int
    conversion: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """What was asked: enough to ask it again.

    Parameters
    ----------
    method, method_settings : registered name and settings of the method.
    components, component_settings : registered name and settings of the kind of components (fill included).
    output : "probability", "log_odds" (nats), or "logit" (gradient methods only).
    contrast : "rock − metal" style pair of labels where the outputs are differences, else None.
    seed : of every random draw.
    version : of earmark.
    """

    method: str
    method_settings: dict[str, Any]
    components: str
    component_settings: dict[str, Any]
    output: str
    contrast: tuple[str, str] | None
    seed: int
    version: str


@dataclass(frozen=True)
class Effect:
    """One component's effect on one label: ``value ± error`` in units of the output.

    ``signed``: whether the value has a direction. ``perturbed``: whether the component was switched off and the
    classifier asked again; where not (gradient methods), no sentence says what the component does to the score.
    """

    label: str
    index: int
    component: Component
    value: float
    error: float
    signed: bool = True
    perturbed: bool = True

    @property
    def none(self) -> bool:
        """Whether it has no effect at all; a difference of probabilities as small as float32 rounds them is none."""
        return abs(self.value) < 1e-6 if self.signed and self.perturbed else self.value == 0

    def sentence(self, *, exact: bool) -> str:
        """In words: ``drums, 8.0–12.0 s, raise techno by 0.31 ± 0.02``, or "matter to" where there is no direction.

        What has no effect "leaves techno unchanged". Three decimals, or two digits of what is smaller.
        """
        name = self.component.stem or ""
        plural = name.endswith("s") and not name.endswith("ss")
        if self.none:
            if self.signed and self.perturbed:
                return f"{self.component.label}, {'leave' if plural else 'leaves'} {self.label} unchanged"
            return f"{self.component.label}, {'do' if plural else 'does'} not matter to {self.label}"
        decimals = 3 if abs(self.value) >= 0.0005 else 1 - math.floor(math.log10(abs(self.value)))
        size = f"{abs(self.value):.{decimals}f}"
        if not exact and (self.perturbed or self.error > 0):
            size += " (error unknown)" if np.isnan(self.error) else f" ± {self.error:.{decimals}f}"
        if not self.signed:
            return f"{self.component.label}, {'matter' if plural else 'matters'} to {self.label} ({size})"
        if not self.perturbed:
            side = "for" if self.value >= 0 else "against"
            return f"{self.component.label}, {'speak' if plural else 'speaks'} {side} {self.label} ({size})"
        verb = ("raise" if self.value >= 0 else "lower") + ("" if plural else "s")
        return f"{self.component.label}, {verb} {self.label} by {size}"


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why the classifier scored a clip as it did.

    Parameters
    ----------
    labels : the K outputs.
    targets : indices into ``labels`` of those that were asked for, the most probable first.
    components : the n components.
    attributions : effect of each component on each output, ``(K, n)``, in units of the output.
    errors : standard errors ``(K, n)``; zeros where exact.
    base, full : outputs with all components off and on, ``(K,)``. A gradient method's base is the output at its
        baseline, NaN where it has none.
    scores : the classifier's own probabilities for the unmasked clip, ``(K,)`` over ``labels`` (NaN for a contrast).
    evaluations : distinct rows that the classifier scored.
    unit : what one evaluation scored: "clip" or "patch".
    converged : whether the estimate had settled; exact values always have.
    exact : whether sampling had no part in it.
    signed : whether attributions are effects, upward or downward (not so for shares of variance or dependences).
    diagnostics : the method's own figures.
    levels_db : how loud each component is, ``(n,)``: dB (full scale) of what is missing without it; None if not known.
    """

    labels: tuple[str, ...]
    targets: tuple[int, ...]
    components: tuple[Component, ...]
    attributions: Floats
    errors: Floats
    base: Floats
    full: Floats
    scores: Floats
    evaluations: int
    unit: str
    converged: bool
    exact: bool
    model: ModelFacts
    clip: ClipFacts
    recipe: Recipe
    signed: bool = True
    diagnostics: dict[str, Diagnostic] = field(default_factory=dict)
    levels_db: Floats | None = None

    @property
    def perturbed(self) -> bool:
        """Whether components were switched off and the classifier asked again; not so by a gradient method."""
        return self.recipe.method not in GRADIENT_METHODS

    def index(self, label: str | int | None = None) -> int:
        """Row of a label; None means the first target."""
        if label is None:
            return self.targets[0]
        if isinstance(label, str):
            if label not in self.labels:
                raise UnknownNameError("label", label, self.labels)
            return self.labels.index(label)
        return int(label)

    def values(self, label: str | int | None = None) -> Floats:
        """Attributions of one label, shape ``(n,)``."""
        row: Floats = self.attributions[self.index(label)]
        return row

    def top(self, k: int = 5, label: str | int | None = None, *, sign: int = 0) -> tuple[Effect, ...]:
        """The k strongest components for a label.

        Parameters
        ----------
        k : how many at most.
        label : name or row of the label; the first target by default.
        sign : +1 only those that raise the score, −1 only those that lower it, 0 the largest in magnitude.
        """
        row = self.index(label)
        values = self.attributions[row]
        order = np.argsort(-np.abs(values), kind="stable")
        chosen = [i for i in order if sign == 0 or np.sign(values[i]) == sign][:k]
        return tuple(
            Effect(
                self.labels[row],
                int(i),
                self.components[i],
                float(values[i]),
                float(self.errors[row, i]),
                self.signed,
                self.perturbed,
            )
            for i in chosen
        )

    def totals(self, label: str | int | None = None) -> tuple[tuple[str, float, float], ...]:
        """What each stem (or group) adds up to over all its components: (stem, sum, standard error), strongest first.

        Words of lyrics are one group. Errors are those of a sum of independent estimates. Empty where the components
        are no stems and have no group.
        """
        row = self.index(label)
        names = [c.stem if c.stem is not None else "words" if c.word is not None else c.group for c in self.components]
        found = []
        for stem in dict.fromkeys(name for name in names if name is not None):
            rows = [i for i, name in enumerate(names) if name == stem]
            error = float(np.sqrt((self.errors[row, rows] ** 2).sum()))
            found.append((stem, float(self.attributions[row, rows].sum()), error))
        return tuple(sorted(found, key=lambda total: -abs(total[1])))

    def listen(self, clip: Any, **options: Any) -> Any:
        """Kept and removed part as sound, see ``earmark.listen.render.listen``."""
        from earmark.listen.render import listen

        return listen(self, clip, **options)

    def measure(self, classifier: Any, clip: Any, **options: Any) -> Any:
        """How good it is, beside chance, see ``earmark.metrics.measure.measure``."""
        from earmark.metrics.measure import measure

        return measure(self, classifier, clip, **options)

    def plot(self, label: str | int | None = None) -> Figure:
        """Attributions as a picture, see ``earmark.report.figures``."""
        from earmark.report.figures import attribution_figure

        return attribution_figure(self, label)

    def _repr_html_(self) -> str:
        from earmark.report.notebook import explanation_html

        return explanation_html(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON values only; see ``SCHEMA`` for the version."""
        return {
            "schema": SCHEMA,
            "labels": list(self.labels),
            "targets": list(self.targets),
            "components": [{k: v for k, v in asdict(c).items() if v is not None} for c in self.components],
            "attributions": _rows(self.attributions),
            "errors": _rows(self.errors),
            "base": _row(self.base),
            "full": _row(self.full),
            "scores": _row(self.scores),
            "evaluations": self.evaluations,
            "unit": self.unit,
            "converged": self.converged,
            "exact": self.exact,
            "signed": self.signed,
            "model": asdict(self.model),
            "clip": asdict(self.clip) | {"conversion": list(self.clip.conversion)},
            "recipe": asdict(self.recipe) | {"contrast": list(self.recipe.contrast) if self.recipe.contrast else None},
            "diagnostics": dict(self.diagnostics),
        } | ({} if self.levels_db is None else {"levels_db": _row(self.levels_db)})

    def save(self, path: str | Path) -> Path:
        """Write as JSON; under its final name only once it is whole."""
        return write_text(Path(path), json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Explanation:
        """Read what ``save`` wrote.

        Raises
        ------
        ExplanationError
            If the file is no explanation or of a newer schema.
        """
        path = Path(path)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ExplanationError(str(error.strerror), remedy="Check the path", where=path) from error
        except UnicodeDecodeError as error:
            raise ExplanationError(
                "is no text, so no explanation either", remedy="Give an explanation.json", where=path
            ) from error
        except ValueError as error:
            raise ExplanationError(f"no JSON in it ({error})", remedy="Give an explanation.json", where=path) from error
        return cls.from_dict(data, where=str(path))

    @classmethod
    def from_dict(cls, data: Any, *, where: str = "explanation") -> Explanation:
        """The inverse of ``to_dict``."""
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise ExplanationError(
                f"schema {schema!r}, this version reads {SCHEMA!r}",
                remedy="Make it again, or use the version of earmark that wrote it",
                where=where,
            )
        try:
            recipe = dict(data["recipe"])
            recipe["contrast"] = tuple(recipe["contrast"]) if recipe["contrast"] else None
            return cls(
                labels=tuple(data["labels"]),
                targets=tuple(data["targets"]),
                components=tuple(Component(**c) for c in data["components"]),
                attributions=_array(data["attributions"]),
                errors=_array(data["errors"]),
                base=_array(data["base"]),
                full=_array(data["full"]),
                scores=_array(data["scores"]),
                evaluations=int(data["evaluations"]),
                unit=data["unit"],
                converged=bool(data["converged"]),
                exact=bool(data["exact"]),
                signed=bool(data["signed"]),
                model=ModelFacts(**data["model"]),
                clip=ClipFacts(**(data["clip"] | {"conversion": tuple(data["clip"]["conversion"])})),
                recipe=Recipe(**recipe),
                diagnostics=dict(data["diagnostics"]),
                levels_db=_array(data["levels_db"]) if "levels_db" in data else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ExplanationError(
                f"the explanation is incomplete ({type(error).__name__}: {error})",
                remedy="Make it again with earmark explain",
                where=where,
            ) from error


def _row(values: Floats) -> list[float | None]:
    # Nine digits hold a float32 and keep files small; NaN has no place in JSON.
    return [None if np.isnan(v) else float(f"{v:.9g}") for v in values]


def _rows(values: Floats) -> list[list[float | None]]:
    return [_row(row) for row in values]


def _array(values: Sequence[Any]) -> Floats:
    return np.array(values, dtype=np.float64)
