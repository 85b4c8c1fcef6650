"""What ``earmark report`` finds out about a model: explanations of examples, effects, reasons for distrust."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.cli import effects_source
from earmark.errors import DatasetError, ExplanationError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.cli.console import Console
    from earmark.data.dataset import Dataset
    from earmark.explain.explanation import Explanation
    from earmark.explain_global.aggregate.flags import Flag
    from earmark.explain_global.edits import EditStudy, Planned
    from earmark.explain_global.study import Study
    from earmark.metrics.shortcuts import ShortcutReport
    from earmark.models.classifier import Classifier
    from earmark.report.judged import JudgedClip

Progress = Callable[[int, int], None]
# Parts of time and bands of the cells that examples are explained by.
GRID = 4
# A string that this much larger a share of one class's texts has than of another's is a reason for distrust.
_TELLING = 0.2


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


def of_classes(
    dataset: Dataset, labels: Sequence[str], classes: str | None, what: str
) -> tuple[Dataset, tuple[str, ...]]:
    """The items of the classes that are wanted, and these classes in the model's order.

    Raises
    ------
    UnknownNameError
        If a class is named that the model has not.
    DatasetError
        If an item has a class that the model does not know, or a class has no item.
    """
    if classes is None:
        shown = tuple(labels)
        for item in dataset.items:
            if item.label not in shown:
                raise DatasetError(
                    f"has the class {item.label!r}, which the model does not know (its classes: "
                    f"{', '.join(labels[:8])}{', …' if len(labels) > 8 else ''})",
                    remedy="Give data of its classes, or name those that both have: --classes A,B",
                    where=item.path,
                )
    else:
        named = [word.strip() for word in classes.split(",")]
        for name in named:
            if name not in labels:
                raise UnknownNameError("class", name, tuple(labels))
        shown = tuple(label for label in labels if label in named)
    present = {item.label for item in dataset.items}
    empty = [label for label in shown if label not in present]
    if empty:
        there = [label for label in shown if label in present]
        raise DatasetError(
            f"no clip of {', '.join(empty[:5])}{', …' if len(empty) > 5 else ''} among {what}",
            remedy=f"Name the classes that have some: --classes {','.join(there[:12])}" if there else "Give others",
            where=dataset.name,
        )
    return dataset.subset([place for place, item in enumerate(dataset.items) if item.label in shown]), shown


def explained(
    clips: Sequence[Clip],
    said: Sequence[str],
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
        for number, (clip, label) in enumerate(zip(clips, said, strict=True)):
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


def effects_of(
    classifier: Classifier, dataset: Dataset, shown: tuple[str, ...], seed: int, console: Console
) -> Study | None:
    """Accumulated local effects of a descriptor model over the judged items; None for a model of sound."""
    from earmark.explain_global.ale import AleSettings, ale
    from earmark.explain_global.study import Study
    from earmark.models.descriptor_classifier import DescriptorClassifier

    if not isinstance(classifier, DescriptorClassifier):
        return None
    rows = effects_source.rows_in(dataset, classifier.tabular.features, console)
    subject = effects_source.subject_of(classifier.name, classifier, rows, seed, console)
    names = effects_source.chosen_features(None, subject, console)
    bins = max(2, min(20, len(rows.values) // 10))
    with console.watch("effects of descriptors") as watch:
        found = ale(
            subject.classifier, subject.rows.values, names, settings=AleSettings(bins=bins), groups=rows.groups,
            seed=seed, watch=watch,
        )  # fmt: skip
    study = Study(classifier.name, classifier.fingerprint, dataset.name, shown, len(rows.values), seed=seed)
    return replace(study, effects=tuple(sorted(found, key=lambda each: (-study.swing(each), each.feature))))


def edited(
    classifier: Classifier, dataset: Dataset, plan: Planned, most: int, seed: int, console: Console
) -> EditStudy | None:
    """Effects of edits on some of the clips; None without edits."""
    from earmark.data.read import read_item
    from earmark.explain_global.edits import effects_of_edits

    if not plan:
        return None
    some = effects_source.some_clips(dataset, most, seed)
    with console.watch("edits") as watch:
        return effects_of_edits(
            (read_item(item) for item in some.items), classifier, plan, groups=some.groups("track"),
            count=len(some.items), seed=seed, watch=watch,
        )  # fmt: skip


def shortcuts_of(
    classifier: Classifier, dataset: Dataset, most: int, seed: int, console: Console
) -> ShortcutReport | None:
    """What the shortcut detector finds on some of the clips; None where fewer than three are asked for."""
    from earmark.data.read import read_item
    from earmark.metrics.shortcuts import find_shortcuts

    some = effects_source.some_clips(dataset, most, seed)
    if most < 3 or len(some.items) < 3:
        return None
    sounds = [read_item(item) for item in some.items]
    with console.watch("looking for shortcuts") as watch:
        return find_shortcuts(classifier, sounds, seed=seed, watch=watch)


def shortcut_flags(report: ShortcutReport | None) -> Iterator[Flag]:
    """One for each probe that could be asked."""
    from earmark.explain_global.aggregate.flags import Flag

    for finding in report.findings if report is not None else ():
        if finding.null is not None:
            yield Flag("shortcut", finding.flagged, finding.sentence, finding.effect, finding.low, finding.high)


def word_flags(dataset: Dataset) -> Iterator[Flag]:
    """What in the lyrics tells the class without being sung, where all items have lyrics."""
    from earmark.data.lyrics.leak_screen import leak_screen
    from earmark.explain_global.aggregate.flags import Flag

    texts = [item.lyrics for item in dataset.items if item.lyrics is not None]
    if not dataset.items or len(texts) < len(dataset.items):
        return
    table = leak_screen(texts, [item.label for item in dataset.items], [item.artist for item in dataset.items])
    telling = [row for row in table.rows if row.share >= _TELLING]
    for row in telling:
        classes = ", ".join(f"{label} {count} of {table.texts[label]}" for label, count in row.counts.items())
        yield Flag("words", True, f"the {row.kind} “{row.string}” is in {classes}", row.share)
    if not telling:
        yield Flag("words", False, f"{len(texts)} texts hold nothing unsung that tells the class")


def note_of(explanation: Explanation, label: str) -> str:
    """The strongest component for what was said, in words; "" where none matters."""
    effects = [effect for effect in explanation.top(1, label) if not effect.none]
    return effects[0].sentence(exact=explanation.exact) if effects else ""


def named(clips: Sequence[JudgedClip], notes: dict[int, str]) -> list[JudgedClip]:
    """The clips with what is known of them, by place."""
    return [replace(clip, note=notes.get(place, "")) for place, clip in enumerate(clips)]
