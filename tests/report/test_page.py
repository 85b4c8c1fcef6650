"""The page in a real browser, from file:// with the network off: real key presses, a real focus order, no script."""

import itertools
import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from earmark.report.html import write_report

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip


@pytest.fixture(scope="module")
def address(make_case, tmp_path_factory):
    case = make_case('"><script>alert(1)</script>.wav')
    path = write_report(
        tmp_path_factory.mktemp("page") / "report.html",
        case.explanation,
        case.clip,
        case.classifier,
        listening=case.listening,
        command=case.command,
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
    """``opened(**options of a fresh profile)`` → page; afterwards it must have said and asked nothing."""
    contexts: list[BrowserContext] = []
    said: list[str] = []
    asked: list[str] = []

    def open_page(**options) -> Page:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert asked[0] == address
    assert [url[:40] for url in asked if not re.match(r"file:|data:|blob:", url)] == []
    assert sum(url.startswith("file:") for url in asked) == len(contexts)


def position(page: Page) -> float:
    return float(page.locator("#player").get_attribute("data-position"))


def test_native_players_have_the_right_duration(opened):
    page = opened()
    page.locator("details.single summary").click()
    durations = page.evaluate(
        """Promise.all([...document.querySelectorAll('audio')].map((a) => a.readyState ? a.duration :
           new Promise((done) => a.addEventListener('loadedmetadata', () => done(a.duration)))))"""
    )
    assert durations == pytest.approx([4.0] * 3, abs=1e-3)


def test_keys_move_and_switch_without_moving(opened):
    page = opened()
    player = page.locator("#player")
    expect(player).to_have_attribute("data-playing", "false")
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert position(page) == 1
    expect(slider).to_have_attribute("aria-valuetext", "1 second of 4 seconds")
    page.keyboard.press("ArrowRight")
    assert position(page) == 4
    page.keyboard.press("ArrowLeft")
    assert position(page) == 0
    page.keyboard.press("End")
    assert position(page) == 4
    page.keyboard.press("Home")
    assert position(page) == 0
    page.keyboard.press("Shift+ArrowRight")
    for key, version in (("b", "kept"), ("n", "removed"), ("x", "kept"), ("x", "removed"), ("a", "original")):
        page.keyboard.press(key)
        expect(player).to_have_attribute("data-version", version)
        assert position(page) == 1
    expect(page.get_by_role("radio", name="Original")).to_be_checked()


def test_letters_do_nothing_outside_the_player(opened):
    page = opened()
    page.get_by_role("link", name="explanation.json").focus()
    for key in ("b", "k", "l", "End"):
        page.keyboard.press(key)
    player = page.locator("#player")
    expect(player).to_have_attribute("data-version", "original")
    expect(player).to_have_attribute("data-playing", "false")
    assert position(page) == 0


def test_it_plays_on_one_clock_through_a_switch_and_loops(opened):
    page = opened()
    player = page.locator("#player")
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    page.keyboard.press("Space")
    expect(player).to_have_attribute("data-playing", "true")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(player).to_have_attribute("data-position", re.compile(r"^(0\.[2-9]|[1-9])"))
    before = position(page)
    page.keyboard.press("b")
    expect(player).to_have_attribute("data-version", "kept")
    assert before <= position(page) < before + 2
    page.keyboard.press("k")
    expect(player).to_have_attribute("data-playing", "false")
    held = position(page)
    page.wait_for_timeout(150)
    assert position(page) == held
    # A loop of one second: after much longer than that the position is still inside it.
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("[")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("]")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("l")
    expect(page.get_by_role("status")).to_have_text("Looping 0:01.0–0:02.0")
    page.keyboard.press("k")
    seen = []
    for _ in range(14):
        page.wait_for_timeout(120)
        seen.append(position(page))
    assert all(0.99 <= at <= 2.05 for at in seen)
    assert any(later < earlier for earlier, later in itertools.pairwise(seen))
    page.keyboard.press("k")


def test_versions_start_together_and_fade_over_15_ms(browser, address):
    context = browser.new_context(offline=True)
    context.add_init_script(
        """window.starts = []; window.ramps = [];
        const start = AudioBufferSourceNode.prototype.start;
        AudioBufferSourceNode.prototype.start = function (when, offset) {
          starts.push([when, offset, this.buffer.length]); return start.call(this, when, offset); };
        const ramp = AudioParam.prototype.linearRampToValueAtTime;
        AudioParam.prototype.linearRampToValueAtTime = function (value, at) {
          ramps.push([value, at - window.clock()]); return ramp.call(this, value, at); };
        const make = AudioContext.prototype.createGain;
        AudioContext.prototype.createGain = function () {
          window.clock = () => this.currentTime; return make.call(this); };"""
    )
    page = context.new_page()
    page.goto(address)
    page.get_by_role("slider", name="Position").focus()
    page.keyboard.press("Space")
    expect(page.locator("#player")).to_have_attribute("data-playing", "true")
    starts = page.evaluate("starts")
    assert len(starts) == 3
    assert starts[0] == starts[1] == starts[2]
    page.evaluate("ramps.length = 0")
    page.keyboard.press("b")
    ramps = page.evaluate("ramps")
    assert [value for value, _ in ramps] == [0, 1, 0]
    assert all(0.010 <= seconds <= 0.020 for _, seconds in ramps)
    # Still the same three sources: nothing was started anew.
    assert len(page.evaluate("starts")) == 3
    context.close()


def test_tab_goes_through_everything_in_order(opened):
    page = opened()
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """(() => { const e = document.activeElement;
            if (e === document.body) return null;
            const box = e.getBoundingClientRect();
            return [e.id || e.value || e.className || e.textContent.trim(), box.width, box.height,
              e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.labels?.[0]?.textContent ||
              e.textContent.trim()]; })()"""
        )
        if stop is None:
            break
        stops.append(stop)
    names = [stop[0] for stop in stops]
    order = [names.index(name) for name in ("play", "seek", "original", "match", "loop", "tab-1", "table-scroll")]
    assert order == sorted(order)
    assert all(name for *_, name in stops)
    # One stop for a group of radios.
    assert "kept" not in names
    assert "tab-2" not in names
    small = [s[:3] for s in stops if s[0] in ("play", "seek", "original", "loop") and min(s[1:3]) < 24]
    assert small == []


def test_arrows_choose_versions_and_labels(opened):
    page = opened()
    page.get_by_role("radio", name="Original").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#player")).to_have_attribute("data-version", "kept")
    assert position(page) == 0
    panels = page.locator(".panel")
    expect(panels.nth(0)).to_be_visible()
    page.locator("#tab-1").focus()
    page.keyboard.press("ArrowRight")
    expect(panels.nth(0)).to_be_hidden()
    expect(panels.nth(1)).to_be_visible()


def test_tables_sort_by_a_button(opened):
    page = opened()
    table = page.locator("table.effects").first
    values = "rows => rows.map((row) => Number(row.dataset.value))"
    table.get_by_role("button", name="Effect").press("Enter")
    found = table.locator("tbody tr").evaluate_all(values)
    assert len(found) == 12
    assert found == sorted(found, reverse=True)
    expect(table.get_by_role("columnheader", name="Effect")).to_have_attribute("aria-sort", "descending")
    table.get_by_role("button", name="Effect").press("Enter")
    assert table.locator("tbody tr").evaluate_all(values) == sorted(found)


def test_without_script_everything_can_be_read_and_heard(opened):
    page = opened(java_script_enabled=False)
    expect(page.locator("#player")).to_be_hidden()
    players = page.locator("audio")
    assert players.count() == 3
    for index in range(3):
        expect(players.nth(index)).to_be_visible()
    expect(page.locator("table.effects").first).to_be_visible()
    expect(page.locator(".panel img").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text('"><script>alert(1)</script>.wav')
    page.locator("label[for=tab-2]").click()
    expect(page.locator(".panel").nth(1)).to_be_visible()


@pytest.mark.parametrize("width", [320, 400, 1200])
def test_nothing_overflows(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_dark_mode_shows_the_dark_pictures(opened):
    page = opened(color_scheme="dark")
    dark = page.evaluate(
        """(() => { const p = document.querySelector('.panel picture');
        return p.querySelector('img').currentSrc === p.querySelectorAll('source')[1].srcset; })()"""
    )
    assert dark


def test_downloads_come_from_the_page(opened):
    page = opened()
    with page.expect_download() as download:
        page.get_by_role("link", name="explanation.csv").click()
    assert download.value.suggested_filename == "explanation.csv"
    assert download.value.path().read_text(encoding="utf-8").startswith("label,component,name,")
