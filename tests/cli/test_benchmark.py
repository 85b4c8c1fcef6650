"""``earmark benchmark planted`` and ``earmark benchmark shortcuts``."""

import json

import pytest

SMALL = ("benchmark", "planted", "--quick", "--case", "noiseless", "--components", "bands", "--methods", "occlusion")


def test_planted_writes_table_page_and_pictures_and_the_same_bytes_again(run, tmp_path):
    done = run(*SMALL, "-o", "a")
    assert (done.code, done.err) == (0, "")
    assert "occlusion  " in done.out
    assert "random  " in done.out
    assert "localisation AUC ↑; fill: silence" in done.out
    assert "Of one sound a case there is no interval: add --clips or --seeds" in done.out
    assert "flags nothing, as it should" in done.out
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names >= {"planted.html", "planted.csv", "planted.parquet", "localisation.png", "disagreement.png", "sounds"}
    assert ".unfinished" not in names
    page = (tmp_path / "a" / "planted.html").read_text()
    assert "Where faithfulness and truth disagree" in page
    assert "http" not in page.replace("http-equiv", "")
    again = run(*SMALL, "-o", "b", "--json")
    document = json.loads(again.out)
    assert document["cases"][0]["uses_evidence"] is True
    assert document["cases"][0]["shortcuts_flagged"] == []
    for name in ("planted.csv", "planted.parquet", "localisation.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    refused = run(*SMALL, "-o", "a")
    assert refused.code == 1
    assert "is there already. Add --overwrite, or choose another -o." in refused.err


def test_models_and_sounds_of_others_are_left_alone(run, tmp_path):
    for mine in ("models/mine/card.json", "sounds/mine/a.wav", "models/noiseless/card.json"):
        (tmp_path / mine).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / mine).write_text("mine")
    refused = run(*SMALL, "-o", ".")
    assert refused.code == 1
    assert "models/noiseless: is there already" in refused.err
    assert (tmp_path / "models/noiseless/card.json").read_text() == "mine"
    done = run(*SMALL, "-o", ".", "--overwrite")
    assert done.code == 0
    assert (tmp_path / "models/mine/card.json").read_text() == (tmp_path / "sounds/mine/a.wav").read_text() == "mine"


def test_a_run_whose_writing_was_broken_off_goes_on_to_the_same_bytes(run, tmp_path, monkeypatch):
    assert run(*SMALL, "-o", "whole").code == 0
    with monkeypatch.context() as broken:
        # All files are written, and the parts are still there.
        broken.setattr("earmark.metrics.planted.run.forget", lambda _: 1 / 0)
        assert run(*SMALL, "-o", "broken").code != 0
    assert (tmp_path / "broken" / "planted.html").exists()
    assert run(*SMALL, "-o", "broken").code == 0
    for name in ("planted.csv", "planted.parquet", "localisation.png"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "broken" / name).read_bytes()
    assert not (tmp_path / "broken" / ".unfinished").exists()


def test_several_seeds_are_several_listeners_and_more_sounds(run, tmp_path):
    done = run(*SMALL, "--seeds", "2", "-o", "two", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert [(one["name"], one["seed"]) for one in document["cases"]] == [("noiseless", 0), ("noiseless", 1)]
    assert {one["clips"] for one in document["auc"]} == {2}
    assert "Seed 1: The listener" in (tmp_path / "two" / "planted.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--case", "hmu"], "Did you mean hum"),
        (["--methods", "shaply"], "Did you mean shapley"),
        (["--methods", "shapley_exact"], "at most 14 components"),
        (["--components", "nmf"], "unknown kind of components"),
        (["--fills", "silense"], "Did you mean silence"),
        (["--methods", ","], "no method given"),
        (["--case", "band", "--components", "stems"], "nothing can be found in band by stems"),
    ],
)
def test_wrong_usage_of_planted(run, arguments, says):
    done = run("benchmark", "planted", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_a_scorebook_that_is_none_is_refused_before_anything_is_made(run, tmp_path):
    (tmp_path / "empty").mkdir()
    done = run("benchmark", "planted", "--scorebook", "empty", "-o", "out")
    assert (done.code, done.out) == (1, "")
    assert "earmark data get scorebook" in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_shortcuts_of_a_bundle(run, bundle, sounds):
    files = [sounds.make(f"short_{seed}.wav", 3.5, seed=seed) for seed in range(3)]
    done = run("benchmark", "shortcuts", bundle, *files, "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert [row["probe"] for row in document["findings"]] == ["below_20_hz", "silence", "codec_edge", "clicks"]
    assert document["flagged"] == []
    # Before the model is looked for.
    few = run("benchmark", "shortcuts", "no-such-model", files[0])
    assert few.code == 2
    assert few.err.startswith("earmark: error: CLIPS: 1 sound is too few. Give at least 3")
