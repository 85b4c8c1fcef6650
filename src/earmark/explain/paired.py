"""A classifier of sound and words, asked about many mixtures of both: each half of a mask is worked out once.

A mask of a clip with lyrics falls into two halves. A classifier that embeds sound and text apart (``Separable``) needs
the embedding of each distinct half only once, however many masks share it; what is left is its head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from earmark.components.lyrics import SoundAndText
from earmark.errors import CapabilityError
from earmark.explain.game import Bools
from earmark.models.classifier import Classifier, ReadsLyrics


@runtime_checkable
class Separable(Protocol):
    """A classifier whose scores are a function of an embedding of the sound and one of the text."""

    def audio_embedding(self, batch: Tensor) -> Tensor:
        """``(B, D)`` of waveforms ``(B, channels, samples)``."""
        ...

    def text_embedding(self, texts: Sequence[str | None]) -> Tensor:
        """``(B, D)`` of texts."""
        ...

    def head(self, audio: Tensor, text: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of both, row by row."""
        ...


@runtime_checkable
class ReadsOnly(Protocol):
    """A classifier of words alone."""

    def text_scores(self, texts: Sequence[str]) -> Tensor:
        """Probabilities ``(B, K)``."""
        ...


class Halves:
    """Rows that were worked out for halves of masks, by half; ``made`` counts them.

    Parameters
    ----------
    make : halves ``(B, m)`` → rows ``(B, D)``.
    """

    def __init__(self, make: Callable[[Bools], Tensor]) -> None:
        self._make = make
        self._rows: dict[bytes, Tensor] = {}

    @property
    def made(self) -> int:
        """Distinct halves so far."""
        return len(self._rows)

    def rows(self, halves: Bools) -> Tensor:
        """``(B, D)``; those that are known are not made again."""
        keys = [row.tobytes() for row in np.packbits(halves, axis=1)]
        first = {key: place for place, key in reversed(list(enumerate(keys))) if key not in self._rows}
        if first:
            new = sorted(first.values())
            for place, row in zip(new, self._make(halves[new]), strict=True):
                self._rows[keys[place]] = row
        return torch.stack([self._rows[key] for key in keys])


@dataclass(frozen=True, eq=False)
class Paired:
    """Masks ``(B, n)`` of a clip with lyrics → scores ``(B, K)``; made by ``pair``.

    Parameters
    ----------
    sound : how many components the sound has.
    audio, text : what was worked out for halves; None where the classifier has no such half of its own.
    join : halves of the sound ``(B, …)`` and of the text → scores.
    """

    sound: int
    audio: Halves | None
    text: Halves | None
    join: Callable[[Bools, Bools], Tensor]

    def __call__(self, masks: Bools) -> Tensor:
        """Scores ``(B, K)``."""
        return self.join(masks[:, : self.sound], masks[:, self.sound :])


def pair(classifier: Classifier, components: SoundAndText) -> Paired:
    """How a classifier is asked about a clip and its lyrics.

    Raises
    ------
    CapabilityError
        If it reads no lyrics.
    """
    sound = components.blocks[0]

    def waveforms(halves: Bools) -> Tensor:
        return components.render(_whole(halves, components, 0))

    def texts(halves: Bools) -> list[str]:
        return components.texts(_whole(halves, components, sound))

    if isinstance(classifier, ReadsOnly):
        reader = classifier
        answers = Halves(lambda halves: reader.text_scores(texts(halves)))
        return Paired(sound, None, answers, lambda _, words: answers.rows(words))
    if isinstance(classifier, Separable):
        both = classifier
        audio = Halves(lambda halves: both.audio_embedding(waveforms(halves)))
        text = Halves(lambda halves: both.text_embedding(texts(halves)))
        return Paired(sound, audio, text, lambda heard, read: both.head(audio.rows(heard), text.rows(read)))
    if not isinstance(classifier, ReadsLyrics):
        raise CapabilityError(
            "does not read lyrics", remedy="Explain the sound alone, or choose a joint model", where=classifier.name
        )
    mixed, outputs = classifier, len(classifier.labels)

    def join(heard: Bools, read: Bools) -> Tensor:
        # Whatever it does with sound and words, it has to be asked about each mixture of them.
        rows = torch.empty((len(heard), outputs), dtype=torch.float64)
        words = texts(read)
        for each in dict.fromkeys(words):
            its = [place for place, word in enumerate(words) if word == each]
            rows[its] = mixed.with_lyrics(each).scores(waveforms(heard[its])).double().cpu()
        return rows

    return Paired(sound, None, None, join)


def _whole(halves: Bools, components: SoundAndText, first: int) -> Bools:
    every: Bools = np.ones((len(halves), components.n), dtype=np.bool_)
    every[:, first : first + halves.shape[1]] = halves
    return every
