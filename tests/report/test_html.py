import base64
import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from earmark.errors import AudioError, ExplanationError, OutputError, SettingError
from earmark.explain.explanation import Explanation
from earmark.report import html as report
from earmark.report.drawing import decimals_for
from earmark.report.export import audacity_text, csv_text
from earmark.report.html import report_html, write_report
from earmark.report.theme import signed
from earmark.report.words import direction

VOID = {"meta", "link", "img", "input", "br", "source"}
HOSTILE = ('"><script>alert(1)</script>.wav', "</script><img src=x onerror=alert(1)>a'b&amp;<i>c\u2028.wav")


class Page(HTMLParser):
    """Elements, texts by element, and a check that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag, **attributes):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in attributes.items())]

    def text(self):
        return " ".join(" ".join(t for tag, t in self.texts if tag not in ("script", "style")).split())

    def json(self, element_id):
        place = [i for i, (t, a) in enumerate(self.elements) if a.get("id") == element_id]
        order = [a.get("id") for t, a in self.elements if t == "script"]
        scripts = [t for tag, t in self.texts if tag == "script"]
        assert len(place) == 1
        return json.loads(scripts[order.index(element_id)])


def render(case, **changes):
    options = {"listening": case.listening, "command": case.command} | changes
    return report_html(case.explanation, case.clip, case.classifier, **options)


@pytest.fixture(scope="module")
def text(case):
    return render(case)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_policy_forbids_everything_outside_the_page(page):
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"] == (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
        "media-src data: blob:; connect-src data: blob:; worker-src blob:"
    )
    # It holds only for what comes after it.
    assert page.elements[3][0] == "meta"


def test_every_address_is_inside_the_page(page):
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            if attributes.get(name) and (tag, name) != ("a", "href"):
                assert attributes[name].startswith("data:")
            elif attributes.get(name):
                assert attributes[name].startswith(("data:", "#"))


def test_explanation_in_the_page_is_the_explanation(case, page):
    again = Explanation.from_dict(page.json("explanation"))
    assert again.to_dict() == case.explanation.to_dict()


def test_downloads_hold_the_exports(case, page):
    held = {a["download"]: base64.b64decode(a["href"].split(",")[1]).decode() for a in page.all("a") if "download" in a}
    assert json.loads(held["explanation.json"]) == case.explanation.to_dict()
    assert held["explanation.csv"] == csv_text(case.explanation)
    assert held["low.labels.txt"] == audacity_text(case.explanation, "low")


def test_players_and_pictures_need_no_script(case, page):
    players = page.all("audio")
    assert len(players) == 3
    assert all("controls" in p and p["aria-label"] and "autoplay" not in p for p in players)
    assert all(p["src"].startswith("data:audio/flac;base64,") for p in players)
    pictures = page.all("img")
    assert len(pictures) == len(case.explanation.targets)
    assert all(len(p["alt"]) > 60 for p in pictures)
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]


def test_header_says_how_it_was_made(case, page):
    e, shown = case.explanation, page.text()
    for fact in (
        e.model.name, e.recipe.method, f"{e.evaluations} clips", "3", case.command, e.model.fingerprint,
        e.clip.fingerprint, e.clip.file_sha256, "mean of 2 channels", e.recipe.version, "samples = 400",
    ):  # fmt: skip
        assert fact in shown


def test_tables_have_every_number_with_its_sign_in_words(case, page):
    shown = page.text()
    for row in case.explanation.targets:
        for effect in case.explanation.top(12, row):
            assert effect.component.label in shown
            digits = decimals_for(case.explanation.values(row)) + 1
            assert f"{signed(effect.value, digits)} ± {effect.error:.{digits}f} {direction(effect)}" in shown
    assert len(page.all("tr")) == 1 + 3 + 3 * (1 + 12)
    strongest = case.explanation.top(1)[0]
    assert strongest.sentence(exact=False) in shown


def test_same_inputs_same_bytes(slim):
    assert render(slim) == render(slim)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(make_case, name):
    case = make_case(name, targets=1)
    page = Page(render(case, command=f"earmark explain '{name}'"))
    assert not page.all("i")
    assert not page.all("img", src="x")
    # Data, data, and our own script; the tags of the tagger hold markup too.
    assert len(page.all("script")) == 3
    assert "".join(t for tag, t in page.texts if tag == "h1") == name
    assert "".join(t for tag, t in page.texts if tag == "title").startswith(name)
    assert page.json("explanation")["clip"]["name"] == name
    assert page.json("explanation")["labels"][2] == "</script><b>noisy</b>"


def test_a_contrast_has_no_probabilities(case):
    e = replace(
        case.explanation,
        labels=("low − high",),
        targets=(0,),
        attributions=case.explanation.attributions[:1],
        errors=case.explanation.errors[:1],
        base=np.array([-0.25]),
        full=np.array([0.5]),
        scores=np.array([np.nan]),
        recipe=replace(case.explanation.recipe, contrast=("low", "high & bright")),
    )
    listening = replace(case.listening, label="low − high")
    shown = Page(report_html(e, case.clip, case.classifier, listening=listening, command="x")).text()
    assert "Prediction" not in shown
    assert "every component off the model says −0.250" in shown


def test_large_pages_say_so(slim, text, tmp_path, monkeypatch):
    assert "it may open slowly" not in text
    heard: list[str] = []
    options = {"listening": slim.listening, "command": "x", "say": heard.append}
    monkeypatch.setattr(report, "LARGE_BYTES", 100_000)
    large = write_report(tmp_path / "b.html", slim.explanation, slim.clip, slim.classifier, **options)
    assert len(heard) == 1
    assert "it may open slowly" in large.read_text(encoding="utf-8")


def test_another_clip_another_model_another_format_are_refused(slim, tmp_path):
    other_clip = replace(slim.clip, waveform=slim.clip.waveform * 0.5, source=None)
    with pytest.raises(ExplanationError, match="another sound"):
        report_html(slim.explanation, other_clip, slim.classifier, listening=slim.listening, command="")
    other = replace(slim.explanation, model=replace(slim.explanation.model, fingerprint="0" * 64))
    with pytest.raises(ExplanationError, match="another model"):
        report_html(other, slim.clip, slim.classifier, listening=slim.listening, command="")
    with pytest.raises(SettingError, match="cannot be embedded"):
        render(slim, audio_format="ogg")


def test_nothing_is_left_when_writing_fails(slim, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(OutputError):
        write_report(
            blocked / "r.html", slim.explanation, slim.clip, slim.classifier, listening=slim.listening, command=""
        )
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    loud = replace(slim.listening, kept=replace(slim.clip, waveform=slim.clip.waveform * 10))
    with pytest.raises(AudioError, match="clipped"):
        write_report(tmp_path / "r.html", slim.explanation, slim.clip, slim.classifier, listening=loud, command="")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
