"""``earmark doctor``."""

import json
import shutil

from earmark.models.bundle import bundle_folder


def checks(done):
    return {row["name"]: row for row in json.loads(done.out)}


def test_everything_essential_works_here(run):
    done = run("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    found = checks(done)
    for name in ("torch", "soundfile", "read wav", "read mp3", "cpu", "soundfont", "results here", "model cache"):
        assert found[name]["status"] == "ok", found[name]
    assert found["musicnn-msd"]["status"] == "missing"
    assert found["musicnn-msd"]["remedy"] == "Run: earmark models get musicnn-msd"


def test_a_damaged_model_in_the_cache_is_found(run, bundle):
    folder = bundle_folder("musicnn-msd")
    shutil.copytree(bundle, folder)
    assert checks(run("doctor", "--json"))["musicnn-msd"]["status"] == "ok"
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    done = run("doctor", "--json")
    assert done.code == 1
    assert checks(done)["musicnn-msd"]["status"] == "broken"
    assert "broken: musicnn-msd" in done.err


def test_a_cache_that_cannot_be_written_is_found(run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "file" / "cache"))
    done = run("doctor")
    assert done.code == 1
    assert "broken   model cache" in done.out
