"""GTZAN's lists are read out of a wheel's source, which is never run."""

import zipfile

import pytest

from earmark.data.gtzan_lists import MEMBER, get_gtzan_lists, lists_in_wheel
from earmark.errors import DatasetError

SOURCE = """
import os
raise SystemExit("this must never run")
gtzan_genres = ["blues"]
filtered_test = ["blues.00012", "blues.00013"]
filtered_train = [
    "blues.00029",
    "rock.00016",
]
filtered_valid = ["jazz.00054"]
"""


def wheel(folder, source, member=MEMBER):
    path = folder / "torchaudio-2.8.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, source)
    return path


def test_lists_are_read_and_written(tmp_path):
    path = wheel(tmp_path, SOURCE)
    assert lists_in_wheel(path)["train"] == ("blues.00029", "rock.00016")
    assert get_gtzan_lists(tmp_path / "lists", from_wheel=path) == {"train": 2, "valid": 1, "test": 2}
    assert (tmp_path / "lists" / "train_filtered.txt").read_text() == "blues/blues.00029.wav\nrock/rock.00016.wav\n"
    assert sorted(p.name for p in (tmp_path / "lists").iterdir()) == [
        "test_filtered.txt",
        "train_filtered.txt",
        "valid_filtered.txt",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        SOURCE.replace('"jazz.00054"', "make()"),
        SOURCE.replace('"jazz.00054"', '"../../etc/passwd"'),
        SOURCE.replace('["jazz.00054"]', "[]"),
        "def broken(:",
    ],
)
def test_another_source_is_refused_and_nothing_written(tmp_path, source):
    with pytest.raises(DatasetError, match="wheel"):
        get_gtzan_lists(tmp_path / "lists", from_wheel=wheel(tmp_path, source))
    assert not (tmp_path / "lists").exists()


def test_no_wheel(tmp_path):
    (tmp_path / "x.whl").write_bytes(b"no zip")
    with pytest.raises(DatasetError, match="no wheel"):
        lists_in_wheel(tmp_path / "x.whl")
    with pytest.raises(DatasetError, match="no wheel"):
        lists_in_wheel(wheel(tmp_path, SOURCE, "torchaudio/other.py"))
