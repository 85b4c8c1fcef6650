"""The page of a whole model: the right clips are shown as typical and mistaken, and every cell leads to its own."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile

from earmark.audio.clip import Clip
from earmark.errors import SettingError
from earmark.explain_global.aggregate.flags import Flag
from earmark.report.judged import JudgedClip, class_examples, confusion_cells, to_be_played, worst_confusion
from earmark.report.model_report import Section, write_model_report

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


def test_what_was_said_instead_is_counted():
    dog, rain, _ = class_examples(judged(), LABELS)
    assert (dog.right, dog.clips, dog.instead) == (3, 5, (("rain", 2),))
    assert (rain.right, rain.clips, rain.instead) == (1, 1, ())


def test_the_confusion_with_most_clips_is_the_worst():
    assert worst_confusion(confusion_cells(judged(), LABELS)) == (0, 1)
    assert worst_confusion(confusion_cells(judged()[-1:], LABELS)) is None


def test_players_go_to_typical_then_mistaken_ones_then_the_rest():
    clips = judged([])
    examples, cells = class_examples(clips, LABELS, most=1), confusion_cells(clips, LABELS)
    assert [each.name for each in to_be_played(examples, cells, 9)] == ["d1", "r1", "d4", "d5", "d2", "d3"]
    assert [each.name for each in to_be_played(examples, cells, 2)] == ["d1", "r1"]
    assert to_be_played(examples, confusion_cells(judged(), LABELS), 0) == ()


def test_the_page_links_cells_to_clips_and_holds_each_sound_once(tmp_path):
    asked = []
    extra = Section("Profiles", parts=(Section("dog", ("barks <loud>",)),))
    flags = [Flag("position", True, "edges weigh more"), Flag("loudness", False, "loudness does not matter")]
    page = write_model_report(
        tmp_path / "m.html", judged(asked), LABELS, model="m", data="d", command="c", sections=[extra], most=1,
        sounds=3, shown=(0, 1), flags=flags, unasked=("Not asked: clicks",), notices=("mind the gap",),
    ).read_text(encoding="utf-8")  # fmt: skip
    links = re.findall(r'href="#(cell-\d-\d)"', page)
    assert sorted(links) == ["cell-0-0", "cell-0-1", "cell-1-1"]
    assert all(f'id="{link}"' in page for link in links)
    assert sorted(asked) == ["d1", "d4", "r1"]
    assert page.count("<audio") == page.count('src="data:audio/mpeg;base64,') == 3
    assert sorted(re.findall(r'data-sound="sound-(\d)"', page)) == ["0", "3", "5"]  # d1, d4, r1
    assert "Right on <b>4</b> of 6 clips (66.7 %), 2 classes" in page
    assert "barks &lt;loud&gt;" in page
    assert "<h3>&lt;sea&gt;" not in page  # no clip is of it, and none was said to be
    assert "Distrust: edges weigh more." in page
    assert "Not found (loudness): loudness does not matter." in page
    assert "Not asked: clicks" in page
    assert "mind the gap" in page
    assert "<sea>" not in page


def test_loud_and_stereo_sound_is_turned_down_and_mixed(tmp_path):
    loud = JudgedClip(
        "x", 0, np.array([1.0, 0, 0]), lambda: Clip(1.7 * np.sin(np.arange(3000) / 9) * [[1], [1]], 11000)
    )
    page = write_model_report(tmp_path / "m.html", [loud], LABELS, model="m", data="d", command="c").read_text()
    data = base64.b64decode(re.findall(r"data:audio/flac;base64,([^\"]+)", page)[0])
    sound, rate = soundfile.read(io.BytesIO(data))
    assert (sound.shape, rate) == ((3000,), 11000)
    assert np.abs(sound).max() == pytest.approx(1, abs=1e-6)


def test_the_same_bytes_again(tmp_path):
    pages = [
        write_model_report(tmp_path / f"{i}.html", judged([]), LABELS, model="m", data="d", command="c").read_bytes()
        for i in range(2)
    ]
    assert pages[0] == pages[1]


def test_clips_that_do_not_fit_are_refused(tmp_path):
    for wrong in ([], [clip("x", 3, 0.1, 0.2, 0.7)], [clip("x", 0, 1.0)]):
        with pytest.raises(SettingError, match="do not fit"):
            write_model_report(tmp_path / "m.html", wrong, LABELS, model="m", data="d", command="c")
    assert not (tmp_path / "m.html").exists()
