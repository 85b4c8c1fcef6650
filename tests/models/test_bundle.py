"""Bundles: what is saved is loaded, and every kind of damage is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from earmark.errors import BundleError, OutputError, UnknownNameError
from earmark.models.bundle import CARD, WEIGHTS, Bundle, load_bundle, read_card, save_bundle
from earmark.models.load import load_model
from earmark.models.tagger import Tagger, tagger_from

SOUND = 0.1 * torch.sin(torch.arange(48000) * 0.05)[None, None]


def bundle_of(model: Tagger) -> Bundle:
    return Bundle(model.card, dict(model.network.state_dict()))


@pytest.fixture
def folder(untrained: Tagger, tmp_path: Path) -> Path:
    save_bundle(bundle_of(untrained), tmp_path / "mine")
    return tmp_path / "mine"


def test_round_trip(untrained: Tagger, folder: Path) -> None:
    again = load_model(folder)
    assert isinstance(again, Tagger)
    assert again.labels == untrained.labels
    assert again.card == replace(
        untrained.card, weights_sha256=again.card.weights_sha256, created_by=again.card.created_by
    )
    torch.testing.assert_close(again.scores(SOUND), untrained.scores(SOUND), rtol=0, atol=0)
    assert load_model(folder / CARD).fingerprint == again.fingerprint == read_card(folder).fingerprint


def test_same_bundle_same_bytes(untrained: Tagger, folder: Path, tmp_path: Path) -> None:
    save_bundle(bundle_of(untrained), tmp_path / "other")
    for name in (CARD, WEIGHTS):
        assert (folder / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_bundle_is_replaced_whole(untrained: Tagger, folder: Path) -> None:
    save_bundle(Bundle(replace(untrained.card, name="second"), bundle_of(untrained).weights), folder)
    assert read_card(folder).name == "second"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["mine"]


def test_what_is_no_bundle_is_not_overwritten(untrained: Tagger, tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "one.wav").write_bytes(b"x")
    with pytest.raises(OutputError, match="is no bundle"):
        save_bundle(bundle_of(untrained), tmp_path / "songs")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        save_bundle(bundle_of(untrained), tmp_path / "file" / "inside")
    assert (tmp_path / "songs" / "one.wav").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "songs"]


def edit(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        (folder / CARD).write_text(json.dumps({**card, **changes}), encoding="utf-8")

    return change


def drop(key: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        del card[key]
        (folder / CARD).write_text(json.dumps(card), encoding="utf-8")

    return change


def flip(folder: Path) -> None:
    raw = bytearray((folder / WEIGHTS).read_bytes())
    raw[-5] ^= 1
    (folder / WEIGHTS).write_bytes(raw)


DAMAGE: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "one bit of the weights": (flip, WEIGHTS, "checksum"),
    "truncated weights": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:1000]), WEIGHTS, "checksum"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), WEIGHTS, "no such file"),
    "no card": (lambda f: (f / CARD).unlink(), CARD, "no such file"),
    "empty card": (lambda f: (f / CARD).write_text(""), CARD, "no card"),
    "card is a list": (lambda f: (f / CARD).write_text("[]"), CARD, "no card"),
    "card is binary": (lambda f: (f / CARD).write_bytes(b"\xff\xfe\x00"), CARD, "no card"),
    "another schema": (edit(schema="else"), CARD, "schema"),
    "newer version": (edit(version=3), CARD, "Update earmark"),
    "labels missing": (drop("labels"), CARD, "labels"),
    "labels empty": (edit(labels=[]), CARD, "labels"),
    "unknown activation": (edit(activation="relu"), CARD, "activation"),
    "unknown field": (edit(surprise=1), CARD, "surprise"),
    "front end missing": (edit(front_end={}), CARD, "damaged"),
    "too few labels": (edit(labels=["a"]), "mine", "size mismatch"),
    "wrong settings": (edit(settings={"pools": 3}), "mine", "pools"),
    "wrong bands": (
        edit(
            front_end={
                "sample_rate": 16000,
                "n_fft": 512,
                "hop_length": 256,
                "n_mels": 64,
                "fmin": 0.0,
                "fmax": 8000.0,
                "pad_mode": "reflect",
                "scaling": "log10(10000x+1)",
            }
        ),
        "mine",
        "64",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(folder: Path, damage: str) -> None:
    change, where, fact = DAMAGE[damage]
    change(folder)
    with pytest.raises(BundleError, match=fact) as caught:
        load_model(folder)
    assert where in caught.value.where
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_safetensors(untrained: Tagger, folder: Path) -> None:
    import hashlib

    (folder / WEIGHTS).write_bytes(b"not tensors")
    edit(weights_sha256=hashlib.sha256(b"not tensors").hexdigest())(folder)
    with pytest.raises(BundleError, match="no safetensors"):
        load_bundle(folder)


def test_unknown_architecture_is_answered_with_the_known_ones(folder: Path) -> None:
    edit(architecture="musicn")(folder)
    with pytest.raises(UnknownNameError, match="Did you mean musicnn"):
        tagger_from(load_bundle(folder), folder)


def test_neither_name_nor_folder(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean musicnn-msd"):
        load_model("musicn-msd")
    with pytest.raises(BundleError, match="no such folder"):
        load_model(tmp_path / "nowhere")
