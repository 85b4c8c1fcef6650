"""The column lyrics of a manifest: words, files, parts, words alone; emotion from valence and energy."""

from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.open import open_dataset
from earmark.data.read import read_item
from earmark.errors import AudioError, DatasetError

SONGS = Path(__file__).parents[4] / "shared" / "data" / "lyrics"


@pytest.fixture
def folder(tmp_path):
    write(Clip(np.zeros((1, 80000)), 8000), tmp_path / "a.wav")
    write(Clip(np.zeros((1, 80000)), 8000), tmp_path / "b.wav")
    (tmp_path / "a.lrc").write_text("[00:01.00]one\n[00:06.00]two\n[00:09.00]", encoding="utf-8")
    (tmp_path / "late.lrc").write_text("[00:01.00]one\n[00:30.00]two", encoding="utf-8")
    (tmp_path / "old.txt").write_bytes("süß".encode("cp1252"))
    (tmp_path / "none.txt").write_text("", encoding="utf-8")
    return tmp_path


def opened(folder, text, **how):
    path = folder / "songs.csv"
    path.write_text(text, encoding="utf-8")
    return open_dataset(path, **how)


def test_files_parts_and_encodings_reach_item_and_clip(folder):
    dataset = opened(
        folder,
        "path,label,start,end,lyrics,lyrics_encoding\n"
        "a.wav,x,,,a.lrc,\na.wav,x,5,10,a.lrc,\nb.wav,y,,,old.txt,cp1252\nb.wav,y,1,2,oh yeah,\nb.wav,y,2,3,,\n",
    )
    assert [item.lyrics for item in dataset.items] == ["one\ntwo", "two", "süß", "oh yeah", None]
    assert read_item(dataset.items[1]).lyrics == "two"
    assert dataset.problems == ()


def test_lyrics_that_cannot_be_used_are_told_and_left_out(folder):
    rows = ["b.wav,y,", "a.wav,x,late.lrc", "a.wav,x,old.txt", "a.wav,x,none.txt", "a.wav,x,gone.txt", "c.wav,x,a.lrc"]
    dataset = opened(folder, "\n".join(["path,label,lyrics", *rows]))
    assert len(dataset.items) == 1
    told = [problem.fact for problem in dataset.problems]
    for fact, part in zip(
        told, ["30.00 s, the sound ends at 10.00", "byte 0xfc", "no words", "no such", "no such"], strict=True
    ):
        assert part in fact


def test_words_alone(folder):
    dataset = opened(folder, 'lyrics,label,artist,title\na.lrc,x,Ann,T\n"oh, yeah\nyes",y,Bob,T\n,y,Bob,U\n')
    first, second = dataset.items
    assert (first.path, first.lyrics, first.artist, first.sound) == (folder / "a.lrc", "one\ntwo", "Ann", False)
    assert (second.path.name, second.lyrics, second.sound) == ("songs.csv#4", "oh, yeah\nyes", False)
    assert [problem.fact for problem in dataset.problems] == ["has no lyrics"]
    with pytest.raises(AudioError, match="words alone"):
        read_item(first)
    other = opened(folder, 'lyrics,label,artist,title\na.lrc,x,Ann,T\n"oh, no\nyes",y,Bob,T\n')
    assert other.fingerprint != dataset.fingerprint
    with pytest.raises(DatasetError, match="no lyrics that can be used"):
        opened(folder, "lyrics,label\nnone.txt,x\n")


def test_manifest_emotion(folder):
    rows = ["a.wav,x,0.9,0.9", "b.wav,x,0.1,0.5", "b.wav,x,2,0.5"]
    dataset = opened(folder, "\n".join(["path,label,valence,energy", *rows]), kind="manifest_emotion")
    assert [item.label for item in dataset.items] == ["excited", "sad"]
    assert [problem.fact for problem in dataset.problems] == ["the valence 2 is not within 0 to 1"]
    with pytest.raises(DatasetError, match="no column valence"):
        opened(folder, "path,label\na.wav,x\n", kind="manifest_emotion")


@pytest.mark.skipif(not SONGS.is_dir(), reason="../shared/data/lyrics is not here")
def test_the_shared_lyrics():
    texts = open_dataset(SONGS / "texts.csv")
    assert (len(texts.items), len(texts.labels), texts.problems) == (69, 12, ())
    songs = open_dataset(SONGS)
    assert [item.sound for item in songs.items] == [True] * 5
    assert all(item.lyrics for item in songs.items)
