"""Lyrics from every kind of file, and what is refused."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.lyrics.lyrics import MOST_WORDS, lyrics_from_text
from earmark.data.lyrics.read import read_lyrics
from earmark.data.lyrics.tables import to_json
from earmark.errors import LyricsError, SettingError

SONGS = Path(__file__).parents[4] / "shared" / "data" / "lyrics"
needs_songs = pytest.mark.skipif(not SONGS.is_dir(), reason="../shared/data/lyrics is not here")


@pytest.fixture
def read(tmp_path):
    def reading(name, content, **how):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_lyrics(path, **how)

    return reading


def spans(lyrics):
    return [(line.text, line.start_s, line.end_s) for line in lyrics.lines]


def words(line):
    return [(word.text, word.start_s, word.end_s) for word in line.words]


def test_plain_text_keeps_lines_and_stanzas(read):
    found = read("a.txt", "one  two\r\nthree\r\n\r\n\r\n[Chorus]\r\nfour\r\n", language="en")
    assert found.text == "one two\nthree\n\n[Chorus]\nfour"
    assert [line.stanza for line in found.lines] == [0, 0, 1, 1]
    assert (found.language, found.timed) == ("en", False)


def test_lrc_times_offset_repeats_and_stanzas(read):
    head = "[ti:Song]\n[la:fr]\n[offset:+500]\n"
    found = read("a.lrc", head + "[00:30.5][00:10.00]chorus\n[00:01.00]first line\n\n[00:20:50]second\n[01:00]\n")
    assert spans(found) == [
        ("first line", 0.5, 9.5), ("chorus", 9.5, 20.0), ("second", 20.0, 30.0), ("chorus", 30.0, 59.5),
    ]  # fmt: skip
    assert [line.stanza for line in found.lines] == [0, 0, 1, 1]
    assert found.language == "fr"


def test_enhanced_lrc_times_words_and_joins_syllables(read):
    found = read("a.lrc", "[00:01.00] <00:01.00>hel<00:01.50>lo <00:02.00>big world <00:03.00>\n[00:09.00]end")
    line = found.lines[0]
    assert (line.text, line.start_s, line.end_s) == ("hello big world", 1.0, 3.0)
    assert words(line) == [("hello", 1.0, 2.0), ("big", 2.0, None), ("world", None, 3.0)]
    assert found.lines[1].end_s is None


def test_enhanced_lrc_sung_again_has_its_words_then(read):
    found = read("a.lrc", "[00:50.00][00:10.00]<00:10.00>so <00:10.50>long\n[00:55.00]")
    assert [words(line) for line in found.lines] == [
        [("so", 10.0, 10.5), ("long", 10.5, 50.0)],
        [("so", 50.0, 50.5), ("long", 50.5, 55.0)],
    ]


def test_a_word_behind_a_joined_syllable_has_no_begin_of_its_own(read):
    line = read("a.lrc", "[00:01.00]<00:01.00>hel<00:02.00>lo world<00:03.00>").lines[0]
    assert words(line) == [("hello", 1.0, None), ("world", None, 3.0)]


def test_subtitles_with_several_empty_lines_and_lines_counted(read):
    text = "\nWEBVTT\n\n\nNOTE by hand\n \n\n\n00:01.000 --> 00:02.000\nso long\n\n\n\nlost\n"
    with pytest.raises(LyricsError, match="line 14 begins no cue: 'lost'"):
        read("a.vtt", text)
    assert spans(read("a.vtt", text.replace("lost\n", ""))) == [("so long", 1.0, 2.0)]


def test_srt(read):
    text = "1\n00:00:01,500 --> 00:00:03,000\n<i>so</i>\nlong\n\n2\n01:00:04,000 --> 01:00:05,250\n{\\an8}good night\n"
    assert spans(read("a.srt", text)) == [("so long", 1.5, 3.0), ("good night", 3604.0, 3605.25)]


def test_vtt(read):
    text = (
        "WEBVTT\nKind: captions\nLanguage: de\n\nNOTE by\nhand\n\nSTYLE\n::cue {}\n\nverse\n"
        "00:01.000 --> 00:04.000 align:start\n<v Ann>so <00:02.000><c>long</c> &amp; <00:03.000>on\n"
    )
    found = read("a.vtt", text)
    assert (found.language, spans(found)) == ("de", [("so long & on", 1.0, 4.0)])
    assert words(found.lines[0])[0] == ("so", 1.0, 2.0)
    assert words(found.lines[0])[-1] == ("on", 3.0, 4.0)


def test_json_comes_back_as_it_was(read, tmp_path):
    found = read("a.lrc", "[la:en]\n[00:01.00]<00:01.00>one <00:02.00>two<00:03.00>\n\n[00:05.00]three")
    again = read("a.json", to_json(found))
    assert (again.lines, again.language) == (found.lines, found.language)
    with pytest.raises(LyricsError, match=r"no JSON of lyrics"):
        read("b.json", json.dumps({"lines": [{"text": "a b", "words": [{"text": "a"}]}]}))
    for broken in ({"lines": [{"text": None}]}, {"lines": [{"text": "a"}], "language": 5}):
        with pytest.raises(LyricsError, match=r"no JSON of lyrics \(TypeError: (None|5) is no text\)"):
            read("b.json", json.dumps(broken))


def test_syllables_of_a_score_become_words_and_lines(read):
    rows = ["voice,0,0.5,Son,begin", "voice,0.5,1,ne,end", "voice,1,2,scheint.,single", "voice,5,6,Nacht,single"]
    found = read("a.csv", "\n".join(["stem,start_s,end_s,text,syllabic", *rows]))
    assert spans(found) == [("Sonne scheint.", 0.0, 2.0), ("Nacht", 5.0, 6.0)]
    assert words(found.lines[0]) == [("Sonne", 0.0, 1.0), ("scheint.", 1.0, 2.0)]


@needs_songs
@pytest.mark.parametrize("path", sorted(SONGS.glob("*.lines.csv")), ids=lambda path: path.name[:12])
def test_the_aligned_songs(path):
    found = read_lyrics(path)
    plain = read_lyrics(path.with_name(path.name.replace(".lines.csv", ".txt")))
    assert [word.text for word in found.words] == [word.text for word in plain.words]
    assert found.timed
    starts = [word.start_s for word in found.words]
    assert starts == sorted(starts)
    # Lines and words were aligned separately: they agree to a breath.
    assert all(abs(line.words[0].start_s - line.start_s) < 0.5 for line in found.lines)


def tagged(path, kind):
    import mutagen
    from mutagen.id3 import ID3, SYLT, USLT, Encoding

    if kind in ("uslt", "sylt"):
        tags = ID3()
        if kind == "uslt":
            tags.add(USLT(encoding=Encoding.UTF8, lang="fra", desc="", text="été\nfini"))
        else:
            pieces = [("so", 1000), (" long", 1500), ("\ngood", 3000), ("bye", 3500)]
            tags.add(SYLT(encoding=Encoding.UTF8, lang="eng", format=2, type=1, text=pieces))
        tags.save(path)
    else:
        file = mutagen.File(path)
        file["lyrics"] = "[00:00.10]so long\n[00:00.40]bye" if kind == "lrc" else "so long\nbye"
        file["language"] = "en"
        file.save()


@pytest.mark.parametrize(
    ("suffix", "kind", "text", "language", "start"),
    [
        (".mp3", "uslt", "été\nfini", "fra", None),
        (".mp3", "sylt", "so long\ngoodbye", "eng", 1.0),
        (".flac", "plain", "so long\nbye", "en", None),
        (".ogg", "lrc", "so long\nbye", "en", 0.1),
    ],
)
def test_tags_of_sounds(tmp_path, suffix, kind, text, language, start):
    path = write(Clip(np.zeros((1, 16000)), 16000), tmp_path / f"a{suffix}")
    with pytest.raises(LyricsError, match="no lyrics in its tags"):
        read_lyrics(path)
    tagged(path, kind)
    found = read_lyrics(path)
    assert (found.text, found.language, found.lines[0].start_s) == (text, language, start)


@pytest.mark.parametrize(
    "pieces",
    [
        [("so", 1000), (" long", 1500), ("\n", 2000), ("\ngood", 3000), ("bye", 3500), ("", 4000)],
        [("so", 1000), (" long\n", 1500), ("", 2000), ("good", 3000), ("bye\r\n", 3500), ("", 4000)],
    ],
    ids=["break before", "break behind"],
)
def test_lines_of_synchronised_tags(tmp_path, pieces):
    from mutagen.id3 import ID3, SYLT, Encoding

    path = write(Clip(np.zeros((1, 16000)), 16000), tmp_path / "a.mp3")
    tags = ID3()
    tags.add(SYLT(encoding=Encoding.UTF8, lang="eng", format=2, type=1, text=pieces))
    tags.save(path)
    found = read_lyrics(path)
    assert spans(found) == [("so long", 1.0, 2.0), ("goodbye", 3.0, 4.0)]
    assert words(found.lines[0]) == [("so", 1.0, 1.5), ("long", 1.5, 2.0)]


def test_tags_of_mp4(tmp_path):
    def atom(name, *parts):
        body = b"".join(parts)
        return struct.pack(">I", len(body) + 8) + name + body

    data = atom(b"data", struct.pack(">II", 1, 0), b"so long\nbye")
    handler = atom(b"hdlr", b"\0" * 8 + b"mdirappl" + b"\0" * 9)
    tags = atom(b"meta", b"\0" * 4, handler, atom(b"ilst", atom(b"\xa9lyr", data)))
    times = atom(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 1000) + b"\0" * 80)
    clock = atom(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 1000, 1000, 0))
    sound = atom(b"trak", atom(b"mdia", clock, atom(b"hdlr", b"\0" * 8 + b"soun" + b"\0" * 13)))
    path = tmp_path / "a.m4a"
    path.write_bytes(atom(b"ftyp", b"M4A \0\0\0\0") + atom(b"moov", times, sound, atom(b"udta", tags)))
    assert read_lyrics(path).text == "so long\nbye"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_say_what_they_are(read, encoding):
    assert read("a.txt", "süß\nça".encode(encoding)).text == "süß\nça"


def test_other_encodings_are_named_not_guessed(read):
    raw = "la\nsüß".encode("cp1252")
    with pytest.raises(LyricsError) as caught:
        read("a.txt", raw)
    assert "not in utf-8: byte 0xfc at place 4 (line 2)" in str(caught.value)
    assert "--lyrics-encoding cp1252" in str(caught.value)
    assert read("a.txt", raw, encoding="cp1252").text == "la\nsüß"
    with pytest.raises(LyricsError, match="byte 0x00 at place 1"):
        read("a.txt", "la la".encode("utf-16-le"))
    for name in ("utf-9", "hex", "undefined"):
        with pytest.raises(SettingError, match=f"unknown encoding '{name}'"):
            read("a.txt", raw, encoding=name)
    with pytest.raises(SettingError, match="Leave it out"):
        read("a.csv", "start,end,text\n1,2,la\n", encoding="cp1252")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", "", "holds no words"),
        ("a.txt", " \n♪ ♪\n", "holds no words"),
        ("a.txt", "[Verse 1]\n\n(Chorus)\n", r"nothing but headers (\[Verse 1\], "),
        ("a.txt", "la " * 100_000, "holds 100,000 words, a song at most 20,000"),
        ("a.lrc", "[ti:Song]\n[ar:Ann]\n", "holds no words"),
        ("a.lrc", "[00:01.00]one\ntwo\n", "line 2 has no time: 'two'"),
        ("a.lrc", "[offset:nan]\n[00:01.00]one\n", "the offset 'nan'"),
        ("a.lrc", "[offset:soon]\n[00:01.00]one\n", "the offset 'soon'"),
        ("a.srt", "00:00:03,000 --> 00:00:01,000\nback\n", "ends at 1 s, before it begins at 3 s"),
        ("a.srt", "hello\nthere\n", "line 1 begins no cue"),
        (
            "a.srt",
            "1\n00:00:01,000 --> 00:00:02,000\nso\n2\n00:00:03,000 --> 00:00:04,000\nlong\n",
            "line 5 has times inside the cue of line 2",
        ),
        ("a.vtt", "WEBVTT\n\nNOTE nothing\n", "holds no words"),
        ("a.csv", "start,end\n1,2\n", "no column of the text"),
        ("a.csv", "start,end,text\n1,nan,la\n", "line 2 has the time 'nan'"),
        ("a.csv", "start,end,text\n-1,2,la\n", "has the time -1 s"),
        ("a.json", "[]", "is no JSON of lyrics"),
        ("a.docx", "PK", "is no kind of lyrics"),
    ],
)
def test_refusals_are_one_line(read, name, content, says):
    with pytest.raises(LyricsError, match=says.replace("(\\[", "\\(\\[")) as caught:
        read(name, content)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_missing_folder_and_large_files(tmp_path):
    for path, says in ((tmp_path, "is a folder"), (tmp_path / "none.txt", "no such file")):
        with pytest.raises(LyricsError, match=says):
            read_lyrics(path)
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(6_000_000)
    with pytest.raises(LyricsError, match="has 6 MB, lyrics at most 5"):
        read_lyrics(large)


def test_times_outside_the_song(read):
    found = read("a.lrc", "[00:01.00]one\n[00:09.00]two\n[00:12.00]")
    found.check_times(11.6)
    with pytest.raises(LyricsError, match=r"line 2 \('two'\) is sung until 12.00 s, the sound ends at 11.00 s"):
        found.check_times(11.0)
    with pytest.raises(LyricsError, match=r"line 2 \('two'\) is sung at 9.00 s, the sound ends at 5.00 s"):
        read("b.lrc", "[00:01.00]one\n[00:03.00]\n[00:09.00]two\n[00:12.00]").check_times(5.0)


def test_a_part_of_the_song_has_its_words_and_its_clock(read):
    found = read("a.lrc", "[00:01.00]<00:01.00>one <00:02.00>two <00:03.00>three<00:04.00>\n[00:09.00]four\n[00:10.00]")
    part = found.part(2.0, 9.9)
    assert spans(part) == [("two three", 0.0, 2.0), ("four", 7.0, 8.0)]
    with pytest.raises(LyricsError, match="nothing is sung from 20 to 30 s"):
        found.part(20, 30)
    plain = lyrics_from_text("no times")
    assert plain.part(20, 30) is plain


def test_the_limit_is_no_song():
    assert len(lyrics_from_text("la " * MOST_WORDS).words) == MOST_WORDS


def test_without_mutagen_the_extra_is_named(tmp_path):
    path = write(Clip(np.zeros((1, 800)), 8000), tmp_path / "a.wav")
    code = (
        "import sys; sys.modules['mutagen'] = None\n"
        "from earmark.data.lyrics.read import read_lyrics\n"
        f"try: read_lyrics({str(path)!r})\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'earmark[text]'" in done.stdout
