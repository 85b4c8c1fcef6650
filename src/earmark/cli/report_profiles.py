"""The explanations of ``earmark report``: of its examples, made here, or given; put together by class."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import ExplanationError, UsageError

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.cli.console import Console
    from earmark.explain.explanation import Explanation
    from earmark.explain_global.aggregate.importance import Aggregate
    from earmark.models.classifier import Classifier
    from earmark.report.judged import JudgedClip

Progress = Callable[[int, int], None]
# Parts of time and bands of the cells that examples are explained by.
GRID = 4
TABLE = "evidence.parquet"
_OVER = {
    "grid": f"a grid of {GRID} parts of time × {GRID} bands",
    "stems_time": "the harmonic and the percussive part × parts of time",
    "time": "parts of time",
    "bands": "bands",
}


@dataclass(frozen=True)
class Explaining:
    """How examples are explained.

    Parameters
    ----------
    components : "grid", "stems_time", "time" or "bands".
    samples : most questions a clip.
    seed : of the estimator.
    """

    components: str
    samples: int
    seed: int


@dataclass(frozen=True, eq=False)
class Profiles:
    """What explanations say of the classes.

    Parameters
    ----------
    found : put together.
    source : where they are from, a sentence.
    clips : the judged clips, the explained ones with a note.
    notices : what a reader must know before the figures.
    """

    found: Aggregate
    source: str
    clips: tuple[JudgedClip, ...]
    notices: tuple[str, ...] = ()


def of_examples(
    clips: Sequence[JudgedClip],
    classifier: Classifier,
    how: Explaining,
    *,
    most: int,
    least: int,
    folder: Path,
    staging: Path,
    console: Console,
) -> Profiles:
    """Explain the examples of each class and put that together.

    Parameters
    ----------
    clips : judged.
    classifier : who judged them.
    how : to explain.
    most : typical and mistaken ones of each class.
    least : clips a feature must occur in to be told.
    folder : keeps each explanation as soon as it is made.
    staging : takes the table.
    console : shows progress.

    Raises
    ------
    EarmarkError
        If a clip cannot be read or explained.
    """
    from earmark.explain_global.aggregate.importance import aggregate
    from earmark.explain_global.aggregate.table import collect
    from earmark.report.judged import class_examples

    labels = classifier.labels
    examples = class_examples(clips, labels, most=most)
    chosen = {id(clip) for each in examples for clip in (*each.typical, *each.mistaken)}
    some = [clip for clip in clips if id(clip) in chosen and clip.sound is not None]
    console.say(f"explaining {len(some)} examples over {_OVER[how.components]}, at most {how.samples} questions each")
    found = explained(some, classifier, how, folder, console)
    notes = {id(clip): _note(why, labels[clip.said]) for clip, (_, why) in zip(some, found, strict=True)}
    table = collect([path for path, _ in found], staging / TABLE).path
    source = (
        f"From the {len(found)} examples of this page, explained over {_OVER[how.components]} by Shapley values from "
        f"at most {how.samples} questions each."
    )
    return Profiles(
        aggregate([table], least=least, seed=how.seed),
        source,
        tuple(replace(clip, note=notes.get(id(clip), "")) for clip in clips),
        tuple(_unheard([why for _, why in found])),
    )


def of_given(
    source: Path,
    tables: list[Path],
    files: list[Path],
    classifier: Classifier,
    clips: Sequence[JudgedClip],
    *,
    least: int,
    seed: int,
    staging: Path,
    console: Console,
) -> Profiles:
    """Put given explanations together.

    Raises
    ------
    ExplanationError
        If they are of another model, or do not belong together.
    """
    from earmark.explain_global.aggregate.importance import aggregate
    from earmark.explain_global.aggregate.table import collect

    if files:
        with console.watch("reading explanations") as watch:
            collected = collect(files, staging / TABLE, watch=watch.on_progress)
        for problem in collected.problems:
            console.error(problem.rstrip("."))
        tables = [collected.path]
    refuse_other_model(tables[0], classifier, source)
    found = aggregate(tables, least=least, seed=seed)
    count = sum(found.explanations.values())
    told = f"From {count} explanations by {found.subject.method} over {found.subject.components} in {source}."
    return Profiles(found, told, tuple(clips))


def explained(
    clips: Sequence[JudgedClip],
    classifier: Classifier,
    how: Explaining,
    folder: Path,
    console: Console,
) -> list[tuple[Path, Explanation]]:
    """Why the classifier said what it did of each clip. What an earlier run left in the folder is taken as it is.

    Raises
    ------
    EarmarkError
        If a clip cannot be explained.
    """
    from earmark.components.catalogue import COMPONENTS
    from earmark.components.component import ComponentKind
    from earmark.components.grid import Grid
    from earmark.components.levels import component_levels
    from earmark.explain.case import open_case
    from earmark.explain.explanation import Explanation
    from earmark.explain.game import Watch
    from earmark.explain.shapley_kernel import ShapleyKernel

    kind: ComponentKind = Grid(GRID, GRID) if how.components == "grid" else COMPONENTS.get(how.components)()
    method = ShapleyKernel(samples=how.samples)
    found = []
    with console.watch("explaining examples") as bar:
        for number, judged in enumerate(clips):
            if judged.sound is None:
                continue
            clip, label = judged.sound(), classifier.labels[judged.said]
            path = folder / _folder_of(clip, label, classifier, how) / "explanation.json"
            if path.exists():
                found.append((path, Explanation.load(path)))
            else:
                within = Watch(on_progress=_within(bar.on_progress, number, len(clips), how.samples))
                case = open_case(clip, classifier, kind, seed=how.seed, watch=within)
                plain = case.explain(method, targets=[label], seed=how.seed)
                explanation = replace(plain, levels_db=component_levels(case.components))
                path.parent.mkdir(parents=True, exist_ok=True)
                found.append((explanation.save(path), explanation))
            if bar.on_progress is not None:
                bar.on_progress((number + 1) * how.samples, len(clips) * how.samples)
    return found


def _within(progress: Progress | None, number: int, clips: int, samples: int) -> Progress | None:
    """Progress of one clip as a part of that of all; a clip that settles early counts as whole."""
    if progress is None:
        return None
    return lambda done, planned: progress(number * samples + min(samples, done), clips * samples)


def _folder_of(clip: Clip, label: str, classifier: Classifier, how: Explaining) -> str:
    """Named after everything that can change the explanation, so that no other one is taken for it."""
    from earmark import __version__

    facts = [clip.fingerprint, label, classifier.fingerprint, asdict(how), GRID, __version__]
    return f"{Path(clip.name).stem}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"


def given(source: Path) -> tuple[list[Path], list[Path]]:
    """Tables and files of explanations in what was given to ``--explanations``.

    Raises
    ------
    UsageError
        If there are none.
    """
    if source.is_dir():
        tables = sorted(source.glob("evidence.parquet"))
        inside = [] if tables else sorted(source.rglob("explanation.json"))
        if not tables and not inside:
            raise UsageError(
                "no explanation.json and no evidence.parquet in it",
                remedy="Explain clips into it with earmark explain … --format json -o",
                where=source,
            )
        return tables, inside
    if not source.exists():
        raise UsageError("no such file or folder", remedy="Check the path and its spelling", where=source)
    return ([source], []) if source.suffix.lower() == ".parquet" else ([], [source])


def refuse_other_model(table: Path, classifier: Classifier, source: object) -> None:
    """Raise if a table's explanations are of another model.

    Raises
    ------
    ExplanationError
        Naming both models.
    """
    from earmark.explain_global.aggregate.table import read_subject

    subject = read_subject([table])
    if subject.fingerprint != classifier.fingerprint:
        raise ExplanationError(
            f"explains another model ({subject.model}, {subject.fingerprint[:8]}) than the one reported on "
            f"({classifier.name}, {classifier.fingerprint[:8]})",
            remedy="Give explanations of this model, or leave --explanations out",
            where=str(source),
        )


def _note(explanation: Explanation, label: str) -> str:
    """The strongest component for what was said, in words; "" where none matters."""
    effects = [effect for effect in explanation.top(1, label) if not effect.none]
    return effects[0].sentence(exact=explanation.exact) if effects else ""


def _unheard(explanations: Sequence[Explanation]) -> list[str]:
    """That the model does not hear the end of clips, where it does not."""
    told = [step for each in explanations for step in each.clip.conversion if " are not heard: " in step]
    if not told:
        return []
    return [f"In {len(told)} of {len(explanations)} examples {told[0]}."]
