"""Tables, sentences and pictures of an experiment say what its means and tests say."""

import numpy as np
import pytest

from earmark.metrics.experiment.table import Difference, Mean
from earmark.metrics.statistics import holm, sign_flips
from earmark.report.experiment_figures import area_figure, gap_figure, margin_figure, noise_figure
from earmark.report.experiment_tables import Means, findings, heading, table_of, text_of, too_few

FIGURES = {"area": 0.3, "ff": 0.625, "ai": 20.0, "ad": 12.34, "ag": 3.0, "fid_in": 0.8, "sparseness": 0.7}


def means(noises=("clean", "white"), extra=()):
    found = []
    for noise in noises:
        for at, method in enumerate(("lime", "saliency")):
            for source, less in (("mask", 0.0), ("random", 0.2), ("energy", 0.1)):
                for figure, value in (*FIGURES.items(), *extra):
                    mean = value - less * (figure == "ff") - 0.05 * at
                    found.append(Mean(noise, method, "area:30", source, figure, mean, mean - 0.1, mean + 0.1, 8))
        for source in ("ones", "zeros"):
            found += [Mean(noise, "", "", source, figure, 1.0, 1.0, 1.0, 8) for figure in FIGURES]
    return Means(found)


def against(first, second, difference, corrected, figure="ff", noise="clean"):
    better = difference < 0 if figure == "ad" else difference > 0
    return Difference(noise, "area:30", figure, first, second, difference, better, corrected / 2, corrected, 8)


TESTS = (
    against("lime", "random", 0.2, 0.01),
    against("saliency", "random", 0.2, 0.3),
    against("lime", "random", -9.0, 0.02, "ad"),
    against("lime", "saliency", 0.05, 0.04),
    against("lime", "energy", 0.1, 0.01),
)


def test_a_table_stands_each_method_beside_its_baselines():
    table = table_of(means(), TESTS, "clean", "area:30")
    assert [line.name for line in table.lines] == [
        "lime", "random, same area", "loudest, same area", "saliency", "random, same area", "loudest, same area",
        "everything kept", "nothing kept",
    ]  # fmt: skip
    assert table.headings == ("area", "FF ↑", "AI ↑", "AD ↓", "AG ↑", "Fid-In ↑", "sparse", "entropy")
    lime, saliency = table.lines[0].cells, table.lines[3].cells
    # Clear and better than random: FF, and AD, which is better where it is lower.
    assert lime[:4] == ("0.30", "0.62 (0.53–0.72)*", "20.0", "12.3*")
    assert saliency[1] == "0.57 (0.47–0.67)"
    assert lime[-1] == "–"
    lines = text_of(table)
    assert lines[0] == "clean, mask area:30, 8 clips"
    assert len({len(line) for line in lines[2:]}) == 1


def test_an_interval_with_a_negative_end_can_be_read():
    lines = table_of(means(extra=(("ff_audio", -0.2),)), (), "clean", "area:30").lines
    assert "−0.20 (−0.30 to −0.10)" in lines[0].cells
    assert "0.62 (0.53–0.72)" in lines[0].cells


def test_what_can_be_told_is_said_in_a_sentence():
    said = findings(TESTS, ("clean", "white"), ("area:30",), "ff")
    assert said == [
        "clean, area:30: FF, better than a random mask by: lime +0.20*, saliency +0.20. "
        "By this margin clearly ahead: lime over saliency (+0.05)."
    ]
    (drop,) = findings(TESTS, ("clean",), ("area:30",), "ad")
    assert drop.startswith("clean, area:30: AD (lower is better), better than a random mask by: lime +9.0*.")
    none = [one for one in TESTS if one.second == "random"]
    assert findings(none, ("clean",), ("area:30",), "ff")[0].endswith("By this margin no method is clearly ahead.")


def test_what_few_clips_cannot_tell_is_said():
    family = [Difference("clean", f"m{n}", "ff", "lime", "random", 0.1, True, 0.5, 0.5, 6) for n in range(100)]
    few = too_few(family, 6)
    assert few == (
        "Only 6 clips: intervals from fewer than 20 clips are too narrow; "
        "no difference can be clear (*) with fewer than "
        "12, at 100 tests a figure and noise."
    )
    assert "clear" not in too_few(family, 12)
    # That is where the smallest p that there is, 2 / 2ⁿ, first passes Holm's correction.
    smallest = {n: holm([sign_flips(np.ones((n, 1)))[0]] * 100)[0] for n in (11, 12)}
    assert smallest[12] < 0.05 <= smallest[11]
    assert too_few(family, 20) == ""


def test_headings_name_what_was_heard():
    assert [heading(name) for name in ("ff", "ff_audio", "ad_gap", "entropy")] == [
        "FF",
        "FF heard",
        "AD gap",
        "entropy",
    ]
    heard = means(extra=(("ff_audio", 0.5), ("ff_gap", -0.1), ("ad_audio", 1.0), ("ad_gap", 2.0)))
    table = table_of(heard, TESTS, "white", "area:30")
    assert table.headings[6:10] == ("FF heard ↑", "FF gap", "AD heard ↓", "AD gap")
    assert table.lines[0].cells[7] == "−0.10"


@pytest.mark.parametrize("noises", [("clean",), ("clean", "white", "room")])
def test_pictures_have_a_panel_for_each_noise(noises):
    heard = means(noises, extra=(("ff_audio", 0.5), ("ff_gap", -0.1)))
    for draw in (area_figure, gap_figure):
        panels = [axes for axes in draw(heard).axes if axes.get_visible()]
        assert [axes.get_title(loc="left") for axes in panels] == list(noises)
    margins = margin_figure(heard, TESTS).axes
    assert [axes.get_title(loc="left") for axes in margins][: len(noises)] == list(noises)
    texts = [text.get_text() for text in margins[0].texts]
    assert texts == ["+0.20", "·"]  # lime's difference is clear, saliency's is not
    assert len(noise_figure(heard, "area:30").axes) == 3
