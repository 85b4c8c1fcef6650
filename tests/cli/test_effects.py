"""``earmark effects``: what a newcomer types, right and wrong, on tables and on sound."""

import csv
import json

import numpy as np
import pytest

from earmark.audio.read import read


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of three descriptors, of which the tempo decides; one column never varies."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("tables") / "songs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "tempo", "mfcc01_mean", "weight", "still"])
        for number in range(90):
            tempo = rng.uniform(60, 180)
            row = [tempo, rng.normal(), rng.normal(), 1]
            writer.writerow([f"{number}.wav", "fast" if tempo + 8 * rng.normal() > 120 else "slow", *row])
    return path


@pytest.fixture(scope="module")
def few(tmp_path_factory, sounds):
    folder = tmp_path_factory.mktemp("few")
    for label, seconds in (("hum", 4.0), ("buzz", 5.0)):
        (folder / label).mkdir()
        (folder / label / "a.wav").write_bytes(sounds.make(f"{label}.wav", seconds).read_bytes())
    return folder


def test_effects_of_the_columns_of_a_table(run, table, tmp_path):
    command = (
        "effects",
        "logreg",
        table,
        "-o",
        "out",
        "--bins",
        8,
        "--two-way",
        "tempo,weight",
        "--pdp",
        "--figures",
        1,
        "--repeats",
        2,
    )
    done = run(*command)
    assert done.code == 0, done.err
    assert "left out, because they have one value in all rows: still" in done.err
    assert "logreg was fitted here on 60 of the 90 rows" in done.err
    lines = done.out.splitlines()
    assert lines[0] == "logreg: 3 features over 90 rows of songs"
    assert lines[1].split()[:2] == ["tempo", "moves"]
    assert any("BPM, tempo raises fast by 0." in line for line in lines)
    assert any(line.startswith("  importance by group: rhythm ") for line in lines)
    page = (tmp_path / "out" / "effects.html").read_text(encoding="utf-8")
    assert page.count("<figure ") == 1 + 1 + 1 + 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "earmark effects logreg" in page
    assert "--two-way tempo,weight" in page
    with (tmp_path / "out" / "effects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    curve = [float(r["value"]) for r in rows if (r["what"], r["name"], r["label"]) == ("effect", "tempo", "fast")]
    assert len(curve) == 9
    assert curve == sorted(curve)
    assert {r["what"] for r in rows} == {"effect", "interaction", "importance"}
    again = run(*command)
    assert again.code == 1
    assert "effects.html: is there already" in again.err


def test_json_classes_patterns_and_parquet(run, table, tmp_path):
    done = run(
        "effects", "logreg", table, "-o", "o", "--features", "t*,weight", "--classes", "slow", "--repeats", 1, "--json",
        "--table", "parquet",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [each["feature"] for each in found["effects"]] == ["tempo", "weight"]
    assert list(found["effects"][0]["swing"]) == ["slow"]
    # What was not asked for is not permuted either.
    assert {each["name"] for each in found["importance"]["feature"]} == {"tempo", "weight"}
    assert {each["name"] for each in found["importance"]["group"]} == {"rhythm", "other"}
    assert all(" slow by " in sentence for sentence in found["sentences"])
    import pyarrow.parquet as pq

    assert pq.read_table(tmp_path / "o" / "effects.parquet").column_names[:4] == ["what", "name", "kind", "label"]


def test_effects_of_edits_with_every_step_to_be_played(run, bundle, few, tmp_path):
    done = run("effects", bundle, few, "-o", "out", "--edits", "lowpass@500,speed@1.1", "--most", 2, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["clips"] == 2
    assert [each["steps"] for each in found["edits"]] == [["500 Hz", "as it is"], ["as it is", "1.1 ×"]]
    assert found["edits"][0]["change"]["rock"][1] == 0
    files = sorted(path.name for path in (tmp_path / "out").glob("*.flac"))
    assert files == ["low-pass-filter-500-Hz.flac", "low-pass-filter-as-it-is.flac", "speed-1.1-x.flac",
                     "speed-as-it-is.flac"]  # fmt: skip
    plain, fast = (read(tmp_path / "out" / f"speed-{name}.flac") for name in ("as-it-is", "1.1-x"))
    assert fast.duration_s == pytest.approx(plain.duration_s / 1.1, abs=0.001)
    page = (tmp_path / "out" / "effects.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 4
    assert page.count('src="data:audio/mpeg;base64,') == 4


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--features", "tmpo"], 2, "unknown feature 'tmpo'. Did you mean tempo?"),
        (["--features", "still"], 2, "still: has the one value 1"),
        (["--classes", "middling"], 2, "unknown class 'middling'"),
        (["--two-way", "tempo"], 2, "no pair"),
        (["--two-way", "tempo,nothing"], 2, "unknown feature 'nothing'"),
        (["--bins", "200"], 2, "90 rows for 200 bins"),
        (["--edits", "lowpas"], 2, "Did you mean lowpass"),
        (["--edits", "lowpass"], 2, "hears no sound"),
        (["--table", "xlsx"], 2, "unknown table format"),
    ],
)
def test_wrong_words_are_refused_and_leave_nothing(run, table, tmp_path, options, code, words):
    done = run("effects", "logreg", table, "-o", "out", *options)
    assert (done.code, done.err.count("earmark: error:")) == (code, 1)
    assert words in done.err
    assert not (tmp_path / "out").exists()


def test_tables_and_models_that_do_not_do(run, bundle, few, tmp_path):
    (tmp_path / "nan.csv").write_text("file,label,x,y\na,p,1,2\nb,q,nan,3\n", encoding="utf-8")
    done = run("effects", "logreg", "nan.csv")
    assert done.code == 1
    assert "missing, NaN or infinite" in done.err
    done = run("effects", bundle, few)
    assert done.code == 2
    assert "--edits" in done.err
    (tmp_path / "one.csv").write_text(
        "file,label,x,y\n" + "".join(f"{i},p,{i},2\n" for i in range(30)), encoding="utf-8"
    )
    done = run("effects", "logreg", "one.csv")
    assert "1 class to learn" in done.err
