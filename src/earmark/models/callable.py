"""Anything callable as a classifier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from earmark.errors import EarmarkError, ScoresError, SettingError
from earmark.models.classifier import Activation, InputSpec
from earmark.models.scores import checked_scores

ScoresFunction = Callable[[NDArray[np.float32], int], ArrayLike]


@dataclass(frozen=True, eq=False)
class CallableClassifier:
    """A function as a classifier; made by ``from_callable``. Every answer of the function is checked."""

    function: ScoresFunction
    name: str
    labels: tuple[str, ...]
    input: InputSpec
    activation: Activation

    @property
    def fingerprint(self) -> str:
        """sha256 of what is known: names, labels and input. A function's own weights are out of sight."""
        function = f"{getattr(self.function, '__module__', '')}.{getattr(self.function, '__qualname__', '')}"
        known = repr((self.name, function, self.labels, self.input, self.activation))
        return hashlib.sha256(known.encode()).hexdigest()

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)``, float64, of waveforms ``(B, channels, samples)``.

        The function gets the batch itself, without a copy, and may overwrite it.

        Raises
        ------
        ScoresError
            If the function raises, or returns something that is not ``(B, K)`` probabilities.
        """
        waveforms = batch.detach().cpu().numpy()
        try:
            answer = self.function(waveforms, self.input.sample_rate)
        except (EarmarkError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise ScoresError(
                f"it raised {type(error).__name__}: {error}",
                remedy=f"Mend the function; it was given an array of shape {waveforms.shape}",
                where=self.name,
            ) from error
        if isinstance(answer, Tensor):
            answer = answer.detach().cpu().numpy()
        return torch.from_numpy(checked_scores(answer, len(waveforms), len(self.labels), where=self.name))


def from_callable(
    function: ScoresFunction,
    labels: Sequence[str],
    sample_rate: int,
    *,
    name: str = "callable",
    channels: int = 1,
    activation: Activation = "softmax",
    length_s: float | None = None,
) -> CallableClassifier:
    """A classifier from any ``function(waveforms, sample_rate) -> probabilities``.

    Parameters
    ----------
    function : gets float32 ``(B, channels, samples)`` and the rate in Hz, returns ``(B, K)`` in [0, 1].
    labels : K class names.
    sample_rate : at which it wants its sound, in Hz.
    name : what to call it in reports.
    channels : that it wants, 1 or 2.
    activation : "softmax" where the probabilities of a sound sum to 1, "sigmoid" where each label is for itself.
    length_s : the only length that it takes, in seconds; None for any.

    Raises
    ------
    SettingError
        If the labels are empty or not distinct, or a number is out of range.

    Examples
    --------
    >>> import numpy as np, torch
    >>> def loud(waveforms, sample_rate):
    ...     p = np.abs(waveforms).max(axis=(1, 2))
    ...     return np.stack([p, 1 - p], axis=1)
    >>> classifier = from_callable(loud, ["loud", "quiet"], 16000, name="loudness")
    >>> classifier.scores(torch.full((1, 1, 16000), 0.25))
    tensor([[0.2500, 0.7500]], dtype=torch.float64)
    """
    names = tuple(str(label) for label in labels)
    if not names or len(set(names)) != len(names) or isinstance(labels, str):
        raise SettingError("labels must be distinct names, at least one", remedy="Give a list of names", where=name)
    if int(sample_rate) != sample_rate or sample_rate < 1 or channels not in (1, 2):
        raise SettingError(
            f"sample_rate {sample_rate!r} Hz and channels {channels!r} are no input of a classifier",
            remedy="Give a whole number of Hz, and 1 or 2 channels",
            where=name,
        )
    if length_s is not None and not length_s > 0:
        raise SettingError(f"length_s {length_s!r} is no length", remedy="Give seconds, or None", where=name)
    if activation not in ("softmax", "sigmoid"):
        raise SettingError(f"unknown activation {activation!r}", remedy="Use softmax or sigmoid", where=name)
    return CallableClassifier(
        function, name, names, InputSpec(int(sample_rate), channels, length_s=length_s), activation
    )
