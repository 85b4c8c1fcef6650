"""The sheet of lyrics: what each word is coloured by, what is beyond the window, and a line that is chosen is heard."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from earmark.audio.clip import Clip
from earmark.components.lyrics import MusicAndLyrics
from earmark.components.time import Time
from earmark.data.lyrics.lyrics import line as sung
from earmark.data.lyrics.lyrics import lyrics_of
from earmark.explain.case import open_case
from earmark.explain.explanation import Explanation
from earmark.explain.lime import Lime
from earmark.explain.modalities import shares, sheet_of, sound_of
from earmark.explain.shapley_exact import ShapleyExact
from earmark.listen.render import listen
from earmark.metrics.planted.songs import RATE, Reader
from earmark.report.export import audacity_text
from earmark.report.html import report_html
from earmark.report.lyrics import beyond_text, clock, lyric_sheet, shares_line, shares_text
from earmark.report.words import silence_text

LYRICS = lyrics_of(
    [sung("so Winter, <so> far", 0.5, 1.5), sung("winter", 2.0, 2.5, stanza=1), sung("good night", stanza=1)]
)
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


class Summer(Reader):
    """Winter speaks for cold, "night" against it, and bells for it; what stands behind 30 characters is not read."""

    def text_embedding(self, texts):  # type: ignore[no-untyped-def]
        import torch

        found = [(text or "").casefold() for text in texts]
        return torch.tensor([[("winter" in text) - 0.4 * ("good" in text) + 0.0] for text in found])

    def head(self, audio, text):  # type: ignore[no-untyped-def]
        import torch

        cold = torch.sigmoid(2 * (text[:, 0].double() + 0.5 * audio[:, 0].double()))
        return torch.stack([cold, 1 - cold], dim=1)

    def read_until(self, text: str) -> int:
        return text.index("night")


@pytest.fixture(scope="module")
def clip() -> Clip:
    t = np.arange(4 * RATE) / RATE
    return Clip(0.3 * np.sin(2 * np.pi * 1200 * t) * (t > 3), RATE, lyrics=LYRICS.text)


@pytest.fixture(scope="module")
def explanation(clip: Clip) -> Explanation:
    case = open_case(clip, Summer("word"), MusicAndLyrics.of(Time(n=4, fade_s=0.0), LYRICS))
    return case.explain(ShapleyExact(), targets=["cold"])


def test_a_silent_part_is_said_of_the_sound_alone(clip: Clip, explanation: Explanation) -> None:
    # "good" lowers cold, so that not every component raises it; every part of the sound does, or none.
    components = list(explanation.components)
    values = explanation.attributions.copy()
    row = explanation.labels.index("cold")
    heard = [place for place, part in enumerate(components) if part.word is None]
    for size, said in ((0.1, "Every part of the sound raises cold, so the removed part is silent."),
                       (-0.1, "No part of the sound raises cold, so the kept part is silent.")):  # fmt: skip
        values[row, heard] = size
        changed = replace(explanation, attributions=values)
        assert silence_text(changed, listen(changed, clip, label="cold")) == said


def test_each_word_has_its_colour_sign_and_sentence(explanation: Explanation) -> None:
    sheet = lyric_sheet(explanation, "cold")
    assert sheet is not None
    assert ["".join(piece.text for piece in one.pieces) for one in sheet.lines] == [line.text for line in LYRICS.lines]
    assert [one.opens for one in sheet.lines] == [False, True, False]
    assert [one.clock for one in sheet.lines] == ["0:00.5", "0:02.0", ""]
    pieces = {piece.text: piece for one in sheet.lines for piece in one.pieces}
    value = explanation.values("cold")[[part.word for part in explanation.components].index("Winter")]
    assert (pieces["Winter,"].kind, pieces["Winter,"].strength) == ("raises", 100)
    assert pieces["Winter,"].mark == f"+{value:.{len(pieces['Winter,'].mark) - 3}f}"
    assert pieces["winter"].says.endswith("in all 2 places together")
    assert pieces["good"].kind == "lowers"
    assert pieces["good"].mark.startswith("−")
    assert pieces["<so>"].kind == ""
    assert "unchanged" in pieces["<so>"].says
    assert (pieces["night"].kind, pieces[" "].says) == ("beyond", "")
    assert "1 word of 5 stands behind what by word reads" in sheet.notes[0]
    assert "− on hatched blue lowers it" in sheet.caption


def test_shares_are_sums_of_sizes(explanation: Explanation) -> None:
    sound, words = shares(explanation, "cold")
    values = explanation.values("cold")
    assert (sound.components, words.components) == (4, 4)
    assert words.size == pytest.approx(np.abs(values[4:]).sum())
    assert words.total == pytest.approx(values[4:].sum())
    assert sound.part + words.part == pytest.approx(1)
    assert sound.total + words.total == pytest.approx(explanation.full[0] - explanation.base[0])
    text = shares_text(explanation, "cold")
    assert f"the sound has {100 * sound.part:.0f} % (4 parts)" in text
    assert "±" not in text
    assert shares_line(explanation, "cold").startswith("sound ")
    half = sound_of(explanation)
    assert half is not None
    assert (shares(half, "cold"), lyric_sheet(half, "cold"), beyond_text(half)) == ((), None, "")


def test_errors_of_shares_are_those_of_draws(clip: Clip) -> None:
    kind = MusicAndLyrics.of(Time(n=4, fade_s=0.0), LYRICS)
    drawn = [
        shares(open_case(clip, Summer("word"), kind).explain(Lime(samples=40), targets=["cold"], seed=seed), "cold")
        for seed in range(12)
    ]
    for number in (0, 1):
        spread = float(np.std([each[number].total for each in drawn], ddof=1))
        # Twelve draws know it to a fifth, and errors of mixtures of few halves are on the safe side.
        assert 0.6 * spread < np.mean([each[number].total_error for each in drawn]) < 3 * spread


def test_words_lie_at_each_of_their_times(explanation: Explanation) -> None:
    labels = [row.split("\t") for row in audacity_text(explanation, "cold").splitlines()]
    sung = {(float(start), float(end)) for start, end, text in labels if text.startswith("“Winter”")}
    assert sung == {(0.5, 1.5), (2.0, 2.5)}
    # Nobody knows when it is sung, so it is not drawn over the whole song.
    assert not any("good" in text for _, _, text in labels)


def test_listening_plays_the_half_of_the_sound(explanation: Explanation, clip: Clip) -> None:
    heard = listen(explanation, clip, label="cold")
    assert heard.mask.tolist() == [False, False, False, True]
    np.testing.assert_allclose(heard.kept.waveform + heard.removed.waveform, clip.waveform, atol=1e-6)
    assert sheet_of(explanation).first == 4


def test_times_are_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (0, 9.96, 61.25, 600)] == ["0:00.0", "0:10.0", "1:01.2", "10:00.0"]


@pytest.mark.browser
def test_a_line_that_is_chosen_is_heard(explanation: Explanation, clip: Clip, chromium: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    listening = listen(explanation, clip, label="cold")
    page_text = report_html(explanation, clip, Summer("word"), listening=listening, command="earmark explain")
    (tmp_path / "page.html").write_text(page_text, encoding="utf-8")
    assert len(re.findall("data-start=", page_text)) == 2 + len(explanation.components)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        page = browser.new_context(offline=True).new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        player = page.locator("#player")
        page.get_by_role("radio", name="Kept").check(force=True)
        # By keyboard: the button of the second line.
        button = page.get_by_role("button", name="Hear from 2 seconds on: winter")
        button.focus()
        page.keyboard.press("Enter")
        expect(player).to_have_attribute("data-playing", "true", timeout=20_000)
        expect(player).to_have_attribute("data-version", "original")
        assert float(player.get_attribute("data-position") or 0) >= 2.0
        # By mouse: anywhere in the first line, while it plays.
        page.locator(".line").first.locator(".sung").click()
        expect(page.locator(".line").first).to_have_class(re.compile(r"\bnow\b"))
        assert 0.5 <= float(player.get_attribute("data-position") or 0) < 2.0
        # A line without a time cannot be chosen.
        assert page.locator(".line").nth(2).get_by_role("button").count() == 0
        browser.close()
    assert said == []
