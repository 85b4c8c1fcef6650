"""What a classifier says about the items of a data set: for each clip, and for each slice where it works on slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.read import read_item
from earmark.errors import AudioError, CapabilityError, DatasetError, LyricsError, SettingError
from earmark.models.classifier import Classifier, ReadsLyrics
from earmark.models.descriptor_classifier import DescriptorClassifier
from earmark.models.prepare import prepare
from earmark.models.scores import checked_scores
from earmark.models.tagger import Tagger
from earmark.models.text.lyrics_classifier import LyricsClassifier
from earmark.training.augment import noisy
from earmark.training.material import rows_of, targets_of
from earmark.training.progress import Watch
from earmark.training.scores import Judged


@dataclass(frozen=True, eq=False)
class Answers:
    """Judgements of the clips, of their slices (None for a classifier that hears a clip as a whole), and what failed.

    Parameters
    ----------
    clips : one a readable item.
    slices : one a slice.
    songs : the track of each clip.
    kept : places of the readable items.
    problems : items that could not be read or are too short.
    """

    clips: Judged
    slices: Judged | None
    songs: tuple[str, ...]
    kept: tuple[int, ...]
    problems: tuple[Problem, ...]


def answers(
    classifier: Classifier,
    dataset: Dataset,
    *,
    group: str = "track",
    snr_db: float | None = None,
    seed: int = 0,
    watch: Watch | None = None,
) -> Answers:
    """Ask the classifier about every item, with its lyrics where it reads them.

    An item that cannot be read is told in ``problems`` and left out.

    Parameters
    ----------
    classifier : whose labels contain those of the items.
    dataset : what to ask about.
    group : "track" or "artist": what intervals draw.
    snr_db : white noise is added to the prepared sound at this ratio of powers, in dB; None for none.
    seed : of the noise.
    watch : told of every item.

    Raises
    ------
    DatasetError
        If a label is unknown to the classifier, or no item can be read.
    """
    truth = targets_of(dataset, classifier.labels)
    groups = dataset.groups(group)
    if dataset.columns:
        return _of_rows(classifier, dataset, truth, groups, snr_db)
    if watch is not None:
        watch.planned = len(dataset.items)
    clips: list[NDArray[np.float64]] = []
    slices: list[NDArray[np.float64]] = []
    kept, problems = [], []
    for place, item in enumerate(dataset.items):
        if watch is not None:
            watch.before_batch()
        try:
            if isinstance(classifier, LyricsClassifier):
                said = _read(classifier, item)
            else:
                sound = torch.tensor(prepare(read_item(item), classifier.input).clip.waveform).unsqueeze(0)
                if snr_db is not None:
                    rng = np.random.default_rng([seed, place])
                    sound = noisy(sound[0], np.full(len(sound[0]), snr_db), rng).unsqueeze(0)
                asked = classifier.with_lyrics(item.lyrics) if isinstance(classifier, ReadsLyrics) else classifier
                said = _ask(asked, sound)
        except (AudioError, LyricsError) as error:
            problems.append(Problem(str(item.path), str(error)))
        else:
            kept.append(place)
            slices.append(said)
            clips.append(said.mean(axis=0))
        if watch is not None:
            watch.after_batch(1)
    if not kept:
        raise DatasetError(
            f"none of {len(dataset.items)} items can be used; the first: {problems[0].fact}",
            remedy="Check the data set with earmark data audit",
            where=dataset.name,
        )
    names = tuple(groups[place] for place in kept)
    repeats = [len(said) for said in slices]
    sliced = None
    if isinstance(classifier, Tagger):
        sliced = Judged(
            classifier.labels,
            truth[kept].repeat(repeats),
            np.concatenate(slices),
            tuple(name for name, count in zip(names, repeats, strict=True) for _ in range(count)),
        )
    return Answers(
        Judged(classifier.labels, truth[kept], np.stack(clips), names),
        sliced,
        tuple(dataset.items[place].track for place in kept),
        tuple(kept),
        tuple(problems),
    )


def _of_rows(
    classifier: Classifier,
    dataset: Dataset,
    truth: NDArray[np.int64],
    groups: tuple[str, ...],
    snr_db: float | None,
) -> Answers:
    """The same of a table of descriptors, whose rows are asked about all at once."""
    if not isinstance(classifier, DescriptorClassifier):
        raise CapabilityError(
            f"hears sound, and {dataset.name} is a table of descriptors",
            remedy="Give the sounds",
            where=classifier.name,
        )
    if snr_db is not None:
        raise SettingError("a table of descriptors takes no noise", remedy="Give the sounds", where="--noise")
    said = classifier.tabular.scores(rows_of(dataset, classifier.tabular.features))
    songs = tuple(item.track for item in dataset.items)
    return Answers(Judged(classifier.labels, truth, said, groups), None, songs, tuple(range(len(songs))), ())


def _read(classifier: LyricsClassifier, item: Item) -> NDArray[np.float64]:
    if item.lyrics is None:
        raise LyricsError("has no lyrics", remedy="Leave it out", where=item.path)
    said: NDArray[np.float64] = classifier.text_scores([item.lyrics]).numpy()
    return said


def _ask(classifier: Classifier, sound: torch.Tensor) -> NDArray[np.float64]:
    """Probabilities of the slices, or of the one clip: ``(S, K)``."""
    with torch.inference_mode():
        said = classifier.taggram(sound)[0] if isinstance(classifier, Tagger) else classifier.scores(sound)
    table = said.detach().cpu().numpy()
    rows: NDArray[np.float64] = checked_scores(table, len(table), len(classifier.labels), where=classifier.name)
    return rows
