"""``earmark explain``: what it writes, prints, refuses, and leaves alone."""

import json
import shlex
import time

import numpy as np
import pytest

from earmark.audio.read import read
from earmark.cli.forecast import _time_games
from earmark.explain.explanation import Explanation
from earmark.explain.game import CachedGame

FAST = ("--components", "time", "--segments", "4")
WRITTEN = {"report.html", "kept.flac", "removed.flac", "explanation.json"}


def files_in(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def explained(run, bundle, sounds):
    """Everything by default but the cut; ``(what was run, folder)``."""
    return lambda *more: run("explain", sounds.song, "--model", bundle, *FAST, *more)


def test_writes_report_sound_and_explanation_and_says_where(explained, tmp_path):
    done = explained()
    out = tmp_path / "out" / "song"
    assert done.code == 0
    assert all("silent" in line for line in done.err.splitlines())
    assert files_in(out) == WRITTEN
    explanation = Explanation.load(out / "explanation.json")
    strongest = explanation.top(1)[0]
    assert strongest.sentence(exact=True) in done.out
    for target in explanation.targets:
        assert f"{explanation.scores[target]:6.3f}" in done.out
    for name in WRITTEN:
        assert f"out/song/{name}" in done.out
    parts = [read(out / "kept.flac").waveform, read(out / "removed.flac").waveform]
    assert parts[0].shape == parts[1].shape == (1, 96000)


def test_kept_and_removed_add_up_to_the_song(explained, sounds, tmp_path):
    explained("--format", "flac", "-o", "o")
    both = read(tmp_path / "o" / "kept.flac").waveform + read(tmp_path / "o" / "removed.flac").waveform
    assert np.abs(both - read(sounds.song).waveform).max() < 1e-4


def test_json_is_the_whole_explanation(explained, tmp_path):
    done = explained("--json", "--top-targets", "2", "--format", "json")
    document = json.loads(done.out)
    assert done.err == ""
    assert document["explanation"] == json.loads((tmp_path / "out" / "song" / "explanation.json").read_text())
    assert len(document["top_tags"]) == 2
    assert document["top_tags"][0]["score"] >= document["top_tags"][1]["score"]
    assert document["written"] == ["out/song/explanation.json"]
    assert {row["label"] for row in document["evidence"]} == {row["label"] for row in document["top_tags"]}


def test_the_same_command_writes_the_same_bytes(explained, tmp_path):
    def contents():
        return {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()}

    explained("-o", "o", "--method", "lime", "--samples", "40", "--seed", "3")
    first = contents()
    explained("-o", "o", "--method", "lime", "--samples", "40", "--seed", "3", "--overwrite")
    assert contents() == first
    explained("-o", "o", "--method", "lime", "--samples", "40", "--seed", "4", "--overwrite")
    assert contents()["explanation.json"] != first["explanation.json"]


def test_the_command_in_the_report_makes_it_again(run, bundle, sounds, tmp_path):
    from earmark.cli.job import Job

    song = sounds.make("it's a song; really.wav", 4.0)
    options = ("--model", bundle, *FAST, "--fill", "median", "--target", "Hip-Hop", "--start", "0.25", "-o", "a b")
    run("explain", song, *options, "--format", "json")
    first = (tmp_path / "a b" / "explanation.json").read_bytes()
    job = Job(
        model=str(bundle), components="time", segments=4, fill="median", targets=("Hip-Hop",), start_s=0.25, seed=0
    )
    words = shlex.split(job.command(str(song), tmp_path / "again"))
    assert words[0] == "earmark"
    assert "--seed" in words
    assert run(*words[1:]).code == 0
    assert (tmp_path / "again" / "explanation.json").read_bytes() == first
    # It is for the folder that the results are in already, and those are kept until the user says otherwise.
    assert run(*words[1:]).code == 1
    assert run(*words[1:], "--overwrite").code == 0


def test_formats_for_other_programs(explained, tmp_path):
    done = explained("--format", "csv,audacity,raven")
    assert done.code == 0
    out = tmp_path / "out" / "song"
    assert files_in(out) == {"components.csv", "audacity.txt", "raven.txt"}
    assert len((out / "audacity.txt").read_text().splitlines()) == 4
    assert (out / "raven.txt").read_text().startswith("Selection\t")


def test_existing_results_are_refused_skipped_or_replaced(explained, tmp_path):
    explained("--format", "json")
    path = tmp_path / "out" / "song" / "explanation.json"
    path.write_text("mine")
    refused = explained("--format", "json")
    assert refused.code == 1
    assert "explanation.json: is there already. Add --overwrite or --skip-existing" in refused.err
    wrong = explained("--format", "json", "--target", "jaz")
    assert wrong.code == 2
    assert "Did you mean jazz" in wrong.err
    skipped = explained("--format", "json", "--skip-existing")
    assert (skipped.code, skipped.out) == (0, "")
    assert "skipped" in skipped.err
    unreadable = explained("--format", "json", "--skip-existing", "--json")
    assert (unreadable.code, unreadable.out) == (1, "")
    assert "out/song/explanation.json: no JSON in it" in unreadable.err
    assert path.read_text() == "mine"
    assert explained("--format", "json", "--overwrite").code == 0
    assert path.read_text() != "mine"


def test_what_is_skipped_is_in_the_document_as_if_it_had_been_made_now(explained, run, bundle, sounds):
    fresh = json.loads(explained("--format", "json", "--json").out)
    again = explained("--format", "json", "--json", "--skip-existing")
    assert again.code == 0
    found = json.loads(again.out)
    assert found.keys() == fresh.keys()
    assert (found["written"], found["explanation"]) == (fresh["written"], fresh["explanation"])
    assert [row["sentence"] for row in found["evidence"]] == [row["sentence"] for row in fresh["evidence"]]
    both = run(
        "explain", sounds.song, sounds.other, "--model", bundle, *FAST, "-o", "out", "--format", "json", "--json",
        "--skip-existing",
    )  # fmt: skip
    assert both.code == 0
    song, other = json.loads(both.out)
    assert (song["file"], other["file"]) == (str(sounds.song), str(sounds.other))
    assert song == found
    assert other["evidence"]


def test_several_files_get_a_folder_each_and_one_may_fail(run, bundle, sounds, tmp_path):
    done = run(
        "explain", sounds.song, tmp_path / "no.wav", sounds.other, "--model", bundle, *FAST, "-o", "all", "--json",
        "--format", "json",
    )  # fmt: skip
    assert done.code == 3
    song, missing, other = json.loads(done.out)
    assert (song["written"], other["written"]) == (["all/song/explanation.json"], ["all/other/explanation.json"])
    assert missing == {"file": str(tmp_path / "no.wav"), "error": missing["error"]}
    assert files_in(tmp_path / "all") == {"song", "other"}


def test_contrast_and_log_odds(explained, tmp_path):
    done = explained("--contrast", "rock,Hip-Hop", "--output", "log_odds", "--format", "json", "--json")
    assert done.code == 0
    explanation = Explanation.load(tmp_path / "out" / "song" / "explanation.json")
    assert explanation.recipe.contrast == ("rock", "Hip-Hop")
    assert explanation.recipe.output == "log_odds"
    tag = json.loads(done.out)["top_tags"][0]
    assert tag["score"] == pytest.approx(explanation.full[0])


def test_targets_are_those_asked_for_and_an_unknown_one_gets_a_proposal(explained, tmp_path):
    done = explained("--target", "Hip-Hop", "--target", "metal", "--json", "--format", "json")
    assert {row["label"] for row in json.loads(done.out)["top_tags"]} == {"Hip-Hop", "metal"}
    unknown = explained("--target", "jaz", "-o", "o")
    assert (unknown.code, unknown.out) == (2, "")
    assert "Did you mean jazz" in unknown.err
    assert not (tmp_path / "o").exists()


def test_stems_from_a_folder(run, bundle, sounds, tmp_path):
    song = read(sounds.song)
    (tmp_path / "stems").mkdir()
    from earmark.audio.clip import Clip
    from earmark.audio.write import write

    half = song.waveform * (np.arange(song.samples) % 2)
    write(Clip(half, song.sample_rate), tmp_path / "stems" / "odd.wav")
    write(Clip(song.waveform - half, song.sample_rate), tmp_path / "stems" / "even.wav")
    (tmp_path / "stems" / "notes.txt").write_text("not a stem")
    done = run(
        "explain", sounds.song, "--model", bundle, "--components", "stems", "--stems", "stems", "--format", "json",
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    stems = [component["stem"] for component in json.loads(done.out)["explanation"]["components"]]
    assert stems[:2] == ["even", "odd"]


def test_dry_run_counts_and_writes_nothing(explained, tmp_path):
    done = explained("--dry-run", "--json")
    assert done.code == 0
    (plan,) = json.loads(done.out)
    assert plan["components"] == 4
    spent = json.loads(explained("--json", "--format", "json", "-o", "o").out)["explanation"]["evaluations"]
    assert plan["evaluations"] >= spent > 0
    assert plan["seconds"] > 0
    assert len(plan["would_write"]) == 4
    assert not (tmp_path / "out").exists()


def test_dry_run_refuses_what_the_run_would_refuse(explained, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "kept.flac").write_text("mine")
    for out, says in (("file/o", "cannot be written"), ("o", "o/kept.flac: is there already. Add --overwrite")):
        planned, real = explained("--dry-run", "-o", out), explained("-o", out)
        assert planned == real
        assert (planned.code, planned.out) == (1, "")
        assert says in planned.err
    done = explained("--dry-run", "-o", "o", "--overwrite")
    assert "would replace o/kept.flac" in done.out
    assert "would write o/removed.flac" in done.out
    skipped = explained("--dry-run", "-o", "o", "--skip-existing", "--format", "flac", "--json")
    assert skipped.code == 0


def test_dry_run_times_rows_in_the_batches_of_the_run_and_not_the_first_call():
    calls = []

    def slow(masks):
        # What is made ready once is slow; then a batch costs 20 ms and each of its rows 1 ms more.
        time.sleep(0.4 if not calls else 0.02 + 0.001 * len(masks))
        calls.append(len(masks))
        return masks.mean(axis=1, keepdims=True)

    timed = _time_games(CachedGame(10, 1, slow, batch_size=16), 500, 0)
    assert calls == [1, 16]
    assert 0.036 / 16 <= timed.each < 0.036
    assert timed.spent >= 0.436


def test_a_large_report_is_named_by_its_final_path(explained, monkeypatch):
    monkeypatch.setattr("earmark.report.html.LARGE_BYTES", 1000)
    done = explained("--format", "html")
    assert done.err.startswith("out/song/report.html: the report is ")
    assert ".earmark" not in done.err


def test_a_removed_part_that_is_silent_is_said_with_a_command_that_helps(explained, run, bundle, sounds, tmp_path):
    # One component makes the whole difference; for the label that the sound raises, it is all there is.
    options = ("--components", "time", "--segments", "1", "--format", "json,html", "--top-targets", "4", "-o", "o")
    found = run("explain", sounds.song, "--model", bundle, *options, "--json")
    explanation = Explanation.load(tmp_path / "o" / "explanation.json")
    raised = next(label for i, label in enumerate(explanation.labels) if explanation.attributions[i, 0] > 0)
    done = run("explain", sounds.song, "--model", bundle, *options, "--overwrite", "--target", raised)
    assert (found.code, done.code) == (0, 0)
    assert f"Every component raises {raised}, so the removed part is silent." in done.err
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert f"Every component raises {raised}, so the removed part is silent." in page
    words = shlex.split(done.err.strip().rpartition(": ")[2])
    assert words[-2:] == ["--keep", "top:3"]
    assert run(*words[1:]).code == 0


def test_quiet_and_verbose_speak_on_stderr_only(explained, run, bundle, sounds):
    loud = run("explain", sounds.other, "--model", bundle, *FAST, "-v", "--json", "--format", "json")
    assert "44100 → 16000 Hz" in loud.err
    assert "evaluations in" in loud.err
    json.loads(loud.out)
    quiet = explained("-q", "--format", "json")
    assert (quiet.code, quiet.err) == (0, "")
