"""Scores are read as they sound: ties, chords, staves, transposing instruments, syllables, tempo marks."""

import struct

import pytest

from earmark.data.scorebook.collections import COLLECTIONS, corpus_folder, notice, pieces
from earmark.data.scorebook.score import ScoreNote, read_score
from earmark.errors import DatasetError

TUNES = """X:1
T:First
M:4/4
L:1/4
Q:1/4=90
K:G
{c}G A- A2 | [Gce]2 z2 |

X:12
T:Twelfth
M:4/4
L:1/4
K:C
c d e f |
"""


def xml(parts, body):
    return (
        f"""<?xml version="1.0"?><score-partwise version="3.1"><part-list>{parts}</part-list>{body}</score-partwise>"""
    )


def note(step, octave, quarters, *more, staff=None):
    place = f"<staff>{staff}</staff>" if staff else ""
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{quarters}</duration>"
        f"<voice>{staff or 1}</voice>{place}{''.join(more)}</note>"
    )


def lyric(text, syllabic):
    return f"<lyric><syllabic>{syllabic}</syllabic><text>{text}</text></lyric>"


SONG = xml(
    '<score-part id="P1"><part-name>Clarinet</part-name></score-part>'
    '<score-part id="P2"><part-name>Piano</part-name></score-part>'
    '<score-part id="P3"><part-name>Voice</part-name></score-part>',
    # A clarinet in B flat sounds two semitones lower than it is written.
    '<part id="P1"><measure number="1"><attributes><divisions>1</divisions><key><fifths>-3</fifths></key>'
    "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>"
    f'<direction><direction-type><words>x</words></direction-type><sound tempo="72"/></direction>{note("D", 5, 4)}'
    "</measure></part>"
    '<part id="P2"><measure number="1"><attributes><divisions>1</divisions><staves>2</staves></attributes>'
    f"{note('C', 5, 4, staff=1)}<backup><duration>4</duration></backup>{note('C', 3, 4, staff=2)}</measure></part>"
    '<part id="P3"><measure number="1"><attributes><divisions>1</divisions></attributes>'
    f"{note('E', 4, 1, lyric('Lie', 'begin'))}{note('F', 4, 2, lyric('be', 'end'))}"
    f"{note('G', 4, 1, lyric('du', 'single'))}</measure></part>",
)


@pytest.fixture
def tunes(tmp_path):
    path = tmp_path / "tunes.abc"
    path.write_text(TUNES)
    return path


def test_ties_make_one_note_chords_several_and_grace_notes_none(tunes):
    (part,) = read_score(tunes, 1).parts
    assert part.notes == (
        ScoreNote(0.0, 1.0, 67), ScoreNote(1.0, 3.0, 69),
        ScoreNote(4.0, 2.0, 67), ScoreNote(4.0, 2.0, 72), ScoreNote(4.0, 2.0, 76),
    )  # fmt: skip


def test_a_tune_is_found_by_its_number_not_by_its_beginning(tunes):
    first, twelfth = read_score(tunes, 1), read_score(tunes, 12)
    assert (first.title, twelfth.title) == ("First", "Twelfth")
    assert (first.fifths, first.tempos) == (1, ((0.0, 90.0),))
    assert twelfth.length == 4.0


def test_staves_are_one_part_instruments_sound_and_syllables_are_kept(tmp_path):
    path = tmp_path / "song.musicxml"
    path.write_text(SONG)
    score = read_score(path)
    clarinet, piano, voice = score.parts
    assert [part.name for part in score.parts] == ["Clarinet", "Piano", "Voice"]
    assert [n.pitch for n in clarinet.notes] == [72]
    assert [n.pitch for n in piano.notes] == [48, 72]
    assert [(n.syllable, n.syllabic) for n in voice.notes] == [("Lie", "begin"), ("be", "end"), ("du", "single")]
    assert (voice.sung, piano.sung) == (True, False)
    assert score.tempos == ((0.0, 72.0),)


def midi(events):
    track = b"".join(events) + b"\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(track)) + track


def test_midi_is_read_with_its_program(tmp_path):
    path = tmp_path / "tune.mid"
    path.write_bytes(
        midi([b"\x00\xc0\x49", b"\x00\x90\x3c\x50", b"\x60\x80\x3c\x00", b"\x00\x90\x40\x50", b"\x60\x80\x40\x00"])
    )
    (part,) = read_score(path).parts
    assert part.program == 73
    assert [(n.onset, n.length, n.pitch) for n in part.notes] == [(0.0, 1.0, 60), (1.0, 1.0, 64)]


def test_what_is_no_score_is_told_in_one_line(tmp_path, tunes):
    broken = tmp_path / "broken.mxl"
    broken.write_bytes(b"PK\x03\x04 and no more")
    silent = tmp_path / "silent.abc"
    silent.write_text("X:1\nT:Rests\nM:4/4\nL:1/4\nK:C\nz4 |\n")
    for path, number, fact in (
        (tmp_path / "none.mid", None, "no such score"),
        (broken, None, "no score that can be read"),
        (tunes, 7, "has no tune 7"),
        (silent, 1, "no notes with a pitch"),
    ):
        with pytest.raises(DatasetError, match=fact) as raised:
            read_score(path, number)
        assert "\n" not in str(raised.value)


def test_the_corpus_holds_what_the_classes_are_made_of():
    corpus = corpus_folder()
    counts = {one.label: len(pieces(one, corpus)) for one in COLLECTIONS}
    assert counts["masses"] == 1318
    assert counts["fiddle_tunes"] == 1059
    assert counts["madrigals"] == 49
    assert counts["trecento"] == 103
    assert counts["quartets"] > 40
    assert counts["folk_songs"] > 8000
    for one in COLLECTIONS:
        names = [piece.name for piece in pieces(one, corpus)]
        assert len(names) == len(set(names))


def test_the_terms_of_the_corpus_are_quoted():
    said = {one.label: notice(one, corpus_folder()) for one in COLLECTIONS}
    assert "Rights to all derivative electronic formats reserved." in said["masses"]
    assert "non-commercial" in said["folk_songs"]
