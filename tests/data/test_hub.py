"""Loaders of other packages, by objects shaped as theirs are."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from earmark.data.huggingface import from_table, from_tables
from earmark.data.mir_loaders import from_loader
from earmark.data.open import open_dataset
from earmark.data.read import read_item
from earmark.errors import DatasetError, SettingError, UnknownNameError


class Audio:
    """As ``datasets.Audio``."""

    def __init__(self, decode=True):
        self.decode = decode


class Table:
    """As ``datasets.Dataset``: columns, features, rows; decoded sounds are arrays, undecoded ones bytes and paths."""

    def __init__(self, rows, features):
        self.rows, self.features = rows, features

    @property
    def column_names(self):
        return list(self.features)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        if getattr(self.features["audio"], "decode", False):
            raise ImportError("To support decoding audio, please install 'torchcodec'.")
        return self.rows[index]

    def cast_column(self, name, feature):
        return Table(self.rows, {**self.features, name: feature})


FEATURES = {"audio": Audio(), "label": SimpleNamespace(names=["blues", "rock"]), "artist": None, "fold": None}


def row(audio, label=0, artist="A", fold=1):
    return {"audio": audio, "label": label, "artist": artist, "fold": fold}


def test_a_table_of_bytes_paths_and_arrays(sound, tmp_path):
    data = sound("a.flac").read_bytes()
    path = sound("b.wav")
    rows = [
        row({"bytes": data, "path": "x.flac"}),
        row({"bytes": None, "path": str(path)}, label=1, artist=None),
        row({"array": np.zeros(800), "sampling_rate": 8000, "path": None}),
        row({"bytes": None, "path": "gone.wav"}),
        row({"bytes": b"junk", "path": None}),
        row({"bytes": data, "path": None}, label=-1),
        row(None),
    ]
    dataset = from_table(Table(rows, FEATURES), tmp_path / "out")
    assert [(i.path.name, i.label, i.artist, i.fold) for i in dataset.items] == [
        ("000000.flac", "blues", "A", "1"),
        ("b.wav", "rock", None, "1"),
        ("000002.wav", "blues", "A", "1"),
    ]
    assert [read_item(item).duration_s for item in dataset.items] == pytest.approx([0.2, 0.2, 0.1])
    assert {problem.where for problem in dataset.problems} == {"row 3", "row 5", "row 6", "000004.wav"}


def test_tables_named_after_splits(sound, tmp_path):
    one = Table([row({"bytes": sound("a.wav").read_bytes(), "path": "a.wav"})], FEATURES)
    dataset = from_tables({"train": one, "test": one}, tmp_path / "out")
    assert [item.split for item in dataset.items] == ["train", "test"]
    with pytest.raises(DatasetError, match="'holdout', which is no split"):
        from_tables({"holdout": one}, tmp_path / "out")


def test_a_table_without_the_columns(tmp_path):
    with pytest.raises(DatasetError, match="no column label"):
        from_table(Table([], {"audio": Audio(), "text": None}), tmp_path)


def mirdata_loader(tmp_path, tracks):
    return SimpleNamespace(name="gtzan_genre", data_home=str(tmp_path), load_tracks=lambda: tracks)


def test_a_loader_of_mirdata(sound, tmp_path):
    tracks = {
        name: SimpleNamespace(track_id=name, audio_path=str(sound(f"{name}.wav")), genre=name[:-1])
        for name in ("b1", "a1")
    }
    tracks["c1"] = SimpleNamespace(track_id="c1", audio_path=None, genre="c")
    dataset = from_loader(mirdata_loader(tmp_path, tracks))
    assert [(i.track, i.label) for i in dataset.items] == [("a1", "a"), ("b1", "b")]
    assert dataset.name == "gtzan_genre"
    assert [problem.where for problem in dataset.problems] == ["c1"]


def test_a_loader_of_soundata(sound, tmp_path):
    def clip(name, labels):
        return SimpleNamespace(
            audio_path=str(sound(f"{name}.wav")), tags=SimpleNamespace(labels=labels), fold=3, freesound_id="77"
        )

    clips = {"1": clip("1", ["dog_bark"]), "2": clip("2", ["dog_bark", "siren"])}
    loader = SimpleNamespace(name="urbansound8k", data_home=str(tmp_path), load_clips=lambda: clips)
    dataset = from_loader(loader)
    assert [(i.label, i.fold, i.track) for i in dataset.items] == [("dog_bark", "3", "77")]
    assert dataset.problems[0].fact == "has no one tags"


def test_loaders_that_cannot_be_used(sound, tmp_path):
    with pytest.raises(DatasetError, match="neither load_tracks nor load_clips"):
        from_loader(SimpleNamespace())
    with pytest.raises(DatasetError, match="holds no track"):
        from_loader(mirdata_loader(tmp_path, {}))
    tracks = {"a": SimpleNamespace(audio_path=str(sound("a.wav")), key="C")}
    with pytest.raises(DatasetError, match=r"no attribute that is a class .*key"):
        from_loader(mirdata_loader(tmp_path, tracks))
    assert from_loader(mirdata_loader(tmp_path, tracks), label="key").labels == ("C",)


def test_names_with_a_prefix(sound, tmp_path, monkeypatch):
    for package in ("datasets", "mirdata"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(SettingError, match=rf"{package}, which is not installed. Run: pip install"):
            open_dataset(f"{package.replace('datasets', 'huggingface')}:x")
    tracks = {"a": SimpleNamespace(audio_path=str(sound("a.wav")), genre="g")}
    package = ModuleType("mirdata")
    package.list_datasets = lambda: ["gtzan_genre", "giantsteps_key"]
    homes = []
    package.initialize = lambda name, data_home: homes.append((name, data_home)) or mirdata_loader(tmp_path, tracks)
    monkeypatch.setitem(sys.modules, "mirdata", package)
    assert open_dataset(f"mirdata:gtzan_genre@{tmp_path}").labels == ("g",)
    assert homes == [("gtzan_genre", str(tmp_path))]
    with pytest.raises(UnknownNameError, match="Did you mean gtzan_genre"):
        open_dataset("mirdata:gtzan")
