"""What ``earmark report`` finds out about a model beside its judgements: effects, and reasons for distrust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from earmark.cli import effects_source
from earmark.errors import DatasetError, UnknownNameError

if TYPE_CHECKING:
    from earmark.cli.console import Console
    from earmark.data.dataset import Dataset
    from earmark.data.lyrics.leak_screen import LeakTable
    from earmark.explain_global.aggregate.flags import Flag
    from earmark.explain_global.edits import EditStudy, Planned
    from earmark.explain_global.study import Study
    from earmark.metrics.shortcuts import ShortcutReport
    from earmark.models.classifier import Classifier

# A string that this much larger a share of one class's texts has than of another's is a reason for distrust.
_TELLING = 0.2


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


def leaks_of(dataset: Dataset) -> LeakTable | None:
    """What in the lyrics tells the class without being sung; None where not all items have lyrics."""
    from earmark.data.lyrics.leak_screen import leak_screen

    texts = [item.lyrics for item in dataset.items if item.lyrics is not None]
    if not dataset.items or len(texts) < len(dataset.items):
        return None
    return leak_screen(texts, [item.label for item in dataset.items], [item.artist for item in dataset.items])


def word_flags(table: LeakTable | None) -> Iterator[Flag]:
    """The most telling strings of the leak screen; that there are none, where it looked."""
    from earmark.explain_global.aggregate.flags import Flag

    if table is None:
        return
    telling = [row for row in table.rows if row.share >= _TELLING]
    for row in telling:
        classes = ", ".join(f"{label} {count} of {table.texts[label]}" for label, count in row.counts.items())
        yield Flag("words", True, f"the {row.kind} “{row.string}” is in {classes}", row.share)
    if not telling:
        yield Flag("words", False, f"{sum(table.texts.values())} texts hold nothing unsung that tells the class")
