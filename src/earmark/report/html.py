"""The report: one HTML file that holds everything, asks nothing of any network, and can be read without JavaScript.

The page is static HTML made here: text, tables, pictures and native players. Its script only adds (switching between
versions in place, a playhead, sorting). The same explanation and clip give the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Template
from markupsafe import Markup
from matplotlib.figure import Figure

from earmark.audio.clip import Clip
from earmark.errors import ExplanationError
from earmark.explain.explanation import Explanation
from earmark.explain.further import Further
from earmark.explain.map import MapExplanation
from earmark.explain.modalities import Share, has_words, shares, sound_of
from earmark.files import write_text
from earmark.listen.belongs import check_same_clip, check_same_model
from earmark.listen.render import Listening
from earmark.metrics.measures import Measures
from earmark.models.classifier import Classifier
from earmark.models.prepare import prepare
from earmark.report.export import audacity_text, csv_text
from earmark.report.figures import LEFT, RIGHT, map_figure, overlay_figure, spectrogram_figure
from earmark.report.further import further_view
from earmark.report.images import webp_bytes
from earmark.report.layout import boxes
from earmark.report.lyrics import LyricSheet, lyric_sheet, shares_text
from earmark.report.masks import Choice, choices
from earmark.report.measures import measures_view
from earmark.report.page_parts import page_template, static_text
from earmark.report.players import Player, data_uri, original_player, players_of
from earmark.report.tables import EffectRow, effect_rows, score_rows
from earmark.report.view import ModelView, model_view
from earmark.report.words import (
    colours_text,
    figure_text,
    headings,
    kept_text,
    map_text,
    output_text,
    quantity,
    silence_text,
    sum_text,
    trust,
    verdict,
)

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data: blob:; connect-src data: blob:; worker-src blob:"
)
"""What the page is allowed to do: nothing that leaves it."""

LARGE_BYTES = 10_000_000
_EVIDENCE = 4
# Percent of the largest effect: less is in the table, but not evidence that anyone should read about.
_WORTH_SAYING = 3.0


@dataclass(frozen=True)
class Picture:
    """A figure in the page, on light and on dark ground."""

    light: str
    dark: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Group:
    """The strongest components of one direction, under a heading."""

    heading: str
    style: str
    rows: tuple[EffectRow, ...]


@dataclass(frozen=True)
class Target:
    """What the page says about one label."""

    label: str
    score: str
    full: str
    sums: str
    groups: tuple[Group, ...]
    rows: tuple[EffectRow, ...]
    picture: Picture | None
    colours: str
    map: Picture | None
    map_caption: str
    listened: bool
    audacity: str
    sheet: LyricSheet | None
    shares: tuple[Share, ...]
    shares_text: str


def write_report(
    path: str | Path,
    explanation: Explanation,
    clip: Clip,
    classifier: Classifier,
    *,
    listening: Listening | None,
    command: str,
    found_map: MapExplanation | None = None,
    further: Further | None = None,
    without: Listening | None = None,
    measures: Measures | None = None,
    masks: Sequence[str] = (),
    audio_format: str = "auto",
    say: Callable[[str], None] | None = None,
) -> Path:
    """Write the report; whole or not at all.

    Parameters
    ----------
    path : of the .html file.
    explanation : of this clip by this classifier.
    clip : the sound as it was given to ``explain``, at its own rate.
    classifier : whose view of the sound is drawn.
    listening : from ``earmark.listen.render.listen``: the versions to play; None for an explanation of words alone,
        whose page plays the sound as it is, or nothing where there is none.
    command : the command line that makes this report again, shown as it is.
    found_map : the map that the explanation was pooled from, to be drawn as well (gradient methods).
    further : interactions and counterfactual, where they were asked for.
    without : how the counterfactual sounds (``earmark.listen.render.listen_without``), where one was found.
    measures : from ``earmark.metrics.measure.measure``, to be shown with their baselines.
    masks : names of masks to listen through as well (``earmark.listen.masks.MASKS``, or ``area:PERCENT``): each that
        sounds different adds two versions to the page.
    audio_format : "auto", "flac", "mp3" or "wav", see ``earmark.report.players``.
    say : told, in one line, when the page is larger than 10 MB.

    Raises
    ------
    ExplanationError
        If the explanation or the map belongs to another clip or classifier, or the map to other targets.
    AudioError, SettingError
        If the audio format is unknown or cannot hold the clip.
    OutputError
        If the file cannot be written.
    """
    page = report_html(
        explanation,
        clip,
        classifier,
        listening=listening,
        command=command,
        found_map=found_map,
        further=further,
        without=without,
        measures=measures,
        masks=masks,
        audio_format=audio_format,
    )
    size = len(page.encode())
    written = write_text(path, page)
    if size > LARGE_BYTES and say is not None:
        say(f"the report is {size / 1e6:.0f} MB, most of it sound; a shorter clip or mp3 makes it smaller.")
    return written


def report_html(
    explanation: Explanation,
    clip: Clip,
    classifier: Classifier,
    *,
    listening: Listening | None,
    command: str,
    found_map: MapExplanation | None = None,
    further: Further | None = None,
    without: Listening | None = None,
    measures: Measures | None = None,
    masks: Sequence[str] = (),
    audio_format: str = "auto",
) -> str:
    """The page itself, see ``write_report``."""
    check_same_clip(explanation, clip)
    check_same_model(explanation, classifier)
    if found_map is not None:
        _check_map(found_map, explanation)
    sound = sound_of(explanation)
    view = None if sound is None else model_view(classifier, prepare(clip, classifier.input).clip)
    players: tuple[Player, ...] = ()
    offered: tuple[Choice, ...] = ()
    chosen = ""
    if listening is not None and sound is not None:
        kept = kept_text(explanation, listening.keep, listening.label)
        offered = choices(explanation, clip, listening, kept, found_map=found_map, masks=masks)
        listening = offered[0].listening
        others = [(choice.name, choice.meaning, choice.listening) for choice in offered[1:]]
        players, chosen = players_of(listening, audio_format, kept, others=others)
    elif clip.waveform.any():
        players, chosen = original_player(clip, audio_format)
    targets = tuple(
        _target(explanation, found_map, view, explanation.labels[row], listening) for row in explanation.targets
    )
    data = json.dumps(explanation.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    seen = None
    if sound is not None and view is not None and boxes(sound):
        seen = _picture(lambda theme: spectrogram_figure(view, theme=theme), view.caption)
    more = further_view(further, without, chosen or "flac")
    weight = _weight(players, targets, data) + sum(len(sound.uri) for sound in more.sounds)
    return _template().render(
        e=explanation,
        policy=POLICY,
        css=Markup(_static("report.css")),
        js=Markup(_static("report.js")),
        targets=targets,
        more=more,
        measured=measures_view(measures, explanation),
        scores=score_rows(explanation),
        players=players,
        offered=offered,
        audio_format=chosen,
        listening=listening,
        parts=_parts(explanation, sound),
        heard=None if sound is None else sound.components,
        words=has_words(explanation),
        silence="" if listening is None else silence_text(explanation, listening),
        common_gain=""
        if listening is None or listening.gain_db >= -0.05
        else f"{listening.gain_db:.1f}".replace("-", "−"),
        player_json=_in_script(_player_json(players)),
        explanation_json=_in_script(data),
        explanation_uri=data_uri(data.encode(), "application/json"),
        csv_uri=data_uri(csv_text(explanation).encode(), "text/csv"),
        seen=seen,
        caption="" if view is None else view.caption,
        output=output_text(explanation),
        quantity=quantity(explanation),
        perturbed=explanation.perturbed,
        trust=trust(explanation),
        verdict=verdict(explanation),
        command=command,
        settings=_settings(explanation),
        large=f"{weight / 1e6:.0f}" if weight > LARGE_BYTES else "",
        axis=(round(100 * LEFT, 3), round(100 * RIGHT, 3)),
    )


def _check_map(found: MapExplanation, explanation: Explanation) -> None:
    same = (
        found.clip.fingerprint == explanation.clip.fingerprint
        and found.model == explanation.model
        and found.recipe.method == explanation.recipe.method
        and set(found.targets) == {explanation.labels[row] for row in explanation.targets}
    )
    if not same:
        raise ExplanationError(
            "the map and the explanation do not belong together",
            remedy="Give the map that was pooled (earmark.explain.gradient.pooled)",
            where=found.clip.name,
        )


def _target(
    explanation: Explanation,
    found: MapExplanation | None,
    view: ModelView | None,
    label: str,
    listening: Listening | None,
) -> Target:
    row = explanation.index(label)
    listened = listening is not None and label == listening.label
    kept = frozenset(int(i) for i in np.flatnonzero(listening.mask)) if listening and listened else frozenset()
    sound = sound_of(explanation)
    rows = effect_rows(explanation, label, kept)
    score = explanation.scores[row] if not math.isnan(explanation.scores[row]) else explanation.full[row]
    return Target(
        label=label,
        score=f"{score:.3f}",
        full=f"{explanation.full[row]:.3f}".replace("-", "−"),
        sums=sum_text(explanation, label),
        groups=tuple(
            Group(heading, style, tuple(r for r in rows if r.value * sign > 0 and r.share >= _WORTH_SAYING)[:_EVIDENCE])
            for heading, style, sign in headings(explanation)
        ),
        rows=rows,
        picture=None
        if sound is None or view is None
        else _picture(lambda theme: overlay_figure(sound, view, label, theme=theme), figure_text(sound, label)),
        colours=colours_text(explanation, label),
        map=None
        if found is None or view is None
        else _picture(
            lambda theme: map_figure(found, view, label, theme=theme),
            f"{map_text(explanation, label)} {figure_text(explanation, label)}",
        ),
        map_caption=map_text(explanation, label),
        listened=listened,
        audacity=data_uri(audacity_text(explanation, label).encode(), "text/plain"),
        sheet=lyric_sheet(explanation, label),
        shares=shares(explanation, label),
        shares_text=shares_text(explanation, label),
    )


def _picture(draw: Callable[[str], Figure], alt: str) -> Picture:
    figures = {theme: draw(theme) for theme in ("light", "dark")}
    uris = {theme: data_uri(webp_bytes(figure), "image/webp") for theme, figure in figures.items()}
    width, height = figures["light"].get_size_inches() * 100
    return Picture(uris["light"], uris["dark"], alt, round(width), round(height))


def _player_json(players: tuple[Player, ...]) -> str:
    return json.dumps(
        [
            {"id": p.id, "role": p.role, "mask": p.mask, "loudness": p.loudness, "match_db": round(p.match_db, 3)}
            for p in players
        ]
    )


def _parts(explanation: Explanation, sound: Explanation | None) -> str:
    """How many components of what kind, for the head of the page."""
    if not has_words(explanation):
        return f"{len(explanation.components)} ({explanation.recipe.components})"
    heard = 0 if sound is None else len(sound.components)
    words = f"{len(explanation.components) - heard} of the lyrics ({explanation.recipe.component_settings['unit']}s)"
    return words if sound is None else f"{heard} of the sound ({sound.recipe.components}), {words}"


def _settings(explanation: Explanation) -> tuple[tuple[str, str], ...]:
    recipe = explanation.recipe
    settings = dict(recipe.component_settings)
    if has_words(explanation):
        # They are in the page already, and in its data.
        settings["lines"] = f"{len(settings['lines'])} lines"
    return (
        (f"Method {recipe.method}", _json_words(recipe.method_settings)),
        (f"Components {recipe.components}", _json_words(settings)),
        ("Diagnostics", _json_words(explanation.diagnostics)),
    )


def _json_words(values: Mapping[str, object]) -> str:
    return ", ".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in values.items()) or "none"


def _in_script(text: str) -> Markup:
    """JSON that no HTML parser takes for the end of its element; the same JSON to every JSON parser."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _weight(players: tuple[Player, ...], targets: tuple[Target, ...], data: str) -> int:
    # The page names its own size, so the size is that of what it embeds; the rest is some 100 kB.
    shown = [picture for t in targets for picture in (t.picture, t.map) if picture is not None]
    pictures = sum(len(picture.light) + len(picture.dark) for picture in shown)
    return sum(len(p.uri) for p in players) + pictures + 3 * len(data)


def _static(name: str) -> str:
    return static_text(name)


@cache
def _template() -> Template:
    return page_template("report.html.j2")
