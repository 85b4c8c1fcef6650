"""The map: attributions of every cell of the model's own input, and everything needed to make them again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.components.component import Component
from earmark.errors import ExplanationError, SettingError, UnknownNameError
from earmark.explain.explanation import ClipFacts, Effect, ModelFacts
from earmark.explain.game import Floats
from earmark.files import write_bytes

SCHEMA = "earmark.map/1"

_ARRAYS = ("values", "frame_s", "bin_hz", "base", "full", "scores", "gap")


@dataclass(frozen=True)
class MapRecipe:
    """What was asked: enough to ask it again.

    Parameters
    ----------
    method, method_settings : registered name and settings of the gradient method.
    domain : "spectrogram" (as the network sees it) or "waveform".
    output : "logit", "probability" or "log_odds" (nats).
    contrast : the two labels where the one target is their difference, else None.
    seed : of every random draw.
    version : of earmark.
    """

    method: str
    method_settings: dict[str, Any]
    domain: str
    output: str
    contrast: tuple[str, str] | None
    seed: int
    version: str


@dataclass(frozen=True, eq=False)
class MapExplanation:
    """Which cells of its input a classifier's outputs rest on.

    Parameters
    ----------
    targets : names of the T quantities: labels, the most probable first, or "rock − metal".
    values : float32 ``(T, bins, frames)`` of the whole clip's spectrogram, zero where no patch looks; or
        ``(T, channels, samples)``. Units: of the output where ``gap`` is given, else the method's own.
    frame_s : centre of each frame (or time of each sample) in seconds, ``(frames,)``.
    bin_hz : centre of each bin in Hz, ``(bins,)``; empty for a waveform.
    base, full : the quantities at the method's baseline (NaN where it has none) and for the clip, ``(T,)``.
    scores : the classifier's own probabilities of the targets, ``(T,)``; NaN for a contrast.
    gap : |sum of the cells − (full − base)|, ``(T,)``; None where the method promises no such sum. A large gap
        (more than a few per cent of ``full − base``) says not to trust the map's scale.
    signed : whether negative cells mean "against".
    scale : what the spectrogram's numbers are.
    duration_s : length of the sound that the model heard, in seconds.
    diagnostics : the method's own figures.
    """

    targets: tuple[str, ...]
    values: NDArray[np.float32]
    frame_s: Floats
    bin_hz: Floats
    base: Floats
    full: Floats
    scores: Floats
    gap: Floats | None
    signed: bool
    scale: str
    duration_s: float
    model: ModelFacts
    clip: ClipFacts
    recipe: MapRecipe
    diagnostics: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """ "spectrogram" or "waveform"."""
        return self.recipe.domain

    def index(self, target: str | int | None = None) -> int:
        """Row of a target, by name or number; None means the first."""
        if isinstance(target, str):
            if target not in self.targets:
                raise UnknownNameError("target", target, self.targets)
            return self.targets.index(target)
        row = 0 if target is None else int(target)
        if not 0 <= row < len(self.targets):
            raise SettingError(f"target {row} of {len(self.targets)}", remedy="Count from 0", where="target")
        return row

    def pool(self, components: Sequence[Component]) -> Floats:
        """Sum of the cells in each component, ``(T, n)``.

        A cell belongs to a component when its centre lies in ``[start_s, end_s)`` and ``[low_hz, high_hz)``; a missing
        bound is no bound. Components that tile the clip share all of the map.

        Raises
        ------
        SettingError
            For a component that is not an extent in time or frequency (a stem, a word), or a frequency range over a
            waveform: such components have no cells.
        """
        sums = np.zeros((len(self.targets), len(components)))
        # A frame centred on the very end (or a bin on the Nyquist frequency) still belongs to the last component.
        times = np.minimum(self.frame_s, np.nextafter(self.duration_s, 0))
        highest = np.minimum(self.bin_hz, np.nextafter(self.model.sample_rate / 2, 0))
        for n, component in enumerate(components):
            if component.stem or component.word:
                raise SettingError(
                    f"{component.label} is no region of a {self.domain}",
                    remedy="Pool over components of time and frequency (time, bands, grid)",
                    where="components",
                )
            columns = _inside(times, component.start_s, component.end_s)
            if self.domain == "waveform":
                if component.low_hz is not None or component.high_hz is not None:
                    raise SettingError(
                        f"{component.label}: a waveform has no frequency axis",
                        remedy="Pool over components of time, or make the map of the spectrogram",
                        where="components",
                    )
                part = self.values[:, :, columns]
            else:
                part = self.values[:, _inside(highest, component.low_hz, component.high_hz)][:, :, columns]
            sums[:, n] = part.sum(axis=(1, 2), dtype=np.float64)
        return sums

    def grid(self, seconds: float = 1.0, bands: int = 8) -> tuple[Component, ...]:
        """Rectangles that tile the map: ``seconds`` long, ``bands`` with equally many bins (none for a waveform).

        Raises
        ------
        SettingError
            If there are no seconds, or not 1 to ``bins`` bands.
        """
        if not seconds > 0:
            raise SettingError(f"cells of {seconds:g} s", remedy="Choose more than 0", where="seconds")
        cuts = np.append(np.arange(0, self.duration_s - 1e-9, seconds), self.duration_s)
        spans = list(itertools.pairwise(cuts.tolist()))
        if self.domain == "waveform":
            return tuple(Component(start_s=a, end_s=b) for a, b in spans)
        if not 1 <= bands <= len(self.bin_hz):
            raise SettingError(
                f"{bands} bands of {len(self.bin_hz)} bins", remedy=f"Choose 1 to {len(self.bin_hz)}", where="bands"
            )
        first = [round(n * len(self.bin_hz) / bands) for n in range(1, bands)]
        middle = [float(self.bin_hz[n - 1] + self.bin_hz[n]) / 2 for n in first]
        edges = [0.0, *middle, self.model.sample_rate / 2]
        return tuple(
            Component(start_s=a, end_s=b, low_hz=low, high_hz=high)
            for low, high in itertools.pairwise(edges)
            for a, b in spans
        )

    def top(
        self, k: int = 5, target: str | int | None = None, *, sign: int = 0, seconds: float = 1.0, bands: int = 8
    ) -> tuple[Effect, ...]:
        """The k strongest rectangles of ``grid(seconds, bands)``, for one target.

        Parameters
        ----------
        sign : +1 only those that speak for the target, −1 only those against it, 0 the largest in magnitude.
        """
        row = self.index(target)
        cells = self.grid(seconds, bands)
        sums = self.pool(cells)[row]
        order = [int(n) for n in np.argsort(-np.abs(sums), kind="stable") if sign == 0 or np.sign(sums[n]) == sign]
        return tuple(
            Effect(self.targets[row], n, cells[n], float(sums[n]), 0.0, self.signed, perturbed=False) for n in order[:k]
        )

    def save(self, path: str | Path) -> Path:
        """Write as one safetensors file, whole or not at all. Same map, same bytes."""
        from safetensors.numpy import save

        arrays = {name: getattr(self, name) for name in _ARRAYS if getattr(self, name) is not None}
        facts = {
            "schema": SCHEMA,
            "targets": list(self.targets),
            "signed": self.signed,
            "scale": self.scale,
            "duration_s": self.duration_s,
            "model": asdict(self.model),
            "clip": asdict(self.clip),
            "recipe": asdict(self.recipe),
            "diagnostics": self.diagnostics,
        }
        text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        return write_bytes(Path(path), save(contiguous, metadata={"earmark": text}))

    @classmethod
    def load(cls, path: str | Path) -> MapExplanation:
        """Read what ``save`` wrote.

        Raises
        ------
        ExplanationError
            If the file is missing, no map, incomplete, or of another schema.
        """
        from safetensors import SafetensorError, safe_open

        path = Path(path)
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            facts = json.loads(metadata.get("earmark", "null"))
        except OSError as error:
            raise ExplanationError(str(error.strerror or error), remedy="Check the path", where=path) from error
        except (SafetensorError, ValueError) as error:
            raise ExplanationError(
                f"no map in it ({error})", remedy="Give a file that MapExplanation.save wrote", where=path
            ) from error
        schema = facts.get("schema") if isinstance(facts, dict) else None
        if schema != SCHEMA:
            raise ExplanationError(
                f"schema {schema!r}, this version reads {SCHEMA!r}",
                remedy="Make it again, or use the version of earmark that wrote it",
                where=path,
            )
        try:
            return _from_parts(facts, arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise ExplanationError(
                f"the map is incomplete ({type(error).__name__}: {error})", remedy="Make it again", where=path
            ) from error


def _from_parts(facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> MapExplanation:
    recipe = dict(facts["recipe"])
    recipe["contrast"] = tuple(recipe["contrast"]) if recipe["contrast"] else None
    return MapExplanation(
        targets=tuple(facts["targets"]),
        values=arrays["values"],
        frame_s=arrays["frame_s"],
        bin_hz=arrays["bin_hz"],
        base=arrays["base"],
        full=arrays["full"],
        scores=arrays["scores"],
        gap=arrays.get("gap"),
        signed=bool(facts["signed"]),
        scale=str(facts["scale"]),
        duration_s=float(facts["duration_s"]),
        model=ModelFacts(**facts["model"]),
        clip=ClipFacts(**(facts["clip"] | {"conversion": tuple(facts["clip"]["conversion"])})),
        recipe=MapRecipe(**recipe),
        diagnostics=dict(facts["diagnostics"]),
    )


def _inside(centres: Floats, low: float | None, high: float | None) -> NDArray[np.bool_]:
    inside = np.ones(len(centres), dtype=np.bool_)
    if low is not None:
        inside &= centres >= low
    if high is not None:
        inside &= centres < high
    return inside
