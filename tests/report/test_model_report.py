"""The page of a whole model: the right clips are shown as typical and mistaken, and every cell leads to its own."""

import re

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.errors import SettingError
from earmark.report.model_report import (
    JudgedClip,
    Section,
    class_examples,
    confusion_cells,
    write_model_report,
)

LABELS = ("dog", "rain", "<sea>")


def clip(name, truth, *scores, asked=None):
    def sound():
        asked.append(name)
        return Clip(0.1 * np.sin(np.arange(16000 * 12) / 9), 16000)

    return JudgedClip(name, truth, np.array(scores), None if asked is None else sound)


def judged(asked=None):
    return [
        clip("d1", 0, 0.9, 0.1, 0.0, asked=asked),
        clip("d2", 0, 0.6, 0.4, 0.0, asked=asked),
        clip("d3", 0, 0.5, 0.3, 0.2, asked=asked),
        clip("d4", 0, 0.1, 0.9, 0.0, asked=asked),
        clip("d5", 0, 0.4, 0.6, 0.0, asked=asked),
        clip("r1", 1, 0.0, 1.0, 0.0, asked=asked),
    ]


def test_typical_are_the_surest_right_ones_and_mistaken_those_with_the_least_probability():
    dog, rain, sea = class_examples(judged(), LABELS)
    assert [each.name for each in dog.typical] == ["d1", "d2"]
    assert [each.name for each in dog.mistaken] == ["d4", "d5"]
    assert [each.name for each in rain.typical] == ["r1"]
    assert (rain.mistaken, sea.typical, sea.mistaken) == ((), (), ())


def test_every_cell_holds_its_clips():
    cells = confusion_cells(judged(), LABELS)
    assert [[len(cell) for cell in row] for row in cells] == [[3, 2, 0], [0, 1, 0], [0, 0, 0]]
    assert [each.name for each in cells[0][1]] == ["d4", "d5"]


def test_the_page_links_cells_to_clips_and_plays_examples_once_read(tmp_path):
    asked = []
    extra = Section("Profiles", ("dog: barks <loud>",))
    page = write_model_report(
        tmp_path / "m.html", judged(asked), LABELS, model="m", data="d", command="c", sections=[extra], most=1
    ).read_text(encoding="utf-8")
    links = re.findall(r'href="#(cell-\d-\d)"', page)
    assert sorted(links) == ["cell-0-0", "cell-0-1", "cell-1-1"]
    assert all(f'id="{link}"' in page for link in links)
    assert sorted(asked) == ["d1", "d4", "r1"]
    assert page.count("<audio") == 3 * 2  # among the examples, and in its cell
    assert "Right on <b>4</b> of 6 clips (66.7 %)" in page
    assert "&lt;sea&gt;" in page
    assert "barks &lt;loud&gt;" in page
    assert "<sea>" not in page


def test_clips_that_do_not_fit_are_refused(tmp_path):
    for wrong in ([], [clip("x", 3, 0.1, 0.2, 0.7)], [clip("x", 0, 1.0)]):
        with pytest.raises(SettingError, match="do not fit"):
            write_model_report(tmp_path / "m.html", wrong, LABELS, model="m", data="d", command="c")
    assert not (tmp_path / "m.html").exists()
