"""``earmark models``."""

import json

from earmark.models.bundle import read_card
from earmark.models.catalogue import PRETRAINED


def test_list_says_which_are_fetched(run):
    rows = json.loads(run("models", "list", "--json").out)
    assert [row["name"] for row in rows] == list(PRETRAINED.names())
    assert all(row["folder"] is None for row in rows)
    assert "not fetched" in run("models", "list").out


def test_show_tells_labels_input_and_checksum(run, bundle):
    done = run("models", "show", bundle)
    assert (done.code, done.err) == (0, "")
    card = read_card(bundle)
    for part in ("rock, jazz, metal, Hip-Hop", "16000 Hz", card.weights_sha256):
        assert part in done.out
    document = json.loads(run("models", "show", bundle, "--json").out)
    assert document["labels"] == list(card.labels)
    assert document["front_end"]["n_mels"] == 96


def test_show_of_a_model_that_is_not_fetched_says_how_to_fetch_it(run):
    done = run("models", "show", "vgg-msd")
    assert (done.code, done.out) == (1, "")
    assert done.err == "earmark: error: vgg-msd: is not fetched yet. Run: earmark models get vgg-msd.\n"


def test_unknown_names_get_proposals(run):
    for command in ("get", "show"):
        done = run("models", command, "musicnn-mdt")
        assert done.code == 2
        assert "Did you mean" in done.err


def test_show_of_a_damaged_bundle(run, bundle, tmp_path):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in bundle.iterdir():
        (damaged / path.name).write_bytes(path.read_bytes()[:-1])
    done = run("models", "show", damaged)
    assert (done.code, done.out) == (1, "")
    assert str(damaged) in done.err
    assert done.err.count("\n") == 1


def test_a_wheel_with_the_wrong_checksum_is_refused(run, tmp_path):
    wheel = tmp_path / "musicnn-0.1.0-py2.py3-none-any.whl"
    wheel.write_bytes(b"not the wheel")
    done = run("models", "get", "musicnn-msd", "--from", wheel)
    assert (done.code, done.out) == (1, "")
    assert "sha256" in done.err
    assert wheel.name in done.err
    assert not (tmp_path / "cache" / "models").exists()


def test_a_missing_wheel_is_refused(run, tmp_path):
    done = run("models", "get", "musicnn-msd", "--from", tmp_path / "none.whl")
    assert done.code == 1
    assert "none.whl" in done.err
