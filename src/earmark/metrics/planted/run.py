"""``run_planted``: all cases, listeners, sounds and methods, one after the other; what was done is not done again."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from earmark import __version__
from earmark.audio.write import write
from earmark.errors import BundleError, SettingError
from earmark.explain.game import Watch
from earmark.files import write_text
from earmark.metrics.planted.case import PlantedSet, Sources, planted_case
from earmark.metrics.planted.catalogue import PLANTED
from earmark.metrics.planted.listener import detector, train_listener
from earmark.metrics.planted.proof import Proof, prove
from earmark.metrics.planted.score import Ask, Score, score_clip
from earmark.metrics.shortcuts import Finding, find_shortcuts
from earmark.models.classifier import Classifier
from earmark.models.load import load_model

PARTS = ".unfinished"
SOUNDS = 8


@dataclass(frozen=True)
class Plan:
    """What is run.

    Parameters
    ----------
    cases : of ``PLANTED``.
    ask : methods, components, fills.
    clips : sounds a case that are explained.
    training, held_out : sounds a case that the listener learns from, and that it is judged by.
    scorebook : folder of the data set that ``stem`` is made from; None for the demo track.
    seed : of every random draw.
    seeds : how often all of it is done, with other sounds and listeners: by ``seed``, ``seed + 1`` and so on.
    """

    cases: tuple[str, ...]
    ask: Ask
    clips: int = 4
    training: int = 160
    held_out: int = 24
    scorebook: str | None = None
    seed: int = 0
    seeds: int = 1

    @property
    def every_seed(self) -> range:
        """The seeds in turn."""
        return range(self.seed, self.seed + self.seeds)

    def folder(self, case: str, seed: int) -> str:
        """What the listener and the sounds of a case are kept as: its name, and the seed where it is not the first."""
        return case if seed == self.seed else f"{case}-seed{seed}"

    def document(self) -> dict[str, Any]:
        """For JSON: what another run must agree with to go on with this one."""
        return {**asdict(self), "version": __version__}


@dataclass(frozen=True)
class CaseResult:
    """All about one case and seed.

    Parameters
    ----------
    name, about : of the case.
    seed : that its sounds were drawn by, and its listener trained.
    listener : who listened.
    expected : the probe that must find the shortcut; None where there is none.
    proof : that the listener uses what was planted.
    findings : what the shortcut detector says.
    scores : rows of the table.
    """

    name: str
    about: str
    seed: int
    listener: str
    expected: str | None
    proof: Proof
    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]

    @property
    def flagged(self) -> tuple[str, ...]:
        """Probes that found a shortcut."""
        return tuple(one.probe for one in self.findings if one.flagged)

    @property
    def as_expected(self) -> bool:
        """Whether exactly the planted shortcut was found (none, where none was planted)."""
        return self.flagged == ((self.expected,) if self.expected else ())


def run_planted(
    plan: Plan, folder: Path, *, watch: Watch | None = None, say: Callable[[str], None] | None = None
) -> tuple[CaseResult, ...]:
    """Run the benchmark; a run that was broken off goes on where it was.

    Writes ``models/`` (bundles of the listeners) and ``sounds/`` (held-out sounds of each case) into ``folder``.

    Parameters
    ----------
    plan : what is run.
    folder : where it is written.
    watch : progress in sounds (a listener counts as four), and cancellation.
    say : told of each case.

    Raises
    ------
    SettingError
        If a run with another plan was broken off there.
    CancelledError
        If the watch says so; what was done stays for the next run.
    """
    watch = watch if watch is not None else Watch()
    watch.planned = len(plan.cases) * plan.seeds * (plan.clips + 4)
    parts = folder / PARTS
    _same_plan(plan, parts)
    results = []
    for name in plan.cases:
        for seed in plan.every_seed:
            result = _case(plan, name, seed, folder, watch)
            results.append(result)
            if say is not None:
                say(f"{plan.folder(name, seed)}: {result.proof.sentence}")
    return tuple(results)


def forget(folder: Path) -> None:
    """Remove what a run keeps to go on with; once its results are written, nothing needs it."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def _same_plan(plan: Plan, parts: Path) -> None:
    path = parts / "plan.json"
    told = json.dumps(plan.document(), indent=1, sort_keys=True)
    if path.exists() and path.read_text(encoding="utf-8") != told:
        raise SettingError(
            "an unfinished run with other settings lies there",
            remedy="Repeat its command to finish it, add --overwrite to forget it, or choose another -o",
            where=parts.parent,
        )
    write_text(path, told)


def _case(plan: Plan, name: str, seed: int, folder: Path, watch: Watch) -> CaseResult:
    case = PLANTED.get(name)
    kept = plan.folder(name, seed)
    sources = Sources(Path(plan.scorebook) if plan.scorebook else None)

    def sounds(part: Any, n: int) -> PlantedSet:
        return planted_case(name, seed=seed, n=n, part=part, sources=sources)

    watch.before_batch()
    held_out = sounds("held_out", plan.held_out)
    classifier = _listener(
        seed, case.listener, lambda: sounds("training", plan.training), folder / "models" / kept, watch
    )

    def judged() -> dict[str, Any]:
        report = find_shortcuts(classifier, [one.clip for one in held_out.clips], seed=seed, watch=_quiet(watch))
        for number, one in enumerate(held_out.clips[:SOUNDS]):
            write(one.clip, folder / "sounds" / kept / f"{number}_{one.label}.flac")
        return {"proof": asdict(prove(classifier, held_out)), "findings": [asdict(one) for one in report.findings]}

    told = _part(folder / PARTS / f"{kept}.json", judged)
    watch.after_batch(4)
    ask = replace(plan.ask, seed=seed)
    scores: list[Score] = []
    for number, one in enumerate(sounds("explained", plan.clips).clips):
        watch.before_batch()

        def rows(number: int = number, one: Any = one) -> list[dict[str, Any]]:
            return [asdict(row) for row in score_clip(name, case.kinds, number, one, classifier, ask)]

        scores += [Score(**_numbers(row)) for row in _part(folder / PARTS / f"{kept}.{number}.json", rows)]
        watch.after_batch(1)
    return CaseResult(
        name,
        PLANTED.entry(name).summary,
        seed,
        classifier.name,
        case.shortcut,
        Proof(**told["proof"]),
        tuple(Finding(**row) for row in told["findings"]),
        tuple(scores),
    )


def _listener(seed: int, kind: str, training: Callable[[], PlantedSet], folder: Path, watch: Watch) -> Classifier:
    if kind == "detector":
        return detector()
    if (folder / "card.json").exists():
        try:
            return load_model(str(folder))
        except BundleError:
            shutil.rmtree(folder)
    return train_listener(training(), folder, seed=seed, watch=_quiet(watch))


def _quiet(watch: Watch) -> Watch:
    """Another that can be cancelled like this one, and counts for itself."""
    return replace(Watch(cancelled=watch.cancelled))


def _part(path: Path, make: Callable[[], Any]) -> Any:
    """What is kept under that name, or else made and kept: NaN is null."""
    if not path.exists():
        write_text(path, json.dumps(_plain(make()), indent=0, allow_nan=False))
    return json.loads(path.read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        # Six decimals: what lies beyond is the rounding of float32.
        return None if math.isnan(value) else round(value, 6)
    return value


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {key: float("nan") if value is None else value for key, value in row.items()}
