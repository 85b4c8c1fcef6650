"""``earmark report``: judged, explained and written; and what it refuses."""

import csv
import json
import re

import numpy as np
import pytest

QUICK = ("--profiles", "bands", "--samples", 20, "--shortcut-clips", 0)


@pytest.fixture(scope="module")
def music(tmp_path_factory, sounds):
    """Four classes of the small tagger with a clip each; and one that it does not know, outside."""
    folder = tmp_path_factory.mktemp("music")
    for seed, label in enumerate(("rock", "jazz", "metal", "Hip-Hop")):
        (folder / label).mkdir()
        (folder / label / "a.wav").write_bytes(sounds.make(f"{label}.wav", 3.2, seed=seed).read_bytes())
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A table of two descriptors, of which the tempo decides, and a logistic regression trained on it."""
    from earmark.cli.main import main

    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("trained")
    with (folder / "songs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "tempo", "weight"])
        for number in range(120):
            tempo = rng.uniform(60, 180)
            writer.writerow(
                [f"{number}.wav", "fast" if tempo + 8 * rng.normal() > 120 else "slow", tempo, rng.normal()]
            )
    assert main(["train", "logreg", str(folder / "songs.csv"), "-o", str(folder / "model"), "-q"]) == 0
    return folder


@pytest.fixture(scope="module")
def reported(bundle, music, tmp_path_factory):
    """A finished report of the small tagger, whose explanations others start from."""
    from earmark.cli.main import main

    folder = tmp_path_factory.mktemp("reported") / "out"
    command = [
        "report",
        bundle,
        music,
        "--least",
        1,
        "--most",
        1,
        *QUICK[:4],
        "--shortcut-clips",
        3,
        "-o",
        folder,
        "-q",
    ]
    assert main([str(word) for word in command]) == 0
    return folder


def test_a_model_of_sound_is_judged_explained_and_playable(reported):
    page = (reported / "model.html").read_text(encoding="utf-8")
    with (reported / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["clip"] for row in rows] == ["Hip-Hop/a.wav", "jazz/a.wav", "metal/a.wav", "rock/a.wav"]
    for row in rows:
        scores = {name.removeprefix("p "): float(value) for name, value in row.items() if name.startswith("p ")}
        assert row["said"] == max(scores, key=lambda label: scores[label])
    right = sum(row["said"] == row["truth"] for row in rows)
    assert f"Right on <b>{right}</b> of 4 clips" in page
    assert page.count('src="data:audio/mpeg;base64,') == 4
    assert page.count('class="note"') >= 4
    assert "<dd>the 4 items of music0</dd>" in page
    assert "From the 4 examples of this page, explained over bands" in page
    assert "(shortcut):" in page or "Shortcut below_20_hz: Not asked" in page
    assert "Position and loudness: not asked, 4 explained clips are too few." in page
    said = rows[0]["said"]
    assert f'alt="Effects on {said}"' in page
    assert "earmark report" in page


def test_explanations_that_are_there_are_taken_and_give_the_same_bytes(run, reported, bundle, music, tmp_path):
    import shutil

    shutil.copytree(reported / "explanations", tmp_path / "out" / "explanations")
    kept = sorted((tmp_path / "out").rglob("explanation.json"))
    assert len(kept) == 4
    kept[0].unlink()  # as after a kill: one is missing
    old = {path: path.stat().st_mtime_ns for path in kept[1:]}
    done = run("report", bundle, music, "--least", 1, "--most", 1, *QUICK, "-o", "out", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["clips"] == found["explained"] == 4
    assert kept[0].exists()
    assert {path: path.stat().st_mtime_ns for path in kept[1:]} == old
    assert (tmp_path / "out" / "evidence.parquet").read_bytes() == (reported / "evidence.parquet").read_bytes()
    first, second = (
        re.sub(r"<h2 id=\"flags\">.*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for path in (tmp_path / "out" / "model.html", reported / "model.html")
    )
    assert first == second
    again = run("report", bundle, music, *QUICK, "-o", "out")
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "model.html: is there already" in again.err


def test_given_explanations_make_the_profiles(run, reported, bundle, music, tmp_path):
    for source in (reported / "evidence.parquet", reported / "explanations"):
        done = run(
            "report", bundle, music, "--explanations", source, "--least", 1, "--shortcut-clips", 0, "--sounds", 0,
            "--overwrite", "-o", "out",
        )  # fmt: skip
        assert done.code == 0, done.err
        page = (tmp_path / "out" / "model.html").read_text(encoding="utf-8")
        assert "From 4 explanations by shapley_kernel over bands" in page
        assert "data:audio" not in page


def test_explanations_of_another_model_are_refused(run, reported, trained, bundle, music, tmp_path):
    path = next(reported.rglob("explanation.json"))
    other = json.loads(path.read_text(encoding="utf-8"))
    other["model"] |= {"name": "another", "fingerprint": "f" * 64}
    (tmp_path / "explanation.json").write_text(json.dumps(other), encoding="utf-8")
    done = run("report", bundle, music, "--explanations", "explanation.json", "-q", "-o", "out")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "explains another model (another, ffffffff) than the one reported on (small" in done.err
    assert not (tmp_path / "out").exists()


def test_a_model_of_descriptors_is_judged_on_its_own_test_items(run, trained, tmp_path):
    done = run("report", trained / "model", trained / "songs.csv", "-o", "out", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["clips"] < 60
    assert found["explained"] == 0
    assert any("tempo raises fast" in line for line in found["effects"])
    page = (tmp_path / "out" / "model.html").read_text(encoding="utf-8")
    assert 'alt="tempo"' in page
    assert f"<dd>the {found['clips']} test items of the split by track, seed 0</dd>" in page
    assert "<audio" not in page
    assert not (tmp_path / "out" / "evidence.parquet").exists()
    openings = json.loads((trained / "model" / "openings.json").read_text(encoding="utf-8"))
    whole = run("report", trained / "model", trained / "songs.csv", "-o", "all", "--all", "--no-effects", "--json")
    found = json.loads(whole.out)
    assert found["clips"] == 120
    assert found["notices"][0] in (tmp_path / "all" / "model.html").read_text(encoding="utf-8")
    assert "learnt from" in found["notices"][0]
    assert found["effects"] == []
    # Only the test items of its own split are counted as opened.
    assert json.loads((trained / "model" / "openings.json").read_text(encoding="utf-8")) == openings
    assert sum(openings.values()) == 1


def test_edits_on_request(run, bundle, music, tmp_path):
    done = run(
        "report", bundle, music, "-o", "out", "--profiles", "none", "--shortcut-clips", 0,
        "--edits", "gain:60-2000@-24", "--edit-clips", 2, "--sounds", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    page = (tmp_path / "out" / "model.html").read_text(encoding="utf-8")
    assert "2 clips were changed and judged again" in page
    assert page.count('alt="gain 60–2000 Hz"') == 1
    assert "1 of 4 clips can be played" in page


def test_data_and_model_that_do_not_fit(run, bundle, music, trained, sounds, tmp_path):
    (tmp_path / "polka").mkdir()
    few = tmp_path / "few"
    for label in ("rock", "polka"):
        (few / label).mkdir(parents=True)
        (few / label / "a.wav").write_bytes((music / "rock" / "a.wav").read_bytes())
    (tmp_path / "lacks.csv").write_text("file,label,tempo\na,fast,150\nb,slow,70\n", encoding="utf-8")
    cases = [
        ((trained / "model", "lacks.csv"), "lacks: has no column weight, which the model needs (1 of 2 are missing)"),
        ((bundle, few), "has the class 'polka', which the model does not know"),
        ((bundle, few, "--classes", "rock,jazz"), "no clip of jazz among the 2 items of few"),
        ((bundle, few, "--classes", "polka"), "unknown class 'polka'"),
        ((bundle, few, "--explanations", "nowhere"), "nowhere: no such file or folder"),
        ((bundle, few, "--explanations", few), "no explanation.json and no evidence.parquet in it"),
        ((bundle, few, "--profiles", "nmf"), "unknown kind of profiles"),
        ((bundle, few, "--edits", "lowpas"), "Did you mean lowpass"),
        ((bundle, trained / "songs.csv"), "'fast', which the model does not know"),
        ((trained / "model", few), "Add --all to judge all of this one"),
        ((trained / "model", trained / "songs.csv", "--profiles", "grid"), "needs more than sound, or there is none"),
    ]
    for arguments, words in cases:
        done = run("report", *arguments, "-q", "-o", "out")
        assert done.code in (1, 2), arguments
        assert words in done.err, done.err
        assert done.err.count("\n") == 1, done.err
        assert not (tmp_path / "out").exists(), arguments


def test_classes_choose_what_is_judged(run, bundle, music, tmp_path):
    done = run(
        "report", bundle, music, "-o", "out", "--classes", "jazz, rock", "--profiles", "none", "--shortcut-clips", 0,
        "--sounds", 0,
    )  # fmt: skip
    assert done.code == 0, done.err
    page = (tmp_path / "out" / "model.html").read_text(encoding="utf-8")
    assert "of 2 clips" in page
    assert "Only clips of rock, jazz were judged." in page
    assert page.count('<th scope="row">') == 2
