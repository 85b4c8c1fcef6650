"""Effects of edits: how a classifier's scores change when the sound itself is changed, step by step.

Every clip takes every step of an edit (−12 → −6 → 0 → +6 dB …). The change of the scores from one strength to the next
is averaged over the clips and accumulated from the clip as it is, as accumulated local effects do along a feature
(Apley and Zhu 2020) — with the difference that here the sound at each end of a step really exists and can be played.
Where all clips take all steps, the accumulated change is the mean change against the clips as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from earmark.audio.clip import Clip
from earmark.errors import AudioError, SettingError
from earmark.explain.game import Watch
from earmark.explain_global.editing.edit import Edit, strength_text
from earmark.explain_global.steps import Floats, Ints
from earmark.models.classifier import Classifier, InputSpec
from earmark.models.prepare import prepare
from earmark.models.scores import checked_scores
from earmark.resampling import bayesian_weights, percentile_ends

Planned = Sequence[tuple[Edit, tuple[float, ...]]]


@dataclass(frozen=True, eq=False)
class EditEffect:
    """What one edit does to the scores of K classes, at P strengths in ascending order.

    Parameters
    ----------
    edit : which.
    strengths : ``(P,)``; one of them is neutral.
    names : of the strengths, in words.
    labels : K class names.
    values : ``(K, P)``: accumulated change since the clips as they are, in probability; 0 at the neutral strength.
    low, high : its 95 % interval, by the Bayesian bootstrap of clips (or of groups of them).
    scores : ``(K, P)``: mean score at each strength.
    changed : ``(P,)``: share of the clips whose top label is another than that of the clip as it is.
    counts : ``(P − 1,)``: clips that took each step.
    """

    edit: Edit
    strengths: tuple[float, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    values: Floats
    low: Floats
    high: Floats
    scores: Floats
    changed: Floats
    counts: Ints

    @property
    def neutral(self) -> int:
        """Place of the neutral strength."""
        return self.strengths.index(self.edit.neutral)

    @property
    def swing(self) -> Floats:
        """``(K,)``: largest minus smallest value."""
        return np.asarray(self.values.max(axis=1) - self.values.min(axis=1))

    def sentences(self, *, most: int = 6, least: float = 0.01) -> tuple[str, ...]:
        """The strongest changes beyond chance, one for each class and direction, in words.

        The interval must leave out 0, and the change be larger than half of its width: where a single clip of few moves
        and the others stay, the interval is lopsided and the first alone would be met.
        """
        found = []
        for k, label in enumerate(self.labels):
            half = (self.high[k] - self.low[k]) / 2
            sure = ((self.low[k] > 0) | (self.high[k] < 0)) & (np.abs(self.values[k]) > half)
            for sign, verb in ((1, "raises"), (-1, "lowers")):
                mine = np.where(sure & (np.sign(self.values[k]) == sign), np.abs(self.values[k]), 0)
                p = int(mine.argmax())
                if mine[p] >= least:
                    told = f"{self.edit.label} at {self.names[p]} {verb} {label} by {mine[p]:.3f} ± {half[p]:.3f}"
                    found.append((float(mine[p]), told))
        return tuple(told for _, told in sorted(found, key=lambda each: -each[0])[:most])


@dataclass(frozen=True, eq=False)
class EditStudy:
    """Effects of edits on one classifier.

    Parameters
    ----------
    effects : in the order of the edits.
    clips : how many were used.
    problems : clips, or steps of clips, that were left out, one line each.
    """

    effects: tuple[EditEffect, ...]
    clips: int
    problems: tuple[str, ...]


def effects_of_edits(
    clips: Iterable[Clip],
    classifier: Classifier,
    edits: Planned,
    *,
    groups: Sequence[str] | None = None,
    count: int | None = None,
    draws: int = 1000,
    seed: int = 0,
    batch_size: int = 16,
    watch: Watch | None = None,
) -> EditStudy:
    """How scores change under edits of the sound, for all classes.

    A clip that cannot take a step (too short after it, say) is left out of that step and told in ``problems``.

    Parameters
    ----------
    clips : at their own rates; read one at a time.
    classifier : of sound. To one that takes clips of one length, an edited clip of another length is given as its
        middle, or repeated from its beginning.
    edits : each with its strengths (``earmark.explain_global.editing.catalogue.edit_from``).
    groups : N names, such as tracks: clips of one are drawn together.
    count : how many clips there are, for progress.
    draws : of the bootstrap.
    seed : of noise and bootstrap.
    batch_size : sounds per call of the classifier.
    watch : progress and cancellation, counted in sounds.

    Raises
    ------
    SettingError
        If there are no edits, or groups do not fit.
    AudioError
        If no clip can be used.
    ScoresError
        If the classifier fails.
    """
    if not edits:
        raise SettingError("no edits", remedy="Name at least one", where="edits")
    watch = watch if watch is not None else Watch()
    sounds = [(e, p) for e, (edit, at) in enumerate(edits) for p in range(len(at)) if at[p] != edit.neutral]
    watch.planned += (count or 0) * (1 + len(sounds))
    table: list[list[Floats]] = []
    kept: list[int] = []
    problems: list[str] = []
    for number, clip in enumerate(clips):
        try:
            rows = _of_clip(clip, classifier, edits, sounds, seed, batch_size, watch, problems)
        except AudioError as error:
            problems.append(str(error))
            continue
        table.append(rows)
        kept.append(number)
    if not table:
        why = f"; the first: {problems[0]}" if problems else ""
        raise AudioError(f"no clip can be used{why}", remedy="Give sounds that the classifier takes")
    if groups is not None and len(groups) <= kept[-1]:
        raise SettingError(f"{len(groups)} groups for more clips", remedy="Name one a clip", where="groups")
    # By name also where each clip is a group of its own: its place among the names decides about its weights.
    names = [groups[number] if groups is not None else str(number) for number in kept]
    weights = bayesian_weights(len(kept), names, draws, np.random.default_rng(seed))
    found = []
    for e, (edit, strengths) in enumerate(edits):
        scores = np.stack([rows[e] for rows in table])
        found.append(_effect(edit, strengths, classifier.labels, scores, weights))
    return EditStudy(tuple(found), len(table), tuple(problems))


def edited(clip: Clip, edit: Edit, strength: float, *, seed: int = 0) -> tuple[Clip, float]:
    """An edited clip to listen to, and by how many dB it had to be turned down to stay below full scale."""
    done = edit.apply(clip, strength, seed=seed)
    peak = float(np.abs(done.waveform).max())
    if peak <= 1:
        return done, 0.0
    # A hair below full scale: 24-bit integers end one step before it.
    return replace(done, waveform=done.waveform * np.float32(0.999 / peak)), 20 * math.log10(peak / 0.999)


def _of_clip(
    clip: Clip,
    classifier: Classifier,
    edits: Planned,
    sounds: list[tuple[int, int]],
    seed: int,
    batch_size: int,
    watch: Watch,
    problems: list[str],
) -> list[Floats]:
    """Scores ``(P, K)`` per edit; NaN where the clip cannot take the step."""
    plain = _score([_input(clip, classifier.input)], classifier, batch_size, watch)[0]
    rows = [np.full((len(at), len(plain)), np.nan) for _, at in edits]
    for e, (edit, at) in enumerate(edits):
        rows[e][at.index(edit.neutral)] = plain
    made, places = [], []
    for e, p in sounds:
        edit, at = edits[e]
        try:
            made.append(_input(edit.apply(clip, at[p], seed=seed), classifier.input))
            places.append((e, p))
        except AudioError as error:
            problems.append(f"{clip.name}: {edit.label} at {strength_text(edit, at[p])}: {error.fact}")
    for (e, p), answer in zip(places, _score(made, classifier, batch_size, watch), strict=True):
        rows[e][p] = answer
    return rows


def for_input(clip: Clip, spec: InputSpec) -> Clip:
    """An edited clip at the one length that a classifier takes, if it takes one: its middle, or repeated."""
    if spec.length_s is None:
        return clip
    wanted = round(spec.length_s * clip.sample_rate)
    if clip.samples > wanted:
        start = (clip.samples - wanted) // 2
        return replace(clip, waveform=clip.waveform[:, start : start + wanted])
    return replace(clip, waveform=np.tile(clip.waveform, (1, -(-wanted // clip.samples)))[:, :wanted])


def _input(clip: Clip, spec: InputSpec) -> torch.Tensor:
    return torch.tensor(prepare(for_input(clip, spec), spec).clip.waveform)


def _score(sounds: list[torch.Tensor], classifier: Classifier, batch_size: int, watch: Watch) -> Floats:
    """``(n, K)``: sounds of one length go together."""
    answers = np.empty((len(sounds), len(classifier.labels)))
    by_length: dict[int, list[int]] = {}
    for place, sound in enumerate(sounds):
        by_length.setdefault(sound.shape[1], []).append(place)
    for places in by_length.values():
        for start in range(0, len(places), batch_size):
            some = places[start : start + batch_size]
            watch.before_batch()
            with torch.no_grad():
                scores = classifier.scores(torch.stack([sounds[place] for place in some])).detach().cpu().numpy()
            answers[some] = checked_scores(scores, len(some), len(classifier.labels), where=classifier.name)
            watch.after_batch(len(some))
    return answers


def _effect(
    edit: Edit, strengths: tuple[float, ...], labels: tuple[str, ...], scores: Floats, weights: Floats
) -> EditEffect:
    """From scores ``(n, P, K)`` and weights of clips ``(D, n)``."""
    change = np.diff(scores, axis=1)
    took = np.isfinite(change[:, :, 0])
    counts = took.sum(axis=0)
    if (counts == 0).any():
        step = int(np.flatnonzero(counts == 0)[0])
        between = f"{strength_text(edit, strengths[step])} and {strength_text(edit, strengths[step + 1])}"
        raise AudioError(
            f"no clip can take the step between {between} of {edit.label}",
            remedy="Give other strengths, or longer clips",
        )
    change = np.where(took[:, :, np.newaxis], change, 0)
    neutral = strengths.index(edit.neutral)

    def curve(shares: Floats) -> Floats:
        """``(D, K, P)`` from weights ``(D, n)``."""
        means = np.einsum("dn,npk->dkp", shares, change) / (shares @ took)[:, np.newaxis, :]
        along = np.concatenate([np.zeros((*means.shape[:2], 1)), np.cumsum(means, axis=2)], axis=2)
        return np.asarray(along - along[:, :, neutral : neutral + 1])

    low, high = percentile_ends(curve(weights))
    known = np.isfinite(scores[:, :, 0])
    top = np.where(known, np.nan_to_num(scores, nan=-1).argmax(axis=2), -1)
    changed = ((top != top[:, neutral : neutral + 1]) & known).sum(axis=0) / known.sum(axis=0)
    names = tuple(strength_text(edit, strength) for strength in strengths)
    plain = np.ones((1, len(scores)))
    means = np.nanmean(scores, axis=0).T
    return EditEffect(edit, strengths, names, labels, curve(plain)[0], low, high, means, changed, counts)
