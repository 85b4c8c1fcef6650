"""The rows of one clip: every noise, method and mask, and beside each mask a random and an energy mask of its area."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from earmark.explain.game import Floats
from earmark.listen.masks import make_masks
from earmark.metrics import faithfulness
from earmark.metrics.baselines import laid_out, random_masks
from earmark.metrics.complexity import entropy, sparseness
from earmark.metrics.experiment.plan import Plan
from earmark.metrics.experiment.subject import Subject

SOURCES = ("mask", "random", "energy", "ones", "zeros")
MEASURES = ("ff", "ai", "ad", "ag", "fid_in")
SIZES = ("sparseness", "entropy", "area")
_NAN = float("nan")


@dataclass(frozen=True)
class Row:
    """One row of the table. Figures that cannot be given are NaN (null in the files).

    Parameters
    ----------
    number, clip : of the clip in the run, and its path in the data set.
    truth, predicted, score : its class, the class that is explained, and that class's probability.
    noise : condition.
    snr_db : signal to noise, dB; NaN where clean.
    method, mask : whose mask; "" for ones and zeros.
    source : "mask": the method's own; "random", "energy": the same values in random places, or where the sound is
        loudest; "ones", "zeros": everything kept, nothing kept.
    sparseness, entropy, area : of the mask; entropy in nats, area a share of the cells.
    ff, ai, ad, ag, fid_in : on the masked spectrogram; AI, AD, AG in per cent.
    ff_audio … : the same on the masked sound, heard through the front end again.
    ff_gap … : spectrogram minus audio.
    note : what the mask had to decide, or why there are no figures.
    """

    number: int
    clip: str
    truth: str
    predicted: str
    score: float
    noise: str
    snr_db: float
    method: str
    mask: str
    source: str
    sparseness: float
    entropy: float
    area: float
    ff: float = _NAN
    ai: float = _NAN
    ad: float = _NAN
    ag: float = _NAN
    fid_in: float = _NAN
    ff_audio: float = _NAN
    ai_audio: float = _NAN
    ad_audio: float = _NAN
    ag_audio: float = _NAN
    fid_in_audio: float = _NAN
    ff_gap: float = _NAN
    ai_gap: float = _NAN
    ad_gap: float = _NAN
    ag_gap: float = _NAN
    fid_in_gap: float = _NAN
    note: str = ""


FIGURES = tuple(field.name for field in fields(Row) if field.type == "float" and field.name not in ("score", "snr_db"))
"""Columns that are figures: sizes, then measures in the spectrogram, in the audio, and the gap."""


@dataclass(frozen=True)
class Facts:
    """What all rows of a clip under one condition share."""

    number: int
    clip: str
    truth: str
    noise: str
    snr_db: float


def rows_of(subject: Subject, facts: Facts, plan: Plan, methods: Sequence[str], found: dict[str, Floats]) -> list[Row]:
    """The rows of some methods on one sound, then those of ones and zeros.

    Parameters
    ----------
    subject : the sound.
    facts : what the rows share.
    plan : masks, seed.
    methods : in the order of the rows; those without attributions are told by ``reason_row``.
    found : their attributions.
    """
    rows = []
    loudest = np.argsort(-subject.energy, axis=None, kind="stable")
    for method in methods:
        masks = make_masks(found[method], plan.masks)
        rng = np.random.default_rng([plan.seed, facts.number, zlib.crc32(f"{facts.noise} {method}".encode())])
        # Masks that came out equal share their random mask.
        drawn: dict[bytes, Floats] = {}
        for mask in masks:
            key = mask.values.tobytes()
            if key not in drawn:
                drawn[key] = random_masks(mask.values, 1, rng)[0]
        random = [drawn[mask.values.tobytes()] for mask in masks]
        energy = [laid_out(mask.values, loudest) for mask in masks]
        stack = np.stack([*(mask.values for mask in masks), *random, *energy])
        figures = _measured(subject, stack)
        # A mask's baselines have its values in other places, so its sizes too.
        sizes = [_sizes(mask.values) for mask in masks]
        for source, first in (("mask", 0), ("random", len(masks)), ("energy", 2 * len(masks))):
            for place, mask in enumerate(masks):
                note = "; ".join(mask.notes) if source == "mask" else ""
                at = first + place
                rows.append(_row(subject, facts, method, mask.name, source, sizes[place], figures[at], note))
    shape = subject.energy.shape
    stack = np.stack([np.ones(shape), np.zeros(shape)])
    figures = _measured(subject, stack)
    for at, source in enumerate(("ones", "zeros")):
        rows.append(_row(subject, facts, "", "", source, _sizes(stack[at]), figures[at], ""))
    return rows


def reason_row(subject: Subject, facts: Facts, method: str, reason: str) -> Row:
    """The one row of a method that has nothing to say about a sound."""
    row = subject.row
    return Row(
        facts.number, facts.clip, facts.truth, subject.label, _plain(subject.full[row]), facts.noise, facts.snr_db,
        method, "", "mask", _NAN, _NAN, _NAN, note=reason,
    )  # fmt: skip


def _row(
    subject: Subject,
    facts: Facts,
    method: str,
    mask: str,
    source: str,
    sizes: tuple[float, float, float],
    figures: dict[str, float],
    note: str,
) -> Row:
    return Row(
        facts.number, facts.clip, facts.truth, subject.label, _plain(subject.full[subject.row]), facts.noise,
        facts.snr_db, method, mask, source,
        *sizes,
        **figures,
        note=note,
    )  # fmt: skip


def _sizes(mask: Floats) -> tuple[float, float, float]:
    """Sparseness, entropy, area; of a mask of zeros only the area."""
    if not mask.any():
        return _NAN, _NAN, 0.0
    return _plain(sparseness(mask)), _plain(entropy(mask)), _plain(mask.mean())


def _measured(subject: Subject, masks: Floats) -> list[dict[str, float]]:
    """Measures of masks ``(B, *shape)`` in every domain, by column."""
    rows: list[dict[str, float]] = [{} for _ in masks]
    classes = [subject.row] * len(masks)
    for domain in subject.domains:
        whole = subject.scores(domain, np.ones((1, *masks.shape[1:])))
        kept, removed = subject.scores(domain, masks), subject.scores(domain, 1.0 - masks)
        full = np.repeat(whole, len(masks), axis=0)
        taken = {
            "ff": faithfulness.ff(full, removed, classes),
            "ai": faithfulness.ai(full, kept, classes),
            "ad": faithfulness.ad(full, kept, classes),
            "ag": faithfulness.ag(full, kept, classes),
            "fid_in": faithfulness.fid_in(full, kept, classes),
        }
        suffix = "_audio" if domain.name == "audio" else ""
        for at, row in enumerate(rows):
            row.update({name + suffix: _plain(values[at]) for name, values in taken.items()})
    for row in rows:
        if "ff" in row and "ff_audio" in row:
            row.update({f"{name}_gap": _plain(row[name] - row[f"{name}_audio"]) for name in MEASURES})
    return rows


def _plain(value: float) -> float:
    # Six decimals: what lies beyond is the rounding of float32.
    number = round(float(value), 6)
    return 0.0 if number == 0 and not math.isnan(number) else number
