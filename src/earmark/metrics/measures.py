"""What was measured of an explanation: figures beside those of the baselines, and a verdict. JSON in and out."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from earmark.errors import ExplanationError, UnknownNameError
from earmark.files import write_text

SCHEMA = "earmark.measures/1"


@dataclass(frozen=True)
class Figure:
    """One measure in one domain, beside the same measure of masks that know nothing of the model.

    Parameters
    ----------
    metric : registered name.
    domain : "audio" (after the round trip through sound), "spectrogram", or "" where no sound is involved.
    value : of the explanation.
    better : "higher", "lower" or "" where neither is.
    random, random_sd : mean and standard deviation over random masks of equal area and grain.
    beaten : share of the random masks that do worse than the explanation; None where nothing is better or worse.
    energy : of the mask of equal area that keeps what is loudest.
    ones, zeros : of the mask that keeps everything, and nothing. None where the measure says nothing about it.
    """

    metric: str
    domain: str
    value: float
    better: str
    random: float | None = None
    random_sd: float | None = None
    beaten: float | None = None
    energy: float | None = None
    ones: float | None = None
    zeros: float | None = None


@dataclass(frozen=True)
class Gap:
    """How a measure differs between masked spectrogram and masked sound: ``spectrogram − audio``."""

    metric: str
    value: float


@dataclass(frozen=True)
class Trust:
    """Whether to rely on an explanation.

    Parameters
    ----------
    verdict : "yes", "with care" or "no".
    sentence : in plain words.
    rules : each rule that was asked and what it found, as "ok: …", "caution: …", "failed: …", "not shown: …"
        or "not asked: …".
    """

    verdict: str
    sentence: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Measures:
    """All that was measured of one explanation.

    Parameters
    ----------
    method, components : of the explanation; ``components`` is "cells" for a map.
    label : whose attributions.
    mask, area, mask_notes : the mask that was judged, its share of the cells, and what its rule had to decide.
    score : of the label, for the clip as it is.
    figures, gaps : what was found.
    only_audio : why there is no spectrogram version; "" where there is one.
    draws, orders : random masks, and random orders, behind the baselines.
    seed : of all random draws.
    evaluations : masked versions that the classifier scored.
    model_fingerprint, clip_fingerprint : what it is about.
    trust : the verdict.
    left_out : measures that were asked for and that these attributions cannot be given, each with the reason.
    """

    method: str
    components: str
    label: str
    mask: str
    area: float
    mask_notes: tuple[str, ...]
    score: float
    figures: tuple[Figure, ...]
    gaps: tuple[Gap, ...]
    only_audio: str
    draws: int
    orders: int
    seed: int
    evaluations: int
    model: str
    model_fingerprint: str
    clip: str
    clip_fingerprint: str
    trust: Trust
    version: str
    left_out: tuple[str, ...] = ()

    def figure(self, metric: str, domain: str | None = None) -> Figure:
        """One figure; by default of the domain "audio" where the measure has domains.

        Raises
        ------
        UnknownNameError
            If it was not measured.
        """
        found = [f for f in self.figures if f.metric == metric and (domain is None or f.domain == domain)]
        if not found:
            raise UnknownNameError("measured metric", metric, dict.fromkeys(f.metric for f in self.figures))
        return found[0]

    def to_dict(self) -> dict[str, Any]:
        """JSON values only; see ``SCHEMA`` for the version."""
        facts: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"schema": SCHEMA} | facts

    def save(self, path: str | Path) -> Path:
        """Write as JSON; under its final name only once it is whole."""
        return write_text(Path(path), json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n")

    def csv_text(self) -> str:
        """One row a figure, as CSV with a header."""
        out = io.StringIO()
        columns = list(asdict(self.figures[0])) if self.figures else []
        writer = csv.DictWriter(out, ["label", "mask", *columns], lineterminator="\n")
        writer.writeheader()
        for figure in self.figures:
            writer.writerow({"label": self.label, "mask": self.mask} | asdict(figure))
        return out.getvalue()

    def to_csv(self, path: str | Path) -> Path:
        """Write ``csv_text``; under its final name only once it is whole."""
        return write_text(Path(path), self.csv_text())

    @classmethod
    def load(cls, path: str | Path) -> Measures:
        """Read what ``save`` wrote.

        Raises
        ------
        ExplanationError
            If the file cannot be read, is of another schema, or is incomplete.
        """
        path = Path(path)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ExplanationError(str(error.strerror), remedy="Check the path", where=path) from error
        except ValueError as error:
            raise ExplanationError(
                f"no measures in it ({error})", remedy="Give what earmark measure wrote", where=path
            ) from error
        return cls.from_dict(data, where=str(path))

    @classmethod
    def from_dict(cls, data: Any, *, where: str = "measures") -> Measures:
        """The inverse of ``to_dict``; raises as ``load``."""
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise ExplanationError(
                f"schema {schema!r}, this version reads {SCHEMA!r}", remedy="Measure again", where=where
            )
        facts = {key: value for key, value in data.items() if key != "schema"}
        try:
            return cls(
                **facts
                | {
                    "mask_notes": tuple(facts["mask_notes"]),
                    "figures": tuple(Figure(**f) for f in facts["figures"]),
                    "gaps": tuple(Gap(**g) for g in facts["gaps"]),
                    "left_out": tuple(facts.get("left_out", ())),
                    "trust": Trust(**facts["trust"] | {"rules": tuple(facts["trust"]["rules"])}),
                }
            )
        except (KeyError, TypeError) as error:
            raise ExplanationError(
                f"the measures are incomplete ({type(error).__name__}: {error})", remedy="Measure again", where=where
            ) from error
