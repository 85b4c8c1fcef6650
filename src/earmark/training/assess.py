"""How good a trained classifier is on the test items, and how much that figure can be relied on.

Always beside two baselines, always with intervals by group. This alone opens the test items; how often it did so for a
bundle is written into the bundle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from earmark.data.dataset import Dataset, Problem
from earmark.data.split import Split
from earmark.errors import DatasetError, SettingError
from earmark.files import write_text
from earmark.models.classifier import Classifier
from earmark.models.joint import JointClassifier
from earmark.models.text.lyrics_classifier import LyricsClassifier
from earmark.training import baselines
from earmark.training.answers import answers
from earmark.training.calibration import temperature, with_temperature
from earmark.training.progress import Watch
from earmark.training.scores import Interval, Judged, Scores, difference, score, vote

OPENINGS = "openings.json"
Watching = Callable[[str], AbstractContextManager[Watch | None]]
"""Gives a watch for each stretch of work, by its title: ``Console.watch`` is one."""


@dataclass(frozen=True)
class Baseline:
    """A baseline on the same clips, and by how much the model is more accurate than it."""

    name: str
    scores: Scores
    model_minus_this: Interval


@dataclass(frozen=True)
class Calibration:
    """Temperature scaling, found on the validation clips, and what it does to the test clips."""

    temperature: float
    validation_clips: int
    before: Scores
    after: Scores


@dataclass(frozen=True)
class Noise:
    """The test clips with white noise at this signal-to-noise ratio, dB of power."""

    snr_db: float
    accuracy: Interval
    macro_f1: Interval


@dataclass(frozen=True)
class Assessment:
    """All of it.

    Parameters
    ----------
    model, fingerprint : of the classifier.
    dataset, split, split_fingerprint, leaky : what it was judged on.
    group : what the intervals draw.
    labels : K.
    clips : by clip. ``slices``: by slice, where it works on slices. ``songs``: by track, the mean over its clips,
        where a track has several.
    baselines : on the same clips.
    calibration : None without validation clips.
    noise : one a ratio asked for.
    openings : how often the test items of this split have been opened for this bundle, with this time; 0: not counted.
    problems : test items that could not be used.
    unit : what was judged: "clip", or "text" by a model of words alone.
    seed : of bootstrap and noise.
    """

    model: str
    fingerprint: str
    dataset: str
    split: str
    split_fingerprint: str
    leaky: bool
    group: str
    labels: tuple[str, ...]
    clips: Scores
    slices: Scores | None
    songs: Scores | None
    baselines: tuple[Baseline, ...]
    calibration: Calibration | None
    noise: tuple[Noise, ...]
    openings: int
    problems: tuple[Problem, ...]
    unit: str
    seed: int

    def document(self) -> dict[str, object]:
        """For JSON."""
        return {"schema": "earmark.assessment", "version": 1, **asdict(self)}


def assess(
    classifier: Classifier,
    dataset: Dataset,
    split: Split,
    *,
    snrs_db: Sequence[float] = (),
    draws: int = 1000,
    seed: int = 0,
    folder: str | Path | None = None,
    watching: Watching | None = None,
) -> Assessment:
    """Judge a classifier by the test items.

    Parameters
    ----------
    classifier : whose labels contain those of the data set.
    dataset, split : the training items fit the baselines, the validation items the temperature.
    snrs_db : signal-to-noise ratios at which to ask again.
    draws, seed : of the bootstrap; the seed also of the noise.
    folder : of the bundle, where the opening is noted.
    watching : for progress.

    Raises
    ------
    DatasetError
        If the split is of another data set, has no test items, or labels are unknown to the classifier.
    SettingError
        If the classifier is a bundle trained on items that are test items of this split.
    """
    if split.dataset != dataset.fingerprint:
        raise DatasetError(
            f"the split {split.name!r} is of another data set, or files were added since",
            remedy="Make the split again",
            where=dataset.name,
        )
    if not split.test:
        raise DatasetError("there are no test items", remedy="Split off some", where=split.name)
    _refuse_learnt(classifier, split)
    title = watching or (lambda text: nullcontext(None))
    if snrs_db and isinstance(classifier, LyricsClassifier):
        raise SettingError("it reads words, noise does not reach it", remedy="Leave --noise out", where=classifier.name)
    training, testing = dataset.subset(split.train), dataset.subset(split.test)
    group = "artist" if split.group == "artist" else "track"
    openings = note_opening(Path(folder), split) if folder is not None else 0

    def measured(judged: Judged) -> Scores:
        return score(judged, seed=seed, draws=draws)

    with title("asking about test items") as watch:
        found = answers(classifier, testing, group=group, watch=watch)
    readable = testing.subset(found.kept)
    clips = measured(found.clips)
    compared = []
    for name, said in _beside(classifier, training, readable, found.clips, group, seed, title):
        compared.append(Baseline(name, measured(said), difference(found.clips, said, seed=seed, draws=draws)))
    calibration = None
    if split.validation:
        with title("asking about validation items") as watch:
            held_out = answers(classifier, dataset.subset(split.validation), watch=watch).clips
        factor = temperature(held_out.probabilities, held_out.truth)
        scaled = replace(found.clips, probabilities=with_temperature(found.clips.probabilities, factor))
        calibration = Calibration(factor, len(held_out.truth), clips, measured(scaled))
    noise = []
    for snr in snrs_db:
        with title(f"asking at {snr:g} dB") as watch:
            noised = measured(answers(classifier, readable, group=group, snr_db=snr, seed=seed, watch=watch).clips)
        noise.append(Noise(snr, noised.accuracy, noised.macro_f1))
    # A track whose clips have several classes (an artist's two songs, called one group) has no class to vote for.
    classes = len(set(zip(found.songs, found.clips.truth.tolist(), strict=True)))
    several = classes == len(set(found.songs)) < len(found.songs)
    return Assessment(
        model=classifier.name,
        fingerprint=classifier.fingerprint,
        dataset=dataset.name,
        split=split.name,
        split_fingerprint=split.fingerprint,
        leaky=split.leaky,
        group=group,
        labels=classifier.labels,
        clips=clips,
        slices=measured(found.slices) if found.slices is not None else None,
        songs=measured(vote(found.clips, found.songs)) if several else None,
        baselines=tuple(compared),
        calibration=calibration,
        noise=tuple(noise),
        openings=openings,
        problems=found.problems,
        unit="text" if isinstance(classifier, LyricsClassifier) else "clip",
        seed=seed,
    )


def _beside(
    classifier: Classifier,
    training: Dataset,
    testing: Dataset,
    judged: Judged,
    group: str,
    seed: int,
    title: Watching,
) -> list[tuple[str, Judged]]:
    """What the model is compared with: baselines, and the heads of a joint one that know one half alone."""
    found = [("most frequent class", baselines.majority(training, judged))]
    if training.columns or all(item.sound for item in (*training.items, *testing.items)):
        with title("describing sounds for the baseline") as watch:
            regression = baselines.logistic_regression(training, testing, judged, seed=seed, watch=watch)
        found.append(("logistic regression on descriptors", regression))
    if isinstance(classifier, LyricsClassifier | JointClassifier) and all(item.lyrics for item in testing.items):
        found.append(("logistic regression on words", baselines.words(training, testing, judged, seed=seed)))
    if isinstance(classifier, JointClassifier):
        for modality, name in (("audio", "its audio-only head"), ("text", "its text-only head")):
            with title(f"asking {name}") as watch:
                half = classifier.half("audio" if modality == "audio" else "text")
                found.append((name, answers(half, testing, group=group, watch=watch).clips))
    return found


def note_opening(folder: Path, split: Split) -> int:
    """Count one more opening of a split's test items into the bundle; returns the count.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = folder / OPENINGS
    counts: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    counts[split.fingerprint] = counts.get(split.fingerprint, 0) + 1
    write_text(path, json.dumps(counts, indent=1, sort_keys=True) + "\n")
    return counts[split.fingerprint]


def _refuse_learnt(classifier: Classifier, split: Split) -> None:
    """A bundle of ours knows its split: another one of the same data set would judge it by what it has learnt."""
    card = getattr(classifier, "card", None)
    record = getattr(card, "training", None)
    if record is None or record.dataset_fingerprint != split.dataset or split.leaky:
        return
    if record.split_fingerprint != split.fingerprint:
        raise SettingError(
            f"was trained on the split {record.split!r} of this data set, not on {split.name!r}",
            remedy="Assess it on its own split (leave the split's options out), or train it on this one",
            where=classifier.name,
        )
