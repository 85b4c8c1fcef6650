"""Manifests: CSV, TSV and Parquet; what every column means; rows that are wrong."""

import pyarrow
import pyarrow.parquet
import pytest

from earmark.data.manifest import load_manifest
from earmark.data.open import open_dataset
from earmark.data.read import read_item
from earmark.errors import AudioError, DatasetError


def written(folder, text, name="manifest.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_column(sound, tmp_path):
    sound("x/a.wav", 1.0)
    (tmp_path / "words.txt").write_text("la la", encoding="utf-8")
    written(
        tmp_path,
        "path,label,start,end,group,artist,split,fold,lyrics,title\n"
        'x/a.wav,pop,0.25,0.75,song,band,valid,2,words.txt,"A, B"\n'
        "x/a.wav,rock,,,,,,,oh yeah,\n",
    )
    dataset = open_dataset(tmp_path)
    first, second = dataset.items
    assert (first.start_s, first.end_s, first.track, first.artist) == (0.25, 0.75, "song", "band")
    assert (first.split, first.fold, first.lyrics) == ("validation", "2", "la la")
    assert (second.start_s, second.end_s, second.track, second.artist) == (None, None, str(second.path), None)
    assert (second.split, second.fold, second.lyrics) == (None, None, "oh yeah")
    clip = read_item(first)
    assert (clip.duration_s, clip.source.start_s, clip.lyrics) == (0.5, 0.25, "la la")
    assert dataset.problems == ()


def test_parquet_and_tsv_say_the_same_as_csv(sound, tmp_path):
    sound("a.wav", 1.0)
    sound("b.wav", 1.0)
    csv = written(tmp_path, "path,label,start,fold\na.wav,x,0.5,1\nb.wav,y,,2\n")
    tsv = written(tmp_path, "path\tlabel\tstart\tfold\na.wav\tx\t0.5\t1\nb.wav\ty\t\t2\n", "m.tsv")
    parquet = tmp_path / "m.parquet"
    columns = {"path": ["a.wav", "b.wav"], "label": ["x", "y"], "start": [0.5, None], "fold": [1, 2]}
    pyarrow.parquet.write_table(pyarrow.table(columns), parquet)
    assert load_manifest(csv).items == load_manifest(tsv).items == load_manifest(parquet).items


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a.wav,,,,", "has no label"),
        (",x,,,", "has no path"),
        ("a.wav,x,-1,,", "no time"),
        ("a.wav,x,nan,,", "no time"),
        ("a.wav,x,soon,,", "no time"),
        ("a.wav,x,0.4,0.4,", "before it begins"),
        ("a.wav,x,2,,", "begins at 2 s"),
        ("a.wav,x,,2,", "ends at 2 s"),
        ("a.wav,x,,,half", "none of train"),
        ("a.wav,x", "another number of values"),
        ("b.wav,x,,,", "no such file"),
        ("c.wav,y,,,", "named twice"),
    ],
)
def test_a_wrong_row_is_left_out_and_said(sound, tmp_path, row, says):
    sound("a.wav", 0.5)
    sound("c.wav", 0.5)
    written(tmp_path, f"path,label,start,end,split\nc.wav,x,,,train\n{row}\n")
    dataset = load_manifest(tmp_path)
    assert [item.path.name for item in dataset.items] == ["c.wav"]
    assert len(dataset.problems) == 1
    assert says in dataset.problems[0].fact


def test_lyrics_that_are_missing_leave_the_sound_out(sound, tmp_path):
    sound("a.wav")
    sound("b.wav")
    written(tmp_path, "path,label,lyrics\na.wav,x,none.txt\nb.wav,x,here\n")
    dataset = load_manifest(tmp_path)
    assert [item.lyrics for item in dataset.items] == ["here"]
    assert dataset.problems[0].where == "manifest.csv, line 2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("file,label\na,b\n", "no column path"),
        ("path,label,label\n", "two columns 'label'"),
        ("path,label,track,group\n", "mean the same"),
        ("path,label\n", "no sound that can be used"),
    ],
)
def test_a_table_that_is_no_manifest(tmp_path, text, says):
    with pytest.raises(DatasetError, match=says):
        load_manifest(written(tmp_path, text))


def test_other_encodings_and_damaged_parquet_are_refused(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes("path,label\nä.wav,x\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="UTF-8"):
        load_manifest(path)
    broken = tmp_path / "m.parquet"
    broken.write_bytes(b"PAR1 no")
    with pytest.raises(DatasetError, match="no Parquet"):
        load_manifest(broken)


def test_the_fingerprint_is_that_of_what_the_items_are(sound, tmp_path):
    sound("a.wav")
    path = written(tmp_path, "path,label,group\na.wav,x,g\n")
    before = load_manifest(path).fingerprint
    assert load_manifest(path).fingerprint == before
    written(tmp_path, "path,label,group\na.wav,x,h\n")
    assert load_manifest(path).fingerprint != before


def test_a_file_that_vanished_is_named_when_it_is_read(sound, tmp_path):
    path = sound("a.wav")
    written(tmp_path, "path,label,end\na.wav,x,0.1\n")
    item = load_manifest(tmp_path).items[0]
    path.unlink()
    with pytest.raises(AudioError, match=r"a\.wav: no such file"):
        read_item(item)


def test_real_environmental_sounds(shared):
    dataset = open_dataset(shared("esc10"))
    assert set(dataset.counts.values()) == {32}
    assert len(dataset.items) == 320
    assert {item.fold for item in dataset.items} == {"1", "2", "3", "4"}
    assert dataset.problems == ()
    assert read_item(dataset.items[0]).duration_s == pytest.approx(5.0, abs=0.1)


def test_real_songs_come_with_their_words(shared):
    dataset = open_dataset(shared("lyrics"))
    assert len(dataset.items) == 5
    assert all(len(item.lyrics) > 100 for item in dataset.items)
