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

AUTO, NONE = "auto", "none"


def lyrics_of(file: str, clip: Clip, classifier: Classifier, job: Job, console: Console) -> Lyrics | None:
    """The words that a classifier is to read with a sound; None where it reads none, or there are to be none.

    Where several files beside the sound could hold them, it is said which one is taken.

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
            raise UsageError(
                f"{classifier.name} reads nothing but lyrics", remedy="Give a file that holds them", where="--lyrics"
            )
        return None
    needed = isinstance(classifier, ReadsOnly)
    path = _found(Path(file), classifier.name, needed, console) if job.lyrics == AUTO else Path(job.lyrics)
    lyrics = read_lyrics(path, encoding=job.lyrics_encoding)
    if not _cut(job):
        lyrics.check_times(clip.duration_s)
        return lyrics
    return lyrics.part(job.start_s, job.start_s + clip.duration_s)


def check_asked(job: Job, classifier: Classifier) -> None:
    """Raise if an option was given that means nothing to this classifier.

    Raises
    ------
    UsageError
        Naming the option.
    """
    from earmark.cli.job import OF_SOUND, OF_WORDS
    from earmark.explain.paired import ReadsOnly

    unheard = [name for name in job.given if name in OF_SOUND]
    if unheard and isinstance(classifier, ReadsOnly):
        raise UsageError(
            f"{classifier.name} reads words and does not listen: there is no sound to cut",
            remedy="Leave it out; --words says what of the lyrics is switched off",
            where=f"--{unheard[0].replace('_', '-')}",
        )
    unread = [name for name in job.given if name in OF_WORDS]
    if unread and not isinstance(classifier, ReadsLyrics):
        raise UsageError(
            f"{classifier.name} reads no lyrics",
            remedy="Leave it out, or choose a model that reads them",
            where=f"--{unread[0].replace('_', '-')}",
        )


def excerpt(lyrics: Lyrics, job: Job) -> bool:
    """Whether a part of a sound is asked about with all the words of its song, since these have no times."""
    return _cut(job) and not lyrics.timed


def _cut(job: Job) -> bool:
    return job.start_s > 0 or job.duration_s is not None


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
    return clip, lyrics_of(file, clip, classifier, job, console)


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
    return MusicAndLyrics.of(
        sound,
        lyrics,
        unit=job.words,  # type: ignore[arg-type]  # checked there
        repeated=job.repeated,  # type: ignore[arg-type]
        excerpt=excerpt(lyrics, job),
    )


def coarse(kind: ComponentKind, lyrics: Lyrics, classifier: Classifier) -> ComponentKind:
    """Few players for interactions: whole stems instead of stems × time, and lines."""
    from earmark.components.lyrics import MusicAndLyrics
    from earmark.components.stems import Stems
    from earmark.components.stems_time import StemsTime
    from earmark.explain.paired import ReadsOnly

    if isinstance(kind, StemsTime):
        kind = Stems(source=kind.source, fill=kind.fill)
    return MusicAndLyrics.of(None if isinstance(classifier, ReadsOnly) else kind, lyrics, unit="line")


def _found(file: Path, model: str, needed: bool, console: Console) -> Path:
    from earmark.data.lyrics.beside import BESIDE, lyrics_beside
    from earmark.data.lyrics.tags import read_tags

    beside = lyrics_beside(file)
    if beside.path is not None:
        if beside.others:
            others = ", ".join(path.name for path in beside.others)
            console.say(f"{file}: lyrics from {beside.path.name}; {others} left aside (--lyrics FILE takes another)")
        return beside.path
    try:
        tagged = read_tags(file)
    except LyricsError:
        tagged = None
    if tagged is None:
        refused = f" ({beside.refused})" if beside.refused else ""
        raise UsageError(
            f"{model} reads lyrics, and there are none beside {file.name} ({', '.join(BESIDE)}) or in its tags"
            + refused,
            remedy="Give them: --lyrics FILE" + ("" if needed else "; or say that there are none: --lyrics none"),
            where="--lyrics",
        )
    return file
