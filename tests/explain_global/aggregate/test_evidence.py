"""Which components of different clips are taken for the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from earmark.components.component import Component
from earmark.errors import ExplanationError, SettingError
from earmark.explain.explanation import Explanation
from earmark.explain_global.aggregate.evidence import feature_of, rows_of


@pytest.mark.parametrize(
    ("component", "kind", "name", "position"),
    [
        (Component(stem="drums", start_s=0, end_s=3), "stem × time", "drums, 0–10 %", 0),
        (Component(stem="drums", start_s=27, end_s=30), "stem × time", "drums, 90–100 %", 9),
        (Component(stem="drums"), "stem", "drums", None),
        # A stem that sounds all the time is at no particular place.
        (Component(stem="drums", start_s=0, end_s=30), "stem", "drums", None),
        (Component(low_hz=250, high_hz=500, start_s=3, end_s=6), "band × time", "250–500 Hz, 10–20 %", 1),
        (Component(low_hz=250, high_hz=500), "band", "250–500 Hz", None),
        (Component(start_s=12.4, end_s=14), "time", "40–50 %", 4),
        # Its middle is the border of two parts.
        (Component(start_s=3, end_s=9), "time", "10–20 %", 1),
        (Component(word="Embed", start_s=12.4, end_s=14), "word", "“embed”", None),
        (Component(word="Cafe\u0301!"), "word", "“caf\u00e9”", None),
        (Component(name="tempo_bpm", group="rhythm"), "name", "tempo_bpm", None),
    ],
)
def test_features(component: Component, kind: str, name: str, position: int | None) -> None:
    feature = feature_of(component, 30.0)
    assert (feature.kind, feature.name, feature.position) == (kind, name, position)


def test_the_same_place_in_clips_of_another_length() -> None:
    short = feature_of(Component(start_s=1, end_s=2), 10.0)
    long = feature_of(Component(start_s=10, end_s=20), 100.0)
    assert short == long


def test_occurrences_of_a_word_add_up(made: Callable[..., Explanation]) -> None:
    words = [Component(word="Rain"), Component(word="sun"), Component(word="rain,")]
    rows = {row.feature.name: row for row in rows_of(made(1, words, [0.2, -0.1, 0.3], kind="words"), segments=5)}
    assert rows["“rain”"].value == pytest.approx(0.5)
    assert rows["“rain”"].error == pytest.approx(0.01 * 2**0.5)
    assert rows["“sun”"].value == pytest.approx(-0.1)


def test_what_belongs_to_one_clip_is_refused(made: Callable[..., Explanation]) -> None:
    pieces = [Component(name="superpixel 1")]
    with pytest.raises(ExplanationError, match="no counterpart"):
        list(rows_of(made(1, pieces, [0.2], kind="superpixels"), segments=5))


def test_segments_are_at_least_one() -> None:
    with pytest.raises(SettingError, match="0 parts"):
        feature_of(Component(), 3.0, segments=0)
