"""The files of an excerpt: stems, notes, words and, last of all, the mix; where the mix is, the others are whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from earmark.audio.write import encode
from earmark.data.scorebook.excerpt import Excerpt
from earmark.data.scorebook.lyrics import lrc
from earmark.data.scorebook.render import render
from earmark.errors import DatasetError
from earmark.files import write_bytes, write_text

_COLUMNS = (
    "path", "label", "track", "artist", "title", "key", "tempo_bpm", "start_quarters", "quarters_per_minute",
    "transposition", "stems", "programs", "gains_db", "shortcut_stem", "notes", "words", "lyrics",
    "lrc",
)  # fmt: skip


def mix_path(excerpt: Excerpt) -> str:
    """Where the mix lies in the data set's folder."""
    return f"audio/{excerpt.label}/{excerpt.name}.flac"


def stem_path(excerpt: Excerpt, stem: str) -> str:
    """Where a stem lies in the data set's folder."""
    return f"stems/{excerpt.label}/{excerpt.name}/{stem}.flac"


def notes_path(excerpt: Excerpt) -> str:
    """Where the notes lie: ``stem,start_s,end_s,pitch,velocity``."""
    return f"notes/{excerpt.label}/{excerpt.name}.csv"


def words_path(excerpt: Excerpt) -> str:
    """Where the syllables lie, if it has any: ``stem,start_s,end_s,text,syllabic``."""
    return f"words/{excerpt.label}/{excerpt.name}.csv" if any(stem.words for stem in excerpt.stems) else ""


def lrc_path(excerpt: Excerpt) -> str:
    """Where the words and their times lie, beside the mix, if it has any whole word."""
    return f"audio/{excerpt.label}/{excerpt.name}.lrc" if excerpt.sung else ""


def is_written(folder: Path, excerpt: Excerpt) -> bool:
    """Whether the excerpt's files are there."""
    return (folder / mix_path(excerpt)).is_file() and (not excerpt.sung or (folder / lrc_path(excerpt)).is_file())


def write_excerpt(folder: Path, excerpt: Excerpt, seconds: float, sample_rate: int) -> None:
    """Play an excerpt and write its files.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    rendered = render(excerpt, seconds, sample_rate)
    for name, stem in rendered.stems.items():
        write_bytes(folder / stem_path(excerpt, name), encode(stem, "flac"))
    notes = [
        (stem.name, f"{note.start_s:.6f}", f"{note.start_s + note.duration_s:.6f}", note.pitch, note.velocity)
        for stem in excerpt.stems
        for note in stem.part.notes
    ]
    write_text(folder / notes_path(excerpt), table(("stem", "start_s", "end_s", "pitch", "velocity"), notes))
    if words_path(excerpt):
        words = [
            (stem.name, f"{word.start_s:.6f}", f"{word.end_s:.6f}", word.text, word.syllabic)
            for stem in excerpt.stems
            for word in stem.words
        ]
        write_text(folder / words_path(excerpt), table(("stem", "start_s", "end_s", "text", "syllabic"), words))
    if excerpt.sung:
        write_text(folder / lrc_path(excerpt), lrc(excerpt.sung, title=excerpt.title))
    write_bytes(folder / mix_path(excerpt), encode(rendered.mix, "flac"))


def manifest(excerpts: Iterable[Excerpt]) -> str:
    """The data set's manifest.csv."""
    rows = [
        (
            mix_path(one), one.label, one.track, one.collection, one.title, one.key, one.tempo_bpm,
            one.start_quarters, one.quarters_per_minute, one.transposition,
            ";".join(stem_path(one, stem.name) for stem in one.stems),
            ";".join(str(stem.part.program) for stem in one.stems),
            ";".join(str(stem.part.gain_db) for stem in one.stems),
            stem_path(one, one.shortcut_stem) if one.shortcut_stem else "",
            notes_path(one), words_path(one), one.lyrics, lrc_path(one),
        )
        for one in excerpts
    ]  # fmt: skip
    return table(_COLUMNS, rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def stem_files(folder: Path, excerpt_manifest_row: dict[str, str]) -> tuple[Path, ...]:
    """The stems of a row of the manifest.

    Raises
    ------
    DatasetError
        If the row has none.
    """
    named = [name for name in excerpt_manifest_row.get("stems", "").split(";") if name]
    if not named:
        raise DatasetError("has no column stems", remedy="Use a manifest of scorebook", where=folder)
    return tuple(folder / name for name in named)
