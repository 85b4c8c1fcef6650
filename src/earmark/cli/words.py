"""The lyrics of a sound on the command line: named, beside it or in its tags, and cut to the part that is heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import LyricsError, UsageError
from earmark.models.classifier import ReadsLyrics

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.cli.console import Console
    from earmark.cli.job import Job
    from earmark.components.component import ComponentKind
    from earmark.data.lyrics.lyrics import Lyrics
    from earmark.models.classifier import Classifier

# Beside a sound, in this order: what has times comes first.
_BESIDE = (".lrc", ".srt", ".vtt", ".txt")
AUTO, NONE = "auto", "none"


def lyrics_of(file: str, clip: Clip, classifier: Classifier, job: Job) -> Lyrics | None:
    """The words that a classifier is to read with a sound; None where it reads none, or there are to be none.

    Raises
    ------
    UsageError
        If lyrics are given to a classifier that reads none, or it reads them and there are none.
    LyricsError, SettingError
        If they cannot be read, or their times lie outside the sound.
    """
    from earmark.data.lyrics.read import read_lyrics
    from earmark.explain.paired import ReadsOnly

    if not isinstance(classifier, ReadsLyrics):
        if job.lyrics not in (AUTO, NONE):
            raise UsageError(f"{classifier.name} reads no lyrics", remedy="Leave it out", where="--lyrics")
        return None
    if job.lyrics == NONE:
        if isinstance(classifier, ReadsOnly):
            raise UsageError(f"{classifier.name} reads nothing but lyrics", remedy="Give them", where="--lyrics")
        return None
    path = _found(Path(file), classifier.name) if job.lyrics == AUTO else Path(job.lyrics)
    lyrics = read_lyrics(path, encoding=job.lyrics_encoding)
    whole = job.start_s == 0 and job.duration_s is None
    if whole:
        lyrics.check_times(clip.duration_s)
        return lyrics
    return lyrics.part(job.start_s, job.start_s + clip.duration_s)


def sound_and_lyrics(file: str, classifier: Classifier, job: Job, console: Console) -> tuple[Clip, Lyrics | None]:
    """The sound of a FILE, and the words that the classifier is to read with it.

    Of a model of words alone FILE may be a text; the sound is then a second of silence, which nobody listens to.

    Raises
    ------
    EarmarkError
        If either cannot be read, or they do not belong together.
    """
    from earmark.audio.read import read
    from earmark.data.download import local
    from earmark.data.lyrics.read import LYRICS_SUFFIXES
    from earmark.explain.paired import ReadsOnly

    if Path(file).suffix.lower() in LYRICS_SUFFIXES:
        if isinstance(classifier, ReadsOnly):
            return _text(file, classifier, job)
        needs = (
            "a sound, with its lyrics beside it or as --lyrics" if isinstance(classifier, ReadsLyrics) else "a sound"
        )
        raise UsageError(f"is a text, and {classifier.name} needs {needs}", remedy="Give the sound", where=file)
    clip = read(local(file, say=console.say), start_s=job.start_s, duration_s=job.duration_s)
    return clip, lyrics_of(file, clip, classifier, job)


def _text(file: str, classifier: Classifier, job: Job) -> tuple[Clip, Lyrics]:
    import hashlib

    import numpy as np

    from earmark.audio.clip import Clip, Source
    from earmark.data.lyrics.read import read_lyrics

    if job.lyrics != AUTO:
        raise UsageError("FILE is the text itself", remedy="Leave it out", where="--lyrics")
    if job.start_s or job.duration_s is not None:
        raise UsageError(f"{file} is a text, which has no seconds", remedy="Leave it out", where="--start")
    lyrics = read_lyrics(file, encoding=job.lyrics_encoding)
    rate = classifier.input.sample_rate
    source = Source(file, file_sha256=hashlib.sha256(Path(file).read_bytes()).hexdigest())
    return Clip(np.zeros(rate, dtype=np.float32), rate, lyrics=lyrics.text, source=source), lyrics


def with_words(kind: ComponentKind, lyrics: Lyrics, classifier: Classifier, job: Job) -> ComponentKind:
    """The kind of components, joined by the units of the lyrics; these alone for a classifier that does not listen."""
    from earmark.components.lyrics import MusicAndLyrics
    from earmark.explain.paired import ReadsOnly

    sound = None if isinstance(classifier, ReadsOnly) else kind
    return MusicAndLyrics.of(sound, lyrics, unit=job.words, repeated=job.repeated)  # type: ignore[arg-type]


def coarse(kind: ComponentKind, lyrics: Lyrics, classifier: Classifier) -> ComponentKind:
    """Few players for interactions: whole stems instead of stems × time, and lines."""
    from earmark.components.lyrics import MusicAndLyrics
    from earmark.components.stems import Stems
    from earmark.components.stems_time import StemsTime
    from earmark.explain.paired import ReadsOnly

    if isinstance(kind, StemsTime):
        kind = Stems(source=kind.source, fill=kind.fill)
    return MusicAndLyrics.of(None if isinstance(classifier, ReadsOnly) else kind, lyrics, unit="line")


def _found(file: Path, model: str) -> Path:
    for suffix in _BESIDE:
        beside = file.with_suffix(suffix)
        if beside.is_file():
            return beside
    from earmark.data.lyrics.tags import read_tags

    try:
        tagged = read_tags(file)
    except LyricsError:
        tagged = None
    if tagged is None:
        raise UsageError(
            f"{model} reads lyrics, and there are none beside {file.name} ({', '.join(_BESIDE)}) or in its tags",
            remedy="Give them, or say that there are none: --lyrics none",
            where="--lyrics",
        )
    return file
