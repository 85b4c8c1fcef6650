"""Sounds of a few clips: what each method's mask keeps and removes, beside a random mask and the loudest cells."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.explain.game import Floats
from earmark.files import write_text
from earmark.listen.masks import make_mask
from earmark.listen.spectral import masked_waveforms
from earmark.metrics.baselines import energy_mask, random_masks
from earmark.metrics.experiment.plan import Plan
from earmark.metrics.experiment.rows import Facts
from earmark.metrics.experiment.subject import Subject
from earmark.models.classifier import Differentiable

Waveform = NDArray[np.float32]

FOLDER = "sounds"
ORIGINAL = "original"


@dataclass(frozen=True)
class Sample:
    """A sound on disk.

    Parameters
    ----------
    clip, about : name of the clip's folder, and what is heard: its class and what the model takes it for.
    method : a method, "random", "energy" or "original".
    part : "kept", "removed", or "" for the original.
    path : of the file.
    """

    clip: str
    about: str
    method: str
    part: str
    path: Path


def write_sounds(
    subject: Subject, facts: Facts, plan: Plan, found: Mapping[str, Floats], folder: Path
) -> tuple[Sample, ...]:
    """Kept and removed part of a clip for the first mask of equal area, at the clip's own rate and channels.

    Kept and removed sum to the original; all share one gain, so that no version exceeds full scale.
    """
    clip = subject.clip
    masks = {name: make_mask(values, plan.equal_masks[0]).values for name, values in found.items()}
    if not masks:
        return ()
    some = next(iter(masks.values()))
    rng = np.random.default_rng([plan.seed, facts.number, zlib.crc32(b"sounds")])
    masks |= {"random": random_masks(some, 1, rng)[0], "energy": energy_mask(some, subject.energy)}
    kept = _rendered(subject, np.stack(list(masks.values())))
    removed = clip.waveform - kept
    peak = max(float(np.abs(one).max()) for one in (clip.waveform, kept, removed))
    gain = np.float32(1.0 if peak <= 1.0 else (1.0 - 1e-6) / peak)
    name = f"{facts.number:02d}_{PurePosixPath(facts.clip).stem}"
    place = folder / FOLDER / name
    about = f"taken for {subject.label} (probability {subject.full[subject.row]:.2f})"
    about = f"{facts.truth}, {about}" if facts.truth else about
    samples = [_write(clip, np.asarray(clip.waveform * gain), place, name, about, ORIGINAL, "")]
    for at, method in enumerate(masks):
        samples.append(_write(clip, np.asarray(kept[at] * gain), place, name, about, method, "kept"))
        samples.append(_write(clip, np.asarray(removed[at] * gain), place, name, about, method, "removed"))
    write_text(place / "about.txt", about + "\n")
    return tuple(samples)


def samples_in(folder: Path) -> tuple[Sample, ...]:
    """The sounds that a run wrote, clip by clip, the original first."""
    found = []
    for place in sorted((folder / FOLDER).glob("*/")):
        about = (place / "about.txt").read_text(encoding="utf-8").strip()
        for path in sorted(place.glob("*.flac"), key=lambda path: (path.stem != ORIGINAL, path.stem)):
            method, _, part = path.stem.rpartition("_")
            found.append(Sample(place.name, about, method or ORIGINAL, part if method else "", path))
    return tuple(found)


def _rendered(subject: Subject, masks: Floats) -> Waveform:
    """What masks keep, ``(B, channels, samples)`` at the clip's own rate and channels."""
    classifier = subject.case.classifier
    if subject.frames is not None and isinstance(classifier, Differentiable):
        whole = subject.whole(masks)
        heard: Waveform = masked_waveforms(subject.clip, classifier.front_end, whole).numpy()
        return heard
    rendered: Waveform = subject.case.components.on(subject.clip).render(masks).numpy()
    return rendered


def _write(clip: Clip, waveform: Waveform, place: Path, name: str, about: str, method: str, part: str) -> Sample:
    path = place / (f"{method}_{part}.flac" if part else f"{method}.flac")
    write(replace(clip, waveform=waveform), path)
    return Sample(name, about, method, part, path)
