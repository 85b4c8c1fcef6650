"""Does a classifier listen to what nobody hears? Shown by editing the sound and asking it again.

Each probe changes something that says nothing about the content: what lies below 20 Hz, digital silence, the edge at
which a codec cut off the treble, single clicks. The null is how far the scores move under edits that nobody hears
either: noise 40 dB below the sound in every place of its spectrogram, polarity, 1 dB of gain. A probe is flagged where
the lower end of the bootstrap interval of its effect lies above the largest null and the effect is at least 0.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.errors import SettingError
from earmark.explain.game import Floats, Watch
from earmark.features.stft import frame_length, istft, stft
from earmark.metrics.shortcut_edits import PROBES, Edit, edges_of
from earmark.metrics.statistics import bootstrap_interval
from earmark.models.classifier import Classifier
from earmark.models.predict import predict

LEAST = 0.1
NULL_DRAWS = 4
NULL_DB = -40.0


@dataclass(frozen=True)
class Finding:
    """What one probe found.

    Parameters
    ----------
    probe : "below_20_hz", "silence", "codec_edge" or "clicks".
    flagged : whether the classifier listens to it.
    clips : sounds that have it, of all that were given.
    effect, low, high : how far the scores of those move without it (the largest change of a probability, mean over
        clips), and its 95 % interval.
    null : how far they move under edits that nobody hears; None where fewer than 3 sounds have it.
    flips : of those sounds, how many get another most probable label.
    sentence : all that in words.
    """

    probe: str
    flagged: bool
    clips: int
    effect: float
    low: float
    high: float
    null: float | None
    flips: int
    sentence: str


@dataclass(frozen=True)
class ShortcutReport:
    """What all probes found about a classifier, on so many clips."""

    model: str
    clips: int
    findings: tuple[Finding, ...]

    @property
    def flagged(self) -> tuple[str, ...]:
        """Names of the probes that were flagged."""
        return tuple(one.probe for one in self.findings if one.flagged)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        named = [PROBES[name].about for name in self.flagged]
        if not named:
            return f"No shortcut was found in {self.model} on {self.clips} clips."
        return f"{self.model} listens to {' and to '.join(named)}: that is no content."


def find_shortcuts(
    classifier: Classifier, clips: Sequence[Clip], *, seed: int = 0, watch: Watch | None = None
) -> ShortcutReport:
    """Probe a classifier for shortcuts, on sounds as they are (their own rate and channels).

    Parameters
    ----------
    classifier : who is asked.
    clips : at least 3 sounds, better 20, of several classes.
    seed : of the noise in some edits, and of the bootstrap.
    watch : progress and cancellation.

    Raises
    ------
    SettingError
        If there are fewer than 3 clips.
    AudioError
        If the classifier cannot take one of them.

    Examples
    --------
    >>> from earmark.models.callable import from_callable
    >>> def hum(waveforms, sample_rate):
    ...     p = np.clip(20 * np.abs(waveforms.mean(axis=-1)).max(axis=1), 0, 1)
    ...     return np.stack([p, 1 - p], axis=1)
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(0.04 + 0.1 * rng.standard_normal(8000), 8000) for _ in range(4)]
    >>> find_shortcuts(from_callable(hum, ["a", "b"], 8000), clips).flagged
    ('below_20_hz',)
    """
    if len(clips) < 3:
        raise SettingError(f"{len(clips)} clips are too few", remedy="Give at least 3, better 20", where="clips")
    watch = watch if watch is not None else Watch()
    watch.planned = len(clips) * (1 + len(PROBES) + NULL_DRAWS + 3)

    def ask(clip: Clip) -> Floats:
        watch.before_batch()
        with torch.inference_mode():
            scores = predict(clip, classifier)
        watch.after_batch(1)
        return scores

    scores = [ask(clip) for clip in clips]
    null = _null(clips, scores, ask, seed)
    edges = edges_of(clips)
    findings = []
    for name, probe in PROBES.items():
        rng = np.random.default_rng([seed, 1])
        edited = {
            i: made for i, clip in enumerate(clips) if (made := probe.edit(clip, Edit(edges, i, rng))) is not None
        }
        moved = {i: ask(replace(clips[i], waveform=made)) for i, made in edited.items()}
        findings.append(_finding(name, scores, moved, null, seed))
    return ShortcutReport(classifier.name, len(clips), tuple(findings))


def _finding(name: str, scores: list[Floats], moved: dict[int, Floats], null: Floats, seed: int) -> Finding:
    probe = PROBES[name]
    if len(moved) < 3:
        few = f"{len(moved) or 'none'} of {len(scores)} clips {'has' if len(moved) == 1 else 'have'} {probe.what}"
        return Finding(name, False, len(moved), 0.0, 0.0, 0.0, None, 0, f"Not asked: {few}.")
    effects = [float(np.abs(moved[i] - scores[i]).max()) for i in moved]
    found = bootstrap_interval(effects, seed=seed)
    floor = float(null[:, list(moved)].mean(axis=1).max())
    flips = sum(int(moved[i].argmax() != scores[i].argmax()) for i in moved)
    flagged = found.low > floor and found.mean >= LEAST
    verdict = "listens" if flagged else "does not listen"
    sentence = (
        f"The classifier {verdict} to {probe.about}: {probe.done}, its scores move by {found.mean:.2f} "
        f"({found.low:.2f}–{found.high:.2f}; {floor:.2f} under changes that nobody hears), and {flips} of {len(moved)} "
        "decisions change."
    )
    return Finding(name, flagged, len(moved), found.mean, found.low, found.high, floor, flips, sentence)


def _null(clips: Sequence[Clip], scores: list[Floats], ask: Callable[[Clip], Floats], seed: int) -> Floats:
    """Change of the scores under each inaudible edit, ``(edits, clips)``."""
    rows = []
    for draw in range(NULL_DRAWS):
        rng = np.random.default_rng([seed, 2, draw])
        rows.append(
            [
                _move(ask, replace(clip, waveform=_under(clip, rng)), was)
                for clip, was in zip(clips, scores, strict=True)
            ]
        )
    for gain_db, sign in ((0.0, -1.0), (1.0, 1.0), (-1.0, 1.0)):
        gain = np.float32(sign * 10 ** (gain_db / 20))
        rows.append(
            [
                _move(ask, replace(clip, waveform=clip.waveform * gain), was)
                for clip, was in zip(clips, scores, strict=True)
            ]
        )
    return np.array(rows)


def _move(ask: Callable[[Clip], Floats], clip: Clip, was: Floats) -> float:
    return float(np.abs(ask(clip) - was).max())


def _under(clip: Clip, rng: np.random.Generator) -> NDArray[np.float32]:
    """The clip with noise of its own spectrogram, 40 dB below it: masked by it everywhere, silent where it is."""
    n_fft = frame_length(clip.sample_rate, 0.064)
    spectrum = stft(torch.tensor(clip.waveform), n_fft)
    phase = torch.from_numpy(np.exp(2j * np.pi * rng.uniform(size=tuple(spectrum.shape)))).to(spectrum.dtype)
    noise = istft(spectrum.abs() * phase, n_fft, samples=clip.samples).numpy()
    # Phases of overlapping frames that do not fit together cancel each other, so that the noise comes out fainter.
    lost = float(np.linalg.norm(clip.waveform) / np.linalg.norm(noise)) if noise.any() else 1.0
    edited: NDArray[np.float32] = (clip.waveform + 10 ** (NULL_DB / 20) * lost * noise).astype(np.float32)
    return edited
