"""``--dry-run``: what a run would write, how often it would ask the classifier, and how long that would take.

Nothing is looked up in tables: one small batch, one picture and one sound are made on this machine and timed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.cli.console import Console
from earmark.cli.job import Job
from earmark.cli.results import check_writable
from earmark.cli.words import sound_and_lyrics

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.components.component import ComponentKind
    from earmark.explain.game import Bools, CachedGame, SumGame
    from earmark.models.classifier import Classifier

# Long enough to time, short beside the run itself.
_PROBE_S = 0.5


@dataclass(frozen=True)
class Forecast:
    """What explaining one file would take.

    Parameters
    ----------
    evaluations : rows (patches or clips) that the classifier would score, at most.
    seconds : how long reading, asking and writing would take on this machine, from timing a little of each.
    """

    file: str
    components: int
    evaluations: int
    seconds: float
    files: tuple[Path, ...]

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "file": self.file,
            "components": self.components,
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 1),
            "would_write": [str(path) for path in self.files],
        }


def forecast(
    file: str, job: Job, classifier: Classifier, out: Path, names: Sequence[str], console: Console
) -> Forecast:
    """Cut the sound, count what the method would ask, and time a little of everything that a run does.

    Raises
    ------
    EarmarkError
        What the run itself would raise about the sound, the settings and the folder.
    """
    from earmark.cli.ask import kind_for

    check_writable(out)
    started = time.perf_counter()
    clip, lyrics = sound_and_lyrics(file, classifier, job, console)
    clip, classifier, kind = kind_for(clip, classifier, job, lyrics)
    count, planned, asking_s = (_maps if job.gradient else _games)(clip, kind, job, classifier)
    reading_s = time.perf_counter() - started - asking_s.spent
    targets = 1 if job.contrast else job.targets if isinstance(job.targets, int) else len(job.targets)
    writing_s = _seconds_of_results(clip, classifier, names, targets, maps=2 if job.gradient else 1)
    seconds = reading_s + planned * asking_s.each + writing_s
    plan = Forecast(file, count, planned, seconds, tuple(out / name for name in names))
    console.data(
        f"{plan.file}: {plan.components} components, up to {plan.evaluations} evaluations, "
        f"about {plan.seconds:.0f} s (from timing one small batch here)"
    )
    for path in plan.files:
        console.data(f"  would {'replace' if path.exists() else 'write'} {path}")
    return plan


@dataclass(frozen=True)
class _Timed:
    """Seconds for each evaluation in the mean, and those that finding it out took."""

    each: float
    spent: float


def _games(clip: Clip, kind: ComponentKind, job: Job, classifier: Classifier) -> tuple[int, int, _Timed]:
    """Components, evaluations at most, and the seconds of one of them in a batch as the method would ask it."""
    from earmark.explain import parts
    from earmark.explain.case import cut_for
    from earmark.explain.play import play
    from earmark.models.prepare import prepare

    prepared = prepare(clip, classifier.input).clip
    components = cut_for(classifier, kind, prepared, seed=job.seed)
    game = play(classifier, components)
    if job.refine:
        planned = job.how_refined().samples
    else:
        planned = parts.plan(game, job.how(), decomposed=job.output == "probability") + _more(game, job)
    return components.n, planned, _time_games(game, planned, job.seed)


def _more(game: CachedGame | SumGame, job: Job) -> int:
    """Evaluations that interactions and the counterfactual take at most, besides."""
    from earmark.explain.game import SumGame

    asked = [samples for samples, wanted in ((4096, job.interactions), (2048, job.counterfactual)) if wanted]
    budget = sum(job.samples if job.samples is not None else samples for samples in asked)
    games = [part.game for part in game.parts] if isinstance(game, SumGame) else [game]
    return sum(min(budget, 1 << min(one.n_players, 62)) for one in games) if asked else 0


def _time_games(game: CachedGame | SumGame, planned: int, seed: int) -> _Timed:
    from earmark.explain.game import SumGame
    from earmark.explain.parts import costly

    games: list[CachedGame] = [part.game for part in game.parts] if isinstance(game, SumGame) else [game]  # type: ignore[misc]
    rng = np.random.default_rng(seed)
    begun = time.perf_counter()
    # The first call makes everything ready, which the run has to do as well, but only once.
    games[0].values(np.ones((1, games[0].n_players), dtype=np.bool_))
    rows, spent = 0, 0.0
    for one in [*games[1:], games[0]]:
        masks = _other_masks(one.n_players, min(one.batch_size, max(1, planned // len(games))), rng)
        started = time.perf_counter()
        one.values(masks)
        spent += time.perf_counter() - started
        rows += len(masks)
        if spent > _PROBE_S:
            break
    each = spent / rows * costly(game, planned) / planned if rows else 0.0
    return _Timed(each, time.perf_counter() - begun)


def _other_masks(n_players: int, count: int, rng: np.random.Generator) -> Bools:
    """Up to ``count`` different masks, the one with everything on not among them."""
    drawn = rng.random((4 * count, n_players)) < 0.5
    masks: Bools = np.unique(drawn[~drawn.all(axis=1)], axis=0)
    return rng.permutation(masks)[:count]


def _maps(clip: Clip, kind: ComponentKind, job: Job, classifier: Classifier) -> tuple[int, int, _Timed]:
    """The same of a gradient method, from the cheapest map of the same targets."""
    from earmark.explain.case import cut_for
    from earmark.explain.gradient.grad_cam import GradCam
    from earmark.explain.gradient.pooled import require_extents
    from earmark.explain.gradient.run import explain_map
    from earmark.explain.gradient.saliency import Saliency
    from earmark.models.prepare import prepare

    prepared = prepare(clip, classifier.input).clip
    components = cut_for(classifier, kind, prepared, seed=job.seed)
    domain: Any = job.domain or "spectrogram"
    require_extents(components, domain)
    settings: Any = job.how_map()
    by_channel = settings.name == "score_cam"
    method = GradCam(settings.layer) if by_channel else Saliency()
    targets = job.targets if isinstance(job.targets, int) else list(job.targets)
    begun = time.perf_counter()
    for _ in range(2):  # the first makes everything ready
        started = time.perf_counter()
        found = explain_map(prepared, classifier, method, targets=targets, domain=domain, seed=job.seed)
        spent = time.perf_counter() - started
    patches = int(found.diagnostics["patches"])
    rounds = getattr(settings, "steps", getattr(settings, "samples", 1))
    # Beside the rounds: the clip itself, and a baseline.
    planned = patches * (2 + (int(found.diagnostics["channels"]) + 2 if by_channel else rounds))
    return components.n, planned, _Timed(spent / int(found.diagnostics["rows"]), time.perf_counter() - begun)


def _seconds_of_results(clip: Clip, classifier: Classifier, names: Sequence[str], targets: int, *, maps: int) -> float:
    """Seconds that sounds and pictures would take: one of each is made and timed."""
    from earmark.audio.clip import Clip
    from earmark.audio.loudness import integrated_lufs
    from earmark.audio.write import encode

    # A file of floats may be louder than what can be encoded.
    sound = Clip(clip.waveform / max(1.0, float(np.abs(clip.waveform).max())), clip.sample_rate)
    started = time.perf_counter()
    integrated_lufs(sound)
    seconds = 3 * (time.perf_counter() - started)
    encoded = 2 * ("kept.flac" in names) + 3 * ("report.html" in names)
    if encoded:
        started = time.perf_counter()
        encode(sound, "flac")
        seconds += encoded * (time.perf_counter() - started)
    if "report.html" in names:
        from earmark.models.prepare import prepare
        from earmark.report.figures import spectrogram_figure
        from earmark.report.images import webp_bytes
        from earmark.report.view import model_view

        figure = spectrogram_figure(model_view(classifier, prepare(clip, classifier.input).clip))
        started = time.perf_counter()
        webp_bytes(figure)
        # Each on light and on dark ground.
        seconds += 2 * targets * maps * (time.perf_counter() - started)
    return seconds
