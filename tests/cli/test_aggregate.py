"""``earmark aggregate`` on explanations that ``earmark explain`` wrote."""

import csv
import json

import pytest


@pytest.fixture(scope="module")
def explained(bundle, sounds, tmp_path_factory):
    """A folder with three explained sounds of 4 s."""
    from earmark.cli.main import main

    folder = tmp_path_factory.mktemp("explained")
    files = [str(sounds.make(f"part{i}.wav", 4.0, seed=i)) for i in range(3)]
    options = ["--components", "bands", "--bands", "3", "--method", "occlusion", "--format", "json", "-q"]
    assert main(["explain", *files, "--model", str(bundle), *options, "-o", str(folder / "out")]) == 0
    return folder


def test_page_table_and_words(run, explained, tmp_path):
    done = run("aggregate", explained / "out", "-o", "whole", "--least", "2")
    assert (done.code, done.err) == (0, "")
    assert "(3 clips)" in done.out
    assert "in 3 clips" in done.out
    with (tmp_path / "whole" / "aggregate.csv").open() as file:
        rows = list(csv.DictReader(file))
    one = json.loads(next((explained / "out").rglob("explanation.json")).read_text())
    label = one["labels"][one["targets"][0]]
    mine = [row for row in rows if row["label"] == label and row["supported"] == "yes"]
    assert len(mine) == 3
    every = [json.loads(path.read_text()) for path in (explained / "out").rglob("explanation.json")]
    # The mean of the lowest band over the clips, by hand.
    low = next(row for row in mine if float(row["low_hz"]) == 0)
    expected = sum(e["attributions"][e["labels"].index(label)][0] for e in every) / 3
    assert float(low["mean"]) == pytest.approx(expected, rel=1e-6)
    page = (tmp_path / "whole" / "aggregate.html").read_text()
    assert label in page
    assert "http" not in page.replace("http-equiv", "")
    assert "--least 2 -o whole</code>" in page
    for word in ("interval", "spread", "I_LIME", "I_AVG", "I_H"):
        assert f"<dt>{word}" in page or f"[{word}]</dt>" in page, word


def test_a_table_again_gives_the_same(run, explained, tmp_path):
    first = run("aggregate", explained / "out", "-o", "one", "--least", "2", "--json")
    second = run("aggregate", "one/evidence.parquet", "-o", "two", "--least", "2", "--json")
    assert json.loads(first.out)["top"] == json.loads(second.out)["top"]
    assert not (tmp_path / "two" / "evidence.parquet").exists()
    assert (tmp_path / "one" / "aggregate.csv").read_bytes() == (tmp_path / "two" / "aggregate.csv").read_bytes()


def test_levels_are_in_the_explanation(explained):
    for path in (explained / "out").rglob("explanation.json"):
        levels = json.loads(path.read_text())["levels_db"]
        assert len(levels) == 3
        assert all(-150 <= level < 0 for level in levels)


def test_a_broken_explanation_is_left_out_and_said(run, explained, tmp_path):
    bad = tmp_path / "bad" / "explanation.json"
    bad.parent.mkdir()
    bad.write_text("{}")
    done = run("aggregate", explained / "out", bad, "-o", "whole", "--least", "2")
    assert done.code == 3
    assert "bad" in done.err
    assert "1 explanation left out" in done.err
    assert (tmp_path / "whole" / "aggregate.html").exists()


def test_other_models_are_refused_and_nothing_is_written(run, explained, tmp_path):
    path = next((explained / "out").rglob("explanation.json"))
    other = json.loads(path.read_text())
    other["model"] |= {"name": "another", "fingerprint": "f" * 64}
    (tmp_path / "other.json").write_text(json.dumps(other))
    done = run("aggregate", explained / "out", "other.json", "-o", "whole")
    assert done.code == 1
    assert "has another model (another, ffffffff)" in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "whole").exists()


def test_clips_of_one_name_in_folders_of_classes_keep_their_class(run, bundle, sounds, tmp_path):
    made = {label: sounds.make(f"{label}.wav", 4.0, seed=n) for n, label in enumerate(("rock", "folk"))}
    for label, path in made.items():
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "01.wav").write_bytes(path.read_bytes())
    # Only that of "rock" is explained, the other would come last.
    explained = ("--components", "bands", "--bands", "3", "--method", "occlusion", "--format", "json", "-q")
    assert run("explain", "data/rock/01.wav", "--model", bundle, *explained, "-o", "out").code == 0
    assert run("aggregate", "out", "-o", "a", "--data", "data", "--least", "1", "-q").code == 0
    table = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "a" / "evidence.parquet")
    assert set(table["truth"].to_pylist()) == {"rock"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "no such file or folder"),
        (("empty",), "no explanation.json in it"),
        (("empty", "--group", "band"), "no groups of 'band'"),
        (("empty", "--of", "truth"), "only a data set says that"),
    ],
)
def test_wrong_calls(run, tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    done = run("aggregate", *arguments)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
