"""Tables of descriptors as data sets."""

import numpy as np
import pytest

from earmark.data.duplicates import duplicate_groups
from earmark.data.open import open_dataset
from earmark.data.read import read_item
from earmark.data.slices import slices_of
from earmark.errors import AudioError, DatasetError, SettingError
from earmark.features.descriptors import DescriptorTable, descriptor_names

TABLE = """id,label,tempo,level,note,track,artist,split
a,fast,120,-3.5,x,one,ann,train
b,slow,60.5,-7,y,one,ann,train
c,slow,61,-7.25,,two,bob,test
"""


def written(tmp_path, text=TABLE, name="table.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_rows_with_their_groups_and_splits(tmp_path):
    found = open_dataset(written(tmp_path))
    assert (found.columns, found.descriptors) == (("tempo", "level"), "")
    assert [item.row for item in found.items] == [(120.0, -3.5), (60.5, -7.0), (61.0, -7.25)]
    assert [(item.label, item.track, item.artist, item.split) for item in found.items] == [
        ("fast", "one", "ann", "train"), ("slow", "one", "ann", "train"), ("slow", "two", "bob", "test")
    ]  # fmt: skip
    other = open_dataset(written(tmp_path, TABLE.replace("60.5", "60.6"), "other.csv"))
    assert other.fingerprint != found.fingerprint


def test_the_table_of_earmark_features_says_its_set(tmp_path):
    names = descriptor_names("reference-85")
    values = np.random.default_rng(0).standard_normal((4, len(names)))
    table = DescriptorTable("reference-85", ("a", "b", "c", "d"), ("x", "x", "y", "y"), names, values)
    found = open_dataset(table.write(tmp_path / "t.parquet"))
    assert (found.descriptors, found.columns) == ("reference-85", names)
    np.testing.assert_array_equal([item.row for item in found.items], values)


def test_names_like_those_of_gtzan_hold_the_class_and_equal_rows_stay_together(tmp_path):
    rows = "".join(f"blues.0000{n}.wav,{n // 2},{n // 2 * n // 2}\n" for n in range(8))
    found = open_dataset(written(tmp_path, f"file,zcr,tempo\n{rows}".replace("blues.00007", "rock.00007")))
    assert found.counts == {"blues": 7, "rock": 1}
    groups = duplicate_groups(found)
    assert groups[0] == groups[1]
    assert groups[0] != groups[2]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("60.5", "nan", "line 3: 1 descriptors are missing, NaN or infinite, the first is tempo"),
        ("-7,y", "loud,y", "line 3: 1 descriptors are missing, NaN or infinite, the first is level"),
        ("b,slow", "a,slow", "line 3: is called a like line 2"),
        ("b,slow", "b,", "line 3: has no class"),
        ("one,ann,train\nb", "one,ann,dress\nb", "line 2: has the split 'dress'"),
        ("note", "group", "columns group and track"),
    ],
)
def test_tables_that_cannot_be_learnt_from(tmp_path, before, after, says):
    with pytest.raises(DatasetError, match=says):
        open_dataset(written(tmp_path, TABLE.replace(before, after, 1)))


def test_there_is_no_sound_in_it(tmp_path):
    found = open_dataset(written(tmp_path))
    with pytest.raises(AudioError, match="a row of descriptors"):
        read_item(found.items[0])
    with pytest.raises(SettingError, match="cannot be cut into slices"):
        slices_of(found, slice_s=1.0)
