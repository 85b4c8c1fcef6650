"""Units of lyrics: words, lines, stanzas; together or each; what is left when some are off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.data.lyrics.lrc import parse_lrc
from earmark.data.lyrics.lyrics import lyrics_from_text
from earmark.data.lyrics.tokens import folded, text_with, tokens
from earmark.errors import LyricsError, SettingError

SONG = "Love me do,\nlove me!\n\nLove me do\n— so please"


def labels(units):
    return [(unit.label, len(unit.places)) for unit in units]


def test_units_together_and_each():
    lyrics = lyrics_from_text(SONG)
    assert labels(tokens(lyrics)) == [("Love", 3), ("me", 3), ("do", 2), ("so", 1), ("please", 1)]
    assert [u.key for u in tokens(lyrics, repeated="each")] == [
        "love",
        "me",
        "do",
        "love",
        "me",
        "love",
        "me",
        "do",
        "so",
        "please",
    ]
    assert labels(tokens(lyrics, "line")) == [("Love me do,", 2), ("love me!", 1), ("— so please", 1)]
    assert labels(tokens(lyrics, "stanza")) == [("Love me do, …", 1), ("Love me do …", 1)]


def test_places_are_characters_of_the_text():
    lyrics = lyrics_from_text(SONG)
    for unit in ("word", "line", "stanza"):
        for token in tokens(lyrics, unit):
            texts = [lyrics.text[place.start : place.stop] for place in token.places]
            assert texts[0].startswith(token.label.removesuffix(" …"))
            assert len({" ".join(t.strip("—,! ").casefold() for t in text.split()).strip() for text in texts}) == 1


def test_times_of_words_else_of_their_line():
    lyrics = parse_lrc("[00:01.00]<00:01.00>one <00:02.00>two<00:03.00>\n[00:05.00]three four\n[00:07.00]")
    places = [unit.places[0] for unit in tokens(lyrics)]
    assert [(p.start_s, p.end_s, p.line) for p in places] == [(1, 2, 0), (2, 3, 0), (5, 7, 1), (5, 7, 1)]
    stanza = tokens(lyrics, "stanza")[0].places[0]
    assert (stanza.start_s, stanza.end_s) == (1, 7)


def test_what_is_off_is_gone_with_its_lines_and_stanzas():
    lyrics = lyrics_from_text(SONG)
    units = tokens(lyrics)
    off = {"love", "me", "do"}
    assert text_with(lyrics.text, units, [u.key not in off for u in units]) == "— so please"
    assert text_with(lyrics.text, units, [u.key != "love" for u in units]) == "me do,\nme!\n\nme do\n— so please"
    lines = tokens(lyrics, "line")
    assert text_with(lyrics.text, lines, [False, True, True]) == "love me!\n\n— so please"
    assert text_with(lyrics.text, units, [False] * 5, placeholder="_").split()[:3] == ["_", "_", "_"]
    assert text_with(lyrics.text, units, [False] * 5) == "—"


@given(st.lists(st.lists(st.sampled_from(["a", "b,", "C", "d!"]), max_size=4), min_size=1, max_size=6), st.data())
def test_all_on_is_the_text_and_what_is_kept_stays_in_order(rows, data):
    text = "\n".join(" ".join(row) for row in rows)
    if not any(rows):
        return
    lyrics = lyrics_from_text(text)
    units = tokens(lyrics, repeated="each")
    assert text_with(lyrics.text, units, [True] * len(units)) == lyrics.text
    kept = data.draw(st.lists(st.booleans(), min_size=len(units), max_size=len(units)))
    left = text_with(lyrics.text, units, kept).split()
    assert left == [word.text for word, on in zip(lyrics.words, kept, strict=True) if on]


def test_wrong_asks():
    lyrics = lyrics_from_text("la")
    with pytest.raises(SettingError, match="unknown unit 'verse'"):
        tokens(lyrics, "verse")
    with pytest.raises(SettingError, match="unknown repeated 'twice'"):
        tokens(lyrics, repeated="twice")
    with pytest.raises(SettingError, match="2 masks for 1 units"):
        text_with("la", tokens(lyrics), [True, False])
    with pytest.raises(LyricsError):
        lyrics_from_text("— !")


def test_accents_and_vowel_signs_belong_to_their_letters():
    # Stripped like punctuation, three Hindi words would be one player.
    assert labels(tokens(lyrics_from_text("की का के, «सीता»"))) == [("की", 1), ("का", 1), ("के", 1), ("सीता", 1)]
    # The same word, its accent written in two ways, is one player, and not the one without.
    assert labels(tokens(lyrics_from_text("cafe\u0301 caf\u00e9! cafe"))) == [("cafe\u0301", 2), ("cafe", 1)]
    assert folded("cafe\u0301 ❤\ufe0f") == "caf\u00e9"
