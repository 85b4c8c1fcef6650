"""Songs decided by a word, a stem, or both: explanations name them, aggregates rank them, the screen tells the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from earmark.components.component import Component
from earmark.data.lyrics.leak_screen import leak_screen
from earmark.errors import SettingError
from earmark.explain.case import open_case
from earmark.explain.explanation import Explanation
from earmark.explain.further import pairs_of
from earmark.explain.lime import Lime
from earmark.explain.musiclime import MusicLime
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain_global.aggregate.flags import word_flags
from earmark.explain_global.aggregate.importance import aggregate
from earmark.explain_global.aggregate.table import Known, collect
from earmark.metrics.planted.songs import BY, LABELS, PAGE, STEM, WORD, By, Reader, Song, write_songs

COLD = LABELS[0]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Song]:
    return write_songs(tmp_path_factory.mktemp("songs"), 200, seed=0)


def explained(song: Song, by: By) -> Explanation:
    return open_case(song.clip, Reader(by), song.kind()).explain(ShapleyExact(), targets=[COLD])


def means(component: Component) -> str:
    return component.word or component.stem or ""


def test_the_listener_goes_by_what_it_says(songs: list[Song]) -> None:
    for song in songs[:4]:
        for by, there in (
            ("word", song.has_word),
            ("stem", song.has_stem),
            ("both", song.has_word and song.has_stem),
        ):
            score = open_case(song.clip, Reader(by), song.kind()).scores[0]  # type: ignore[arg-type]
            assert (score > 0.9) if there else (score < 0.1)


@pytest.mark.parametrize("by", BY)
def test_explanations_name_the_word_the_stem_or_both(songs: list[Song], by: By) -> None:
    wanted = {"word": {WORD}, "stem": {STEM}, "both": {WORD, STEM}}[by]
    for song in [song for song in songs if song.has_word and song.has_stem][:5]:
        found = explained(song, by)
        values = found.values(COLD)
        inside = np.array([means(part) in wanted for part in found.components])
        assert values[inside].min() > 0.05
        assert np.abs(values[~inside]).max() < 0.01
        # All of the change of the score is theirs.
        assert values[inside].sum() == pytest.approx(found.full[0] - found.base[0], abs=0.01)


@pytest.mark.parametrize("by", BY)
def test_the_pair_is_named_where_it_takes_both(songs: list[Song], by: By) -> None:
    song = songs[3]
    pairs = pairs_of(open_case(song.clip, Reader(by), song.coarse()), [COLD])
    strongest = pairs.strongest(COLD, 1)
    if by == "both":
        (pair,) = strongest
        assert pair.first.stem == STEM
        assert WORD in (pair.second.word or "").split()
        assert pair.value > 0.8
    else:
        assert not strongest or abs(strongest[0].value) < 0.01


@pytest.mark.parametrize("method", [Lime(samples=400), MusicLime(samples=400)])
def test_lime_names_them_too(songs: list[Song], method: Lime) -> None:
    found = open_case(songs[3].clip, Reader("both"), songs[3].kind()).explain(method, targets=[COLD])
    assert {means(effect.component) for effect in found.top(3, COLD, sign=1)} == {WORD, STEM}


def test_aggregates_over_200_explanations_rank_them_first(songs: list[Song], tmp_path: Path) -> None:
    known = {song.clip.name: Known(group=f"artist {number % 7}") for number, song in enumerate(songs)}
    table = collect((explained(song, "both") for song in songs), tmp_path / "evidence.parquet", known=known)
    assert (table.count, table.subject.components) == (200, "stems_time + words")
    found = aggregate([table.path], replicates=50)
    assert found.explanations == {COLD: 50, LABELS[1]: 150}
    leading = found.top(COLD, 3)
    assert {row.feature.word or row.feature.stem for row in leading} == {WORD, STEM}
    assert all(row.sure and row.mean > 0 and row.count == 50 for row in leading)
    assert abs(found.top(COLD, 4)[3].mean) < 0.01
    assert found.words(COLD, 1)[0].feature.word == WORD
    # The word has two thirds of it, the two halves of the bells, either of which will do, a sixth each.
    assert found.word_share(COLD) == pytest.approx(2 / 3, abs=0.03)
    names, profile = found.profile(COLD)
    assert profile[names.index(STEM)] == pytest.approx([0.15, 0.15], abs=0.03)


def test_the_screen_finds_the_page_among_the_words_that_lead(tmp_path: Path) -> None:
    songs = write_songs(tmp_path, 24, seed=1, page=True)
    texts = [song.clip.lyrics or "" for song in songs]
    labels = [COLD if song.has_word and song.has_stem else LABELS[1] for song in songs]
    screen = leak_screen(texts, labels, [f"artist {number % 7}" for number in range(len(songs))])
    assert (screen.rows[0].string, screen.rows[0].share) == (PAGE, 1.0)
    # A reader of the page, not of the song.
    reader = Reader("word", word="might")
    found = [open_case(s.clip, reader, s.kind()).explain(Lime(samples=120), targets=[COLD]) for s in songs[:16]]
    its = aggregate([collect(found, tmp_path / "e.parquet").path], least=3, replicates=20)
    leading = [row.feature.word or "" for row in its.words(COLD, 3)]
    assert leading[0] == "might"
    (flag,) = [flag for flag in word_flags({COLD: leading}, screen) if flag.raised]
    assert "“might” (platform" in flag.sentence
    assert [flag.raised for flag in word_flags({COLD: [WORD]}, screen)] == [False]


def test_no_songs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="0 songs"):
        write_songs(tmp_path, 0)
    with pytest.raises(SettingError, match="word, stem, both"):
        Reader("colour")  # type: ignore[arg-type]
