"""What tells the class without being sung: planted and found, counted by class, taken away."""

import numpy as np
import pytest

from earmark.data.audit import audit
from earmark.data.lyrics.leak_screen import leak_screen, strip_boilerplate
from earmark.data.open import open_dataset
from earmark.errors import SettingError

WORDS = ["river", "stone", "window", "summer", "paper", "silver", "morning", "shadow", "garden", "letter"]


def songs(rng, count):
    return ["\n".join(" ".join(rng.choice(WORDS, 5)) for _ in range(6)) for _ in range(count)]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def planted(rng):
    """Forty songs of two classes; those of "rock" come from a page that signs them."""
    texts, labels = songs(rng, 40), ["rock", "folk"] * 20
    for place in range(0, 40, 2):
        texts[place] = f"[Verse {place % 3}]\n{texts[place]}\nBrought to you by Lyricbarn\nYou might also like7Embed"
    texts[1] += "\nthis is folk music"
    texts[3] += "\nAnn Bell sings"
    return texts, labels, [f"artist {n}" if n != 3 else "Ann Bell" for n in range(40)]


def test_planted_boilerplate_is_found_and_counted_by_class(planted):
    table = leak_screen(*planted)
    found = {(row.kind, row.string): dict(row.counts) for row in table.rows}
    assert found["platform", "You might also like"] == {"rock": 20}
    assert found["platform", "Embed"] == {"rock": 20}
    assert found["shared line", "Brought to you by Lyricbarn"] == {"rock": 20}
    assert found["class", "folk"] == {"folk": 1}
    assert found["artist", "Ann Bell"] == {"folk": 1}
    assert sum(n for (kind, _), row in found.items() if kind == "header" for n in row.values()) == 20
    assert [row.share for row in table.rows][:3] == [1.0, 1.0, 1.0]
    assert table.texts == {"folk": 20, "rock": 20}
    assert "shared line: 'Brought to you by Lyricbarn' in rock 20 of 20" in str(table)


def test_words_of_what_was_found_are_flagged_in_any_table(planted):
    table = leak_screen(*planted)
    assert table.kinds_of("Lyricbarn") == ("shared line",)
    assert table.kinds_of("brought to you by lyricbarn!") == ("shared line",)
    assert table.kinds_of("Ann Bell") == ("artist",)
    assert table.kinds_of("folk") == ("class",)
    assert "header" in table.kinds_of("[Verse 2]")
    assert [table.kinds_of(word) for word in WORDS] == [()] * len(WORDS)


def test_clean_lyrics_have_no_leaks(rng):
    table = leak_screen(songs(rng, 20), ["a class", "another"] * 10)
    assert (table.rows, dict(table.words), str(table)) == ((), {}, "")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("love me12Embed", "love me"),
        ("love me\nEmbed", "love me"),
        ("embedded in love\nembed me", "embedded in love\nembed me"),
        ("12 ContributorsSo Long Lyrics\nso long", "so long"),
        ("So Long Lyrics\nso long", "so long"),
        ("I write lyrics\nand Lyrics", "I write lyrics\nand Lyrics"),
        ("See Ann Live\nGet tickets as low as $59You might also likeso long", "See Ann Live\nso long"),
        ("one\n\n(Chorus x2)\n\n[Bridge]two\n(oh yeah)", "one\n\ntwo\n(oh yeah)"),
        ("one\n******* This Lyrics is NOT for Commercial use *******\n(1409617)", "one\n\n(1409617)"),
        ("one\nWriter(s): Ann Bell\nhttps://lyrics.example/one", "one"),
    ],
)
def test_stripping(text, left):
    assert strip_boilerplate(text) == left
    assert strip_boilerplate(left) == left


def test_names_are_found_as_words_however_they_are_joined():
    table = leak_screen(
        ["hip hop hooray", "HIPHOP", "hippo hopping", "rockets"], ["Hip-Hop", "Hip-Hop", "Rock", "Rock"]
    )
    assert [(row.string, dict(row.counts)) for row in table.rows] == [("Hip-Hop", {"Hip-Hop": 2})]


def test_lengths_must_agree():
    with pytest.raises(SettingError, match="2 texts, 1 labels, 2 artists"):
        leak_screen(["a", "b"], ["x"])


def test_the_audit_of_words_alone(tmp_path, planted):
    texts, labels, artists = planted
    texts[5] = texts[7].upper()
    rows = [f'"{t}",{label},{artist}' for t, label, artist in zip(texts, labels, artists, strict=True)]
    (tmp_path / "songs.csv").write_text("\n".join(["lyrics,label,artist", *rows]), encoding="utf-8")
    found = audit(open_dataset(tmp_path / "songs.csv"))
    assert (len(found.entries), found.corrupt, found.confounds) == (40, (), ())
    assert [(pair.first, pair.second, pair.kind) for pair in found.duplicates] == [(5, 7, "identical")]
    assert found.leaks == leak_screen(texts, labels, artists)
    assert found.to_dict()["leaks"][0]["counts"] == {"rock": 20}


def test_overlapping_strings_count_a_place_once():
    # "ann" stands six times, three of them in the shared line; one of these is the artist's name as well.
    line = "Ann goes away"
    found = leak_screen([line, f"{line}\nann\nann\nann", line], ["x", "y", "y"], ["Ann", "Bo", "Cy"])
    assert "goes" in found.words
    assert "ann" not in found.words


def test_a_dash_for_an_artist_is_no_name():
    assert not leak_screen(["so long - yes"], ["a"], ["-"]).rows


def test_texts_with_their_translation_are_told_by_class() -> None:
    german = (
        "Du bist die Ruh, der Friede mild, die Sehnsucht du, und was sie stillt. Ich weihe dir voll Lust und Schmerz"
    )
    english = (
        "You are the rest, the gentle peace, you are the longing and what stills it. I give to you with joy and pain"
    )
    french = (
        "Je suis la paix et je ne sais pas ce que vous dites, mais dans mon coeur il y a une chanson pour vous, et des"
    )
    texts = [f"{german}\n{german}\n{english}\n{english}", german * 3, f"{german}\nlove me do, oh yeah", french * 2]
    table = leak_screen(texts, ["franz", "lang", "lang", "holmes"])
    assert str(table) == "two languages: 'English and German' in franz 1 of 1"
    assert table.kinds_of("love") == ()


def test_what_stands_between_brackets_is_sung():
    assert strip_boilerplate("[Ann] love me [Bo]\n[Verse [Ann]]\n{Solo} [x2]") == " love me "


def test_line_ends_of_windows_hide_nothing():
    assert strip_boilerplate("Song Lyrics\r\nso long12Embed\r\n").split() == ["so", "long"]
