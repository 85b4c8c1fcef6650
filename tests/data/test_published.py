"""Data sets with a layout of their own: GTZAN, ESC-50, ESC-10, Speech Commands, Music4All, AudioSet."""

import pytest

from earmark.data.emotion import emotion
from earmark.data.esc50 import CLASSES, ESC10
from earmark.data.gtzan import load_gtzan, read_artists
from earmark.data.open import open_dataset
from earmark.errors import DatasetError


def problems_of(dataset):
    return {problem.where: problem.fact for problem in dataset.problems}


@pytest.mark.parametrize("layout", ["genres/{g}/", "genres_original/{g}/", "{g}/", ""])
def test_gtzan_in_every_layout(sound, tmp_path, layout):
    for genre in ("jazz", "blues"):
        for number in (0, 1):
            sound(f"{layout.format(g=genre)}{genre}.{number:05}.wav")
    dataset = open_dataset(tmp_path)
    assert dataset.name == "gtzan"
    assert [item.track for item in dataset.items] == ["blues.00000", "blues.00001", "jazz.00000", "jazz.00001"]
    assert dataset.counts == {"blues": 2, "jazz": 2}
    assert problems_of(dataset)["blues"] == (
        "98 of 100 clips are missing: blues.00002, blues.00003, blues.00004, blues.00005, blues.00006, …"
    )


def test_gtzan_goes_on_without_its_corrupt_clip_and_says_so(sound, tmp_path):
    for number in range(100):
        sound(f"genres_original/jazz/jazz.{number:05}.wav", 0.02)
    # In one edition in circulation this file's header is that of no sound.
    (tmp_path / "genres_original/jazz/jazz.00054.wav").write_bytes(b"\x00\x01\xff" * 1000)
    dataset = open_dataset(tmp_path)
    assert dataset.counts == {"jazz": 99}
    assert "is no sound file" in problems_of(dataset)["genres_original/jazz/jazz.00054.wav"]
    assert "jazz" not in problems_of(dataset)


def test_gtzan_knows_artists_from_the_index(sound, tmp_path):
    sound("genres/blues/blues.00000.wav")
    sound("genres/blues/blues.00001.wav")
    (tmp_path / "GTZANindex_sturm.txt").write_text(
        "## x\nblues.00000.wav ::: John ::: Song\nblues.00001.wav :::  ::: \n"
    )
    assert [item.artist for item in load_gtzan(tmp_path).items] == ["John", None]


def test_gtzan_real_index(shared):
    artists = read_artists(shared("gtzan") / "GTZANindex_sturm.txt")
    assert artists["blues.00000"] == "John Lee Hooker"
    assert 900 < len(artists) <= 1000


def test_gtzan_refuses_another_folder(sound, tmp_path):
    sound("blues/song.wav")
    with pytest.raises(DatasetError, match="named as in GTZAN"):
        open_dataset(tmp_path, kind="gtzan")


def test_esc50_folds_and_recordings_are_in_the_names(sound, tmp_path):
    for name in ("1-100032-A-0.wav", "5-9032-A-0.wav", "2-18766-B-12.wav", "3-1-A-49.wav"):
        sound(f"audio/{name}")
    sound("audio/4-1-A-50.wav")
    dataset = open_dataset(tmp_path)
    assert [(i.label, i.fold, i.track) for i in dataset.items] == [
        ("dog", "1", "100032"),
        ("crackling_fire", "2", "18766"),
        ("hand_saw", "3", "1"),
        ("dog", "5", "9032"),
    ]
    assert list(problems_of(dataset)) == ["audio/4-1-A-50.wav"]
    assert open_dataset(tmp_path, kind="esc10").counts == {"crackling_fire": 1, "dog": 2}
    assert (len(CLASSES), len(set(CLASSES)), len(ESC10 & set(CLASSES))) == (50, 50, 10)


def test_esc10_in_its_own_edition(sound, tmp_path):
    sound("001 - Dog bark/1-30226-A.wav")
    sound("010 - Fire crackling/2-18766-A.wav")
    dataset = open_dataset(tmp_path)
    assert [(i.label, i.fold, i.track) for i in dataset.items] == [
        ("dog_bark", "1", "30226"),
        ("fire_crackling", "2", "18766"),
    ]


def test_speech_commands(sound, tmp_path):
    for name in ("yes/0a_nohash_0.wav", "yes/0a_nohash_1.wav", "no/0b_nohash_0.wav", "no/0c_nohash_0.wav"):
        sound(name)
    sound("_background_noise_/pink.wav")
    sound("no/odd.wav")
    (tmp_path / "validation_list.txt").write_text("no/0b_nohash_0.wav\n")
    (tmp_path / "testing_list.txt").write_text("no/0c_nohash_0.wav\nno/0d_nohash_0.wav\n")
    dataset = open_dataset(tmp_path)
    assert [(i.label, i.track, i.split) for i in dataset.items] == [
        ("no", "0b", "validation"),
        ("no", "0c", "test"),
        ("yes", "0a", "train"),
        ("yes", "0a", "train"),
    ]
    assert problems_of(dataset)["testing_list.txt"] == "1 of its 2 files are missing, first no/0d_nohash_0.wav"
    assert "no/odd.wav" in problems_of(dataset)


@pytest.fixture
def music4all(sound, tmp_path):
    for name in ("i1", "i2", "i3", "i5"):
        sound(f"audios/{name}.wav")
    (tmp_path / "lyrics").mkdir()
    for name in ("i1", "i2", "i3"):
        (tmp_path / "lyrics" / f"{name}.txt").write_text(f"words of {name}", encoding="utf-8")
    (tmp_path / "id_genres.csv").write_text("id\tgenres\ni1\tpop,dance pop\ni2\tmetal\ni3\tpop,metal\ni4\tpop\n")
    (tmp_path / "id_metadata.csv").write_text(
        "id\tvalence\tenergy\ni1\t0.9\t0.9\ni2\t0.1\t0.9\ni3\t0.5\t7\ni4\t0.5\t0.5\n"
    )
    (tmp_path / "id_information.csv").write_text("id\tartist\tsong\ni1\tA\tx\ni2\tB\ty\ni3\tA\tz\n")
    return tmp_path


def test_music4all_genres(music4all):
    dataset = open_dataset(music4all)
    assert [(i.label, i.artist, i.lyrics) for i in dataset.items] == [
        ("pop", "A", "words of i1"),
        ("metal", "B", "words of i2"),
        ("pop", "A", "words of i3"),
    ]
    assert problems_of(dataset) == {"i4": "has no sound in audios", "audios/i5.wav": "has no usable row"}


def test_music4all_merged_genres(music4all):
    (music4all / "merge.csv").write_text("from,to\nPop,popular\ndance pop,popular\nmetal,heavy\n")
    dataset = open_dataset(music4all)
    assert dataset.counts == {"heavy": 1, "popular": 1}  # i3 is both
    assert problems_of(dataset)["id_genres.csv, line 4"] == "no one class in pop, metal"


def test_music4all_emotions(music4all):
    dataset = open_dataset(music4all, kind="music4all_emotion")
    assert dataset.counts == {"angry": 1, "excited": 1}
    assert "energy 7" in problems_of(dataset)["id_metadata.csv, line 4"]


def test_missing_lyrics_are_said(music4all):
    (music4all / "lyrics" / "i2.txt").unlink()
    dataset = open_dataset(music4all)
    assert len(dataset.items) == 2
    assert problems_of(dataset)["lyrics/i2.txt"] == "is missing; its sound is left out"


def test_emotions_are_cut_as_published():
    grid = [[emotion(v, e) for e in (0.9, 0.5, 0.1)] for v in (0.9, 0.5, 0.1)]
    assert grid == [["excited", "happy", "relaxed"], ["tense", "neutral", "calm"], ["angry", "sad", "depressed"]]
    assert emotion(0.35, 0.65) == "neutral"  # the cuts themselves are in the middle
    with pytest.raises(DatasetError, match="valence nan"):
        emotion(float("nan"), 0.5)


HEAD = "# Segments csv created\n# num_ytids=5\n# YTID, start_seconds, end_seconds, positive_labels\n"


def test_audioset_segments_with_a_recipe(sound, tmp_path):
    sound("eval/--PJHxphWEs.wav", 2.0)  # the whole recording
    sound("eval/Yab_cdefghij.wav", 1.0)  # cut, as its length says
    sound("eval/x1234567890_1.000_2.000.wav", 1.0)  # cut, as its name says
    sound("eval/y1234567890.wav", 1.0)
    sound("eval/stranger.wav")
    (tmp_path / "class_labels_indices.csv").write_text(
        'index,mid,display_name\n0,/m/a,"Violin, fiddle"\n1,/m/b,Drum\n2,/m/c,Music\n'
    )
    (tmp_path / "merge.csv").write_text('from,to\n"Violin, fiddle",strings\n/m/b,drums\n')
    (tmp_path / "eval_segments.csv").write_text(
        HEAD
        + '--PJHxphWEs, 0.500, 1.500, "/m/a,/m/c"\n'
        + 'ab_cdefghij, 30.000, 31.000, "/m/b"\n'
        + 'x1234567890, 1.000, 2.000, "/m/b,/m/c"\n'
        + 'y1234567890, 1.000, 2.000, "/m/a,/m/b"\n'
        + 'z1234567890, 1.000, 2.000, "/m/a"\n'
        + "broken line\n"
    )
    dataset = open_dataset(tmp_path)
    assert [(i.label, i.start_s, i.end_s, i.track, i.split) for i in dataset.items] == [
        ("strings", 0.5, 1.5, "--PJHxphWEs", "test"),
        ("drums", None, None, "ab_cdefghij", "test"),
        ("drums", None, None, "x1234567890", "test"),
    ]
    assert problems_of(dataset) == {
        "eval_segments.csv, y1234567890": "no one class in Violin, fiddle; Drum",
        "eval_segments.csv, z1234567890": "no sound of z1234567890 here",
        "eval_segments.csv, broken line": "is no line YTID, start, end, labels",
        "eval/stranger.wav": "is in no list",
    }


def test_audioset_without_a_recipe_takes_segments_of_one_label(sound, tmp_path):
    for name in ("a", "b"):
        sound(f"audio/{name}.wav", 1.0)
    (tmp_path / "balanced_train_segments.csv").write_text(HEAD + 'a, 0, 1, "/m/a"\nb, 0, 1, "/m/a,/m/b"\n')
    dataset = open_dataset(tmp_path)
    assert [(i.label, i.split) for i in dataset.items] == [("/m/a", "train")]
    assert len(dataset.problems) == 1


@pytest.mark.parametrize("text", ["from\nx\n", "from,to\n", "from,to\na,x\na,y\n", "from,to\na,\n"])
def test_a_recipe_that_is_none(sound, tmp_path, text):
    sound("audio/a.wav", 1.0)
    (tmp_path / "train_segments.csv").write_text('a, 0, 1, "/m/a"\n')
    (tmp_path / "merge.csv").write_text(text)
    with pytest.raises(DatasetError, match=r"merge\.csv"):
        open_dataset(tmp_path)
