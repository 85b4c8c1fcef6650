"""Aggregates against the same figures by hand, planted features, and what must be refused."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from earmark.components.component import Component
from earmark.errors import ExplanationError, SettingError
from earmark.explain.explanation import Explanation
from earmark.explain_global.aggregate.importance import aggregate
from earmark.explain_global.aggregate.table import Known, collect, read_subject

Made = Callable[..., Explanation]
CELLS = [Component(stem=s, start_s=t * 6, end_s=t * 6 + 6) for s in ("drums", "voice") for t in range(5)]


def _written(tmp_path: Path, explanations: list[Explanation], **options: object) -> Path:
    return collect(explanations, tmp_path / "evidence.parquet", segments=5, **options).path  # type: ignore[arg-type]


def test_every_figure_by_hand(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    explanations, by = [], defaultdict(list)
    for number in range(30):
        label = ("rock", "jazz")[number % 2]
        chosen = sorted(rng.choice(len(CELLS), 6, replace=False))
        values = rng.normal(0.1, 0.3, 6)
        explanations.append(made(number, [CELLS[i] for i in chosen], values, predicted=label))
        for i, value in zip(chosen, values, strict=True):
            by[label, f"{CELLS[i].stem}, {20 * (i % 5)}–{20 * (i % 5) + 20} %"].append(float(value))
    found = aggregate([_written(tmp_path, explanations)], least=3)
    assert found.explanations == {"jazz": 15, "rock": 15}
    assert {(row.label, row.feature.name) for row in found.rows} == set(by)
    roots = {key: math.sqrt(sum(abs(v) for v in values)) for key, values in by.items()}
    names = {name for _, name in by}
    entropy = {}
    for name in names:
        shares = [roots.get((label, name), 0.0) for label in ("rock", "jazz")]
        entropy[name] = -sum(s / sum(shares) * math.log2(s / sum(shares)) for s in shares if s)
    span = max(entropy.values()) - min(entropy.values())
    for row in found.rows:
        values = np.array(by[row.label, row.feature.name])
        assert row.count == len(values)
        assert row.share == pytest.approx(len(values) / 15)
        assert row.mean == pytest.approx(values.mean())
        assert row.mean_size == pytest.approx(np.abs(values).mean())
        assert row.raising == pytest.approx((values > 0).mean())
        assert row.supported == (len(values) >= 3)
        if len(values) > 1:
            assert row.spread == pytest.approx(values.std(ddof=1))
        assert row.root_sum == pytest.approx(roots[row.label, row.feature.name])
        assert row.average == pytest.approx(np.abs(values).sum() / len(values))
        weight = 1 - (entropy[row.feature.name] - min(entropy.values())) / span
        assert row.homogeneous == pytest.approx(weight * row.root_sum, abs=1e-9)
        total = values.sum()
        assert row.signed_root_sum == pytest.approx(math.copysign(math.sqrt(abs(total)), total))
        assert row.signed_homogeneous == pytest.approx(weight * row.signed_root_sum, abs=1e-9)


def test_positive_weights_only_as_published(made: Made, tmp_path: Path) -> None:
    path = _written(tmp_path, [made(i, CELLS[:1], [v]) for i, v in enumerate([0.5, -0.3, 0.4])])
    (row,) = aggregate([path], weights_of="positive", least=1).rows
    assert row.root_sum == pytest.approx(math.sqrt(0.9))
    assert row.average == pytest.approx(0.3)
    (row,) = aggregate([path], least=1).rows
    assert row.root_sum == pytest.approx(math.sqrt(1.2))


def test_signed_figures_keep_evidence_against_a_class_where_the_others_do_not(made: Made, tmp_path: Path) -> None:
    explanations = [made(i, CELLS[:2], [-0.5, 0.3]) for i in range(2)]
    explanations += [made(i, CELLS[:2], [0.0, 0.3], predicted="jazz") for i in range(2, 4)]
    rows = aggregate([_written(tmp_path, explanations)], weights_of="positive", least=1).rows
    against = next(row for row in rows if row.label == "rock" and row.mean < 0)
    assert (against.root_sum, against.homogeneous) == (0.0, 0.0)
    # It speaks of rock alone, so that its weight is 1.
    assert against.signed_root_sum == against.signed_homogeneous == pytest.approx(-1.0)


def test_intervals_hold_the_true_mean_as_often_as_they_say(made: Made, tmp_path: Path) -> None:
    # Twenty clips, of four artists with five each: clips of one artist resemble each other.
    rng = np.random.default_rng(1)
    cells = [Component(name=f"cell {i}") for i in range(300)]
    explanations, known = [], {}
    for artist in range(12):
        common = rng.normal(0, 0.3, len(cells))
        for song in range(4):
            number = artist * 4 + song
            explanations.append(made(number, cells, 0.5 + common + rng.normal(0, 0.1, len(cells)), kind="descriptors"))
            known[f"song {number}"] = Known(group=str(artist))
    rows = aggregate([_written(tmp_path, explanations, known=known)], replicates=300).rows
    inside = np.mean([row.low <= 0.5 <= row.high for row in rows])
    assert 0.84 < inside < 0.98
    rows = aggregate([_written(tmp_path, explanations)], replicates=300).rows
    assert np.mean([row.low <= 0.5 <= row.high for row in rows]) < 0.75


def test_planted_features_come_first_and_single_words_last(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    explanations = []
    for number in range(200):
        words = [Component(word=w) for w in ("night", "and", "road")] + [Component(word=f"once{number}")]
        values = [rng.normal(0.3, 0.1), rng.normal(0, 0.1), rng.normal(-0.2, 0.1), 0.9]
        explanations.append(made(number, words, values, kind="words"))
    found = aggregate([_written(tmp_path, explanations)])
    assert [row.feature.word for row in found.top("rock")] == ["night", "road", "and"]
    assert next(row.feature.word for row in found.top("rock", sign=-1)) == "road"
    assert found.top("rock")[0].sure
    assert not found.rows[3].supported
    assert found.rows[3].count == 1
    # By the published average the words that occur once would lead.
    assert max(found.rows, key=lambda row: row.average).count == 1


def test_where_all_is_shrunk_to_zero_the_larger_and_oftener_come_first(made: Made, tmp_path: Path) -> None:
    # The means of what is in all clips differ less than single values scatter; seen once each, those are all noise.
    rng = np.random.default_rng(0)
    explanations = []
    for number in range(4):
        once = [Component(word=f"once{number}-{k}") for k in range(20)]
        wide = 3.0 if number % 2 else -3.0
        values = [0.1 + wide, 0.3 + wide, *rng.normal(0, 0.5, 20)]
        explanations.append(made(number, [Component(word="a"), Component(word="z"), *once], values, kind="words"))
    found = aggregate([_written(tmp_path, explanations)], least=2)
    assert {row.shrunken for row in found.rows} == {0.0}
    assert [row.feature.word for row in found.top("rock")] == ["z", "a"]


def test_profile_over_stem_and_time(made: Made, tmp_path: Path) -> None:
    values = np.arange(10) / 10
    found = aggregate([_written(tmp_path, [made(i, CELLS, values) for i in range(6)])])
    names, matrix = found.profile("rock")
    assert names == ("drums", "voice")
    np.testing.assert_allclose(matrix, values.reshape(2, 5), atol=1e-12)


def test_edges_that_weigh_more_are_flagged(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)

    def clips(edge: float) -> list[Explanation]:
        gain = np.array([edge, 1, 1, 1, edge] * 2)
        return [made(i, CELLS, rng.normal(0, 0.1, 10) * gain) for i in range(60)]

    (fair,) = aggregate([_written(tmp_path, clips(1.0))]).flags
    assert not fair.raised
    assert fair.low < 1 < fair.high
    (biased,) = aggregate([_written(tmp_path, clips(1.5))]).flags
    assert biased.raised
    assert biased.low < 1.5 < biased.high


def test_an_end_that_is_not_heard_is_no_bias(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)

    def clips(middle: float) -> list[Explanation]:
        gain = np.array([1, middle, middle, 1, 0] * 2)
        return [made(i, CELLS, rng.normal(0, 0.1, 10) * gain, unheard_s=6.0) for i in range(60)]

    (fair,) = aggregate([_written(tmp_path, clips(1.0))]).flags
    assert not fair.raised
    assert "of what is heard of clips" in fair.sentence
    (biased,) = aggregate([_written(tmp_path, clips(2.0))]).flags
    assert biased.raised
    assert biased.high < 1


def test_loud_components_that_weigh_more_are_flagged(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)

    def clips(of_level: bool) -> list[Explanation]:
        found = []
        for i in range(40):
            levels = rng.uniform(-60, -10, 10)
            sizes = 10 ** (levels / 40) if of_level else rng.uniform(0, 1, 10)
            found.append(made(i, CELLS, sizes * rng.choice([-1, 1], 10), levels_db=levels))
        return found

    flags = {flag.kind: flag for flag in aggregate([_written(tmp_path, clips(False))]).flags}
    assert not flags["loudness"].raised
    assert abs(flags["loudness"].value) < 0.2
    flags = {flag.kind: flag for flag in aggregate([_written(tmp_path, clips(True))]).flags}
    assert flags["loudness"].raised
    assert flags["loudness"].value == pytest.approx(1.0)


def test_loudness_is_spearmans_correlation_ties_and_all(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-3, 4, (12, len(CELLS))) / 10
    levels = -10.0 * rng.integers(1, 5, (12, len(CELLS)))
    path = _written(
        tmp_path, [made(i, CELLS, v, levels_db=db) for i, (v, db) in enumerate(zip(values, levels, strict=True))]
    )
    (found,) = (flag for flag in aggregate([path]).flags if flag.kind == "loudness")
    by_hand = [spearmanr(np.abs(v), db).statistic for v, db in zip(values, levels, strict=True)]
    assert found.value == pytest.approx(np.mean(by_hand), abs=1e-9)
    assert not found.raised


def test_of_the_true_class(made: Made, tmp_path: Path) -> None:
    rows = np.array([[0.1], [0.2], [0.3]])
    known = {"song 0": Known(truth="rock"), "song 1": Known(truth="jazz")}
    path = _written(tmp_path, [made(i, CELLS[:1], rows) for i in range(2)], known=known)
    assert aggregate([path], of="truth").explanations == {"rock": 1}
    with pytest.raises(ExplanationError, match="no explanation counts"):
        aggregate([_written(tmp_path, [made(0, CELLS[:1], rows)])], of="truth")


def test_same_bytes_and_same_figures_again(made: Made, tmp_path: Path) -> None:
    explanations = [made(i, CELLS, np.random.default_rng(i).normal(size=10)) for i in range(20)]
    one = collect(explanations, tmp_path / "1.parquet").path
    two = collect(explanations, tmp_path / "2.parquet").path
    assert one.read_bytes() == two.read_bytes()
    assert aggregate([one]).rows == aggregate([two]).rows
    # Half in each table is the same as all in one.
    halves = [collect(explanations[i::2], tmp_path / f"half{i}.parquet").path for i in range(2)]
    for a, b in zip(aggregate(halves).rows, aggregate([one]).rows, strict=True):
        assert (a.feature, a.count) == (b.feature, b.count)
        assert a.mean == pytest.approx(b.mean)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"model": "b" * 64}, "another model"), ({"method": "lime"}, "another method"), ({"kind": "grid"}, "components")],
)
def test_mixed_explanations_are_refused(made: Made, tmp_path: Path, change: dict[str, str], words: str) -> None:
    explanations = [made(0, CELLS, np.ones(10)), made(1, CELLS, np.ones(10), **change)]
    with pytest.raises(ExplanationError, match=words):
        collect(explanations, tmp_path / "mixed.parquet")
    assert not list(tmp_path.iterdir())
    tables = [collect([e], tmp_path / f"{i}.parquet").path for i, e in enumerate(explanations)]
    with pytest.raises(ExplanationError, match=words):
        aggregate(tables)


def test_a_broken_file_is_named_and_the_rest_goes_on(made: Made, tmp_path: Path) -> None:
    good = made(0, CELLS, np.ones(10)).save(tmp_path / "good.json")
    (tmp_path / "bad.json").write_text("{")
    found = collect([tmp_path / "bad.json", good, good], tmp_path / "table.parquet")
    assert found.count == 1
    assert "bad.json" in found.problems[0]
    assert "there already" in found.problems[1]
    with pytest.raises(ExplanationError, match="none of 1"):
        collect([tmp_path / "bad.json"], tmp_path / "none.parquet")
    assert not (tmp_path / "none.parquet").exists()


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(ExplanationError, match="no Parquet"):
        read_subject([tmp_path / "x.parquet"])
    with pytest.raises(SettingError, match="confidence"):
        aggregate([], confidence=1.5)


def test_a_clip_explained_twice_is_two_explanations_of_one_group(made: Made, tmp_path: Path) -> None:
    twice = [made(0, CELLS[:1], [1.0]), made(0, CELLS[:1], [3.0], seed=1), made(1, CELLS[:1], [2.0])]
    found = aggregate([_written(tmp_path, twice)], least=1)
    assert (found.explanations, found.groups) == ({"rock": 3}, 2)
    assert (found.rows[0].count, found.rows[0].share) == (3, 1.0)


def test_an_explanation_in_two_tables_is_refused(made: Made, tmp_path: Path) -> None:
    explanations = [made(n, CELLS[:1], [1.0]) for n in range(3)]
    first = collect(explanations[:2], tmp_path / "a.parquet", segments=5).path
    second = collect(explanations[1:], tmp_path / "b.parquet", segments=5).path
    with pytest.raises(ExplanationError, match=r"b.parquet: holds an explanation that another table .*song 1"):
        aggregate([first, second])
    with pytest.raises(ExplanationError, match=r"a.parquet: is given twice"):
        aggregate([first, tmp_path / "." / "a.parquet"])
    third = collect(explanations[2:], tmp_path / "c.parquet", segments=5).path
    assert aggregate([first, third]).explanations == {"rock": 3}


@pytest.mark.parametrize(("name", "decoy"), [("a[1]*?.parquet", "a1xy.parquet"), ("it's ü.parquet", "x.parquet")])
def test_a_path_is_no_pattern(made: Made, tmp_path: Path, name: str, decoy: str) -> None:
    folder = tmp_path / "group=all"
    folder.mkdir()
    collect([made(n, CELLS[:1], [1.0]) for n in range(5)], folder / decoy, segments=5)
    path = collect([made(n, CELLS[:1], [1.0]) for n in range(2)], folder / name, segments=5).path
    found = aggregate([path])
    assert (found.explanations, found.groups) == ({"rock": 2}, 2)


def test_odd_labels_and_words(made: Made, tmp_path: Path) -> None:
    odd = [
        replace(made(n, [Component(word="it's")], [1.0 + n]), labels=("r'n'b; --", "jazz", "folk")) for n in range(3)
    ]
    (row,) = aggregate([_written(tmp_path, odd)], least=1).rows
    assert (row.label, row.feature.name, row.count, row.mean) == ("r'n'b; --", "“it's”", 3, 2.0)
    assert row.low < 2.0 < row.high


def test_clips_of_one_name_are_known_by_their_files(made: Made, tmp_path: Path) -> None:
    clips = [made(n, CELLS[:1], [1.0]) for n in range(2)]
    clips = [
        replace(each, clip=replace(each.clip, name="01.wav", file_sha256=sha))
        for each, sha in zip(clips, "ab", strict=True)
    ]
    known = {"a": Known("rock", "Ann"), "b": Known("jazz", "Bo")}
    found = aggregate([_written(tmp_path, clips, known=known)], of="truth")
    assert (found.explanations, found.groups) == ({"rock": 1}, 1)
