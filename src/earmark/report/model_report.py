"""A whole model on one page: what it gets right and wrong with clips to listen to, and what moves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment, StrictUndefined
from numpy.typing import NDArray

from earmark import __version__
from earmark.audio.clip import Clip
from earmark.audio.write import encode
from earmark.errors import SettingError
from earmark.explain_global.edits import EditStudy
from earmark.explain_global.study import Study
from earmark.files import write_text
from earmark.report.effect_figures import edit_figure, effect_figure
from earmark.report.effects import Picture, slug
from earmark.report.images import png_bytes
from earmark.report.players import data_uri

EXCERPT_S = 10.0
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


@dataclass(frozen=True, eq=False)
class JudgedClip:
    """A clip and what the model said of it.

    Parameters
    ----------
    name : to show.
    truth : place of its label.
    scores : ``(K,)`` probabilities.
    sound : gives the clip to listen to; None where there is no sound.
    """

    name: str
    truth: int
    scores: NDArray[np.float64]
    sound: Callable[[], Clip] | None = None

    @property
    def said(self) -> int:
        """Place of the most probable label."""
        return int(self.scores.argmax())


@dataclass(frozen=True)
class Section:
    """A further part of the page, such as a class profile.

    Parameters
    ----------
    title : its heading.
    lines : sentences.
    pictures : figures.
    """

    title: str
    lines: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class ClassExamples:
    """Clips of one class: right ones, the most probable first, and mistaken ones, the least probable first."""

    label: str
    typical: tuple[JudgedClip, ...]
    mistaken: tuple[JudgedClip, ...]


def class_examples(clips: Sequence[JudgedClip], labels: Sequence[str], *, most: int = 2) -> tuple[ClassExamples, ...]:
    """At most so many typical and mistaken clips of every class; a class without clips has none."""
    found = []
    for k, label in enumerate(labels):
        mine = sorted((clip for clip in clips if clip.truth == k), key=lambda clip: (-float(clip.scores[k]), clip.name))
        right = tuple(clip for clip in mine if clip.said == k)[:most]
        wrong = tuple(clip for clip in reversed(mine) if clip.said != k)[:most]
        found.append(ClassExamples(label, right, wrong))
    return tuple(found)


def confusion_cells(clips: Sequence[JudgedClip], labels: Sequence[str]) -> list[list[tuple[JudgedClip, ...]]]:
    """Clips by truth (row) and by what was said (column), in each the surest first."""
    size = len(labels)
    cells: list[list[list[JudgedClip]]] = [[[] for _ in range(size)] for _ in range(size)]
    for clip in clips:
        cells[clip.truth][clip.said].append(clip)
    return [[tuple(sorted(c, key=lambda x: (-float(x.scores.max()), x.name))) for c in row] for row in cells]


def write_model_report(
    path: str | Path,
    clips: Sequence[JudgedClip],
    labels: Sequence[str],
    *,
    model: str,
    data: str,
    command: str,
    study: Study | None = None,
    edits: EditStudy | None = None,
    sections: Sequence[Section] = (),
    most: int = 2,
    figures: int = 6,
) -> Path:
    """Write the page; returns its path.

    Parameters
    ----------
    path : of the page.
    clips : judged ones, at least one.
    labels : K class names.
    model, data, command : for the heading and the foot.
    study, edits : effects, if known.
    sections : further parts, before the effects.
    most : typical and mistaken clips a class, and wrong clips a cell of the confusion matrix, that can be played.
    figures : features that are drawn.

    Raises
    ------
    SettingError
        If there are no clips, or scores do not fit the labels.
    AudioError
        If an example cannot be read.
    OutputError
        If the page cannot be written.
    """
    if not clips or any(clip.scores.shape != (len(labels),) or not 0 <= clip.truth < len(labels) for clip in clips):
        raise SettingError(
            f"{len(clips)} clips do not fit {len(labels)} labels", remedy="Give judged clips of these classes"
        )
    examples, cells = class_examples(clips, labels, most=most), confusion_cells(clips, labels)
    wanted = [clip for each in examples for clip in (*each.typical, *each.mistaken)]
    wanted += [clip for t, row in enumerate(cells) for s, cell in enumerate(row) if s != t for clip in cell[:most]]
    players = {
        id(clip): _player(clip.sound()) for clip in {id(c): c for c in wanted}.values() if clip.sound is not None
    }
    pictures = []
    for effect in study.effects[:figures] if study is not None else ():
        figure = png_bytes(effect_figure(effect, labels), dpi=100)
        pictures.append(Picture(f"effect-{slug(effect.feature)}.png", effect.feature, effect.feature, figure))
    for done in edits.effects if edits is not None else ():
        figure = png_bytes(edit_figure(done, labels), dpi=100)
        pictures.append(Picture(f"edit-{slug(done.edit.label)}.png", done.edit.label, done.edit.label, figure))
    sentences = [favour.sentence for favour in study.favours()[:12]] if study is not None else []
    sentences += [line for done in (edits.effects if edits is not None else ()) for line in done.sentences(most=3)]
    page = (
        Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        .from_string(_resource("templates", "model_report.html.j2"))
        .render(
            model=model,
            data=data,
            labels=labels,
            n=len(clips),
            right=sum(clip.said == clip.truth for clip in clips),
            examples=examples,
            cells=cells,
            players=players,
            key=id,
            sections=sections,
            pictures=pictures,
            sentences=sentences,
            css=_resource("static", "report.css"),
            policy=_POLICY,
            command=command,
            version=__version__,
        )
    )
    return write_text(path, page)


def _player(clip: Clip) -> str:
    """The middle ten seconds as a data: URI."""
    if clip.duration_s > EXCERPT_S:
        start_s = (clip.duration_s - EXCERPT_S) / 2
        clip = clip.span(start_s, start_s + EXCERPT_S)
    mp3 = clip.sample_rate in _MP3_RATES and clip.channels <= 2
    return data_uri(encode(clip, "mp3" if mp3 else "flac"), "audio/mpeg" if mp3 else "audio/flac")


def _resource(folder: str, name: str) -> str:
    return (files("earmark.report") / folder / name).read_text(encoding="utf-8")
