"""The page of an audit: everything found is on it, nothing runs, nothing is fetched, same bytes."""

from html.parser import HTMLParser

import pytest

from earmark.data.audit import Audit, Entry
from earmark.data.confounds import confound
from earmark.data.dataset import Problem
from earmark.data.duplicates import Duplicate
from earmark.data.sound_facts import SoundFacts
from earmark.report.data_audit import audit_html, lead, write_audit


def facts(**changes):
    values = {"duration_s": 30.0, "sample_rate": 22050, "channels": 1, "peak": 0.5, "level_db": -20.0,
              "silent_share": 0.0, "clipped_share": 0.0, "bandwidth_hz": 11025.0, "cutoff_hz": None}  # fmt: skip
    return SoundFacts(**{**values, **changes})


@pytest.fixture
def audit():
    rates = ["8000 Hz"] * 10 + ["16000 Hz"] * 10
    labels = ["<jazz>"] * 10 + ["rock"] * 10
    entries = [Entry(f"{label}/{i}.wav", label, f"t{i}", facts=facts()) for i, label in enumerate(labels)]
    entries[3] = Entry("quiet & still.wav", "<jazz>", "t3", facts=facts(silent_share=1.0))
    entries[4] = Entry("loud.wav", "<jazz>", "t4", facts=facts(clipped_share=0.25))
    entries[5] = Entry("brief.wav", "<jazz>", "t5", facts=facts(duration_s=1.5))
    return Audit(
        "set",
        "f" * 64,
        tuple(entries),
        (Problem("gone.wav", "no such file"),),
        (Problem("torn.wav", "breaks off"),),
        (Duplicate(0, 12, "near", 0.375, -1.25),),
        (confound("sample rate", rates, labels),),
        15.0,
    )


class Tags(HTMLParser):
    """Which tags open and close, and the text."""

    def __init__(self):
        super().__init__()
        self.open, self.all, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_everything_is_on_the_page(audit):
    page = audit_html(audit)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    text = " ".join(" ".join(tags.text).split())
    for part in (
        "gone.wav: no such file",
        "torn.wav: breaks off",
        "quiet & still.wav",
        "loud.wav: 25.0%",
        "brief.wav: 1.50 s",
        "0.38 −1.25 s class (<jazz>, rock), track",
        "Guesses 100% of the labels (commonest class 50%)",
    ):
        assert part in text, part
    assert "<jazz>" not in page.replace("&lt;jazz&gt;", "")
    assert {tag for tag, _ in tags.all} & {"script", "img", "iframe", "form"} == set()
    assert all(not (attrs.get("href") or "").startswith("http") for _, attrs in tags.all)
    assert page == audit_html(audit)


def test_the_lead_says_what_matters(audit):
    assert lead(audit) == (
        "1 pair of duplicates, 1 across classes; the label can be guessed from sample rate; 2 problems with files."
    )
    clean = Audit("set", "f", audit.entries[10:])
    assert lead(clean) == "Nothing was found that a model should not learn from."


def test_a_page_of_descriptors_says_nothing_about_sounds(tmp_path):
    entries = tuple(Entry(f"a.{i}", "a", f"a.{i}") for i in range(3))
    path = write_audit(
        tmp_path / "a.html", Audit("table", "f", entries, duplicates=(Duplicate(0, 1, "identical", 0.0),))
    )
    page = path.read_text(encoding="utf-8")
    assert "Distance" in page
    assert "Clipped:" not in page
    assert "What tells the label" not in page
