"""Fetching: checksums, no network, no room; nothing half-made is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from earmark.errors import BundleError, FetchError, OutputError, UnknownNameError
from earmark.files import CACHE_VARIABLE, cache_folder
from earmark.models.bundle import CARD, WEIGHTS, bundle_folder
from earmark.models.fetch import get
from earmark.models.load import load_model


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    # A port at which nobody listens, in place of the package index.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def left_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_wrong_checksum(empty: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "musicnn-0.1.0-py3-none-any.whl"
    wrong.write_bytes(b"PK not the wheel")
    with pytest.raises(FetchError, match=r"sha256 .* published wheel has f38a4890c648") as caught:
        get("musicnn-msd", from_wheel=wrong)
    assert str(wrong) in str(caught.value)
    assert left_in(tmp_path) == [wrong.name]


def test_missing_wheel(empty: Path, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="cannot be read"):
        get("musicnn-msd", from_wheel=tmp_path / "none.whl")
    assert not empty.exists()


def test_no_network(empty: Path, offline: None) -> None:
    said: list[str] = []
    with pytest.raises(FetchError, match=r"earmark models get vgg-msd --from musicnn") as caught:
        load_model("vgg-msd", say=said.append)
    assert "\n" not in str(caught.value)
    assert len(said) == 1
    assert "29 MB" in said[0]
    assert not empty.exists()


def test_unknown_name(empty: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean vgg-msd"):
        get("vgg-msdd")


def test_cache_that_cannot_be_written(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot be written"):
        get("vgg-msd", from_wheel=wheel)
    assert left_in(tmp_path) == ["file"]


def test_from_a_file_then_others_without_network(empty: Path, offline: None, wheel: Path) -> None:
    said: list[str] = []
    folder = get("vgg-msd", from_wheel=wheel, say=said.append)
    assert folder == bundle_folder("vgg-msd")
    assert left_in(folder) == [CARD, WEIGHTS]
    assert "licence ISC" in said[-1]
    first = (folder / WEIGHTS).stat().st_mtime_ns
    assert get("vgg-msd") == folder
    assert (folder / WEIGHTS).stat().st_mtime_ns == first
    assert load_model("vgg-mtt").labels[0] == "guitar"


def test_damaged_bundle_is_refused_and_made_again_on_request(empty: Path, offline: None, cache: Path) -> None:
    shutil.copytree(cache / "wheels", empty / "wheels")
    shutil.copytree(cache / "models" / "vgg-mtt", empty / "models" / "vgg-mtt")
    weights = bundle_folder("vgg-mtt") / WEIGHTS
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    with pytest.raises(BundleError, match="Run: earmark models get vgg-mtt"):
        load_model("vgg-mtt")
    said: list[str] = []
    get("vgg-mtt", say=said.append)
    assert "Making it again" in said[0]
    assert weights.read_bytes() == whole


def test_damaged_wheel_in_the_cache_is_not_used(empty: Path, offline: None) -> None:
    kept = empty / "wheels" / "musicnn-0.1.0-py3-none-any.whl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half of it")
    said: list[str] = []
    with pytest.raises(FetchError, match="pip could not download"):
        get("musicnn-mtt", say=said.append)
    assert "Fetching it again" in said[0]


def test_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    assert cache_folder().name == "earmark"
