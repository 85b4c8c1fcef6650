"""``earmark report``: a whole model on one page."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import config, data_source, options, report_parts, report_profiles, results
from earmark.cli.again import command_line
from earmark.cli.console import Console
from earmark.errors import SomeFailedError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset
    from earmark.models.classifier import Classifier
    from earmark.report.judged import JudgedClip
    from earmark.training.answers import Answers

NAMES = ("model.html", "clips.csv", report_profiles.TABLE)
PROFILES = ("auto", "none", "grid", "stems_time", "time", "bands")
_WHAT = "What is in it"
_OUT = "Where results go"
_SHORTCUT_CLIPS = 12
_LEAST_MADE, _LEAST_GIVEN = 2, 5
# Explained clips below which position and loudness say nothing.
_LEAST_FLAGGED = 5

HELP = """A whole model on one page: what it confuses, typical and mistaken clips to listen to, what moves it.

Judges the test items of a bundle's own split (or all of DATA), explains the example clips and puts the explanations
together by class, adds the effects of its descriptors or of edits, and reasons for distrust.

Examples:

- `earmark report models/cnn genres/`
- `earmark report musicnn-msd genres/ --classes jazz,metal --edits lowpass,tempo`
- `earmark report models/logreg descriptors.csv -o out/logreg`
- `earmark report models/cnn genres/ --explanations out/aggregate/evidence.parquet`
"""


@dataclass(frozen=True)
class _Judged:
    """The items that were judged, the answers, and the classes that are shown."""

    items: Dataset
    answers: Answers
    shown: tuple[str, ...]
    notices: tuple[str, ...]
    what: str


def report(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A bundle's folder, a model's name, onnx:FILE or huggingface:FOLDER.")
    ],
    data: data_source.Source,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FOLDER", help="out/MODEL-report by default.", rich_help_panel=_OUT),
    ] = None,
    overwrite: options.Overwrite = False,
    kind: data_source.Kind = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Judge all of DATA, not only the test items of the bundle's split."),
    ] = False,
    classes: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only clips of these classes, with commas; all by default.")
    ] = None,
    most: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Typical and mistaken clips of each class.", rich_help_panel=_WHAT),
    ] = 2,
    sounds: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Clips that can be played, 10 s of each.", rich_help_panel=_WHAT),
    ] = 80,
    explanations: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER|FILE",
            help="Take class profiles from these explanations of the model: a folder, or evidence.parquet.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    profiles: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Else explain the examples over: grid, stems_time, time, bands, or none. auto: grid for a model of "
            "sound, none for one of descriptors or of words.",
            rich_help_panel=_WHAT,
        ),
    ] = "auto",
    samples: Annotated[
        int, typer.Option(metavar="N", min=8, help="Most questions an example.", rich_help_panel=_WHAT)
    ] = 128,
    least: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Clips a feature must occur in to be told; 2 of examples, 5 of given explanations.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    effects: Annotated[
        bool,
        typer.Option("--effects/--no-effects", help="Effects of a model's descriptors.", rich_help_panel=_WHAT),
    ] = True,
    figures: Annotated[
        int, typer.Option(metavar="N", min=0, help="Descriptors that are drawn.", rich_help_panel=_WHAT)
    ] = 6,
    edits: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Also effects of edits of the sound, NAME[:TARGET][@A/B/C] with commas; slow.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    edit_clips: Annotated[
        int, typer.Option(metavar="N", min=2, help="Clips that are edited.", rich_help_panel=_WHAT)
    ] = 20,
    shortcut_clips: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Clips on which shortcuts are looked for; 0: none. 12 by default, none for models of descriptors.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    device: options.Device = "auto",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random draw.")] = 0,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """A whole model on one page."""
    if print_config:
        print(config.as_toml(context))
        return
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    if profiles not in PROFILES:
        raise UnknownNameError("kind of profiles", profiles, PROFILES)
    if explanations is not None and profiles not in ("auto", "none"):
        raise UsageError("profiles come from what was given", remedy="Leave one out", where="--explanations")
    folder = out if out is not None else Path("out") / f"{Path(model.partition('?')[0]).name}-report"
    if not overwrite:
        results.refuse_existing(folder, NAMES)
    results.check_writable(folder)
    tables, files = report_profiles.given(explanations) if explanations is not None else ([], [])
    from earmark.explain_global.editing.catalogue import edit_from

    plan = [edit_from(word) for word in edits.split(",")] if edits else []
    from earmark.models.load import load_model

    classifier = load_model(model, say=console.say, device=device)
    whole = data_source.opened(data, kind, console)
    kind_of = _profiles(classifier, whole, profiles, explanations)
    judged = _judge(classifier, whole, Path(model), every, classes, console)
    _refuse_unheard(classifier, judged.items, bool(plan), kind_of)
    clips = _clips(judged, whole.root)
    least_ = least if least is not None else _LEAST_GIVEN if explanations is not None else _LEAST_MADE
    if shortcut_clips is None:
        shortcut_clips = 0 if _of_descriptors(classifier) or not _hears(classifier, judged.items) else _SHORTCUT_CLIPS
    with results.all_or_nothing(folder) as staging:
        told: report_profiles.Profiles | None = None
        if explanations is not None:
            told = report_profiles.of_given(
                explanations, tables, files, classifier, clips, least=least_, seed=seed, staging=staging,
                console=console,
            )  # fmt: skip
        elif kind_of != "none":
            told = report_profiles.of_examples(
                clips, classifier, report_profiles.Explaining(kind_of, samples, seed), most=most, least=least_,
                folder=folder / "explanations", staging=staging, console=console,
            )  # fmt: skip
        leaks = report_parts.leaks_of(judged.items)
        if told is not None:
            told = replace(told, found=replace(told.found, screen=leaks))
        clips = list(told.clips) if told is not None else clips
        notices = (*judged.notices, *(told.notices if told is not None else ()))
        study = report_parts.effects_of(classifier, judged.items, judged.shown, seed, console) if effects else None
        done = report_parts.edited(classifier, judged.items, plan, edit_clips, seed, console)
        detected = report_parts.shortcuts_of(classifier, judged.items, shortcut_clips, seed, console)
        flags = (
            *(told.found.flags if told is not None and told.found.groups >= _LEAST_FLAGGED else ()),
            *report_parts.word_flags(leaks),
            *report_parts.shortcut_flags(detected),
        )
        unasked = [f"Shortcut {f.probe}: {f.sentence}" for f in detected.findings if f.null is None] if detected else []
        if told is not None and told.found.groups < _LEAST_FLAGGED:
            unasked.append(f"Position and loudness: not asked, {told.found.groups} explained clips are too few.")
        from earmark.report.model_profiles import profile_section
        from earmark.report.model_report import write_model_report
        from earmark.training.scores import score

        labels = classifier.labels
        scores = score(judged.answers.clips, seed=seed)
        with console.watch("sounds") as watch:
            write_model_report(
                staging / NAMES[0], clips, labels, model=Path(model).name, data=whole.name,
                command=command_line(context, folder),
                accuracy=f"{scores.accuracy} (95 % interval over {scores.groups} recordings)",
                facts=[
                    ("Model", f"{classifier.name}, fingerprint {classifier.fingerprint[:12]}"),
                    ("Judged", judged.what),
                    ("Seed", str(seed)),
                ],
                notices=notices, flags=flags, unasked=unasked,
                sections=[profile_section(told.found, judged.shown, source=told.source)] if told is not None else [],
                study=study, edits=done, shown=[labels.index(label) for label in judged.shown], most=most,
                sounds=sounds, figures=figures, watch=watch,
            )  # fmt: skip
        (staging / NAMES[1]).write_text(_table(clips, labels), encoding="utf-8")
        page_mb = (staging / NAMES[0]).stat().st_size / 1e6
    for problem in judged.answers.problems:
        console.error(f"{problem.where}: left out: {problem.fact}")
    confused = _confused(clips, labels)
    console.data(f"{classifier.name} on {len(clips)} clips of {whole.name}: accuracy {scores.accuracy}")
    for truth, said, count in confused[:5]:
        console.data(f"  {count} × {truth} said to be {said}")
    moves = [favour.sentence for favour in study.favours()] if study is not None else []
    moves += [line for each in (done.effects if done is not None else ()) for line in each.sentences(most=3)]
    for line in moves[:5]:
        console.data(f"  {line}")
    for notice in notices:
        console.data(f"note: {notice}")
    for flag in flags:
        if flag.raised:
            console.data(f"distrust: {flag.sentence}")
    written = [str(folder / name) for name in NAMES if (folder / name).exists()]
    for path in written:
        console.data(path)
    if page_mb > 10:
        console.say(f"the page has {page_mb:.0f} MB; --sounds N or --most N makes it smaller")
    console.document(
        {
            "model": classifier.name,
            "data": whole.name,
            "clips": len(clips),
            "accuracy": {"value": scores.accuracy.value, "low": scores.accuracy.low, "high": scores.accuracy.high},
            "confusions": [{"truth": t, "said": s, "clips": n} for t, s, n in confused],
            "effects": moves,
            "notices": list(notices),
            "flags": [{"kind": flag.kind, "raised": flag.raised, "sentence": flag.sentence} for flag in flags],
            "explained": sum(told.found.explanations.values()) if told is not None else 0,
            "written": written,
        }
    )
    if judged.answers.problems:
        raise SomeFailedError(f"{len(judged.answers.problems)} clips were left out", remedy="See above")
    data_source.raise_left_out(whole.problems)


def _judge(
    classifier: Classifier, whole: Dataset, place: Path, every: bool, classes: str | None, console: Console
) -> _Judged:
    """Ask about the test items of the bundle's split, or about all.

    Raises
    ------
    EarmarkError
        If data and model do not fit, or nothing can be judged.
    """
    from earmark.cli.assess import own_split
    from earmark.models.descriptor_classifier import DescriptorClassifier
    from earmark.training.answers import answers
    from earmark.training.assess import note_opening
    from earmark.training.material import places_of

    record = getattr(getattr(classifier, "card", None), "training", None)
    if whole.columns and isinstance(classifier, DescriptorClassifier):
        # Before anything is said of splits: of a table that lacks columns none would do.
        places_of(whole.columns, classifier.tabular.features, where=whole.name)
    notices = []
    dataset, what = whole, f"the {len(whole.items)} items of {whole.name}"
    split = None
    if record is not None and place.is_dir() and not every:
        sliced, split = own_split(whole, place, record, "Add --all to judge all of this one")
        dataset = sliced.subset(split.test)
        what = f"the {len(dataset.items)} test items of the split {split.name}"
        if split.leaky:
            notices.append("The split is leaky: these figures are too good.")
    elif record is not None and record.dataset_fingerprint == whole.fingerprint:
        notices.append("All items were judged, those that the model learnt from among them: the accuracy is too good.")
    items, shown = report_parts.of_classes(dataset, classifier.labels, classes, what)
    if classes is not None and len(items.items) < len(dataset.items):
        notices.append(f"Only clips of {', '.join(shown)} were judged.")
    group = "artist" if items.items and all(item.artist is not None for item in items.items) else "track"
    console.say(f"judging {len(items.items)} of {what}" if classes is not None else f"judging {what}")
    with console.watch("judging clips") as watch:
        found = answers(classifier, items, group=group, watch=watch)
    if split is not None:
        note_opening(place, split)
    if found.problems:
        notices.append(f"{len(found.problems)} could not be judged and are left out.")
    return _Judged(items.subset(found.kept), found, shown, tuple(notices), what)


def _profiles(classifier: Classifier, dataset: Dataset, wanted: str, explanations: Path | None) -> str:
    """What examples are explained over; "none" where they are not."""
    if explanations is not None:
        return "none"
    if wanted == "auto":
        return "grid" if _hears(classifier, dataset) and not _of_descriptors(classifier) else "none"
    return wanted


def _refuse_unheard(classifier: Classifier, dataset: Dataset, edits: bool, profiles: str) -> None:
    if _hears(classifier, dataset):
        return
    for asked, option in ((edits, "--edits"), (profiles != "none", "--profiles")):
        if asked:
            raise UsageError(
                f"{classifier.name} on {dataset.name} needs more than sound, or there is none",
                remedy="Leave it out; explanations by earmark explain can be given with --explanations",
                where=option,
            )


def _hears(classifier: Classifier, dataset: Dataset) -> bool:
    """Whether the model can be asked about changed sounds of these items alone."""
    from earmark.models.classifier import ReadsLyrics

    return not isinstance(classifier, ReadsLyrics) and all(item.sound and not item.row for item in dataset.items)


def _of_descriptors(classifier: Classifier) -> bool:
    from earmark.models.descriptor_classifier import DescriptorClassifier

    return isinstance(classifier, DescriptorClassifier)


def _clips(judged: _Judged, root: Path) -> list[JudgedClip]:
    from functools import partial

    from earmark.data.read import read_item
    from earmark.report.judged import JudgedClip

    found = []
    said = judged.answers.clips
    for item, truth, scores in zip(judged.items.items, said.truth.tolist(), said.probabilities, strict=True):
        path = item.path.relative_to(root) if item.path.is_relative_to(root) else item.path
        name = path.as_posix()
        if item.start_s is not None or item.end_s is not None:
            name += f" from {item.start_s or 0:g} s"
        sound = partial(read_item, item) if item.sound and not item.row else None
        found.append(JudgedClip(name, truth, scores, sound))
    return found


def _confused(clips: list[JudgedClip], labels: tuple[str, ...]) -> list[tuple[str, str, int]]:
    """(truth, said, clips) of each confusion, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for clip in clips:
        if clip.said != clip.truth:
            pair = (labels[clip.truth], labels[clip.said])
            counts[pair] = counts.get(pair, 0) + 1
    return sorted(((*pair, count) for pair, count in counts.items()), key=lambda each: (-each[2], each[0], each[1]))


def _table(clips: list[JudgedClip], labels: tuple[str, ...]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["clip", "truth", "said", *(f"p {label}" for label in labels)])
    for clip in clips:
        writer.writerow([clip.name, labels[clip.truth], labels[clip.said], *(f"{p:.6g}" for p in clip.scores)])
    return out.getvalue()
