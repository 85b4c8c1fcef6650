"""The page of a whole model in a real browser: a click on a confusion shows its clips, and these can be played."""

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from earmark.audio.clip import Clip
from earmark.report.judged import JudgedClip
from earmark.report.model_report import write_model_report

pytestmark = pytest.mark.browser

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LABELS = tuple(f"class_number_{k}" for k in range(9))


def sound():
    return Clip(0.1 * np.sin(np.arange(8000) / 9), 8000)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    rng = np.random.default_rng(0)
    clips = []
    for place in range(45):
        scores = rng.random(9) + 0.8 * (np.arange(9) == place % 9)
        clips.append(JudgedClip(f"{place}.wav", place % 9, scores / scores.sum(), sound))
    path = write_model_report(
        tmp_path_factory.mktemp("page") / "model.html", clips, LABELS, model="m", data="d", command="c", sounds=99
    )
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, address):
    said, contexts = [], []

    def open_page(**options):
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def test_a_click_on_a_number_shows_its_clips_and_they_play(opened):
    page = opened(viewport={"width": 1000, "height": 800})
    # The worst confusion is open, and marked; the others are not in the way.
    expect(page.locator(".cells details:visible")).to_have_count(1)
    expect(page.locator(".matrix a[aria-current]")).to_have_count(1)
    link = page.locator(".matrix td.right a").nth(3)
    count = int(link.inner_text())
    link.click()
    expect(page.locator(".cells details:visible")).to_have_count(1)
    expect(page.locator("#cell-3-3 li:visible")).to_have_count(count)
    expect(link).to_have_attribute("aria-current", "true")
    expect(page.locator(".matrix a[aria-current]")).to_have_count(1)
    expect(page.locator("#cell-3-3")).to_be_in_viewport()
    players = page.locator("#cell-3-3 audio:visible")
    expect(players).to_have_count(count)
    seconds = players.first.evaluate("a => new Promise(d => { a.onloadedmetadata = () => d(a.duration); a.load(); "
                                     "a.preload = 'auto'; })")  # fmt: skip
    assert seconds == pytest.approx(1, abs=0.15)


def test_examples_have_players_of_the_same_sounds_and_one_plays_at_a_time(opened):
    page = opened()
    again = page.locator(".examples [data-sound] audio")
    assert again.count() > 9
    assert page.evaluate(
        "[...document.querySelectorAll('.examples [data-sound]')].every(s => s.firstChild.src === "
        "document.getElementById(s.dataset.sound).src)"
    )
    again.nth(0).evaluate("a => { a.loop = true; a.muted = true; return a.play(); }")
    assert not again.nth(0).evaluate("a => a.paused")
    again.nth(1).evaluate("a => { a.muted = true; return a.play(); }")
    assert again.nth(0).evaluate("a => a.paused")


def test_without_script_links_lead_to_the_clips(opened):
    page = opened(java_script_enabled=False)
    expect(page.locator(".cells summary:visible").first).to_be_visible()
    expect(page.locator("#cell-3-3")).to_be_hidden()
    page.locator('.matrix a[href="#cell-3-3"]').click()
    expect(page.locator("#cell-3-3")).to_be_visible()
    page.get_by_role("link", name="to its player").first.click()
    expect(page.locator("li:target audio")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_overflows(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
