import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from earmark.components.component import Component
from earmark.report.export import audacity_text, csv_text, raven_text, to_audacity, to_csv, to_raven


@pytest.fixture
def banded(case):
    """Twelve components with bands, in a span that begins 10 s into its file."""
    e = case.explanation
    cells = tuple(
        Component(start_s=float(s), end_s=float(s + 1), low_hz=100.0 * 4**b, high_hz=100.0 * 4 ** (b + 1))
        for b in range(3)
        for s in range(4)
    )
    return replace(e, components=cells, clip=replace(e.clip, start_s=10.0))


def test_csv_holds_every_number_of_every_target(case):
    e = case.explanation
    rows = list(csv.DictReader(io.StringIO(csv_text(e))))
    assert len(rows) == len(e.targets) * len(e.components)
    for row in rows:
        k, i = e.labels.index(row["label"]), int(row["component"])
        assert float(row["effect"]) == pytest.approx(e.attributions[k, i], rel=1e-8)
        assert float(row["error"]) == pytest.approx(e.errors[k, i], rel=1e-8)
        assert float(row["full"]) == pytest.approx(e.full[k], rel=1e-8)
        assert float(row["start_s"]) == e.components[i].start_s
        assert row["low_hz"] == ""


def test_audacity_labels_read_back(banded):
    pairs = re.findall(r"^([\d.]+)\t([\d.]+)\t([^\t\n]+)\n\\\t([\d.]+)\t([\d.]+)$", audacity_text(banded), re.M)
    assert len(pairs) == 12
    values = banded.values()
    starts = [float(p[0]) for p in pairs]
    assert starts == sorted(starts)
    assert starts[0] == 10.0
    for start, end, text, low, high in pairs:
        (index,) = [
            i for i, c in enumerate(banded.components) if (c.start_s + 10, c.low_hz) == (float(start), float(low))
        ]
        assert float(end) == banded.components[index].end_s + 10
        assert float(high) == banded.components[index].high_hz
        if abs(values[index]) < 1e-6:
            assert "unchanged" in text
            continue
        assert f"{abs(values[index]):.3f}" in text
        assert ("raises" if values[index] > 0 else "lowers") in text


def test_raven_is_a_selection_table(banded):
    rows = list(csv.DictReader(io.StringIO(raven_text(banded, 1)), delimiter="\t"))
    assert list(rows[0])[:7] == [
        "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"
    ]  # fmt: skip
    assert [int(r["Selection"]) for r in rows] == list(range(1, 13))
    assert sum(float(r["Effect"]) for r in rows) == pytest.approx(banded.attributions[1].sum())


def test_a_component_without_a_band_spans_all_frequencies(case):
    rows = list(csv.DictReader(io.StringIO(raven_text(case.explanation)), delimiter="\t"))
    assert {(r["Low Freq (Hz)"], r["High Freq (Hz)"]) for r in rows} == {("0.000000", "4000.000000")}


def test_names_cannot_break_a_line(case):
    e = case.explanation
    hostile = tuple(replace(c, stem="a\tb\nc") for c in e.components)
    e = replace(e, components=hostile)
    assert len(audacity_text(e).splitlines()) == 12
    assert all(line.count("\t") == 2 for line in audacity_text(e).splitlines())
    assert all(line.count("\t") == 10 for line in raven_text(e).splitlines())
    assert len(list(csv.reader(io.StringIO(csv_text(e))))) == 1 + 36


def test_unknown_errors_are_left_empty(case):
    e = replace(case.explanation, errors=np.full_like(case.explanation.errors, np.nan))
    assert {row["error"] for row in csv.DictReader(io.StringIO(csv_text(e)))} == {""}


def test_files_hold_the_text(case, tmp_path):
    e = case.explanation
    assert to_csv(e, tmp_path / "a.csv").read_text(encoding="utf-8") == csv_text(e)
    assert to_audacity(e, tmp_path / "a.txt", "low").read_text(encoding="utf-8") == audacity_text(e, "low")
    assert to_raven(e, tmp_path / "r.txt").read_text(encoding="utf-8") == raven_text(e)
