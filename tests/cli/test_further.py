"""``earmark explain --refine``, ``--interactions`` and ``--counterfactual``."""

import json
import re
import shlex

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.cli import run as running
from earmark.cli.console import Console
from earmark.cli.job import Job
from earmark.explain.explanation import Explanation
from earmark.models.callable import from_callable

RATE = 8000
ALL = ("html", "flac", "json")
FAST = ("--components", "time", "--segments", "3", "--top-targets", "1")


def loudness(waveforms, sample_rate):
    """Loud if the first and the second second are both loud; soft otherwise."""
    level = np.abs(waveforms).mean(axis=1).reshape(len(waveforms), -1, RATE).mean(axis=2)
    loud = 0.1 + 0.8 * np.minimum(level[:, :2] / 0.3, 1).prod(axis=1)
    return np.stack([loud, 1 - loud], axis=1)


@pytest.fixture
def explained(tmp_path, capsys, monkeypatch):
    """Four seconds of a tone, of which the classifier above hears the first two."""
    monkeypatch.chdir(tmp_path)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)
    write(Clip(tone, RATE), tmp_path / "tone.wav")

    def explain(**settings):
        job = Job(model="loud", components="time", segments=4, **settings)
        console = Console(quiet=False, verbose=False, bars=False, json=False)
        done = running.explain_file(
            "tone.wav", job, from_callable(loudness, ["loud", "soft"], RATE), tmp_path / "o", ALL, console
        )
        running.tell(done, console)
        return done, capsys.readouterr().out

    return explain


def test_a_counterfactual_is_found_written_played_and_told(explained, tmp_path):
    done, said = explained(counterfactual=True, targets=("loud",))
    found = json.loads((tmp_path / "o" / "counterfactual.json").read_text())
    (gone,) = found["removed"]
    assert gone["index"] in (0, 1)
    assert (found["found"], found["proven"], found["label"]) == (True, True, "loud")
    assert found["after"][0] < 0.5 <= found["before"][0]
    without = read(tmp_path / "o" / "without.flac").waveform[0]
    taken = read(tmp_path / "o" / "taken_out.flac").waveform[0]
    quiet = slice(gone["index"] * RATE + 100, (gone["index"] + 1) * RATE - 100)
    assert np.abs(without[quiet]).max() < 1e-6 < np.abs(taken[quiet]).max()
    assert np.abs(without + taken - read(tmp_path / "tone.wav").waveform[0]).max() < 1e-4
    assert found["sentence"] in said
    assert "no smaller set does that" in found["sentence"]
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert found["sentence"] in page
    assert len(re.findall(r'<audio controls [^>]*aria-label="(?:Without|Taken out): ', page)) == 2
    assert done.document()["counterfactual"] == found
    assert (tmp_path / "o" / "without.flac") in done.written


def test_a_sound_of_an_earlier_counterfactual_does_not_stay(explained, tmp_path):
    explained(counterfactual=True, targets=("loud",))
    done, said = explained(counterfactual=True, targets=("soft",), fill="silence", samples=20, method="shapley_kernel")
    assert "Without" in said  # soft rises: it may flip either way
    (tmp_path / "o" / "taken_out.flac").write_bytes(b"stale")
    half = Clip(read(tmp_path / "tone.wav").waveform * 0.1, RATE)
    write(half, tmp_path / "tone.wav")
    done, said = explained(counterfactual=True, targets=("soft",))
    assert "no set of them flips the decision about soft" in said
    assert not (tmp_path / "o" / "without.flac").exists()
    assert not (tmp_path / "o" / "taken_out.flac").exists()
    assert all(path.exists() for path in done.written)


def test_interactions_name_the_two_that_need_each_other(explained, tmp_path):
    done, said = explained(interactions=True, targets=("loud",))
    found = json.loads((tmp_path / "o" / "interactions.json").read_text())
    values = np.array(found["values"][0])
    others = values - np.diag(np.diag(values))
    assert np.unravel_index(others.argmax(), others.shape) == (0, 1)
    # Only both together do anything: 0.8 × the product.
    assert values[0, 1] == pytest.approx(0.8, abs=0.02)
    assert np.diag(values) == pytest.approx(0, abs=0.02)
    assert found["exact"] is True
    assert "0.0–1.0 s and 1.0–2.0 s: +0.79" in said
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert "together more than each by itself" in page
    assert done.document()["interactions"] == found


def test_refine_splits_what_is_strongest_and_the_report_holds_the_command(explained, tmp_path):
    explained(refine=1, method_set=("keep=1", "split=[2,1]"), targets=("loud",))
    explanation = Explanation.load(tmp_path / "o" / "explanation.json")
    assert (explanation.recipe.method, len(explanation.components)) == ("refine", 5)
    assert explanation.values("loud").sum() == pytest.approx(0.8, abs=0.02)
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert "--refine 1" in page
    assert not (tmp_path / "o" / "interactions.json").exists()


def test_on_the_command_line_and_again(run, bundle, sounds, tmp_path):
    asked = ("explain", sounds.song, "--model", bundle, *FAST)
    done = run(*asked, "--interactions", "--counterfactual", "--format", "json", "-o", "o", "--json")
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "o").iterdir()} == {
        "explanation.json", "interactions.json", "counterfactual.json",
    }  # fmt: skip
    assert {"interactions", "counterfactual"} <= json.loads(done.out).keys()
    skipped = run(*asked, "--interactions", "--counterfactual", "--format", "json", "-o", "o", "--skip-existing")
    assert "skipped" in skipped.err
    job = Job(str(bundle), "time", 3, refine=1, method_set=("keep=1",), samples=60, targets=1)
    words = shlex.split(job.command(str(sounds.song), tmp_path / "a"))
    assert run(*words[1:], "--format", "json").code == 0
    assert len(Explanation.load(tmp_path / "a" / "explanation.json").components) > 3
    plan = json.loads(run(*words[1:], "--dry-run", "--json", "--format", "json", "--overwrite").out)[0]
    assert plan["evaluations"] == 60
    more = run(*asked, "--interactions", "--counterfactual", "--dry-run", "--json", "-o", "p", "--format", "json,flac")
    assert len(json.loads(more.out)[0]["would_write"]) == 7


def test_what_does_not_go_together_is_refused(run, bundle, sounds):
    asked = ("explain", sounds.song, "--model", bundle)
    both = run(*asked, "--refine", "1", "--interactions")
    assert (both.code, "exclude each other" in both.err) == (2, True)
    gradient = run(*asked, "--method", "saliency", "--counterfactual")
    assert (gradient.code, "saliency switches nothing off" in gradient.err) == (2, True)
    other = run(*asked, "--refine", "1", "--method", "lime")
    assert (other.code, "not those of lime" in other.err) == (2, True)
    unknown = run(*asked, "--refine", "1", "--method-set", "kep=2")
    assert "Did you mean keep" in unknown.err
    few = run(*asked, *FAST, "--components", "time", "--counterfactual", "--samples", "3")
    assert few.code == 2
