"""``run_experiment``: clip after clip, one part of the table each; what was done is not done again."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from earmark.data.dataset import Dataset, Item, Problem
from earmark.data.read import read_item
from earmark.errors import AudioError, SettingError
from earmark.explain.game import Floats, Watch
from earmark.files import write_text
from earmark.metrics.experiment.noise import CLEAN, Mixer
from earmark.metrics.experiment.plan import LeftOut, Plan, left_out
from earmark.metrics.experiment.rows import Facts, Row, reason_row, rows_of
from earmark.metrics.experiment.sounds import write_sounds
from earmark.metrics.experiment.subject import open_subject
from earmark.metrics.experiment.table import TABLE, merge, need_pyarrow, write_part
from earmark.models.classifier import Classifier

PARTS = ".unfinished"


@dataclass(frozen=True)
class Outcome:
    """What a run left.

    Parameters
    ----------
    table : the Parquet file.
    clips : that are in it.
    left_out : methods that the classifier cannot be asked, and why.
    problems : clips that could not be used, and why.
    only_audio : why no masked spectrogram was measured; "" where it was.
    """

    table: Path
    clips: int
    left_out: tuple[LeftOut, ...]
    problems: tuple[Problem, ...]
    only_audio: str


def run_experiment(
    plan: Plan,
    classifier: Classifier,
    dataset: Dataset,
    folder: Path,
    *,
    watch: Watch | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Run the experiment; one that was broken off, by a kill too, goes on where it was, to the same bytes.

    Attributions are made once for each clip, noise and method; all masks of them go through the network in batches.
    Writes ``experiment.parquet`` (see ``rows.Row``) and ``sounds/`` into ``folder``.

    Parameters
    ----------
    plan : what is run.
    classifier : who is asked.
    dataset : the clips that are explained; of their classes nothing is asked.
    folder : where it is written.
    watch : progress (methods and their masks, for each clip and noise) and cancellation.
    say : told of each clip, with the time left.

    Raises
    ------
    SettingError
        If a run with another plan was broken off there; if no method is left; if pyarrow is not installed.
    AudioError
        If no clip can be used.
    ExplanationError, ScoresError
        If attributions or scores are not finite.
    CancelledError
        If the watch says so; what was done stays for the next run.
    """
    need_pyarrow()
    out = left_out(plan.methods, classifier)
    methods = tuple(name for name in plan.methods if name not in {one.method for one in out})
    if not methods:
        raise SettingError(
            f"no method is left: {out[0].reason}", remedy="Add lime or shapley, which need scores only", where="methods"
        )
    watch = watch if watch is not None else Watch()
    parts = folder / PARTS
    _same_plan(plan, classifier, dataset, parts)
    mixers = [Mixer(noise, plan.snr_db, plan.seed) for noise in plan.noises]
    numbers = range(len(dataset.items))
    missing = [number for number in numbers if not _done(parts, number)]
    # Evenly spread, so that they are of several classes.
    heard = {index * len(numbers) // plan.sounds for index in range(min(plan.sounds, len(numbers)))}
    each = len(mixers) * 2 * len(methods)
    watch.planned = each * len(missing)
    began = time.monotonic()
    for place, number in enumerate(missing):
        item = dataset.items[number]
        name = _name(dataset, item)
        rows: list[Row] = []
        try:
            clip = read_item(item)
            for mixer in mixers:
                watch.before_batch()
                facts = Facts(number, name, item.label, mixer.noise.name, _ratio(plan, mixer))
                mixed = mixer.mix(clip, number)
                subject = open_subject(mixed, classifier, plan, watch=watch)
                found: dict[str, Floats] = {}
                for method in methods:
                    watch.before_batch()
                    made = subject.attributions(method, plan)
                    watch.after_batch(1)
                    if made.values is None:
                        rows.append(reason_row(subject, facts, method, made.reason))
                    else:
                        found[method] = made.values
                known = [method for method in methods if method in found]
                rows += rows_of(subject, facts, plan, known, found)
                watch.after_batch(len(methods))
                if number in heard and mixer is mixers[0]:
                    write_sounds(subject, facts, plan, found, folder)
        except AudioError as error:
            write_text(parts / f"{number:06d}.json", json.dumps({"problem": str(error)}))
        else:
            write_part(rows, parts / f"{number:06d}.parquet")
        if say is not None:
            left_s = (time.monotonic() - began) / (place + 1) * (len(missing) - place - 1)
            say(f"{number + 1} of {len(dataset.items)}: {name}; about {left_s / 60:.0f} min left")
    problems = tuple(
        Problem(_name(dataset, dataset.items[n]), json.loads(path.read_text(encoding="utf-8"))["problem"])
        for n in numbers
        if (path := parts / f"{n:06d}.json").exists()
    )
    whole = [path for n in numbers if (path := parts / f"{n:06d}.parquet").exists()]
    if not whole:
        raise AudioError(f"no clip can be used: {problems[0].fact}", remedy="Give other sounds", where=dataset.name)
    table = merge(whole, folder / TABLE)
    first = read_item(next(item for n, item in enumerate(dataset.items) if (parts / f"{n:06d}.parquet").exists()))
    return Outcome(table, len(whole), out, problems, open_subject(first, classifier, plan).only_audio)


def forget(folder: Path) -> None:
    """Remove what a run keeps to go on with; once its results are written, nothing needs it."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def _same_plan(plan: Plan, classifier: Classifier, dataset: Dataset, parts: Path) -> None:
    path = parts / "plan.json"
    facts = {"model": classifier.fingerprint, "data": dataset.fingerprint, **plan.document()}
    told = json.dumps(facts, indent=1, sort_keys=True)
    if path.exists() and path.read_text(encoding="utf-8") != told:
        raise SettingError(
            "an unfinished run with other settings lies there",
            remedy="Repeat its command to finish it, add --overwrite to forget it, or choose another -o",
            where=parts.parent,
        )
    write_text(path, told)


def _done(parts: Path, number: int) -> bool:
    return any((parts / f"{number:06d}.{suffix}").exists() for suffix in ("parquet", "json"))


def _name(dataset: Dataset, item: Item) -> str:
    path = item.path.relative_to(dataset.root) if item.path.is_relative_to(dataset.root) else item.path
    start = "" if item.start_s is None else f"@{item.start_s:g}"
    return path.as_posix() + start


def _ratio(plan: Plan, mixer: Mixer) -> float:
    return float("nan") if mixer.noise.name == CLEAN and mixer.noise.path is None else plan.snr_db
