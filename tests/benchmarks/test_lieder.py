"""Songs: whose words they are, who is judged by whom, heads that learn what is there, and figures with intervals."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.dataset import Dataset, Item
from earmark.data.split import Split

ROOT = Path(__file__).parents[2]
LYRICS = ROOT.parent / "shared" / "data" / "lyrics"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.learning.{name}")


def dataset(rows):
    return Dataset("songs", Path("/songs"), tuple(Item(Path("/songs") / n, label, artist=of) for n, label, of in rows))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Ich liebe dich, so wie du mich, am Abend und am Morgen", "German"),
        ("Dans le ciel que je vois il ne dort pas", "French"),
        ("Oh my luve is like a red, red rose that's newly sprung in June", "English"),
        ("Vanne felice rio, vanne superbo al mar che non si perde", "Italian"),
        ("Ah! Tralala", "none"),
        ("", "none"),
    ],
)
def test_languages_are_told_by_function_words(load, text, spoken):
    assert load("lieder_data").language(text) == spoken


def test_folds_hold_whole_song_sets(load):
    made = load("lieder_data").in_folds(
        dataset([(f"{place}.flac", "ab"[place % 2], f"set {place // 3} {'ab'[place % 2]}") for place in range(48)])
    )
    of = {}
    for item in made.items:
        of.setdefault(item.artist, set()).add(item.fold)
    assert {len(folds) for folds in of.values()} == {1}
    assert {item.fold for item in made.items} == {"1", "2", "3", "4"}
    for fold in "1234":
        assert {item.label for item in made.items if item.fold == fold} == {"a", "b"}


def test_stems_are_called_by_what_they_are(load, tmp_path):
    for name in ("audio/x/x_0.flac", "stems/1-singstimme.flac", "stems/2-pianoforte.flac"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    table = "path,stems,programs\naudio/x/x_0.flac,stems/1-singstimme.flac;stems/2-pianoforte.flac,52;0\n"
    (tmp_path / "manifest.csv").write_text(table)
    item = Item(tmp_path / "audio/x/x_0.flac", "x")
    links = load("lieder_data").stems_of(item, tmp_path / "links")
    assert [Path(link).name for link in links] == ["voice.flac", "piano.flac"]
    assert Path(links[0]).read_text() == "stems/1-singstimme.flac"


def test_parts_of_one_kind_are_summed_and_others_keep_their_names(load, tmp_path):
    rng = np.random.default_rng(0)
    parts = {name: Clip(0.1 * rng.standard_normal(800), 8000) for name in ("sopran", "alt", "horn")}
    for name, clip in parts.items():
        write(clip, tmp_path / "stems" / f"{name}.flac")
    stems = ";".join(f"stems/{name}.flac" for name in parts)
    (tmp_path / "manifest.csv").write_text(f"path,stems,programs\naudio/x/x_0.flac,{stems},52;52;60\n")
    made = load("lieder_data").stems_of(Item(tmp_path / "audio/x/x_0.flac", "x"), tmp_path / "made")
    assert [Path(file).name for file in made] == ["voice.flac", "horn.flac"]
    both = parts["sopran"].waveform + parts["alt"].waveform
    np.testing.assert_allclose(read(made[0]).waveform, both, atol=2e-7)


def test_heads_hear_only_their_half(load):
    rng = np.random.default_rng(0)
    truth = np.arange(160) % 2
    sounds, words = rng.standard_normal((2, 160, 6))
    sounds[:, :4] += 4 * truth[:, None]
    split = Split("all", tuple(range(80)), tuple(range(80, 120)), tuple(range(120, 160)), "track", "")
    said = load("lieder_heads").heads(sounds, words, np.ones(160, dtype=bool), truth, split, 2).said
    right = {name: (each.argmax(1) == truth[120:]).mean() for name, each in said.items()}
    assert right["audio"] > 0.8
    assert right["joint"] > 0.8
    assert right["text"] < 0.75


def test_songs_of_each_composer_come_from_many_sets(load, tmp_path):
    items = []
    for number, of in enumerate(["one", "one", "one", "two", "three"]):
        path = tmp_path / f"{number}.flac"
        path.with_suffix(".lrc").write_text("")
        items.append(Item(path, "a", artist=of))
    items.append(Item(tmp_path / "wordless.flac", "a", artist="four"))
    chosen = load("lieder_explained").some_of_each(items, 3)
    assert [item.artist for item in chosen] == ["one", "two", "three"]
    assert len(load("lieder_explained").some_of_each(items, 9)) == 5


def test_intervals_draw_whole_sets(load):
    interval = load("lieder_explained").interval
    assert interval(np.array([1.0, 1.0, 0.0, 0.0]), ["a", "a", "b", "b"]) == (0.5, 0.0, 1.0)
    mean, low, high = interval(np.arange(100.0), [str(place) for place in range(100)])
    assert mean == 49.5
    assert low == pytest.approx(49.5 - 1.96 * 2.89, abs=0.8)
    assert high == pytest.approx(49.5 + 1.96 * 2.89, abs=0.8)


def test_what_a_word_tells_is_the_share_of_classes_that_have_it(load):
    truth, words = np.array([0, 0, 1, 1, 1]), ("x", "x", "x", "y", "z")
    said = load("lieder")._by_word(words, truth, np.array([0, 1, 2, 3]), np.array([2, 4]), 2)
    assert said == pytest.approx(np.array([[2 / 3, 1 / 3], [0.5, 0.5]]))


@pytest.mark.skipif(not LYRICS.is_dir(), reason="the songs of ../shared/data/lyrics are not here")
def test_parts_of_songs_have_the_words_that_are_sung_in_them(load, tmp_path):
    made, split = load("jamendo_lyrics").parts(tmp_path)
    fantasma = [item for item in made.items if item.track == "Fantasma"]
    assert "soy el sombrero de un mago" in fantasma[2].lyrics
    assert "soy el sombrero" not in fantasma[1].lyrics
    assert split.leaky
    assert all(made.items[place].end_s <= 0.6 * 195 for place in split.train)
    assert {made.items[place].label for place in split.test} == {"Pop", "Folk", "Reggae", "Hip-Hop"}


def test_every_song_is_judged_once_and_what_tells_is_found(load, monkeypatch):
    made, rng = load("lieder_data"), np.random.default_rng(0)
    rows = [(f"{place}.flac", "ab"[place % 2], f"set {place // 4} {'ab'[place % 2]}") for place in range(64)]
    items = [
        Item(item.path, item.label, artist=item.artist, lyrics=f"la {'sol' if item.label == 'a' else 'mi'} {place}")
        for place, item in enumerate(dataset(rows).items)
    ]
    songs = made.in_folds(Dataset("songs", Path("/songs"), tuple(items)))
    blocks = {name: rng.standard_normal((64, 8)) for name in ("musicnn", "descriptors", "sentence")}
    blocks["sentence, whole song"] = blocks["sentence"]
    data = made.Songs(songs, ("",) * 64, ("German",) * 64, np.full(64, 100.0), blocks)
    said = load("lieder").predictions(data)
    right = {name: (each.predicted == each.truth).mean() for name, each in said.items()}
    assert all(len(each.truth) == 64 for each in said.values())
    assert all(each.groups == songs.groups("artist") for each in said.values())
    assert right["chosen inside: words"] == 1
    assert right["its head on the words alone, tfidf"] > 0.9
    assert right["chosen inside: music"] < 0.75
    assert right["joint head, musicnn-msd + tfidf"] > right["joint head, musicnn-msd + sentence"]
    assert load("lieder").figures(data.of(range(16, 64)), "few: ")[0].subject == "few: most frequent composer (n = 48)"
