"""A folder per class, and how kinds are recognised."""

import pytest

from earmark.data.dataset import Problem
from earmark.data.folder import load_folder
from earmark.data.open import open_dataset, recognise
from earmark.errors import DatasetError, UnknownNameError


def test_labels_are_the_names_of_the_folders_at_any_depth(sound, tmp_path):
    for name in ("b/2.wav", "b/deep/1.flac", "a/x.ogg"):
        sound(name)
    dataset = open_dataset(tmp_path)
    assert [(item.path.relative_to(tmp_path).as_posix(), item.label) for item in dataset.items] == [
        ("a/x.ogg", "a"),
        ("b/2.wav", "b"),
        ("b/deep/1.flac", "b"),
    ]
    assert dataset.problems == ()
    assert len(set(dataset.groups("track"))) == 3


def test_what_is_left_out_is_said(sound, tmp_path):
    sound("a/good.wav")
    sound("loose.wav")
    (tmp_path / "a" / "broken.wav").write_bytes(b"RIFF nothing more")
    (tmp_path / "a" / "empty.wav").touch()
    (tmp_path / "a" / "film.mkv").write_bytes(b"x")
    (tmp_path / "a" / "notes.txt").write_text("beside")
    (tmp_path / "a" / ".DS_Store").write_text("hidden")
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("no sound")
    dataset = load_folder(tmp_path)
    assert dataset.counts == {"a": 1}
    assert {problem.where for problem in dataset.problems} == {
        "a/broken.wav", "a/empty.wav", "a/film.mkv", "empty", "loose.wav", "texts",
    }  # fmt: skip
    assert Problem("a/empty.wav", "is empty (0 bytes)") in dataset.problems


def test_a_folder_of_loose_sounds_is_refused_with_the_way_out(sound, tmp_path):
    sound("loose.wav")
    with pytest.raises(DatasetError, match=r"no sub-folder with sound files.*manifest\.csv"):
        open_dataset(tmp_path)


def test_nothing_usable_is_an_error_that_shows_the_first_problem(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.wav").touch()
    with pytest.raises(DatasetError, match=r"a/x\.wav: is empty"):
        open_dataset(tmp_path)


def test_missing_and_unknown(tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(UnknownNameError, match="Did you mean gtzan"):
        open_dataset(tmp_path / "nowhere", kind="gtzn")
    note = tmp_path / "note.txt"
    note.write_text("x")
    with pytest.raises(DatasetError, match="is no data set"):
        open_dataset(note)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["a/x.wav"], "folder"),
        (["a/x.wav", "manifest.csv"], "manifest"),
        (["genres/blues/blues.00000.wav"], "gtzan"),
        (["genres_original/rock/rock.00000.wav"], "gtzan"),
        (["metal.00017.wav"], "gtzan"),
        (["blues/blues.00000.wav", "rock/rock.00000.wav"], "gtzan"),
        (["blues/song.wav", "rock/song.wav"], "folder"),
        (["audio/1-100032-A-0.wav"], "esc50"),
        (["001 - Dog bark/1-30226-A.ogg"], "esc10"),
        (["yes/0a_nohash_0.wav", "testing_list.txt", "validation_list.txt"], "speech_commands"),
        (["audios/x.wav", "id_genres.csv"], "music4all"),
        (["audio/x.wav", "balanced_train_segments.csv"], "audioset"),
    ],
)
def test_kinds_are_recognised(tmp_path, files, kind):
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert recognise(tmp_path) == kind


def test_lyrics_beside_sounds_are_theirs(sound, tmp_path):
    for name in ("a/1.wav", "a/2.wav", "b/3.wav", "b/4.wav"):
        sound(name)
    (tmp_path / "a" / "1.lrc").write_text("[00:00.10]so long")
    (tmp_path / "a" / "1.txt").write_text("something else")
    (tmp_path / "a" / "2.txt").write_bytes("süß".encode("cp1252"))
    (tmp_path / "b" / "3.lines.csv").write_text("start_time,end_time,lyrics_line\n0.0,0.1,good night\n")
    (tmp_path / "b" / "4.lrc").write_text("[10:00]far behind")
    dataset = open_dataset(tmp_path)
    assert [item.lyrics for item in dataset.items] == ["so long", None, "good night", None]
    facts = {problem.where: problem.fact for problem in dataset.problems}
    assert facts.keys() == {"a/2.txt", "b/4.lrc"}
    assert "is left aside as lyrics: is not in utf-8" in facts["a/2.txt"]
    assert "is sung at 600.00 s" in facts["b/4.lrc"]


def test_a_folder_of_texts_needs_no_sound(tmp_path):
    for name, text in (("sea/1.txt", "salt and sail"), ("hill/2.lrc", "[00:01]moss"), ("hill/3.txt", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    dataset = open_dataset(tmp_path)
    assert [(item.label, item.lyrics, item.sound) for item in dataset.items] == [
        ("hill", "moss", False),
        ("sea", "salt and sail", False),
    ]
    assert dataset.problems == (Problem("hill/3.txt", "holds no words"),)
