"""``earmark doctor``."""

import json
import shutil
import sys

import pytest

from earmark.cli.checks import versions
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


@pytest.mark.parametrize("from_sources", [True, False])
def test_what_is_missing_is_installed_into_this_python(tmp_path, monkeypatch, from_sources):
    (tmp_path / "src/earmark/cli").mkdir(parents=True)
    if from_sources:
        (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr("earmark.cli.checks.__file__", str(tmp_path / "src/earmark/cli/checks.py"))
    monkeypatch.setattr("earmark.cli.checks._OPTIONAL", {"no-such-package": "video"})
    (missing,) = [check for check in versions() if check.status == "missing"]
    source = f"-e '{tmp_path}[video]'" if from_sources else "'earmark[video]'"
    assert missing.remedy == f"Run: {sys.executable} -m pip install {source}"
