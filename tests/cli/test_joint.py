"""``explain``, ``listen``, ``measure`` and ``aggregate`` of models that read lyrics, with right and wrong input."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.lyrics.leak_screen import leak_screen
from earmark.explain.case import open_case
from earmark.explain.explanation import Explanation
from earmark.explain.lime import Lime
from earmark.explain_global.aggregate.importance import aggregate
from earmark.metrics.planted.songs import Reader, write_songs
from earmark.models.audio_encoder import audio_encoder
from earmark.models.bundle import Bundle, Card, save_bundle
from earmark.models.joint import joint_bundle
from earmark.models.recipe import recipe
from earmark.models.text.lyrics_classifier import lyrics_bundle
from earmark.models.text.tfidf import Tfidf
from earmark.models.zoo.joint import Joint
from earmark.models.zoo.mlp import Mlp
from earmark.report.model_profiles import profile_section
from earmark.training.start import fresh

LABELS = ("folk", "blues")
LRC = "[00:00.50]Sun & rain, <sun>\n[00:02.00]\n[00:02.00]the long road\n[00:03.50]"
FAST = ("--method", "lime", "--samples", "48", "--segments", "2", "--top-targets", "1")
TIME = ("--components", "time")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders "joint" and "text": the word "rain" makes it blues, the sound does a little."""
    folder = tmp_path_factory.mktemp("models")
    how = recipe("cnn_mel")
    network = fresh("cnn_mel", 2, how.settings, 0)
    card = Card("cnn", "cnn_mel", dict(how.settings), LABELS, "softmax", how.front_end)
    save_bundle(Bundle(card, dict(network.state_dict())), folder / "cnn")
    audio = audio_encoder(str(folder / "cnn"))
    text = Tfidf.fitted(["sun and rain on the long road", "the river runs"], {"least_texts": 1})
    rain = text.terms.index("rain")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        heads, head = Joint(2, audio=audio.width, text=text.width), Mlp(2, columns=text.width, layers="")
    with torch.no_grad():
        weight = heads.heads["joint"].out.weight
        weight[:, : audio.width] *= 0.03
        weight[1, audio.width + rain] = 6
        for parameter in head.out.parameters():
            parameter.zero_()
        head.out.weight[1, rain] = 4
    save_bundle(joint_bundle(Card("joint", "joint", {}, LABELS, "softmax"), audio, text, heads), folder / "joint")
    save_bundle(lyrics_bundle(Card("text", "text", {}, LABELS, "softmax"), text, head), folder / "text")
    return folder


@pytest.fixture
def song(tmp_path):
    """``song.wav``, 4 s stereo, and ``song.lrc`` beside it."""
    t = np.arange(4 * 16000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 220 * t) * (t < 2) + 0.05 * np.random.default_rng(0).standard_normal(len(t))
    (tmp_path / "song.lrc").write_text(LRC, encoding="utf-8")
    return write(Clip(np.stack([tone, 0.5 * tone]), 16000), tmp_path / "song.wav")


def test_a_joint_explanation_from_end_to_end(run, models, song, tmp_path):
    formats = "html,flac,json,csv,audacity,raven"
    done = run(
        "explain", "song.wav", "--model", models / "joint", *FAST, "--target", "blues", "--format", formats,
        "--interactions", "-o", "o",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = Explanation.load("o/explanation.json")
    strongest = found.top(1, "blues")[0]
    assert (strongest.component.word, strongest.value > 0) == ("rain", True)
    assert "“rain”, 0.5–2.0 s, raises blues by" in done.out
    assert "of all that counts: sound " in done.out
    assert re.search(r"in all: .*words [+−]0\.", done.out)
    # Pairs are those of stems and lines.
    pairs = json.loads((tmp_path / "o" / "interactions.json").read_text())
    assert pairs["components"] == [
        "harmonic", "percussive", "“Sun & rain, <sun>”, 0.5–2.0 s", "“the long road”, 2.0–3.5 s"
    ]  # fmt: skip
    kept, removed = (read(tmp_path / "o" / f"{part}.flac").waveform for part in ("kept", "removed"))
    assert np.abs(kept + removed - read(song).waveform).max() < 1e-4
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert "Of the 4 components of the sound" in page
    assert 'data-start="0.500" data-end="2.000" data-text="Sun &amp; rain, &lt;sun&gt;"' in page
    labels = [line.split("\t") for line in (tmp_path / "o" / "audacity.txt").read_text().splitlines()]
    sun = [(float(start), float(end)) for start, end, text in labels if text.startswith("“Sun”")]
    # Sung twice in one line, whose times are all that is known.
    assert sun == [(0.5, 2.0), (0.5, 2.0)]
    rows = list(csv.DictReader((tmp_path / "o" / "components.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(found.components) == 4 + 5

    heard = run("listen", "o/explanation.json", "song.wav", "--keep", "top:1", "--format", "wav", "-o", "l", "--json")
    assert heard.code == 0, heard.err
    assert json.loads(heard.out)["kept"][0].split(",")[0] in ("harmonic", "percussive")
    measured = run(
        "measure", "o/explanation.json", "song.wav", "--model", models / "joint", "--metrics", "ff", "--draws", "5",
        "-o", "m", "--json",
    )  # fmt: skip
    assert measured.code == 0, measured.err
    (ff,) = (f for f in json.loads(measured.out)["figures"] if f["metric"] == "ff")
    # With the word gone, so is the score.
    assert ff["value"] > ff["random"]
    soft = run("measure", "o/explanation.json", "song.wav", "--model", models / "joint", "--mask", "minmax", "-o", "n")
    assert soft.code == 2
    assert "a word is on or off" in soft.err


def test_words_alone_need_no_sound(run, models, tmp_path):
    (tmp_path / "poem.txt").write_text("the sun\n\nand rain\nand RAIN,", encoding="utf-8")
    done = run("explain", "poem.txt", "--model", models / "text", "--target", "blues", "-o", "o", "--words", "word")
    assert done.code == 0, done.err
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["explanation.json", "report.html"]
    found = Explanation.load("o/explanation.json")
    values = {part.word: value for part, value in zip(found.components, found.values("blues"), strict=True)}
    assert set(values) == {"the", "sun", "and", "rain"}
    assert values["rain"] == max(values.values()) > 0
    assert values["the"] < 0  # it makes the text longer, and each word in it count less
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert "<audio" not in page
    assert "gives these words" in page
    assert page.count("in all 2 places together") == 2 * 2
    again = run("explain", "poem.txt", "--model", models / "text", "--target", "blues", "-o", "o", "--skip-existing")
    assert (again.code, "skipped" in again.err) == (0, True)
    refused = run("listen", "o/explanation.json", "poem.txt")
    assert refused.code == 1
    assert run("explain", "poem.txt", "--model", models / "text", "--format", "flac", "-o", "p").code == 2
    assert run("explain", "poem.txt", "--model", models / "text", "--measure", "-o", "p").code == 2
    assert not (tmp_path / "p").exists()


def test_a_model_of_words_plays_the_sound_as_it_is(run, models, song, tmp_path):
    done = run("explain", "song.wav", "--model", models / "text", "--words", "line", "--top-targets", "1", "-o", "o")
    assert done.code == 0, done.err
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 1
    assert "does not listen: this is the sound as it is" in page
    refused = run("listen", "o/explanation.json", "song.wav")
    assert refused.code == 1
    assert "words alone" in refused.err


def test_without_words_the_sound_is_explained_alone(run, models, song):
    done = run("explain", "song.wav", "--model", models / "joint", *FAST, *TIME, "--lyrics", "none", "-o", "o")
    assert done.code == 0, done.err
    assert Explanation.load("o/explanation.json").recipe.components == "time"
    options = ("--metrics", "ff", "--draws", "3", "-o", "m")
    measured = run("measure", "o/explanation.json", "song.wav", "--model", models / "joint", *options)
    assert measured.code == 0, measured.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("song.txt", "fünf".encode("cp1252"), "is not in utf-8: byte 0xfc"),
        ("song.txt", b"", "holds no words"),
        ("song.txt", b"[Verse 1]\n[Chorus]\n", "holds nothing but headers"),
        ("song.lrc", b"[00:01.00]so long\n[01:30.00]good night", "the sound ends at 4.00 s"),
        ("song.txt", b"word " * 20_001, "holds 20,001 words"),
    ],
)
def test_lyrics_that_are_none_leave_nothing_behind(run, models, song, tmp_path, name, content, said):
    (tmp_path / "song.lrc").unlink()
    (tmp_path / name).write_bytes(content)
    done = run("explain", "song.wav", "--model", models / "joint", "-o", "o")
    assert done.code == 1
    assert said in done.err.replace("\n", " ")
    assert not (tmp_path / "o").exists()


def test_lyrics_where_they_are_not_or_not_wanted(run, models, song, bundle, tmp_path):
    wrong = (
        (("song.wav", "--model", bundle, "--lyrics", "song.lrc"), "small reads no lyrics"),
        (("song.lrc", "--model", models / "joint"), "is a text, and joint needs a sound, with its lyrics"),
        (("song.lrc", "--model", bundle), "is a text, and small needs a sound"),
        (("song.lrc", "--model", models / "text", "--start", "1"), "has no seconds"),
        (("song.lrc", "--model", models / "text", "--lyrics", "song.lrc"), "FILE is the text itself"),
        (("song.wav", "--model", models / "text", "--lyrics", "none"), "reads nothing but lyrics"),
        (("song.wav", "--model", models / "joint", "--refine", "1"), "--refine"),
    )
    for arguments, said in wrong:
        done = run("explain", *arguments, "-o", "o")
        assert done.code == 2, done.err
        assert said in done.err.replace("\n", " ")
    for arguments, said in wrong[1:-1]:
        done = run("predict", *arguments)
        assert (done.code, said in done.err.replace("\n", " ")) == (2, True), done.err
    (tmp_path / "song.lrc").unlink()
    for model, help_ in (
        ("joint", "Give them: --lyrics FILE; or say that there are none"),
        ("text", "Give them: --lyrics FILE."),
    ):
        done = run("explain", "song.wav", "--model", models / model, "-o", "o")
        assert done.code == 2
        assert "there are none beside song.wav" in done.err
        assert help_ in done.err.replace("\n", " ")
        assert ("--lyrics none" in done.err) == (model == "joint")

    cp = tmp_path / "words.txt"
    cp.write_bytes("fünf rain".encode("cp1252"))
    words = ("--lyrics", "words.txt", "--lyrics-encoding", "cp1252", *TIME)
    plan = run("explain", "song.wav", "--model", models / "joint", *FAST, *words, "-o", "o", "--dry-run")
    assert plan.code == 0, plan.err
    assert "4 components, up to 49 evaluations" in plan.out
    done = run("explain", "song.wav", "--model", models / "joint", *FAST, *words, "-o", "o", "--format", "json")
    assert done.code == 0, done.err
    assert "fünf" in [part.word for part in Explanation.load("o/explanation.json").components]


def test_effects_of_a_model_that_reads_are_refused_before_anything_is_read(run, models, tmp_path):
    for model in ("joint", "text"):
        for more in ((), ("--edits", "noise@10")):
            done = run("effects", models / model, "nowhere.csv", *more, "-o", "o")
            assert done.code != 0
            assert "it reads lyrics, which have no descriptors and no edits" in done.err.replace("\n", " ")
    assert not (tmp_path / "o").exists()


def test_aggregate_flags_what_was_not_sung(run, tmp_path):
    songs = write_songs(tmp_path, 16, seed=1, page=True)
    reader = Reader("word", word="might")
    for number, song in enumerate(songs):
        found = open_case(song.clip, reader, song.kind()).explain(Lime(samples=80), targets=["cold"])
        (tmp_path / "out" / str(number)).mkdir(parents=True)
        found.save(tmp_path / "out" / str(number) / "explanation.json")
    done = run("aggregate", "out", "--data", "manifest.csv", "--least", "3", "--top", "4", "-o", "a")
    assert done.code == 0, done.err
    assert "distrust: cold is led by “might” (platform; 1st of 4 words)" in done.out
    assert "Of all that counts (the sizes of the effects, summed) the sound has" in done.out
    assert re.search(r"“might” raises cold: .* \(platform: may never be sung\)\n", done.out)
    assert "in the lyrics: platform: 'You might also like' in " in done.out
    with (tmp_path / "a" / "aggregate.csv").open(encoding="utf-8", newline="") as file:
        unsung = {row["word"]: row["unsung"] for row in csv.DictReader(file)}
    assert (unsung["might"], unsung["garden"], unsung[""]) == ("platform", "", "")
    page = (tmp_path / "a" / "aggregate.html").read_text(encoding="utf-8")
    assert "Distrust: cold is led by “might”" in page
    assert '<th>“might” <span class="small">(platform)</span></th>' in page
    assert "Words that may never be sung</strong>, of all that were explained for cold: “might” (platform)" in page
    assert "<li>platform: &#39;You might also like&#39; in " in page
    assert 'alt="Words for cold"' in page
    screen = leak_screen([song.clip.lyrics for song in songs], ["cold" if song.has_word else "warm" for song in songs])
    again = replace(aggregate([tmp_path / "a" / "evidence.parquet"], least=3), screen=screen)
    (part,) = (part for part in profile_section(again, ["cold"], source="").parts if part.title.startswith("cold"))
    marked = [line.partition(" raises ")[0] for line in part.lines if line.endswith(" (platform: may never be sung)")]
    assert "“might”" in marked
    plain = run("aggregate", "a/evidence.parquet", "--least", "3", "-o", "b")
    assert "with --data the leak screen would look" in plain.err


def test_words_without_times_beside_a_part_of_the_sound(run, models, song, tmp_path):
    write(Clip(np.tile(read(song).waveform, (1, 2)), 16000), tmp_path / "long.wav")
    lrc = LRC.replace("[00:02.00]the", "[00:06.00]the").replace("03.50", "07.50")
    (tmp_path / "long.lrc").write_text(lrc, encoding="utf-8")
    explain = ("explain", "long.wav", "--model", models / "joint", *FAST, *TIME)
    part = ("--start", "1", "--duration", "4")
    timed = run(*explain, *part, "-o", "timed")
    assert (timed.code, "have no times" in timed.err) == (0, False), timed.err
    # Half a second of the first line lies before the part, its middle inside.
    words = {c.word: (c.start_s, c.end_s) for c in Explanation.load("timed/explanation.json").components if c.word}
    assert words.keys() == {"Sun", "rain"}
    assert words["rain"] == (0.0, 1.0)
    assert run(*explain, "--start", "2", "-o", "late").code == 0
    heard = {c.word: (c.start_s, c.end_s) for c in Explanation.load("late/explanation.json").components if c.word}
    assert heard == dict.fromkeys(("the", "long", "road"), (4.0, 5.5))
    (tmp_path / "words.txt").write_text("Sun and rain\nthe long road\nand on", encoding="utf-8")
    plain = ("--lyrics", "words.txt")
    untimed = run(*explain, *part, *plain, "-o", "whole")
    assert untimed.code == 0, untimed.err
    says = "The lyrics have no times: joint reads all 3 lines of the song with 1–5 s of its sound"
    assert says in untimed.err
    assert says in (tmp_path / "whole" / "report.html").read_text(encoding="utf-8")
    asked = run("predict", "long.wav", "--model", models / "joint", *part, *plain)
    assert (asked.code, says in asked.err) == (0, True)
    whole = run(*explain, *plain, "-o", "all")
    assert (whole.code, "have no times" in whole.err) == (0, False)


def test_which_lyrics_beside_the_sound_are_taken(run, models, song, tmp_path):
    (tmp_path / "song.lrc").rename(tmp_path / "kept")
    lines = '{"lines": [{"text": "rain again", "start_s": 0.5, "end_s": 2.0}]}'
    (tmp_path / "song.json").write_text(lines, encoding="utf-8")
    (tmp_path / "song.txt").write_text("no rain", encoding="utf-8")
    predict = ("predict", "song.wav", "--model", models / "joint")
    done = run(*predict)
    assert done.code == 0, done.err
    assert "song.wav: lyrics from song.json; song.txt left aside (--lyrics FILE takes another)" in done.err
    (tmp_path / "song.json").write_text('{"tempo": 120}', encoding="utf-8")
    done = run(*predict)
    assert (done.code, "lyrics from" in done.err) == (0, False)
    (tmp_path / "song.txt").unlink()
    done = run(*predict)
    assert done.code == 2
    assert "or in its tags (song.json is no JSON of lyrics" in done.err


def test_options_that_would_do_nothing_are_refused(run, models, song, bundle, tmp_path):
    for arguments, said in (
        (
            ("song.lrc", "--model", models / "text", "--components", "time"),
            "--components: text reads words and does not",
        ),
        (("song.wav", "--model", models / "text", "--segments", "4"), "--segments: text reads words and does not"),
        (("song.wav", "--model", bundle, "--words", "line"), "--words: small reads no lyrics"),
    ):
        done = run("explain", *arguments, "-o", "o")
        assert done.code == 2, done.err
        assert said in done.err
    assert not (tmp_path / "o").exists()
    done = run("explain", "song.lrc", "--model", models / "text", "--top-targets", "1", "-o", "o")
    assert done.code == 0, done.err
    made = re.search(r"<code>(earmark explain .*?)</code>", (tmp_path / "o" / "report.html").read_text()).group(1)
    assert "--components" not in made
    assert "--overwrite" not in made
    again = run(*made.replace("-o o", "-o p").split()[1:])
    assert again.code == 0, again.err
    assert (tmp_path / "p" / "explanation.json").read_bytes() == (tmp_path / "o" / "explanation.json").read_bytes()


def test_too_few_samples_name_what_was_chosen(run, models, song, tmp_path):
    (tmp_path / "song.lrc").write_text("[00:00.50]one two three four five six seven eight nine ten eleven")
    few = ("explain", "song.wav", "--model", models / "joint", *TIME, "--segments", "2", "--top-targets", "1")
    done = run(*few, "--samples", "25", "-o", "o")
    assert done.code == 2
    assert "shapley: 25 samples cannot weigh 13 components. Give at least 26" in done.err
    done = run(*few, "--samples", "26", "-o", "o")
    assert done.code == 0, done.err
    assert "(error unknown)" in done.out
    assert "Errors are unknown: the components were taken out in one order" in done.err
    assert "allow at least 50 samples" in (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    done = run(*few, "--samples", "50", "-o", "p")
    assert (done.code, "unknown" in done.out + done.err) == (0, False)
