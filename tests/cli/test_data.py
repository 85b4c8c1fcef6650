"""``earmark data``: show, audit, split, get."""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data import download
from earmark.errors import FetchError


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two classes of eight sounds each, each half of a recording in a track of its own; one file is none."""
    root = tmp_path_factory.mktemp("data")
    rows = ["path,label,track,artist,fold"]
    for number in range(16):
        wave = 0.1 * np.random.default_rng(number).standard_normal((1, 4000))
        label = ("hum", "hiss")[number % 2]
        write(Clip(wave, 8000), root / label / f"{number:02}.wav")
        rows.append(f"{label}/{number:02}.wav,{label},t{number // 4 * 2 + number % 2},a{number // 4},{number // 8 + 1}")
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def torn(data, tmp_path):
    """The same with a file that is no sound and one that breaks off."""
    lines = (data / "manifest.csv").read_text().splitlines()
    rows = [lines[0], *(f"{data}/{line}" for line in lines[1:]), "none.wav,hum,,,1", "torn.flac,hum,x,a9,1"]
    (tmp_path / "none.wav").write_bytes(b"nothing")
    whole = write(Clip(0.1 * np.ones((1, 40000)), 8000), tmp_path / "torn.flac").read_bytes()
    (tmp_path / "torn.flac").write_bytes(whole[: len(whole) // 2])
    path = tmp_path / "torn.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_show(run, data):
    done = run("data", "show", data)
    assert (done.code, done.err) == (0, "")
    assert "16 items, 2 classes, 8 tracks" in done.out
    assert "artists      4" in done.out
    assert "folds        1 (8), 2 (8)" in done.out
    document = json.loads(run("data", "show", data, "--json").out)
    assert document["classes"] == {"hiss": {"items": 8, "tracks": 4}, "hum": {"items": 8, "tracks": 4}}


def test_show_says_what_is_left_out_and_exits_with_3(run, torn):
    done = run("data", "show", torn)
    assert done.code == 3
    assert "17 items" in done.out
    assert done.err.splitlines()[0].startswith("earmark: error: none.wav: is no sound file")
    assert done.err.splitlines()[1] == (
        "earmark: error: 1 problem in the data. The rest is used; the lines above say what is missing."
    )


def test_many_problems_are_counted_and_shown_on_request(run, data, tmp_path):
    path = tmp_path / "many.csv"
    path.write_text(f"path,label\n{data}/hum/00.wav,hum\n" + "".join(f"{n}.wav,x\n" for n in range(15)))
    done = run("data", "show", path)
    assert len(done.err.splitlines()) == 12
    assert "and 5 more like these" in done.err
    assert len(run("data", "show", path, "-v").err.splitlines()) == 16


def test_split_writes_lists(run, data, tmp_path):
    done = run("data", "split", data, "--fractions", "0.5,0.25,0.25", "-o", "lists", "--json")
    assert (done.code, done.err) == (0, "")
    (row,) = json.loads(done.out)
    assert (row["train"], row["validation"], row["test"], row["group"], row["leaky"]) == (8, 4, 4, "track", False)
    lines = [(tmp_path / "lists" / name).read_text().splitlines() for name in ("train.txt", "valid.txt", "test.txt")]
    assert sorted(line for part in lines for line in part) == sorted(
        f"{('hum', 'hiss')[n % 2]}/{n:02}.wav" for n in range(16)
    )
    again = run("data", "split", data, "-o", "lists")
    assert (again.code, again.out) == (1, "")
    assert "--overwrite" in again.err
    assert run("data", "split", data, "-o", "lists", "--overwrite").code == 0


def test_split_by_folds_artists_and_duplicates(run, data, tmp_path):
    assert run("data", "split", data, "--folds", "-o", "f").code == 0
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["fold-1", "fold-2"]
    assert len((tmp_path / "f" / "fold-1" / "test.txt").read_text().splitlines()) == 8
    assert run("data", "split", data, "--by", "artist", "--fractions", "0.5,0.25,0.25", "-o", "a").code == 0
    made = run("data", "split", data, "--by", "duplicates", "--fractions", "0.5,0.25,0.25", "-o", "d", "--json")
    assert json.loads(made.out)[0]["group"] == "duplicates"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--by", "trak"], 2, "Did you mean track"),
        (["--fractions", "half"], 2, "no fractions"),
        (["--fractions", "0.5,0.5"], 2, "Give three"),
        (["--folds", "--published"], 2, "exclude each other"),
        (["--leaky"], 2, "--published"),
        (["--published"], 1, "no published split"),
        (["--kind", "gtzn"], 2, "Did you mean gtzan"),
    ],
)
def test_splits_that_cannot_be(run, data, tmp_path, options, code, says):
    done = run("data", "split", data, "-o", "lists", *options)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert not (tmp_path / "lists").exists()


def test_audit_writes_page_and_json_and_exits_with_3_for_corrupt_files(run, torn, tmp_path):
    done = run("data", "audit", torn, "-o", "audit")
    assert done.code == 3
    assert "torn.flac" in done.err
    assert "1 corrupt, 0 silent" in done.out
    document = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert [problem["where"] for problem in document["corrupt"]] == ["torn.flac"]
    assert "torn.flac" in (tmp_path / "audit" / "audit.html").read_text()
    before = (tmp_path / "audit" / "audit.json").read_bytes()
    assert "is there already" in run("data", "audit", torn, "-o", "audit").err
    run("data", "audit", torn, "-o", "audit", "--overwrite")
    assert (tmp_path / "audit" / "audit.json").read_bytes() == before


def test_audit_of_real_descriptors(run):
    table = Path(__file__).parents[3] / "shared" / "data" / "gtzan" / "descriptors_89.csv"
    if not table.is_file():
        pytest.skip(f"no real data at {table}")
    done = run("data", "audit", "--descriptors", table, "-o", "audit")
    assert (done.code, done.err) == (0, "")
    assert "14 identical" in done.out
    assert "1 across classes\n             metal.00058.wav = rock.00016.wav (identical)" in done.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "none of the columns id"),
        ("id,label\nx,y\n", "no column of numbers"),
        ("id,mfcc\nx,1\n", "no column label"),
        ("id,label,mfcc\nx,a,1\ny,a,nan\n", "line 3: 1 descriptors are missing, NaN"),
        ("id,label,mfcc\n", "has no rows"),
    ],
)
def test_audit_of_tables_that_are_none(run, tmp_path, text, says):
    (tmp_path / "t.csv").write_text(text)
    done = run("data", "audit", "--descriptors", "t.csv", "-o", "audit")
    assert (done.code, done.out) == (1, "")
    assert says in done.err
    assert not (tmp_path / "audit").exists()


def test_audit_of_nothing_or_two_things(run, data):
    for arguments in ([], [data, "--descriptors", "t.csv"]):
        assert "one thing can be audited" in run("data", "audit", *arguments).err


def test_get_gtzan_splits_from_a_wheel(run, tmp_path):
    with zipfile.ZipFile(tmp_path / "t.whl", "w") as archive:
        archive.writestr(
            "torchaudio/datasets/gtzan.py",
            'filtered_train = ["pop.00001"]\nfiltered_valid = ["pop.00002"]\nfiltered_test = ["pop.00003"]\n',
        )
    done = run("data", "get", "gtzan-splits", "--from", "t.whl", "-o", "lists")
    assert (done.code, done.err) == (0, "")
    assert done.out == "lists/filtered: train 1, valid 1, test 1\n"
    assert (tmp_path / "lists" / "valid_filtered.txt").read_text() == "pop/pop.00002.wav\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["gtzan-split"], 2, "Did you mean gtzan-splits"),
        (["some title"], 2, "nobody is there to ask"),
        (["ftp://example.org/x.wav"], 2, "no address of the web"),
        (["http://127.0.0.1:9/x.wav"], 1, "cannot be downloaded"),
        (["scorebook", "--from", "x.whl"], 2, "--from is for gtzan-splits"),
        (["http://127.0.0.1:9/x.wav", "--max-mb", "0"], 2, "size_mb"),
    ],
)
def test_what_cannot_be_got(run, monkeypatch, arguments, code, says):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    done = run("data", "get", *arguments)
    assert (done.code, done.out) == (code, "")
    assert says in done.err


class Terminal(io.StringIO):
    """Standard input with somebody at it."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "asked"), [("\n", []), ("no\n", []), ("2\n", ["http://127.0.0.1:9/two.wav"])])
def test_a_title_asks_before_it_downloads(run, monkeypatch, answer, asked):
    """The search itself needs the network: what it finds is put in its place, and the download is refused there."""
    found = (
        download.Found("One", "Band", 61.0, "http://127.0.0.1:9/one.wav"),
        download.Found("Two", "Choir", None, "http://127.0.0.1:9/two.wav"),
    )
    tried = []

    def refuse(url, folder, **options):
        tried.append(url)
        raise FetchError("not here", where=url)

    monkeypatch.setattr(download, "search", lambda title: found)
    monkeypatch.setattr(download, "download", refuse)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    done = run("data", "get", "a song")
    assert tried == asked
    assert done.code == (1 if asked else 130)
    assert "1  One (Band, 1:01)" in done.err
    assert done.out == ""


def test_an_address_in_place_of_a_file(run, bundle, sounds, tmp_path):
    """The address is one that was downloaded before: its copy in the cache is what is heard."""
    url = "https://example.org/song.wav"
    folder = tmp_path / "cache" / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:16]
    folder.mkdir(parents=True)
    (folder / "song.wav").write_bytes(sounds.song.read_bytes())
    found = run("predict", url, "--model", bundle, "--json")
    assert (found.code, found.err) == (0, "")
    assert found.out == run("predict", sounds.song, "--model", bundle, "--json").out
    refused = run("predict", "http://127.0.0.1:9/x.wav", sounds.song, "--model", bundle)
    assert refused.code == 3
    assert "cannot be downloaded" in refused.err
    done = run(
        "explain", url, "--model", bundle, "--components", "time", "--segments", "3", "--format", "json", "-o", "o"
    )
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "o" / "explanation.json").read_text())["clip"]["name"] == "song.wav"


TUNE = "X:1\nT:One\nM:4/4\nL:1/4\nQ:1/4=120\nK:D\n" + "D F A d | c A F E | " * 6 + "D4 |]\n"


def test_scores_of_yours_are_played_and_a_broken_one_is_told(run, tmp_path):
    source = tmp_path / "tunes"
    source.mkdir()
    (source / "one.abc").write_text(TUNE)
    (source / "short.abc").write_text(TUNE.replace("D F A d | c A F E | " * 6, ""))
    (source / "torn.mid").write_bytes(b"MThd?")
    (source / "manifest.csv").write_text("score,label\none.abc,a\nshort.abc,a\ntorn.mid,a\n")
    options = ["-o", "played", "--seconds", "2", "--sample-rate", "8000", "--jobs", "1"]
    command = ("data", "get", "scores", source, *options)
    done = run(*command)
    assert (done.code, done.out) == (3, "played: 1 excerpts of 2 s, 0 with words\n")
    assert "earmark: error: torn.mid: is no score that can be read" in done.err
    assert "1 scores have no such excerpt" in done.err
    assert run("data", "show", "played").out.startswith("played: 1 items, 1 classes, 1 tracks")
    before = (tmp_path / "played" / "audio" / "a" / "a_000.flac").stat().st_mtime_ns
    again = run(*command, "--json")
    assert again.code == 3
    assert {one["score"] for one in json.loads(again.out)["passed_over"]} == {"torn.mid", "short.abc"}
    assert (tmp_path / "played" / "audio" / "a" / "a_000.flac").stat().st_mtime_ns == before
    other = run(*command, "--draw")
    assert (other.code, other.out) == (2, "")
    assert "was built with as_written True, now it is False" in other.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scores"], "scores need a folder"),
        (["scorebook", "lieder"], "lieder is for scores"),
        (["scorebook", "--draw"], "--draw is for scores"),
        (["scorebook", "--per-score", "2"], "--per-score is for scores"),
        (["scores", "lieder", "--shortcut"], "--shortcut is for scorebook"),
        (["scores", "lieder", "--seconds", "1"], "a number, 2 or more"),
    ],
)
def test_what_is_not_for_scores_is_refused(run, tmp_path, arguments, says):
    done = run("data", "get", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert list(tmp_path.iterdir()) == []
