"""``earmark features``: tables and caches from data sets and files, and what it refuses."""

import json

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.features.catalogue import FRONT_ENDS
from earmark.features.descriptors import DESCRIPTOR_SETS, DescriptorTable


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("jazz", "rock"):
        for n in range(2):
            sound = Clip(rng.uniform(-0.2, 0.2, (1, 22050)).astype(np.float32), 22050)
            (tmp_path / "music" / label).mkdir(parents=True, exist_ok=True)
            write(sound, tmp_path / "music" / label / f"{n}.wav")
    return tmp_path / "music"


def test_a_data_set_as_a_table(run, folder, tmp_path):
    ran = run("features", folder, "--set", "reference-89", "-o", "t.parquet", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out) == {"file": "t.parquet", "sounds": 4, "descriptors": 89, "set": "reference-89"}
    table = DescriptorTable.read(tmp_path / "t.parquet")
    assert table.labels == ("jazz", "jazz", "rock", "rock")
    again = run("features", folder, "-o", "t.parquet")
    assert again.code == 1
    assert "--overwrite" in again.err


def test_files_as_a_table(run, folder, tmp_path):
    ran = run("features", "music/jazz/0.wav", "music/rock/1.wav", "-o", "t.parquet")
    assert ran.code == 0, ran.err
    assert "2 sounds, 413 descriptors (full)" in ran.out
    assert DescriptorTable.read(tmp_path / "t.parquet").ids == ("music/jazz/0.wav", "music/rock/1.wav")


def test_spectrograms_as_a_cache(run, folder, tmp_path):
    ran = run("features", folder, "--front-end", "mfcc13", "-o", "c.h5", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["bins"] == 13
    other = run("features", folder, "--front-end", "mfcc40", "-o", "c.h5")
    assert other.code == 1
    assert "n_mfcc 13 (asked: 40)" in other.err
    assert run("features", folder, "--front-end", "mfcc40", "-o", "c.h5", "--overwrite").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "ful", "-o", "t.parquet"), "Did you mean full"),
        (("--front-end", "mfcc14", "-o", "t.h5"), "or mfcc13?"),
        (("--front-end", "mfcc13", "-o", "t.parquet"), ".h5"),
        (("-o", "t.csv"), ".parquet"),
        (("--set", "full", "--front-end", "mfcc13", "-o", "t.h5"), "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(run, folder, arguments, said):
    ran = run("features", folder, *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_file_that_is_no_sound_is_named(run, folder):
    (folder / "jazz" / "0.wav").write_bytes(b"no sound")
    ran = run("features", "music/jazz/0.wav", "-o", "t.parquet")
    assert ran.code == 1
    assert "0.wav" in ran.err


def test_sets_and_front_ends_are_listed(run):
    document = json.loads(run("list", "features", "--json").out)
    assert [row["name"] for row in document["descriptor_sets"]] == list(DESCRIPTOR_SETS)
    assert [row["name"] for row in document["front_ends"]] == list(FRONT_ENDS.names())
