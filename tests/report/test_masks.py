"""The masks that a page offers, and switching between them in a real browser."""

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect, sync_playwright

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs
from earmark.components.grid import Grid
from earmark.explain.gradient.pooled import explain_pooled
from earmark.listen.render import listen
from earmark.report.html import write_report
from earmark.report.masks import REPORT_MASKS, choices
from earmark.report.players import players_of

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def offered(slim):
    return choices(slim.explanation, slim.clip, slim.listening, "what raises it", masks=(*REPORT_MASKS, "binary"))


def test_masks_that_sound_the_same_are_offered_once(offered, slim):
    names = [choice.name for choice in offered]
    assert names[0] == slim.listening.keep == "raising"
    assert "minmax_positive" in names
    assert "binary" not in names, "all that raises the score is there already"
    masks = [choice.listening.mask.astype(float).tolist() for choice in offered]
    assert len({json.dumps(mask) for mask in masks}) == len(masks)
    assert all("of the components" in choice.meaning for choice in offered[1:])


def test_all_choices_share_one_gain(slim):
    loud = listen(slim.explanation, slim.clip)
    lower = choices(slim.explanation, slim.clip, loud, "", masks=["minmax"])
    assert {choice.listening.gain_db for choice in lower} == {0.0}
    half = replace(loud, gain_db=-6.0)
    first, second = choices(slim.explanation, slim.clip, half, "", masks=["minmax"])
    assert first.listening.gain_db == second.listening.gain_db == -6.0
    plain = listen(slim.explanation, slim.clip, mask="minmax")
    np.testing.assert_allclose(second.listening.kept.waveform, plain.kept.waveform * 10 ** (-6 / 20), atol=1e-6)
    assert second.listening.kept_lufs == pytest.approx(integrated_lufs(second.listening.kept), abs=0.05)


def test_a_map_offers_masks_of_its_cells(slim):
    found, explanation = explain_pooled(slim.clip, slim.classifier, Grid(n_times=2, n_bands=2), "input_x_gradient")
    made = choices(explanation, slim.clip, listen(explanation, slim.clip), "", found_map=found, masks=["top_5"])
    assert made[1].listening.mask.shape == found.values.shape[1:]
    assert "% of the cells of the map" in made[1].meaning


def test_players_hold_every_version(offered, slim):
    others = [(choice.name, choice.meaning, choice.listening) for choice in offered[1:]]
    players, _ = players_of(offered[0].listening, "flac", others=others)
    assert len(players) == 1 + 2 * len(offered)
    assert [p.id for p in players[:5]] == ["original", "kept", "removed", "kept-1", "removed-1"]
    samples, _ = soundfile.read(io.BytesIO(base64.b64decode(players[3].uri.split(",")[1])), dtype="float32")
    np.testing.assert_allclose(samples, offered[1].listening.kept.waveform.T, atol=2**-22)
    assert players[3].lufs == offered[1].listening.kept_lufs
    heard = [p.lufs + p.match_db for p in players if np.isfinite(p.lufs)]
    np.testing.assert_allclose(heard, heard[0])


def test_nothing_to_make_a_mask_of_offers_none(slim):
    silent = Clip(np.zeros_like(slim.clip.waveform), slim.clip.sample_rate)
    assert len(choices(slim.explanation, silent, slim.listening, "", masks=REPORT_MASKS)) == 1


@pytest.fixture(scope="module")
def page(slim, chromium, tmp_path_factory):
    path = write_report(
        tmp_path_factory.mktemp("masks") / "report.html", slim.explanation, slim.clip, slim.classifier,
        listening=slim.listening, command=slim.command, masks=REPORT_MASKS,
    )  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        said = []
        page = browser.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.add_init_script(
            """window.starts = 0; const start = AudioBufferSourceNode.prototype.start;
            AudioBufferSourceNode.prototype.start = function (...x) {
              window.starts += 1; return start.apply(this, x); };"""
        )
        page.goto(path.as_uri())
        yield page
        browser.close()
        assert said == []


@pytest.mark.browser
def test_masks_change_while_it_plays_without_a_jump(page):
    player = page.locator("#player")
    chooser = page.get_by_role("combobox", name="Mask")
    count = chooser.locator("option").count()
    assert count >= 3
    versions = page.evaluate("document.querySelectorAll('audio').length")
    assert versions == 1 + 2 * count
    kept = page.locator(".versions small").nth(1)
    first = kept.text_content()
    page.get_by_role("slider", name="Position").focus()
    page.keyboard.press("b")
    expect(player).to_have_attribute("data-audible", "kept")
    page.keyboard.press("Space")
    expect(player).to_have_attribute("data-position", re.compile(r"^(0\.[2-9]|[1-9])"))
    before = float(player.get_attribute("data-position"))
    page.keyboard.press("m")
    expect(player).to_have_attribute("data-audible", "kept-1")
    expect(chooser).to_have_value("1")
    assert before <= float(player.get_attribute("data-position")) < before + 2
    page.keyboard.press("n")
    expect(player).to_have_attribute("data-audible", "removed-1")
    page.keyboard.press("k")
    assert page.evaluate("starts") == versions, "every version was started once, together"
    facts = json.loads(page.locator("#versions").text_content())
    shown = next(v for v in facts if v["id"] == "kept-1")
    assert kept.text_content() == shown["loudness"] != first
    assert f"{abs(shown['match_db']):.1f} dB" in page.locator("#match-says").text_content()
    held = player.get_attribute("data-position")
    chooser.select_option("0")
    expect(player).to_have_attribute("data-audible", "removed")
    assert player.get_attribute("data-position") == held
    assert kept.text_content() == first


@pytest.mark.browser
def test_the_chooser_fits_a_narrow_screen(page):
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
