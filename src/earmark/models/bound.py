"""A classifier that reads lyrics, with the lyrics it is to read: then it is one of sounds like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from torch import Tensor

from earmark.models.classifier import Activation, Classifier, InputSpec


class Bound:
    """A classifier of sounds that all have the same words; made by ``with_lyrics``.

    Parameters
    ----------
    of : the classifier that reads them.
    lyrics : the words; None for a sound without any.
    ask : waveforms ``(B, channels, samples)`` → probabilities ``(B, K)``.
    """

    def __init__(self, of: Classifier, lyrics: str | None, ask: Callable[[Tensor], Tensor]) -> None:
        self.of = of
        self.lyrics = lyrics
        self._ask = ask

    @property
    def name(self) -> str:
        """What to call it."""
        return self.of.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names."""
        return self.of.labels

    @property
    def input(self) -> InputSpec:
        """What sound it takes."""
        return self.of.input

    @property
    def activation(self) -> Activation:
        """That of the classifier."""
        return self.of.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over that of the classifier and the words."""
        return hashlib.sha256(f"{self.of.fingerprint} {self.lyrics!r}".encode()).hexdigest()

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, channels, samples)``."""
        return self._ask(batch)
