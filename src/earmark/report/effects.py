"""Effects as one page that needs nothing else: sentences, curves, and a player for every step of an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs
from earmark.audio.write import write
from earmark.explain_global.edits import EditEffect, EditStudy, edited, for_input
from earmark.explain_global.effect import Effect
from earmark.explain_global.study import Study
from earmark.files import write_bytes, write_text
from earmark.models.classifier import Classifier
from earmark.models.predict import predict
from earmark.report.effect_figures import (
    MOST_LINES,
    dependence_figure,
    edit_figure,
    effect2_figure,
    effect_figure,
    importance_figure,
    strongest,
)
from earmark.report.effect_tables import table_rows, write_table
from earmark.report.images import png_bytes
from earmark.report.page_parts import Picture, page_policy, page_template, slug
from earmark.report.players import compressed_uri
from earmark.report.theme import signed

PAGE = "effects.html"
MOST_SENTENCES = 24


@dataclass(frozen=True)
class Heard:
    """One step of an edit of the example, to be played.

    Parameters
    ----------
    step : the strength in words.
    file : its name in the folder.
    uri : data: URI for the page.
    note : length, loudness, and by how much it was turned down.
    top : label and probability that the classifier gives it, the most probable first.
    """

    step: str
    file: str
    uri: str
    note: str
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class EditSection:
    """What the page says about one edit."""

    effect: EditEffect
    picture: Picture
    sentences: tuple[str, ...]
    steps: tuple[Heard, ...]


def write_effects(
    folder: Path,
    study: Study | None,
    edits: EditStudy | None,
    labels: Sequence[str],
    *,
    model: str,
    data: str,
    command: str,
    steps: Sequence[tuple[Heard, ...]] = (),
    example: str = "",
    figures: int = 12,
    table: str = "csv",
) -> tuple[Path, ...]:
    """Write page, pictures and table into a folder; returns the paths, the page first.

    Parameters
    ----------
    study, edits : what was found; either may be missing.
    labels : classes that are reported.
    model, data, command : for the heading and the foot.
    steps : per edit, the example's steps.
    example : name of that clip.
    figures : features that are drawn, those with the largest swing.
    table : "csv" or "parquet".

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    pictures = _pictures(study, labels, figures) if study is not None else {}
    sections = []
    for number, effect in enumerate(edits.effects if edits is not None else ()):
        picture = edit_picture(effect, labels)
        told = tuple(each for each in effect.sentences() if any(f" {label} by " in each for label in labels))
        sections.append(EditSection(effect, picture, told, steps[number] if steps else ()))
    favours = study.favours() if study is not None else ()
    page = page_template("effects.html.j2").render(
        study=study,
        edits=edits,
        model=model,
        data=data,
        labels=labels,
        pictures=pictures,
        sections=sections,
        favours=favours[:MOST_SENTENCES],
        more=max(0, len(favours) - MOST_SENTENCES),
        example=example,
        policy=page_policy(sound=True),
        command=command,
        signed=signed,
        strongest=strongest,
        table=f"effects.{table}",
    )
    written = [write_text(folder / PAGE, page)]
    written.append(write_table(folder / f"effects.{table}", table_rows(study, edits, tuple(labels))))
    for picture in [*(p for group in pictures.values() for p in group), *(s.picture for s in sections)]:
        written.append(write_bytes(folder / picture.file, picture.png))
    return tuple(written)


def heard_steps(
    folder: Path, clip: Clip, classifier: Classifier, effect: EditEffect, *, seed: int, top: int = 3
) -> tuple[Heard, ...]:
    """Every step of an edit of a clip: written as FLAC, embedded, and scored as it is heard.

    Raises
    ------
    AudioError
        If the clip cannot be edited so, or the classifier cannot take it.
    OutputError
        If a file cannot be written.
    """
    found = []
    for strength, name in zip(effect.strengths, effect.names, strict=True):
        sound, down_db = edited(clip, effect.edit, strength, seed=seed)
        path = write(sound, folder / f"{slug(effect.edit.label)}-{slug(name)}.flac")
        lufs = integrated_lufs(sound)
        note = f"{sound.duration_s:.1f} s, {'silent' if lufs == float('-inf') else f'{lufs:.1f} LUFS'}"
        if down_db:
            note += f", turned down by {down_db:.1f} dB to play it"
        scores = predict(for_input(effect.edit.apply(clip, strength, seed=seed), classifier.input), classifier)
        best = sorted(range(len(scores)), key=lambda k: -scores[k])[:top]
        labelled = tuple((classifier.labels[k], float(scores[k])) for k in best)
        found.append(Heard(name, path.name, compressed_uri(sound), note.replace("-", "−"), labelled))
    return tuple(found)


def effect_picture(effect: Effect, labels: Sequence[str]) -> Picture:
    """The curves of a feature, with what they show."""
    few = len(labels) <= MOST_LINES
    classes = "each class" if few else f"the {MOST_LINES} classes that it moves most"
    rows = "ticks: the rows" if effect.kind == "continuous" else "bars: how many rows"
    caption = (
        f"{effect.feature}: by how much it changes the probability of {classes}, beside the mean over all rows. "
        f"Bands: 95 % intervals; {rows}."
    )
    return _picture(f"effect-{slug(effect.feature)}", effect.feature, caption, effect_figure(effect, labels))


def edit_picture(effect: EditEffect, labels: Sequence[str]) -> Picture:
    """The curves of an edit, with what they show."""
    name = effect.edit.label
    caption = (
        f"{name[0].upper()}{name[1:]}: change of the probability, mean over the clips. Bands: 95 % intervals; dotted: "
        "the sound as it is."
    )
    return _picture(f"edit-{slug(name)}", name, caption, edit_figure(effect, labels))


def _pictures(study: Study, labels: Sequence[str], figures: int) -> dict[str, tuple[Picture, ...]]:
    made: dict[str, tuple[Picture, ...]] = {}
    for kind, units in study.importances.items():
        caption = f"By {kind}: mean and 95 % interval."
        figure = importance_figure(units, study.baseline)
        made[f"importance {kind}"] = (_picture(f"importance-{kind}", f"Importance by {kind}", caption, figure),)
    made["effects"] = tuple(
        effect_picture(effect, labels)
        for effect in study.effects[:figures]
    )  # fmt: skip
    made["pairs"] = tuple(
        _picture(
            f"effect2-{slug(pair.features[0])}-{slug(pair.features[1])}", " and ".join(pair.features),
            f"{pair.features[0]} and {pair.features[1]}: what both do only together; grey: no rows.",
            effect2_figure(pair, labels),
        )
        for pair in study.pairs
    )  # fmt: skip
    made["dependences"] = tuple(
        _picture(
            f"dependence-{slug(found.feature)}", found.feature,
            f"{found.feature}: partial dependence; thin lines: {len(found.curves)} rows, one each.",
            dependence_figure(found, labels),
        )
        for found in study.dependences
    )  # fmt: skip
    return made


def _picture(name: str, alt: str, caption: str, figure: Figure) -> Picture:
    return Picture(f"{name}.png", alt, caption, png_bytes(figure, dpi=110))
