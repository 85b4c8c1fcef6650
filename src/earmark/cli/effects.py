"""``earmark effects``: what moves a whole model, along descriptors or under edits of the sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import config, data_source, effects_source, options, results
from earmark.cli.again import command_line
from earmark.cli.console import Console
from earmark.errors import CapabilityError, SettingError, SomeFailedError, UnknownNameError

if TYPE_CHECKING:
    from earmark.cli.effects_source import Subject
    from earmark.data.dataset import Dataset
    from earmark.explain_global.edits import EditStudy, Planned
    from earmark.explain_global.permutation import Importance
    from earmark.explain_global.study import Study
    from earmark.models.classifier import Classifier
    from earmark.report.effects import Heard

_WHAT = "What is looked at"
_EXCERPT_S = 10.0
_SHOWN = 8

HELP = """What moves a whole model: effects of descriptors over a data set, or of edits of the sound itself.

MODEL is a bundle, a pre-trained model, or an estimator (logreg, random_forest, …) that is fitted on the table first.

Examples:

- `earmark effects models/logreg genres/`
- `earmark effects random_forest descriptors.csv --classes metal,jazz --two-way tempo_bpm,mfcc_01_mean`
- `earmark effects models/cnn esc10/ --edits lowpass,tempo@0.8/1.25,gain:60-250`
"""


def effects(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A bundle's folder, a model's name, or an estimator's.")
    ],
    data: Annotated[
        str, typer.Argument(metavar="TABLE|DATA", help="A table of descriptors (.csv, .tsv, .parquet), or a data set.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Of page, pictures and table: out/MODEL-effects by default.",
            rich_help_panel="Where results go",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    table: Annotated[
        str, typer.Option(metavar="FORMAT", help="Of the table: csv or parquet.", rich_help_panel="Where results go")
    ] = "csv",
    figures: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Features that are drawn, strongest first.", rich_help_panel="Where results go"
        ),
    ] = 12,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Only these features or patterns: tempo_bpm,mfcc_*_mean; the others stay as they are.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Classes to report; all by default.", rich_help_panel=_WHAT)
    ] = None,
    two_way: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B", help="Also what these two do together; repeatable.", rich_help_panel=_WHAT),
    ] = None,
    pdp: Annotated[
        bool, typer.Option("--pdp", help="Also partial dependence and ICE of what is drawn.", rich_help_panel=_WHAT)
    ] = False,
    bins: Annotated[int, typer.Option(metavar="N", min=2, help="Per feature.", rich_help_panel=_WHAT)] = 20,
    repeats: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Permutations a feature, for its importance; 0: none.", rich_help_panel=_WHAT
        ),
    ] = 5,
    edits: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Edits of the sound, NAME[:TARGET][@A/B/C] with commas, or all (`earmark list edits`).",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    most: Annotated[
        int, typer.Option(metavar="N", min=2, help="Clips that are edited, evenly by class.", rich_help_panel=_WHAT)
    ] = 40,
    batch_size: Annotated[int, typer.Option(metavar="N", min=1, help="Sounds per call.", rich_help_panel=_WHAT)] = 16,
    kind: data_source.Kind = None,
    device: options.Device = "auto",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random draw.")] = 0,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config_file: options.Config = None,
    print_config: options.PrintConfig = False,
) -> None:
    """What moves a whole model."""
    if print_config:
        print(config.as_toml(context))
        return
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    folder = out if out is not None else Path("out") / f"{Path(model).name}-effects"
    pairs = [effects_source.pair_from(text) for text in two_way or ()]
    if table not in ("csv", "parquet"):
        raise UnknownNameError("table format", table, ("csv", "parquet"))
    if not overwrite:
        results.refuse_existing(folder, ("effects.html", f"effects.{table}"))
    results.check_writable(folder)
    from earmark.explain_global.editing.catalogue import EDITS, edit_from

    plan = [edit_from(word) for word in (EDITS.names() if edits == "all" else edits.split(","))] if edits else []
    classifier = _classifier(model, plan, device, console)
    by_features = not plan or features is not None or bool(pairs) or pdp
    study, subject, labels = None, None, classifier.labels if classifier is not None else ()
    if by_features:
        wanted = getattr(getattr(classifier, "tabular", None), "features", None)
        rows = effects_source.opened_rows(data, kind, wanted, console)
        subject = effects_source.subject_of(model, classifier, rows, seed, console)
        labels = effects_source.chosen_labels(classes, subject.classifier.labels)
        study = _study(subject, labels, features, pairs, figures if pdp else 0, bins, repeats, seed, console)
    labels = effects_source.chosen_labels(classes, labels)
    done, chosen = None, None
    if plan and classifier is not None:
        chosen = effects_source.some_clips(data_source.opened(data, kind, console), most, seed)
        done = _edited(chosen, classifier, plan, batch_size, seed, console)
    command = command_line(context, folder)
    name = study.data if study is not None else chosen.name if chosen is not None else data
    with results.all_or_nothing(folder) as staging:
        steps, example = _heard(staging, chosen, classifier, done, seed, console)
        from earmark.report.effects import write_effects

        written = write_effects(
            staging, study, done, labels, model=Path(model).name, data=name, command=command, steps=steps,
            example=example, figures=figures, table=table,
        )  # fmt: skip
    _tell(study, done, labels, console)
    paths = [str(folder / path.name) for path in written]
    for path in paths[:2]:
        console.data(path)
    console.document(_document(study, done, labels, paths))
    if done is not None and done.problems:
        raise SomeFailedError(f"{len(done.problems)} clips or steps were left out", remedy="The page lists them")


def _classifier(model: str, plan: object, device: str, console: Console) -> Classifier | None:
    if effects_source.is_estimator(model):
        if plan:
            raise SettingError(
                f"{model} is fitted on a table here and hears no sound",
                remedy="Train it first (earmark train), and name its bundle",
                where="--edits",
            )
        return None
    from earmark.models.classifier import ReadsLyrics
    from earmark.models.load import load_model

    classifier = load_model(model, say=console.say, device=device)
    if isinstance(classifier, ReadsLyrics):
        raise CapabilityError(
            "it reads lyrics, which have no descriptors and no edits",
            remedy="Explain songs with earmark explain --lyrics, and put them together with earmark aggregate",
            where=classifier.name,
        )
    return classifier


def _study(
    subject: Subject,
    labels: tuple[str, ...],
    features: str | None,
    pairs: list[tuple[str, str]],
    dependences: int,
    bins: int,
    repeats: int,
    seed: int,
    console: Console,
) -> Study:
    from earmark.explain_global.ale import AleSettings, ale
    from earmark.explain_global.ale2 import ale2
    from earmark.explain_global.pdp import partial_dependence
    from earmark.explain_global.study import Study

    rows, classifier = subject.rows, subject.classifier
    names = effects_source.chosen_features(features, subject, console)
    for note in subject.notes:
        console.say(note)
    with console.watch("effects") as watch:
        found = ale(
            classifier, rows.values, names, settings=AleSettings(bins=bins), groups=rows.groups, seed=seed, watch=watch
        )
    study = Study(
        classifier.name, classifier.fingerprint, rows.name, labels, len(rows.values), notes=subject.notes, seed=seed
    )
    with console.watch("pairs") as watch:
        both = ale2(classifier, rows.values, pairs, bins=min(bins, 10), watch=watch)
    order = sorted(found, key=lambda effect: (-study.swing(effect), effect.feature))
    study = replace(study, effects=tuple(order), pairs=both)
    if dependences:
        strongest = [effect.feature for effect in order[:dependences]]
        with console.watch("partial dependence") as watch:
            curves = partial_dependence(classifier, rows.values, strongest, seed=seed, watch=watch)
        study = replace(study, dependences=curves)
    return _with_importances(study, subject, repeats, seed, console) if repeats and rows.labels else study


def _with_importances(study: Study, subject: Subject, repeats: int, seed: int, console: Console) -> Study:
    import numpy as np

    from earmark.explain_global.permutation import permutation_importance, random_baseline
    from earmark.explain_global.units import correlated_units, group_units, single_units

    rows, classifier = subject.rows, subject.classifier
    held = ~subject.learnt if subject.learnt is not None else np.ones(len(rows.values), dtype=np.bool_)
    values, labels = rows.values[held], np.array(rows.labels)[held].tolist()
    groups = np.array(rows.groups)[held].tolist() if rows.groups is not None else None
    # The same as have effects: those of --features, or all that vary.
    chosen = {effect.feature for effect in study.effects}
    names = [name for name in classifier.features if name in chosen]
    places = [classifier.features.index(name) for name in names]
    units = {
        "group": group_units(names),
        "cluster": correlated_units(rows.values[:, places], names),
        "feature": single_units(names),
    }
    importances = {}
    for kind, each in units.items():
        with console.watch(f"importance by {kind}") as watch:
            importances[kind] = permutation_importance(
                classifier, values, labels, each, repeats=repeats, groups=groups, seed=seed, watch=watch
            )
    baseline = None
    if subject.estimator is not None and subject.learnt is not None:
        baseline = random_baseline(
            subject.estimator, rows.values, rows.labels, subject.learnt, classifier.features, repeats=repeats, seed=seed
        )
    known = (
        "rows that it has not learnt from" if subject.learnt is not None else "all rows, which it may have learnt from"
    )
    return replace(study, importances=importances, baseline=baseline, judged=f"{int(held.sum())} {known}")


def _edited(
    dataset: Dataset, classifier: Classifier, plan: Planned, size: int, seed: int,
    console: Console,
) -> EditStudy:  # fmt: skip
    from earmark.data.read import read_item
    from earmark.explain_global.edits import effects_of_edits

    clips = (read_item(item) for item in dataset.items)
    with console.watch("edits") as watch:
        return effects_of_edits(
            clips, classifier, plan, groups=dataset.groups("track"), count=len(dataset.items), seed=seed,
            batch_size=size, watch=watch,
        )  # fmt: skip


def _heard(
    folder: Path,
    chosen: Dataset | None,
    classifier: Classifier | None,
    done: EditStudy | None,
    seed: int,
    console: Console,
) -> tuple[list[tuple[Heard, ...]], str]:
    if chosen is None or classifier is None or done is None:
        return [], ""
    from earmark.data.read import read_item
    from earmark.report.effects import heard_steps

    item = chosen.items[0]
    clip = effects_source.excerpt(read_item(item), _EXCERPT_S)
    console.detail(f"the steps of {clip.name} are written and scored one by one")
    steps = [heard_steps(folder, clip, classifier, effect, seed=seed) for effect in done.effects]
    return steps, f"{clip.name} ({item.label})" if item.label else clip.name


def _tell(study: Study | None, done: EditStudy | None, labels: tuple[str, ...], console: Console) -> None:
    if study is not None:
        console.data(f"{study.model}: {len(study.effects)} features over {study.rows} rows of {study.data}")
        width = max(len(effect.feature) for effect in study.effects[:_SHOWN])
        for effect in study.effects[:_SHOWN]:
            swing = {label: float(effect.swing[effect.labels.index(label)]) for label in labels}
            best = sorted(swing, key=lambda label: -swing[label])[:3]
            told = ", ".join(f"{label} {swing[label]:.3f}" for label in best)
            console.data(f"  {effect.feature:<{width}}  moves {told}")
        for favour in study.favours()[:_SHOWN]:
            console.data(f"  {favour.sentence}")
        for pair in study.pairs:
            place = max((pair.labels.index(label) for label in labels), key=lambda k: float(pair.swing[k]))
            told = f"{pair.labels[place]} {float(pair.swing[place]):.3f}"
            console.data(f"  {pair.features[0]} and {pair.features[1]} together move {told}")
        for kind, units in study.importances.items():
            told = ", ".join(f"{u.name} {_interval(u, 3)}" for u in units[:4])
            console.data(f"  importance by {kind}: {told}")
        if study.baseline is not None:
            console.data(f"  importance of random numbers: {_interval(study.baseline, 4)}")
    for moved in done.effects if done is not None else ():
        clips = done.clips if done is not None else 0
        most = float(moved.changed.max())
        at = moved.names[int(moved.changed.argmax())]
        console.data(f"{moved.edit.label}, {clips} clips: {100 * most:.0f} % change their first label at {at}")
        for sentence in moved.sentences(most=3):
            if any(f" {label} by " in sentence for label in labels):
                console.data(f"  {sentence}")


def _interval(found: Importance, digits: int) -> str:
    text = f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
    return text.replace("-", "−")


def _document(
    study: Study | None, done: EditStudy | None, labels: tuple[str, ...], written: list[str]
) -> dict[str, object]:
    found: dict[str, object] = {"labels": list(labels), "written": written}
    if study is not None:
        found["rows"] = study.rows
        found["effects"] = [
            {"feature": e.feature, "kind": e.kind, "swing": {x: float(e.swing[e.labels.index(x)]) for x in labels}}
            for e in study.effects
        ]
        found["sentences"] = [favour.sentence for favour in study.favours()]
        found["interactions"] = [
            {"features": list(p.features), "swing": {x: float(p.swing[p.labels.index(x)]) for x in labels}}
            for p in study.pairs
        ]
        found["importance"] = {
            kind: [{"name": u.name, "value": u.value, "low": u.low, "high": u.high} for u in units]
            for kind, units in study.importances.items()
        }
        base = study.baseline
        found["random_numbers"] = None if base is None else {"value": base.value, "low": base.low, "high": base.high}
    if done is not None:
        found["clips"] = done.clips
        found["left_out"] = list(done.problems)
        found["edits"] = [
            {
                "edit": e.edit.name,
                "label": e.edit.label,
                "steps": list(e.names),
                "change": {x: e.values[e.labels.index(x)].tolist() for x in labels},
                "first_label_changes": e.changed.tolist(),
            }
            for e in done.effects
        ]
    return found
