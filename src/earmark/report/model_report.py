"""A whole model on one page: what it gets right and wrong with clips to listen to, and what moves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.audio.clip import Clip
from earmark.audio.convert import to_channels
from earmark.errors import SettingError
from earmark.explain.game import Watch
from earmark.explain_global.aggregate.flags import Flag
from earmark.explain_global.edits import EditStudy
from earmark.explain_global.study import Study
from earmark.files import write_text
from earmark.report.effects import edit_picture, effect_picture
from earmark.report.judged import JudgedClip, class_examples, confusion_cells, to_be_played, worst_confusion
from earmark.report.page_parts import Picture, page_policy, page_template, static_text
from earmark.report.players import compressed_uri

PAGE = "model.html"
EXCERPT_S = 10.0


@dataclass(frozen=True)
class Section:
    """A further part of the page, such as a class profile.

    Parameters
    ----------
    title : its heading.
    lines : sentences.
    pictures : figures.
    parts : smaller parts in it.
    """

    title: str
    lines: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    parts: tuple[Section, ...] = ()


def write_model_report(
    path: str | Path,
    clips: Sequence[JudgedClip],
    labels: Sequence[str],
    *,
    model: str,
    data: str,
    command: str,
    accuracy: str = "",
    facts: Sequence[tuple[str, str]] = (),
    notices: Sequence[str] = (),
    flags: Sequence[Flag] = (),
    unasked: Sequence[str] = (),
    sections: Sequence[Section] = (),
    study: Study | None = None,
    edits: EditStudy | None = None,
    shown: Sequence[int] | None = None,
    most: int = 2,
    sounds: int = 80,
    figures: int = 6,
    watch: Watch | None = None,
) -> Path:
    """Write the page; returns its path.

    Parameters
    ----------
    path : of the page.
    clips : judged ones, at least one.
    labels : K class names.
    model, data, command : for the heading and the foot.
    accuracy : with its interval, in words.
    facts : names and values for the head of the page.
    notices : what a reader must know before the figures.
    flags : reasons for distrust, and what was looked for and not found.
    unasked : what could not be looked for, and why.
    sections : further parts, before the effects.
    study, edits : effects, if known.
    shown : places of the classes that clips are of; all by default.
    most : typical and mistaken clips a class.
    sounds : clips that can be played; each is in the page once.
    figures : features that are drawn.
    watch : progress, counted in sounds.

    Raises
    ------
    SettingError
        If there are no clips, or scores do not fit the labels.
    AudioError
        If a sound cannot be read.
    OutputError
        If the page cannot be written.
    """
    if not clips or any(clip.scores.shape != (len(labels),) or not 0 <= clip.truth < len(labels) for clip in clips):
        raise SettingError(
            f"{len(clips)} clips do not fit {len(labels)} labels", remedy="Give judged clips of these classes"
        )
    rows = list(range(len(labels))) if shown is None else list(shown)
    examples, cells = class_examples(clips, labels, most=most, shown=rows), confusion_cells(clips, labels)
    heard = to_be_played(examples, cells, sounds)
    players: dict[int, str] = {}
    watch = watch if watch is not None else Watch()
    watch.planned = len(heard)
    for clip in heard:
        watch.before_batch()
        if clip.sound is not None:
            players[id(clip)] = _player(clip.sound())
        watch.after_batch(1)
    pictures = [effect_picture(effect, labels) for effect in (study.effects[:figures] if study is not None else ())]
    pictures += [edit_picture(done, labels) for done in (edits.effects if edits is not None else ())]
    sentences = [favour.sentence for favour in study.favours()[:12]] if study is not None else []
    sentences += [line for done in (edits.effects if edits is not None else ()) for line in done.sentences(most=3)]
    page = page_template("model_report.html.j2").render(
        model=model,
        data=data,
        labels=labels,
        n=len(clips),
        right=sum(clip.said == clip.truth for clip in clips),
        accuracy=accuracy,
        facts=facts,
        notices=notices,
        flags=flags,
        unasked=unasked,
        examples=examples,
        cells=cells,
        rows=rows,
        worst=worst_confusion(cells),
        columns=[k for k in range(len(labels)) if k in rows or any(row[k] for row in cells)],
        players=players,
        number={id(clip): place for place, clip in enumerate(clips)},
        key=id,
        sections=sections,
        pictures=pictures,
        sentences=sentences,
        study=study,
        edits=edits,
        seconds=f"{EXCERPT_S:g}",
        script=static_text("model_report.js"),
        policy=page_policy(sound=True, script=True),
        command=command,
    )
    return write_text(path, page)


def _player(clip: Clip) -> str:
    """The middle ten seconds in mono as a data: URI; turned down where it goes beyond full scale."""
    if clip.duration_s > EXCERPT_S:
        start_s = (clip.duration_s - EXCERPT_S) / 2
        clip = clip.span(start_s, start_s + EXCERPT_S)
    clip = to_channels(clip, 1)
    peak = float(np.abs(clip.waveform).max())
    if peak > 1:
        clip = Clip(clip.waveform / peak, clip.sample_rate)
    return compressed_uri(clip)
