"""Read lyrics: .txt, .lrc, .srt, .vtt, .csv, .json, and the tags of sound files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from earmark.data.lyrics.decode import read_text
from earmark.data.lyrics.lrc import parse_lrc
from earmark.data.lyrics.lyrics import Lyrics, lyrics_from_text
from earmark.data.lyrics.subtitles import parse_subtitles
from earmark.data.sound_files import SOUND_SUFFIXES
from earmark.errors import LyricsError, SettingError

TEXT_SUFFIXES = (".txt", ".lrc", ".srt", ".vtt")
LYRICS_SUFFIXES = (*TEXT_SUFFIXES, ".csv", ".json")


def read_lyrics(path: str | Path, *, language: str | None = None, encoding: str | None = None) -> Lyrics:
    """The lyrics in a file.

    Parameters
    ----------
    path : .txt (a line a line, empty lines part stanzas), .lrc, .srt, .vtt, .csv or .json (see
        ``earmark.data.lyrics.tables``), or a sound file with lyrics in its tags.
    language : where the file does not say it, or says it wrongly.
    encoding : of text files, such as "cp1252"; by default what their byte-order mark says, else UTF-8.

    Raises
    ------
    LyricsError
        If it is missing, of another kind, in another encoding, or holds no words, only headers, or too many words;
        if its times run backwards; if the sound has no lyrics in its tags.
    SettingError
        If the encoding is unknown or has no meaning here, or mutagen is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "song.lrc"
    >>> _ = path.write_text("[00:01.00]so long\\n[00:04.00]good night")
    >>> [(line.start_s, line.end_s, line.text) for line in read_lyrics(path).lines]
    [(1.0, 4.0, 'so long'), (4.0, None, 'good night')]
    """
    path = Path(path)
    if path.is_dir():
        raise LyricsError("is a folder", remedy="Name the file with the lyrics", where=path)
    if not path.exists():
        raise LyricsError("no such file", remedy="Check the path and its spelling", where=path)
    suffix = path.suffix.lower()
    if encoding is not None and (suffix == ".csv" or suffix in SOUND_SUFFIXES):
        raise SettingError(
            f"{suffix} files say themselves how they are encoded, or are in UTF-8",
            remedy="Leave it out",
            where="--lyrics-encoding",
        )
    if suffix in SOUND_SUFFIXES:
        from earmark.data.lyrics.tags import read_tags

        found = read_tags(path)
        if found is None:
            raise LyricsError(
                "has no lyrics in its tags", remedy="Give them as a file, .txt or .lrc with times", where=path
            )
        return replace(found, language=language or found.language)
    if suffix not in LYRICS_SUFFIXES:
        raise LyricsError(
            f"is no kind of lyrics that earmark knows ({suffix or 'no suffix'})",
            remedy=f"Give {', '.join(LYRICS_SUFFIXES)}, or a sound with lyrics in its tags",
            where=path,
        )
    if suffix in (".csv", ".json"):
        from earmark.data.lyrics.tables import parse_json, parse_lines_csv

        if suffix == ".json":
            return parse_json(path, encoding=encoding, language=language)
        return parse_lines_csv(path, language=language)
    text = read_text(path, encoding)
    parse = {".lrc": parse_lrc, ".srt": parse_subtitles, ".vtt": parse_subtitles}.get(suffix, lyrics_from_text)
    return parse(text, language=language, source=str(path))
