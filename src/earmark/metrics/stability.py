"""Stability: does the explanation change with a hardly audible noise, another seed, or another number of samples?

Sensitivity-max: Yeh et al. (NeurIPS 2019), definition 3; there the largest change within a ball around the input, here
within white noise at a signal-to-noise ratio, relative to the explanation. Rank agreement is the mean Spearman
correlation of runs (``earmark.explain.stability``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earmark.audio.clip import Clip
from earmark.errors import AudioError, ExplanationError, SettingError
from earmark.explain.game import Floats, Game
from earmark.explain.lime import Lime
from earmark.explain.stability import stability_from_seeds


def sensitivity_max(
    explain: Callable[[Clip], Floats], clip: Clip, rng: np.random.Generator, *, draws: int = 3, snr_db: float = 40.0
) -> float:
    """Largest relative change of the attributions, max ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖, over noises δ; lower is better.

    Parameters
    ----------
    explain : a clip → its attributions, any shape.
    clip : the sound x.
    rng : draws the noises.
    draws : how many.
    snr_db : level of the sound over that of the noise, in dB of power.

    Raises
    ------
    AudioError
        If the clip is silent: no noise has a level relative to it.
    ExplanationError
        If all attributions of the clip are zero.
    SettingError
        If there is no draw.

    Examples
    --------
    >>> clip = Clip(np.full(800, 0.1), 8000)
    >>> sensitivity_max(lambda clip: np.array([1.0, 2.0]), clip, np.random.default_rng(0))
    0.0
    """
    if draws < 1:
        raise SettingError(f"{draws} draws", remedy="Take at least 1", where="draws")
    power = float(np.square(clip.waveform, dtype=np.float64).mean())
    if power == 0:
        raise AudioError("a silent clip has no signal-to-noise ratio", remedy="Give a sound", where=clip.name)
    before = explain(clip)
    length = float(np.linalg.norm(before))
    if length == 0:
        raise ExplanationError(
            "all attributions are zero, so no change of them is relative to anything",
            remedy="Choose a label on which something has an effect",
            where=clip.name,
        )
    level = np.sqrt(power / 10 ** (snr_db / 10))
    changes = []
    for _ in range(draws):
        noise = level * rng.standard_normal(clip.waveform.shape)
        # Its source would say that this is the file it came from.
        noisy = replace(clip, waveform=(clip.waveform + noise).astype(np.float32), source=None)
        changes.append(float(np.linalg.norm(explain(noisy) - before)) / length)
    return max(changes)


@dataclass(frozen=True)
class AgreementAt:
    """Rank agreement of runs of one size."""

    samples: int
    rank_agreement: float


def agreement_over_samples(
    game: Game, row: int, *, sizes: Sequence[int] = (100, 300, 1000, 3000), seeds: Sequence[int] = (0, 1, 2), how: Lime
) -> tuple[AgreementAt, ...]:
    """How alike LIME's runs with other seeds rank the components, for several numbers of samples.

    Parameters
    ----------
    game : a clip's masked versions; remembered, so larger runs build on smaller ones.
    row : of the class.
    sizes : samples of a run.
    seeds : one run for each.
    how : LIME's other settings.

    Raises
    ------
    SettingError
        If there are fewer than two seeds.
    """
    return tuple(
        AgreementAt(size, float(stability_from_seeds(game, replace(how, samples=size), seeds).rank_agreement[row]))
        for size in sizes
    )
