"""``--dry-run``: what a run would write, how often it would ask the classifier, and how long that would take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.cli.console import Console
from earmark.cli.job import Job

if TYPE_CHECKING:
    from earmark.explain.game import Game
    from earmark.models.classifier import Classifier

_PROBE = 4


@dataclass(frozen=True)
class Forecast:
    """What explaining one file would take.

    Parameters
    ----------
    evaluations : rows (patches or clips) that the classifier would score, at most.
    seconds : how long that would take on this machine, from timing a few of them.
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
    """Cut the sound, count what the method would ask, and time a handful of evaluations."""
    if job.gradient:
        return _forecast_map(file, job, classifier, out, names, console)
    from earmark.audio.read import read
    from earmark.explain import parts
    from earmark.explain.case import cut_for
    from earmark.explain.game import SumGame
    from earmark.explain.play import play
    from earmark.models.prepare import prepare

    clip = prepare(read(file, start_s=job.start_s, duration_s=job.duration_s), classifier.input).clip
    components = cut_for(classifier, job.kind(), clip, seed=job.seed)
    game = play(classifier, components)
    planned = parts.plan(game, job.how(), decomposed=job.output == "probability")
    probed: Game = game.parts[0].game if isinstance(game, SumGame) else game
    seconds = planned * _seconds_a_row(probed)
    plan = Forecast(file, components.n, planned, seconds, tuple(out / name for name in names))
    return _told(plan, console)


def _told(plan: Forecast, console: Console) -> Forecast:
    console.data(
        f"{plan.file}: {plan.components} components, up to {plan.evaluations} evaluations, about {plan.seconds:.0f} s"
    )
    for path in plan.files:
        console.data(f"  would {'replace' if path.exists() else 'write'} {path}")
    return plan


def _forecast_map(
    file: str, job: Job, classifier: Classifier, out: Path, names: Sequence[str], console: Console
) -> Forecast:
    """Make the cheapest map of the same targets, and count how often the method does the same."""
    from earmark.audio.read import read
    from earmark.explain.gradient.grad_cam import GradCam
    from earmark.explain.gradient.pooled import explain_pooled
    from earmark.explain.gradient.saliency import Saliency

    settings: Any = job.how_map()
    by_channel = settings.name == "score_cam"
    started = time.perf_counter()
    found, explanation = explain_pooled(
        read(file, start_s=job.start_s, duration_s=job.duration_s),
        classifier,
        job.kind(),
        GradCam(settings.layer) if by_channel else Saliency(),
        targets=job.targets if isinstance(job.targets, int) else list(job.targets),
        seed=job.seed,
    )
    spent, rows = time.perf_counter() - started, explanation.evaluations
    patches = int(found.diagnostics["patches"])
    rounds = getattr(settings, "steps", getattr(settings, "samples", 1))
    # Beside the rounds: the clip itself, and a baseline.
    planned = patches * (2 + (int(found.diagnostics["channels"]) + 2 if by_channel else rounds))
    files = tuple(out / name for name in names)
    return _told(Forecast(file, len(explanation.components), planned, spent * planned / rows, files), console)


def _seconds_a_row(game: Game) -> float:
    # The first call warms the model up; the second is timed on rows that it has not seen.
    game.values(np.ones((1, game.n_players), dtype=np.bool_))
    count = min(_PROBE, (1 << min(game.n_players, 30)) - 1)
    if count == 0:
        return 0.0
    bits = np.arange(count)[:, None] >> np.arange(min(game.n_players, 30)) & 1
    masks = np.zeros((count, game.n_players), dtype=np.bool_)
    masks[:, : bits.shape[1]] = bits
    started = time.perf_counter()
    game.values(masks)
    return (time.perf_counter() - started) / count
