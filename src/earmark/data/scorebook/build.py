"""Build scorebook, or a data set of scores of yours; go on where it was stopped.

First the plan of each class is drawn and kept (``plan/<label>.json``), then each excerpt is played. What is there is
not made again; the manifest is written last. Same settings, same bytes.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from earmark.data.scorebook import card
from earmark.data.scorebook.collections import COLLECTIONS, corpus_folder, pieces
from earmark.data.scorebook.draws import SHORTCUT_LABEL, Rules
from earmark.data.scorebook.excerpt import Excerpt
from earmark.data.scorebook.files import is_written, manifest, write_excerpt
from earmark.data.scorebook.plan import Plan, Wanted, plan, plan_from
from earmark.errors import SettingError
from earmark.files import write_text

SAMPLE_RATE = 22050

Progress = Callable[[int, int], None]
R = TypeVar("R")


@dataclass(frozen=True)
class Built:
    """A data set that is built.

    Parameters
    ----------
    folder : where.
    excerpts : its sounds.
    passed_over : (piece, reason) of those that have no excerpt.
    broken : those of them that could not be read.
    left_out : (piece, what) of those that are played without a part.
    """

    folder: Path
    excerpts: tuple[Excerpt, ...]
    passed_over: tuple[tuple[str, str], ...]
    broken: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def build_scorebook(
    folder: str | Path,
    *,
    seed: int = 0,
    per_class: int = 60,
    seconds: float = 15.0,
    shortcut: bool = False,
    sample_rate: int = SAMPLE_RATE,
    jobs: int = 2,
    labels: tuple[str, ...] | None = None,
    watch: Progress | None = None,
) -> Built:
    """Build scorebook in a folder.

    Parameters
    ----------
    folder : new, or of a build with the same settings, which then goes on; ``per_class`` may have grown.
    seed : decides pieces, windows, tempos, transpositions, instruments and levels.
    per_class : excerpts a class.
    seconds : length of each, 2 to 60.
    shortcut : give one class an instrument that no other has.
    sample_rate : Hz, 8000 to 96000.
    jobs : processes.
    labels : only these classes; what they hold does not depend on the others.
    watch : told (done, planned) as excerpts are written.

    Raises
    ------
    SettingError
        If a setting is out of range, music21 is not installed, or the folder was built with other settings.
    DatasetError
        If the corpus is missing or a class has too few excerpts.
    OutputError
        If the folder cannot be written to.
    """
    check_settings(seed=seed, per_class=per_class, seconds=seconds, sample_rate=sample_rate, jobs=jobs)
    chosen = _chosen(labels)
    if shortcut and SHORTCUT_LABEL not in chosen:
        raise SettingError(
            f"the shortcut is planted in {SHORTCUT_LABEL}, which is not among the classes", remedy="Add it"
        )
    corpus = corpus_folder()
    wanted = [
        Wanted(
            collection.label,
            pieces(collection, corpus),
            Rules(seconds, collection.beat_quarters),
            per_class,
            planted=shortcut and collection.label == SHORTCUT_LABEL,
        )
        for collection in COLLECTIONS
        if collection.label in chosen
    ]
    settings = card.scorebook_settings(
        seed=seed, seconds=seconds, shortcut=shortcut, sample_rate=sample_rate, labels=chosen
    )
    built = build(Path(folder), wanted, settings, jobs=jobs, watch=watch)
    card.write_scorebook_card(built.folder, settings, told(built), corpus)
    return built


def build(
    folder: Path, wanted: Iterable[Wanted], settings: dict[str, Any], *, jobs: int = 2, watch: Progress | None = None
) -> Built:
    """Draw and play classes of excerpts; write the manifest.

    Parameters
    ----------
    folder : new, or of a build with the same ``settings``.
    wanted : the classes.
    settings : seed, seconds, sample_rate and whatever else decides the sound.
    jobs : processes.
    watch : told (done, planned).

    Raises
    ------
    SettingError, DatasetError, OutputError
        As for ``build_scorebook``.
    """
    _claim(folder, settings)
    with contextlib.ExitStack() as stack:
        pool = None
        if jobs > 1:
            pool = stack.enter_context(ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")))
        plans = _planned(folder, tuple(wanted), settings["seed"], pool)
        excerpts = tuple(excerpt for drawn in plans for excerpt in drawn.excerpts)
        missing = [excerpt for excerpt in excerpts if not is_written(folder, excerpt)]
        done = len(excerpts) - len(missing)
        if watch is not None:
            watch(done, len(excerpts))
        calls = [(folder, excerpt, settings["seconds"], settings["sample_rate"]) for excerpt in missing]
        for _ in _as_they_end(write_excerpt, calls, pool):
            done += 1
            if watch is not None:
                watch(done, len(excerpts))
    write_text(folder / "manifest.csv", manifest(excerpts))
    return Built(
        folder,
        excerpts,
        tuple(one for drawn in plans for one in drawn.passed_over),
        tuple(one for drawn in plans for one in drawn.broken),
        tuple(one for drawn in plans for one in drawn.left_out),
    )


def told(built: Built) -> card.Told:
    """What the card says about the sounds."""
    return card.Told(built.excerpts, built.passed_over, built.left_out)


def _planned(folder: Path, wanted: tuple[Wanted, ...], seed: int, pool: ProcessPoolExecutor | None) -> list[Plan]:
    kept = {one.label: _kept(folder, one) for one in wanted}
    calls = [(folder, one, seed) for one in wanted if kept[one.label] is None]
    for drawn in _as_they_end(_plan_and_keep, calls, pool):
        kept[drawn.label] = drawn
    return [found for one in wanted if (found := kept[one.label]) is not None]


def _plan_and_keep(folder: Path, wanted: Wanted, seed: int) -> Plan:
    drawn = plan(wanted, seed)
    write_text(_plan_path(folder, wanted.label), json.dumps(drawn.document(), indent=0) + "\n")
    return drawn


def _kept(folder: Path, wanted: Wanted) -> Plan | None:
    path = _plan_path(folder, wanted.label)
    if not path.is_file():
        return None
    kept = plan_from(json.loads(path.read_text(encoding="utf-8")))
    if len(kept.excerpts) > wanted.count:
        raise SettingError(
            f"holds {len(kept.excerpts)} excerpts of {wanted.label}, more than the {wanted.count} that are wanted",
            remedy="Build into another folder",
            where=folder,
        )
    return kept if len(kept.excerpts) == wanted.count or wanted.rounds is not None else None


def _plan_path(folder: Path, label: str) -> Path:
    return folder / "plan" / f"{label}.json"


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Note the settings in a new folder; refuse one that is of another build."""
    path = folder / "plan" / "settings.json"
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        other = [name for name in sorted({*before, *settings}) if before.get(name) != settings.get(name)]
        if other:
            name = other[0]
            raise SettingError(
                f"was built with {name} {before.get(name)!r}, now it is {settings.get(name)!r}",
                remedy="Build into another folder, or delete this one",
                where=folder,
            )
    elif folder.is_dir() and any(folder.iterdir()):
        raise SettingError("is not empty", remedy="Build into a new folder", where=folder)
    else:
        write_text(path, json.dumps(settings, indent=1) + "\n")


def _as_they_end(
    function: Callable[..., R], calls: Sequence[tuple[Any, ...]], pool: ProcessPoolExecutor | None
) -> Iterator[R]:
    """Results in the order in which they come; at the first error what has not begun is dropped."""
    if pool is None:
        for call in calls:
            yield function(*call)
        return
    left = {pool.submit(function, *call) for call in calls}
    try:
        while left:
            ended, left = wait(left, return_when=FIRST_COMPLETED)
            for one in ended:
                yield one.result()
    finally:
        for one in left:
            one.cancel()


def _chosen(labels: tuple[str, ...] | None) -> tuple[str, ...]:
    known = tuple(collection.label for collection in COLLECTIONS)
    if labels is None:
        return known
    for label in labels:
        if label not in known:
            raise SettingError(f"unknown class {label!r}", remedy=f"Known: {', '.join(known)}", where="labels")
    return tuple(label for label in known if label in labels)


def check_settings(*, seed: int, per_class: int, seconds: float, sample_rate: int, jobs: int) -> None:
    """Raise if a setting is out of range.

    Raises
    ------
    SettingError
        Naming it and its range.
    """
    if seed < 0:
        raise SettingError(f"seed {seed}", remedy="Choose 0 or more", where="seed")
    if per_class < 1:
        raise SettingError(f"{per_class} excerpts per class", remedy="Choose 1 or more", where="per_class")
    if not 2 <= seconds <= 60:
        raise SettingError(f"excerpts of {seconds:g} s", remedy="Choose 2 to 60 s", where="seconds")
    if not 8000 <= sample_rate <= 96000:
        raise SettingError(f"sample rate {sample_rate} Hz", remedy="Choose 8000 to 96000 Hz", where="sample_rate")
    if jobs < 1:
        raise SettingError(f"{jobs} processes", remedy="Choose 1 or more", where="jobs")
