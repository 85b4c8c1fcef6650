"""Sound and words as one set of players: what is switched off, what is heard, what is read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.lyrics import MusicAndLyrics, SoundAndText
from earmark.components.time import Time
from earmark.data.lyrics.lyrics import Line, Word, line, lyrics_of
from earmark.errors import SettingError

RATE = 8000
CLIP = Clip(np.random.default_rng(0).uniform(-0.5, 0.5, 4 * RATE), RATE)
LYRICS = lyrics_of(
    [
        Line("Oh love, love", 0.5, 1.5, (Word("Oh", 0.5, 0.7), Word("love,", 0.8, 1.0), Word("love", 1.2, 1.5))),
        Line("is gone", 2.0, 3.0, (Word("is", 2.0, 2.2), Word("gone", 2.5, 3.0))),
    ],
    language="en",
)


def _both(**options: object) -> SoundAndText:
    return MusicAndLyrics.of(Time(n=4), LYRICS, **options).build(CLIP)  # type: ignore[arg-type]


def test_players_are_those_of_the_sound_and_then_the_words() -> None:
    both = _both()
    assert (both.n, both.blocks) == (8, (4, 4))
    assert [part.word for part in both.table[4:]] == ["Oh", "love", "is", "gone"]
    # Sung twice: at no one time.
    assert [part.start_s for part in both.table[4:]] == [0.5, None, 2.0, 2.5]
    assert _both(repeated="each").blocks == (4, 5)
    assert [part.word for part in _both(unit="line").table[4:]] == ["Oh love, love", "is gone"]


def test_each_half_is_masked_by_itself() -> None:
    both = _both()
    sound = Time(n=4).build(CLIP)
    masks = np.array([[1, 1, 1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(both.render(masks).numpy(), sound.render(masks[:, :4]).numpy())
    np.testing.assert_array_equal(both.render(masks)[0].numpy(), CLIP.waveform)
    assert both.texts(masks) == ["Oh love, love\nis gone", "Oh\nis gone", ""]


def test_the_explanation_rebuilds_it_with_its_times() -> None:
    both = _both(unit="line")
    again = kind_from(both.kind, json.loads(json.dumps(both.settings))).build(CLIP)
    assert isinstance(again, SoundAndText)
    assert again.table == both.table
    assert again.lyrics.lines == LYRICS.lines
    assert again.settings == both.settings


def test_words_behind_the_window_are_no_players() -> None:
    both = _both().within(len("Oh love, love\nis"))
    assert [part.word for part in both.table[4:]] == ["Oh", "love", "is"]
    assert "1 word behind" in both.notes[-1]
    with pytest.raises(SettingError, match="no word is within"):
        _both().within(0)


def test_words_behind_the_window_do_not_move_up_into_it() -> None:
    song = lyrics_of([line("one two three"), line("four two five")])
    how = replace(MusicAndLyrics.of(None, song), placeholder="_")
    window = how.build(CLIP).within(len("one two three\nfo"))
    assert [part.word for part in window.table] == ["one", "two", "three", "four"]
    masks = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
    # "two" is sung again behind the window.
    assert window.texts(masks) == [song.text, "_ two three\nfour", "one _ three\n_", "_ _ _\n_"]


def test_words_alone() -> None:
    alone = MusicAndLyrics.of(None, LYRICS).build(CLIP)
    assert alone.blocks == (0, 4)
    masks = np.array([[1, 0, 0, 1]])
    np.testing.assert_array_equal(alone.render(masks)[0].numpy(), CLIP.waveform)
    assert alone.texts(masks) == ["Oh\ngone"]
    assert alone.on(Clip(CLIP.waveform, RATE)).texts(masks) == ["Oh\ngone"]


def test_without_lyrics_it_says_so() -> None:
    with pytest.raises(SettingError, match="no lyrics"):
        MusicAndLyrics().build(CLIP)
    with pytest.raises(SettingError, match="no lines of lyrics"):
        MusicAndLyrics(lines=(1, 2)).build(CLIP)
    with pytest.raises(SettingError, match="no kind with settings"):
        MusicAndLyrics(audio={"n": 3})
