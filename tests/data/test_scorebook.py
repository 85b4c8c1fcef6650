"""Data sets of scores: whole, repeatable, resumed after a kill, opened like any other."""

import csv
import hashlib
import json
import pickle
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from earmark.audio.read import read
from earmark.data.open import open_dataset
from earmark.data.scorebook.build import build_scorebook
from earmark.data.scorebook.collections import COLLECTIONS, corpus_folder, pieces
from earmark.data.scorebook.draws import SHORTCUT_LABEL, SHORTCUT_PROGRAM, Rules
from earmark.data.scorebook.own import build_from_scores
from earmark.data.scorebook.plan import Wanted, plan
from earmark.data.scorebook.tonality import key_of
from earmark.errors import DatasetError, SettingError

RATE = 8000
SMALL = {"seconds": 3.0, "sample_rate": RATE, "jobs": 1}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "scorebook"
    return build_scorebook(folder, per_class=2, labels=("chorales", "fiddle_tunes"), **SMALL)


def rows(folder):
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_opens_like_any_data_set_grouped_by_piece(built):
    dataset = open_dataset(built.folder)
    assert dataset.counts == {"chorales": 2, "fiddle_tunes": 2}
    assert dataset.problems == ()
    assert [item.track for item in dataset.items] == [excerpt.track for excerpt in built.excerpts]
    assert all(item.artist != item.track for item in dataset.items)


def test_stems_on_disk_sum_to_the_mix_on_disk_bit_for_bit(built):
    for row in rows(built.folder):
        stems = [read(built.folder / path) for path in row["stems"].split(";")]
        mix = read(built.folder / row["path"])
        assert (mix.duration_s, mix.sample_rate, mix.channels) == (3.0, RATE, 1)
        total = np.zeros_like(mix.waveform)
        for stem in stems:
            total = total + stem.waveform
        np.testing.assert_array_equal(total, mix.waveform)
        assert len(stems) == (1 if row["label"] == "fiddle_tunes" else 4)


def test_a_stem_is_silent_until_its_first_note_and_not_after_it(built):
    for row in rows(built.folder):
        with (built.folder / row["notes"]).open(newline="") as file:
            notes = list(csv.DictReader(file))
        for path in row["stems"].split(";"):
            name = path.rpartition("/")[2].removesuffix(".flac")
            first_s = min(float(note["start_s"]) for note in notes if note["stem"] == name)
            wave, at = read(built.folder / path).waveform[0], round(first_s * RATE)
            assert not wave[:at].any()
            assert np.abs(wave[at : at + RATE // 10]).max() > 0.001


def test_key_and_notes_are_told_as_they_are_played(built):
    for row, excerpt in zip(rows(built.folder), built.excerpts, strict=True):
        notes = [note for stem in excerpt.stems for note in stem.part.notes]
        assert row["key"] == key_of(notes) != ""
        with (built.folder / row["notes"]).open(newline="") as file:
            told = [(int(note["pitch"]), float(note["start_s"])) for note in csv.DictReader(file)]
        assert told == [(note.pitch, note.start_s) for note in notes]


def test_the_card_tells_settings_versions_and_terms(built):
    card = json.loads((built.folder / "card.json").read_text(encoding="utf-8"))
    assert card["settings"]["seed"] == 0
    assert card["counts"] == {"chorales": 2, "fiddle_tunes": 2}
    assert set(card["terms"]) == {"chorales", "fiddle_tunes"}
    assert "BSD licensed music21" in card["corpus_licence"]
    assert "shortcut" not in (built.folder / "README.md").read_text(encoding="utf-8")


def test_it_grows_and_what_was_there_stays(built, tmp_path):
    before = digests(built.folder)
    grown = build_scorebook(built.folder, per_class=3, labels=("chorales", "fiddle_tunes"), **SMALL)
    after = digests(built.folder)
    assert len(grown.excerpts) == 6
    assert [name for name in before if before[name] != after[name]] == [
        "README.md", "card.json", "manifest.csv", "plan/chorales.json", "plan/fiddle_tunes.json"
    ]  # fmt: skip
    with pytest.raises(SettingError, match="more than the 1"):
        build_scorebook(built.folder, per_class=1, labels=("chorales", "fiddle_tunes"), **SMALL)
    with pytest.raises(SettingError, match="was built with seed 0, now it is 1"):
        build_scorebook(built.folder, per_class=3, seed=1, labels=("chorales", "fiddle_tunes"), **SMALL)
    (tmp_path / "something").write_text("of the user's")
    with pytest.raises(SettingError, match="is not empty"):
        build_scorebook(tmp_path, per_class=1, **SMALL)


def test_the_shortcut_is_in_one_class_and_changes_nothing_else():
    (chorales,) = [one for one in COLLECTIONS if one.label == SHORTCUT_LABEL]
    wanted = Wanted(SHORTCUT_LABEL, pieces(chorales, corpus_folder()), Rules(8.0), 3)
    plain = plan(wanted, 5)
    planted = plan(Wanted(SHORTCUT_LABEL, wanted.pieces, wanted.rules, 3, planted=True), 5)
    for before, after in zip(plain.excerpts, planted.excerpts, strict=True):
        changed = [b.name for a, b in zip(before.stems, after.stems, strict=True) if a.part.program != b.part.program]
        assert changed == [after.shortcut_stem]
        assert sum(stem.part.program == SHORTCUT_PROGRAM for stem in after.stems) == 1
        assert [stem.part.notes for stem in before.stems] == [stem.part.notes for stem in after.stems]


TUNE = "X:1\nT:{name}\nM:4/4\nL:1/4\nQ:1/4=120\nK:D\n" + "D F A d | c A F E | " * 12 + "D4 |]\n"
RUN = (
    "from earmark.data.scorebook.own import build_from_scores\n"
    "if __name__ == '__main__':\n"
    "    build_from_scores({source!r}, {out!r}, seconds=2.0, per_score=5, sample_rate=8000, jobs=1)\n"
)


@pytest.fixture
def tunes(tmp_path):
    folder = tmp_path / "tunes"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.abc").write_text(TUNE.format(name=name))
    (folder / "manifest.csv").write_text("score,label,group\none.abc,a,book\ntwo.abc,b,book\n")
    return folder


def test_a_killed_build_goes_on_to_the_same_bytes(tunes, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    script = tmp_path / "run.py"
    script.write_text(RUN.format(source=str(tunes), out=str(stopped)))
    running = subprocess.Popen([sys.executable, script], start_new_session=True, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(stopped.rglob("audio/*/*.flac")) and time.monotonic() < until and running.poll() is None:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not (stopped / "manifest.csv").exists()
    settings = {"seconds": 2.0, "per_score": 5, "sample_rate": RATE, "jobs": 1}
    assert len(build_from_scores(tunes, whole, **settings).excerpts) == 10
    # What the kill left under a temporary name is no part of the data set.
    build_from_scores(tunes, stopped, **settings)
    found = {name: digest for name, digest in digests(stopped).items() if not name.rpartition("/")[2].startswith(".")}
    told = digests(whole)
    for name in ("README.md", "card.json"):  # these have the folder's name
        assert found.pop(name)
        assert told.pop(name)
    assert found == told


def test_windows_of_one_score_do_not_overlap_and_share_a_track(tunes, tmp_path):
    built = build_from_scores(
        tunes, tmp_path / "out", seconds=2.0, per_score=3, sample_rate=RATE, jobs=1, labels=("a",)
    )
    starts = sorted(excerpt.start_quarters for excerpt in built.excerpts)
    assert len(starts) == 3
    assert min(np.diff(starts)) >= 2.0 * 120 / 60
    assert {item.track for item in open_dataset(built.folder).items} == {"one.abc"}


def test_scores_that_cannot_be_used_are_refused_or_listed(tunes, tmp_path):
    (tunes / "broken.mid").write_bytes(b"MThd?")
    (tunes / "manifest.csv").write_text("score,label\none.abc,a\nbroken.mid,a\n")
    built = build_from_scores(tunes, tmp_path / "out", seconds=2.0, sample_rate=RATE, jobs=1)
    assert [name for name, _ in built.passed_over] == ["broken.mid"]
    assert "no score that can be read" in built.passed_over[0][1]
    assert built.broken == ("broken.mid",)
    assert "broken.mid" in (tmp_path / "out" / "card.json").read_text(encoding="utf-8")
    (tunes / "manifest.csv").write_text("score,label\none.txt,a\n")
    with pytest.raises(DatasetError, match=r"line 2 names 'one\.txt'"):
        build_from_scores(tunes, tmp_path / "other")
    with pytest.raises(DatasetError, match="no manifest"):
        build_from_scores(tmp_path, tmp_path / "other")
    assert not (tmp_path / "other").exists()


PERCUSSION = """<?xml version="1.0"?><score-partwise version="3.1"><part-list>
<score-part id="P1"><part-name>Voice</part-name></score-part>
<score-part id="P2"><part-name>Drum</part-name></score-part></part-list>
<part id="P1">{sung}</part><part id="P2">{struck}</part></score-partwise>"""
HEAD = "<attributes><divisions>1</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
SUNG = "<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>1</duration>{lyric}</note>"
STRUCK = (
    "<note><unpitched><display-step>E</display-step><display-octave>4</display-octave></unpitched>"
    "<duration>2</duration></note>"
)


def test_percussion_without_a_pitch_is_told_on_the_card(tmp_path):
    lyrics = [f"<lyric><syllabic>{place}</syllabic><text>{text}</text></lyric>" for place, text in
              (("begin", "Ro"), ("end", "sen,"), ("single", "rot"))]  # fmt: skip
    notes = [SUNG.format(step="CDEFGA"[at % 6], lyric=[*lyrics, ""][at % 4]) for at in range(24)]
    bars = range(12)
    (tmp_path / "one.musicxml").write_text(
        PERCUSSION.format(
            sung="".join(f"<measure number='{b}'>{HEAD if b == 0 else ''}{''.join(notes[2 * b : 2 * b + 2])}</measure>"
                         for b in bars),
            struck="".join(f"<measure number='{b}'>{HEAD if b == 0 else ''}{STRUCK}</measure>" for b in bars),
        )
    )  # fmt: skip
    (tmp_path / "manifest.csv").write_text("score,label,title\none.musicxml,a,Rose\n")
    built = build_from_scores(tmp_path, tmp_path / "out", seconds=4.0, sample_rate=RATE, jobs=1)
    assert built.left_out == (("one.musicxml", "12 notes of percussion in Drum"),)
    card = json.loads((tmp_path / "out" / "card.json").read_text(encoding="utf-8"))
    assert card["left_out"] == [{"piece": "one.musicxml", "what": "12 notes of percussion in Drum"}]
    (excerpt,) = built.excerpts
    # At 100 quarter notes a minute a word of two syllables lasts 1.2 s, and so does one that is sung on over a note.
    assert {word.text: round(word.end_s - word.start_s, 3) for word in excerpt.sung if word.end_s < 4} == {
        "Rosen,": 1.2, "rot": 1.2
    }  # fmt: skip
    (row,) = rows(built.folder)
    timed = (built.folder / row["lrc"]).read_text(encoding="utf-8")
    assert timed.startswith("[ti:Rose]\n[00:0")
    assert re.sub(r"[<\[][^>\]]*[>\]]", "", timed).split() == row["lyrics"].split()


def test_another_manifest_in_the_same_place_is_refused(tunes, tmp_path):
    settings = {"seconds": 2.0, "sample_rate": RATE, "jobs": 1}
    build_from_scores(tunes, tmp_path / "out", **settings)
    (tunes / "manifest.csv").write_text("score,label,group\none.abc,a,book\n")
    with pytest.raises(SettingError, match="was built with labels"):
        build_from_scores(tunes, tmp_path / "out", **settings)


def test_an_error_comes_back_from_another_process_as_it_is(tunes, tmp_path):
    with pytest.raises(DatasetError, match="are needed") as raised:
        build_from_scores(tunes, tmp_path / "out", seconds=60.0, sample_rate=RATE, jobs=1)
    again = pickle.loads(pickle.dumps(raised.value))
    assert type(again) is DatasetError
    assert (str(again), again.remedy) == (str(raised.value), "Ask for fewer or shorter ones")


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        ({"seconds": 1.0}, "1 s"),
        ({"per_class": 0}, "0 excerpts"),
        ({"sample_rate": 100}, "100 Hz"),
        ({"seed": -1}, "seed -1"),
        ({"jobs": 0}, "0 processes"),
        ({"labels": ("polka",)}, "polka"),
        ({"shortcut": True, "labels": ("masses",)}, "planted in chorales"),
    ],
)
def test_settings_out_of_range_are_refused_and_nothing_is_written(tmp_path, settings, fact):
    with pytest.raises(SettingError, match=fact):
        build_scorebook(tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_song_has_a_stem_of_the_voice_and_the_times_of_its_syllables(shared, tmp_path):
    built = build_from_scores(
        shared("lieder"), tmp_path / "out", seconds=8.0, per_class=1, labels=("schubert",), sample_rate=RATE, jobs=1
    )
    (row,) = rows(built.folder)
    (excerpt,) = built.excerpts
    voice = next(stem for stem in excerpt.stems if stem.words)
    assert voice.part.program == 52
    assert {stem.part.program for stem in excerpt.stems if stem is not voice} == {0}
    with (built.folder / row["words"]).open(encoding="utf-8", newline="") as file:
        words = list(csv.DictReader(file))
    begun = {round(note.start_s, 6) for note in voice.part.notes}
    assert {float(word["start_s"]) for word in words} <= begun
    assert open_dataset(built.folder).items[0].lyrics == excerpt.lyrics != ""
