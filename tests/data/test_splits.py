"""Splits: groups stay together, every item once, every class everywhere; what cannot be split is said."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.data.dataset import Dataset, Item
from earmark.data.open import open_dataset
from earmark.data.split_lists import split_from_lists, write_lists
from earmark.data.splits import (
    split_by_group,
    split_folds,
    split_published,
    split_slices_at_random,
)
from earmark.data.stratify import share_out
from earmark.errors import DatasetError, SettingError

NAMES = ("train", "validation", "test")


def dataset_of(rows, **more):
    """Rows are (label, track[, artist[, split[, fold]]])."""
    items = []
    for number, row in enumerate(rows):
        label, track, artist, split, fold = (*row, *[None] * (5 - len(row)))
        items.append(Item(Path(f"/d/{number}.wav"), label, track=track, artist=artist, split=split, fold=fold))
    return Dataset("d", Path("/d"), tuple(items), **more)


@st.composite
def grouped(draw):
    """Labels and groups: every class has three groups or more of its own, some groups hold further classes."""
    groups, labels = [], []
    classes = draw(st.integers(2, 5))
    for label in range(classes):
        for group in range(draw(st.integers(3, 8))):
            size = draw(st.integers(1, 6))
            groups += [f"{label}.{group}"] * size
            labels += [f"c{label}"] * size
            if draw(st.integers(0, 5)) == 0:
                groups.append(f"{label}.{group}")
                labels.append(f"c{(label + 1) % classes}")
    return groups, labels


@given(grouped(), st.integers(0, 5), st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.8, 0.0, 0.2)]))
def test_no_group_is_on_two_sides_and_every_item_once(data, seed, fractions):
    groups, labels = data
    dataset = dataset_of(list(zip(labels, groups, strict=True)))
    split = split_by_group(dataset, fractions=fractions, seed=seed)
    assert sorted(split.train + split.validation + split.test) == list(range(len(groups)))
    sides = [{groups[i] for i in part} for part in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == len(set(groups))
    for part, fraction in zip((split.train, split.validation, split.test), fractions, strict=True):
        assert {labels[i] for i in part} == (set(labels) if fraction else set())
    assert split == split_by_group(dataset, fractions=fractions, seed=seed)
    assert not split.leaky


@given(st.integers(0, 20), st.integers(4, 9))
def test_single_items_are_shared_out_in_proportion(seed, per_class):
    labels = [f"c{i % 3}" for i in range(per_class * 3 * 4)]
    parts = share_out([str(i) for i in range(len(labels))], labels, (0.5, 0.25, 0.25), NAMES, seed)
    counts = Counter(zip(parts, labels, strict=True))
    for label in set(labels):
        assert [counts[part, label] for part in range(3)] == [2 * per_class, per_class, per_class]


def test_uneven_groups_come_near_the_fractions():
    rows = [(f"c{g % 4}", f"g{g}") for g in range(80) for _ in range(1 + g * 7 % 11)]
    split = split_by_group(dataset_of(rows), fractions=(0.6, 0.2, 0.2), seed=1)
    for label in ("c0", "c1", "c2", "c3"):
        total = sum(row[0] == label for row in rows)
        inside = sum(rows[i][0] == label for i in split.test)
        assert abs(inside / total - 0.2) < 0.05


def test_another_seed_is_another_split():
    dataset = dataset_of([(f"c{i % 2}", f"g{i}") for i in range(40)])
    splits = {split_by_group(dataset, seed=seed).fingerprint for seed in range(5)}
    assert len(splits) == 5


def test_by_artist_keeps_artists_together():
    rows = [(f"c{a % 2}", f"t{a}{k}", f"artist {a}") for a in range(12) for k in range(3)]
    split = split_by_group(dataset_of(rows), by="artist")
    assert split.group == "artist"
    sides = [{rows[i][2] for i in part} for part in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == 12


def test_groups_of_ones_own():
    rows = [(f"c{i % 2}", f"g{i}") for i in range(24)]
    split = split_by_group(dataset_of(rows), by="duplicates", groups=[f"p{i // 4 * 2 + i % 2}" for i in range(24)])
    assert split.group == "duplicates"
    for part in (split.train, split.validation, split.test):
        assert len(part) % 2 == 0
    with pytest.raises(SettingError, match="2 groups for 24 items"):
        split_by_group(dataset_of(rows), by="duplicates", groups=["a", "b"])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("a", f"g{i}") for i in range(9)], "has the one class 'a'"),
        ([*[("a", f"g{i}") for i in range(9)], ("b", "h")], "the class 'b' has 1 item in 1 group; each of train"),
        ([*[("a", f"g{i}") for i in range(9)], *[("b", "h")] * 7], "'b' has 7 items in 1 group"),
        (
            [*[("a", f"g{i}") for i in range(9)], ("b", "h"), ("c", "i"), ("c", "k")],
            "the classes 'b' has 1 item in 1 group, 'c' has 2 items in 2 groups; each of train",
        ),
        ([*[("a", "all")] * 5, *[("b", "all")] * 5], "the group 'all' alone holds 2 classes"),
    ],
)
def test_what_cannot_be_split_is_said(rows, says):
    with pytest.raises(DatasetError, match=says):
        split_by_group(dataset_of(rows))


@pytest.mark.parametrize(
    "fractions", [(0.7, 0.2), (0.7, 0.2, 0.2), (1.2, -0.1, -0.1), (0, 0.5, 0.5), (float("nan"), 0, 0)]
)
def test_fractions_that_are_none(fractions):
    with pytest.raises(SettingError, match="fractions"):
        split_by_group(dataset_of([(f"c{i % 2}", f"g{i}") for i in range(20)]), fractions=fractions)


def test_unknown_group_and_missing_artist():
    dataset = dataset_of([(f"c{i % 2}", f"g{i}") for i in range(20)])
    with pytest.raises(SettingError, match="unknown group"):
        split_by_group(dataset, by="album")
    with pytest.raises(SettingError, match=r"have no artist.*split by track .which a column group names"):
        split_by_group(dataset, by="artist")


def test_published():
    rows = [("a", "1", "x", "train"), ("b", "2", "x", "train"), ("a", "3", "y", "validation"), ("b", "4", "z", "test")]
    split = split_published(dataset_of([*rows, ("a", "5")]))
    assert (split.train, split.validation, split.test, split.group) == ((0, 1), (2,), (3,), "artist")
    with pytest.raises(DatasetError, match="no published split"):
        split_published(dataset_of([("a", "1"), ("b", "2")]))
    with pytest.raises(DatasetError, match="no item is in test"):
        split_published(dataset_of(rows[:3]))
    with pytest.raises(DatasetError, match="'c' is judged"):
        split_published(dataset_of([*rows, ("c", "9", "z", "test")]))


def test_a_track_on_two_sides_is_refused_unless_leaky():
    rows = [("a", "1", None, "train"), ("b", "2", None, "train"), ("a", "1", None, "test")]
    with pytest.raises(DatasetError, match="'1' is in train and in test"):
        split_published(dataset_of(rows))
    split = split_published(dataset_of(rows), leaky=True)
    assert split.leaky
    assert "leaky" in split.name


def test_folds_are_left_out_one_by_one():
    rows = [(f"c{i % 3}", f"g{i // 2}", None, None, str(i // 24 + 1)) for i in range(96)]
    splits = split_folds(dataset_of(rows))
    assert len(splits) == 4
    for number, split in enumerate(splits, start=1):
        assert {rows[i][4] for i in split.test} == {str(number)}
        assert len(split.test) == 24
        assert sorted(split.train + split.validation + split.test) == list(range(96))
        assert not {rows[i][1] for i in split.train} & {rows[i][1] for i in split.validation}
        assert len(split.validation) == pytest.approx(0.15 * 72, abs=3)


def test_folds_that_cannot_be_left_out():
    with pytest.raises(DatasetError, match="no fold"):
        split_folds(dataset_of([("a", "1"), ("b", "2")]))
    with pytest.raises(DatasetError, match="has 1 fold"):
        split_folds(dataset_of([("a", "1", None, None, "1"), ("b", "2", None, None, "1")]))
    rows = [(f"c{i % 2}", f"g{i % 5}", None, None, str(i // 10)) for i in range(20)]
    with pytest.raises(DatasetError, match="is in fold 0 and in fold 1"):
        split_folds(dataset_of(rows))


def test_slices_at_random_are_refused_unless_leaky(sound, tmp_path):
    for label in ("a", "b"):
        for number in range(2):
            sound(f"{label}/{number}.wav", 1.05)
    dataset = open_dataset(tmp_path)
    with pytest.raises(SettingError, match="--leaky"):
        split_slices_at_random(dataset, slice_s=0.1)
    sliced, split = split_slices_at_random(dataset, slice_s=0.1, leaky=True)
    assert len(sliced.items) == 40
    assert split.leaky
    assert split.dataset == sliced.fingerprint
    assert sorted(split.train + split.validation + split.test) == list(range(40))
    tracks = [{sliced.items[i].track for i in part} for part in (split.train, split.test)]
    assert tracks[0] & tracks[1]
    with pytest.raises(DatasetError, match="shorter than a slice"):
        split_slices_at_random(dataset, slice_s=2, leaky=True)
    with pytest.raises(SettingError, match="no length"):
        split_slices_at_random(dataset, slice_s=0, leaky=True)


def test_slices_lie_inside_their_items(sound, tmp_path):
    from earmark.data.slices import slices_of

    sound("a.wav", 2.0)
    (tmp_path / "manifest.csv").write_text("path,label,start,end\na.wav,x,0.5,1.25\n")
    sliced = slices_of(open_dataset(tmp_path), slice_s=0.5, hop_s=0.125)
    assert [(i.start_s, i.end_s) for i in sliced.items] == [(0.5, 1.0), (0.625, 1.125), (0.75, 1.25)]


def test_lists_are_written_and_read_back(sound, tmp_path):
    names = [f"{label}/{n}.wav" for label in "ab" for n in range(6)]
    for name in names:
        sound(name, 1.0)
    rows = "".join(f"{name},{name[0]},{s},{s + 0.5}\n" for name in names for s in (0.0, 0.5))
    (tmp_path / "manifest.csv").write_text("path,label,start,end\n" + rows)
    dataset = open_dataset(tmp_path)
    split = split_by_group(dataset, fractions=(0.5, 0.25, 0.25))
    folder = write_lists(dataset, split, tmp_path / "lists")
    assert "a/0.wav#t=0.0,0.5" in "".join((folder / f).read_text() for f in ("train.txt", "valid.txt", "test.txt"))
    back = split_from_lists(dataset, folder)
    assert (back.train, back.validation, back.test) == (split.train, split.validation, split.test)


def listed(folder, **parts):
    folder.mkdir(exist_ok=True)
    for name, lines in parts.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_lists_without_folders_and_suffixes_and_of_an_incomplete_copy(tmp_path):
    items = tuple(
        Item(Path(f"/d/genres/{g}/{g}.{n:05}.wav"), g, track=f"{g}.{n:05}") for g in ("jazz", "rock") for n in range(3)
    )
    dataset = Dataset("gtzan", Path("/d"), items)
    folder = listed(
        tmp_path / "lists",
        train_filtered=["jazz.00000", "rock/rock.00000.wav", "jazz.00054"],
        valid_filtered=["jazz.00001"],
        test_filtered=["genres/rock/rock.00002.wav"],
    )
    split = split_from_lists(dataset, folder / "filtered")
    assert (split.train, split.validation, split.test) == ((0, 3), (1,), (5,))
    assert split.name == "lists filtered, 1 of 5 listed items missing"
    with pytest.raises(DatasetError, match=r"no train\.txt"):
        split_from_lists(dataset, folder)


def test_lists_with_folders_for_a_flat_copy(tmp_path):
    items = tuple(Item(Path(f"/d/{g}.{n}.wav"), g) for g in ("a", "b") for n in range(2))
    folder = listed(tmp_path / "l", train=["a/a.0.wav", "b/b.0.au"], test=["a.1"])
    split = split_from_lists(Dataset("d", Path("/d"), items), folder)
    assert (split.train, split.test) == ((0, 2), (1,))


def test_lists_that_are_wrong(tmp_path):
    items = tuple(Item(Path(f"/d/{g}/{n}.wav"), g) for g in ("a", "b") for n in range(3))
    dataset = Dataset("d", Path("/d"), items)
    twice = listed(tmp_path / "twice", train=["a/0.wav", "b/0.wav"], test=["a/0.wav"])
    with pytest.raises(DatasetError, match="listed twice, before in train"):
        split_from_lists(dataset, twice)
    unclear = listed(tmp_path / "unclear", train=["0.wav"], test=["a/1.wav"])
    with pytest.raises(DatasetError, match="names 2 items"):
        split_from_lists(dataset, unclear)
    other = listed(tmp_path / "other", train=["x/0.wav"], test=["y.wav"])
    with pytest.raises(DatasetError, match="no item is in train"):
        split_from_lists(dataset, other)


def test_real_fault_filtered_lists(shared):
    lines = [f"{g}/{g}.{n:05}.wav" for g in ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop",
             "reggae", "rock") for n in range(100)]  # fmt: skip
    dataset = Dataset("gtzan", Path("/d"), tuple(Item(Path("/d") / line, line.split("/")[0]) for line in lines))
    split = split_from_lists(dataset, shared("gtzan") / "filtered")
    assert [len(part) for part in (split.train, split.validation, split.test)] == [443, 197, 290]
    assert split.name == "lists filtered"


def test_real_folds(shared):
    splits = split_folds(open_dataset(shared("esc10")))
    assert [len(split.test) for split in splits] == [80, 80, 80, 80]
