"""``earmark demo``: the main job end to end."""

import html
import json
import re
import shlex

from earmark.audio.demo import write_demo
from earmark.explain.explanation import Explanation


def test_demo_track_stems_and_times(run, bundle, tmp_path):
    done = run("demo", "--model", bundle)
    assert done.code == 0, done.err
    out = tmp_path / "out" / "demo"
    explanation = Explanation.load(out / "explanation.json")
    stems = {component.stem for component in explanation.components}
    assert {"drums", "bass", "chords", "lead", "pad"} <= stems
    assert len({component.start_s for component in explanation.components}) == 10
    assert explanation.exact
    assert explanation.unit == "patch"
    for name in ("report.html", "kept.flac", "removed.flac", "explanation.json"):
        assert (out / name).stat().st_size > 0
        assert f"out/demo/{name}" in done.out
    strongest = explanation.top(1)[0]
    # An untrained network hardly hears anything of it.
    assert ("none of the components matters" if strongest.none else strongest.sentence(exact=True)) in done.out


def test_own_file_and_again(run, bundle, sounds, tmp_path):
    write_demo("mine")  # as an earlier demo left it
    (tmp_path / "mine" / "stems" / "bass.flac").write_bytes(b"somebody's own")
    done = run("demo", sounds.song, "--model", bundle, "-o", "mine", "--json")
    assert done.code == 0, done.err
    left = {str(path.relative_to(tmp_path / "mine")) for path in (tmp_path / "mine").rglob("*") if path.is_file()}
    assert left == {"report.html", "kept.flac", "removed.flac", "explanation.json", "stems/bass.flac"}
    document = json.loads(done.out)
    assert document["file"] == str(sounds.song)
    assert {c["stem"] for c in document["explanation"]["components"]} == {"harmonic", "percussive"}
    page = (tmp_path / "mine" / "report.html").read_text(encoding="utf-8")
    made_by = shlex.split(html.unescape(re.search(r'<pre class="command".*?<code>(.*?)</code>', page, re.S)[1]))
    assert run(*made_by[1:], "--format", "json", "--overwrite").code == 0
    again = run("demo", sounds.song, "--model", bundle, "-o", "mine", "--json", "-q")
    assert (again.code, again.err) == (0, "")
    assert again.out == done.out


def test_the_output_folder_cannot_be_made(run, bundle, sounds, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run("demo", sounds.song, "--model", bundle, "-o", tmp_path / "file" / "demo")
    assert done.code == 1
    assert str(tmp_path / "file") in done.err
