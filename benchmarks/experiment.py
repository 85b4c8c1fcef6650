"""Masks of several methods judged in batches, against one masked spectrogram after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.record import Benchmark, Row, ratios
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.audio.clip import Clip
from earmark.audio.demo import demo_track
from earmark.explain.game import Floats
from earmark.listen.masks import make_masks
from earmark.listen.spectral import masked_spectrograms
from earmark.metrics.baselines import energy_mask, random_masks
from earmark.metrics.complexity import entropy, sparseness
from earmark.metrics.experiment.noise import Noise
from earmark.metrics.experiment.plan import Plan
from earmark.metrics.experiment.rows import Facts, rows_of
from earmark.metrics.experiment.subject import open_subject
from earmark.models.bundle import Card
from earmark.models.tagger import Tagger
from earmark.models.zoo.cnn_mel import DEFAULTS, CnnMel


@dataclass(frozen=True)
class Settings:
    """Masks that are judged, evaluations of LIME and of Shapley values, rounds."""

    masks: tuple[str, ...]
    samples: int
    rounds: int


FULL, TINY = Settings(Plan().masks, 512, 3), Settings(("binary", "top_30", "area:30"), 148, 1)
METHODS = ("saliency", "grad_cam", "lime", "shapley")
SECONDS, CLIPS = 5.0, 40


def run(settings: Settings) -> Benchmark:
    """Wall times of one clip, and their ratios."""
    classifier, clip = network(), sound()
    plan = Plan(METHODS, settings.masks, noises=(Noise("clean"),), samples=settings.samples, sounds=0)
    facts = Facts(0, clip.name, "", "clean", math.nan)
    first = open_subject(clip, classifier, plan)
    found = {name: first.attributions(name, plan).values for name in METHODS}
    known = {name: values for name, values in found.items() if values is not None}
    names = tuple(known)

    def judged() -> None:
        rows_of(open_subject(clip, classifier, plan), facts, plan, names, known)

    def judged_one_by_one() -> None:
        for values in known.values():
            one_by_one(classifier, clip, plan, values, first.row)

    def whole() -> None:
        subject = open_subject(clip, classifier, plan)
        made = {name: subject.attributions(name, plan).values for name in names}
        rows_of(subject, facts, plan, names, {name: v for name, v in made.items() if v is not None})

    calls: dict[str, Callable[[], None]] = {"judged": judged, "loop": judged_one_by_one, "whole": whole}
    laps = {name: seconds(each) for name, each in interleaved(calls, settings.rounds, Stopwatch()).items()}
    # In the loop, every mask asks for its attributions anew.
    attributed = [max(0.0, w - j) for w, j in zip(laps["whole"], laps["judged"], strict=True)]
    masks = len(plan.masks)
    loops = [loop + masks * a for loop, a in zip(laps["loop"], attributed, strict=True)]
    rows = (
        Row(
            "one by one ÷ earmark: the whole experiment", "×", ratios(loops, laps["whole"]), at_least=10.0,
            note="one by one, attributions are made for every mask anew",
        ),
        Row(
            "one by one ÷ earmark: judging alone", "×", ratios(laps["loop"], laps["judged"]),
            note="attributions are given to both; what is left is front end, masks and network",
        ),
        Row("earmark: one clip", "s", tuple(laps["whole"]), note="4 methods, all masks, baselines"),
        Row(
            f"earmark: {CLIPS} clips", "min", tuple(CLIPS * s / 60 for s in laps["whole"]), at_most=10.0,
            note="scaled up from one",
        ),
    )  # fmt: skip
    setup = (
        f"{SECONDS:g} s of the demo track, cnn_mel (10 classes, random weights), {', '.join(METHODS)} "
        f"({settings.samples} evaluations, a grid of 6 × 6), {masks} masks, beside each a random and an energy mask, "
        "kept and removed part. One by one: front end, mask and network for one masked spectrogram after the other."
    )
    return Benchmark("experiment", "An experiment: methods × masks", setup, rows)


def network() -> Tagger:
    """cnn_mel for 10 classes with weights drawn from a fixed seed."""
    labels = tuple(f"class {n}" for n in range(10))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = CnnMel(len(labels))
    card = Card("cnn_mel", "cnn_mel", dict(DEFAULTS.settings), labels, "softmax", DEFAULTS.front_end)
    return Tagger(card, net)


def sound() -> Clip:
    """The beginning of the demo track, mono, at the network's rate."""
    track = demo_track(DEFAULTS.front_end.sample_rate).clip.span(0.0, SECONDS)
    return Clip(track.waveform.mean(axis=0), track.sample_rate)


def one_by_one(classifier: Tagger, clip: Clip, plan: Plan, values: Floats, row: int) -> list[tuple[float, ...]]:
    """The literal loop: FF, AI, AD, AG, Fid-In and sizes of each mask, each masked spectrogram made and asked alone.

    Parameters
    ----------
    classifier, clip, plan : as for ours.
    values : attributions of one method, ``(bins, frames that are heard)``.
    row : the class.
    """
    waveform = torch.from_numpy(clip.waveform.copy())
    rng = np.random.default_rng(0)

    def ask(mask: Floats) -> Floats:
        with torch.inference_mode():
            behind = frames - mask.shape[1]
            padded = np.concatenate([mask, np.repeat(mask[:, -1:], behind, axis=1)], axis=1)
            masked = masked_spectrograms(classifier.front_end, waveform, padded[None])
            scores = classifier.logits(masked[:, :, : mask.shape[1]]).softmax(1)
        p: Floats = scores[0].double().numpy()
        return p

    seen = classifier.front_end(waveform[None])[0].double().numpy()
    frames, energy = seen.shape[1], seen[:, : values.shape[1]]
    full = ask(np.ones_like(values))
    found = []
    for mask in make_masks(values, plan.masks):
        loudest = energy_mask(mask.values, energy - energy.min())
        for tried in (mask.values, random_masks(mask.values, 1, rng)[0], loudest):
            kept, removed = ask(tried), ask(1.0 - tried)
            p, into = full[row], kept[row]
            sizes = (sparseness(tried), entropy(tried)) if tried.any() else (math.nan, math.nan)
            found.append(
                (
                    p - removed[row], 100.0 * (into > p), 100 * max(0.0, p - into) / p,
                    100 * max(0.0, into - p) / (1 - p), float(kept.argmax() == row), *sizes,
                )
            )  # fmt: skip
    return found
