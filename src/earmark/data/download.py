"""A sound from the network, through yt-dlp: one file, of limited size and length, within limited time."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earmark.audio.read import info
from earmark.errors import AudioError, FetchError, OutputError, SettingError
from earmark.files import cache_folder


@dataclass(frozen=True)
class Limits:
    """What a download may cost.

    Parameters
    ----------
    size_mb : of the file, in 10^6 bytes.
    length_s : of the sound, in seconds.
    time_s : of the download, in seconds.
    """

    size_mb: float = 200.0
    length_s: float = 3600.0
    time_s: float = 300.0

    def __post_init__(self) -> None:
        for name, value in (("size_mb", self.size_mb), ("length_s", self.length_s), ("time_s", self.time_s)):
            if not value > 0:
                raise SettingError(f"the limit {value!r} is not positive", remedy="Give more than 0", where=name)


@dataclass(frozen=True)
class Found:
    """What a search found: title, who published it, length in seconds (None: not known), address."""

    title: str
    uploader: str
    length_s: float | None
    url: str


@dataclass(frozen=True)
class Downloaded:
    """A sound that was downloaded: its file, title and address."""

    path: Path
    title: str
    url: str


def download(
    url: str, folder: str | Path, *, limits: Limits | None = None, say: Callable[[str], None] | None = None
) -> Downloaded:
    """Download the sound at an address, or that of the page there.

    Parameters
    ----------
    url : http or https.
    folder : where to; the file is named after the title and replaces nothing.
    limits : None takes 200 MB, an hour of sound and five minutes of time.
    say : receives a line about what is downloaded.

    Raises
    ------
    FetchError
        If there is no sound (text/html, an error), or a limit is passed. Nothing is left behind.
    OutputError
        If the file is there already or cannot be written.
    SettingError
        If yt-dlp is not installed, or the address is none.
    """
    limits = limits if limits is not None else Limits()
    if not url.startswith(("http://", "https://")):
        raise SettingError("is no address of the web", remedy="Give http:// or https://", where=url)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".earmark-") as temporary:
            facts = _fetch(url, Path(temporary), limits, say)
            files = sorted(path for path in Path(temporary).iterdir() if path.suffix not in (".part", ".ytdl"))
            if not files:
                raise FetchError("nothing was downloaded", remedy="Open the address in a browser", where=url)
            _check(files[0], url, limits)
            target = folder / files[0].name
            if target.exists():
                raise OutputError("is there already", remedy="Remove it, or choose another folder", where=target)
            files[0].replace(target)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})", remedy="Choose another folder with -o", where=folder
        ) from error
    return Downloaded(target, str(facts.get("title") or target.stem), str(facts.get("webpage_url") or url))


def local(name: str, *, limits: Limits | None = None, say: Callable[[str], None] | None = None) -> str:
    """The file that a name stands for: itself, or for an address of the web a copy in the cache, downloaded once.

    Parameters
    ----------
    name : a path, or an address that begins with http:// or https://.
    limits, say : as for ``download``.

    Raises
    ------
    FetchError, OutputError, SettingError
        As ``download`` does.

    Examples
    --------
    >>> local("song.mp3")
    'song.mp3'
    """
    if not name.startswith(("http://", "https://")):
        return name
    folder = cache_folder() / "downloads" / hashlib.sha256(name.encode()).hexdigest()[:16]
    kept = sorted(folder.iterdir()) if folder.is_dir() else []
    whole = next((path for path in kept if path.is_file() and not path.name.startswith(".")), None)
    return str(whole if whole is not None else download(name, folder, limits=limits, say=say).path)


def search(title: str, *, number: int = 3) -> tuple[Found, ...]:
    """The first sounds that a search on YouTube finds; nothing is downloaded.

    Raises
    ------
    FetchError
        If it cannot be asked or finds nothing.
    SettingError
        If yt-dlp is not installed.
    """
    facts = _asked(f"ytsearch{number}:{title}", _options({"extract_flat": True}), title)
    found = tuple(found_in(entry) for entry in facts.get("entries") or ())
    if not found:
        raise FetchError("no such title was found", remedy="Write it otherwise, or give an address", where=title)
    return found


def found_in(entry: Mapping[str, Any]) -> Found:
    """One entry of a search as yt-dlp returns it.

    Examples
    --------
    >>> found_in({"title": "Song", "channel": "Band", "duration": 61.0, "url": "https://x.org/1"})
    Found(title='Song', uploader='Band', length_s=61.0, url='https://x.org/1')
    """
    length = entry.get("duration")
    return Found(
        str(entry.get("title") or "untitled"),
        str(entry.get("channel") or entry.get("uploader") or "unknown"),
        None if length is None else float(length),
        str(entry.get("webpage_url") or entry.get("url")),
    )


def _fetch(url: str, folder: Path, limits: Limits, say: Callable[[str], None] | None) -> Mapping[str, Any]:
    deadline = time.monotonic() + limits.time_s

    def watch(progress: Mapping[str, Any]) -> None:
        # Servers may tell no size, or a wrong one: what has come is counted.
        size = max(progress.get("downloaded_bytes") or 0, progress.get("total_bytes") or 0)
        if size > limits.size_mb * 1e6:
            raise _PastLimit(f"is larger than {limits.size_mb:g} MB ({size / 1e6:.0f} MB)", "--max-mb")
        if time.monotonic() > deadline:
            raise _PastLimit(f"takes longer than {limits.time_s:g} s", "--timeout")

    options = _options(
        {
            "format": "bestaudio[ext=m4a]/bestaudio/best",
            "outtmpl": {"default": str(folder / "%(title).80B.%(ext)s")},
            "windowsfilenames": True,
            "noplaylist": True,
            "progress_hooks": [watch],
        }
    )
    facts = _asked(url, options, url)
    if facts.get("_type") == "playlist" or facts.get("is_live"):
        what = "is a broadcast without an end" if facts.get("is_live") else "is a list of sounds"
        raise FetchError(what, remedy="Give the address of one sound", where=url)
    length, size = facts.get("duration"), facts.get("filesize") or facts.get("filesize_approx") or 0
    if length is not None and length > limits.length_s:
        raise _past(_PastLimit(f"is {length / 60:.0f} minutes long", "--max-minutes"), url)
    if size > limits.size_mb * 1e6:
        raise _past(_PastLimit(f"is larger than {limits.size_mb:g} MB ({size / 1e6:.0f} MB)", "--max-mb"), url)
    if say is not None:
        say(f"{facts.get('title') or url} is downloaded")
    return _asked(url, options, url, download=True)


class _PastLimit(Exception):
    """A limit was passed: what happened, and the option that sets the limit."""

    def __init__(self, fact: str, option: str) -> None:
        super().__init__(fact)
        self.fact, self.option = fact, option


def _past(error: _PastLimit, url: str) -> FetchError:
    return FetchError(error.fact, remedy=f"Allow more with {error.option}, or choose another", where=url)


def _options(more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": _Silence(),
        "cachedir": False,
        "socket_timeout": 20,
        "retries": 1,
        "extractor_retries": 1,
        "fragment_retries": 1,
        **more,
    }


def _asked(address: str, options: Mapping[str, Any], where: str, *, download: bool = False) -> Mapping[str, Any]:
    try:
        import yt_dlp
    except ModuleNotFoundError as error:
        raise SettingError(
            "addresses need the package yt-dlp, which is not installed",
            remedy="Run: pip install 'earmark[download]'",
            where=where,
        ) from error
    try:
        with yt_dlp.YoutubeDL(dict(options)) as session:
            facts: Mapping[str, Any] = session.extract_info(address, download=download) or {}
            return facts
    except _PastLimit as error:
        raise _past(error, where) from error
    except yt_dlp.utils.YoutubeDLError as error:
        # What went wrong is wrapped together with how it was raised.
        cause = (getattr(error, "exc_info", None) or (None, error))[1]
        if isinstance(cause, yt_dlp.utils.UnsupportedError):
            raise FetchError(
                "is a page (text/html) without a sound that can be found",
                remedy="Give the address of the sound itself",
                where=where,
            ) from error
        said = " ".join(str(getattr(error, "msg", None) or error).split()).removeprefix("ERROR: ").split("; please")[0]
        raise FetchError(
            f"cannot be downloaded ({said[:200]})", remedy="Check the address and the network", where=where
        ) from error


def _check(path: Path, url: str, limits: Limits) -> None:
    size = path.stat().st_size
    if size > limits.size_mb * 1e6:
        raise _past(_PastLimit(f"is larger than {limits.size_mb:g} MB ({size / 1e6:.0f} MB)", "--max-mb"), url)
    try:
        length = info(path).duration_s
    except AudioError as error:
        raise FetchError(f"what is there {error.fact}", remedy="Give the address of a sound", where=url) from error
    if length > limits.length_s:
        raise _past(_PastLimit(f"is {length / 60:.1f} minutes long", "--max-minutes"), url)


class _Silence:
    """Takes what yt-dlp says; what fails is raised by it as well."""

    def debug(self, message: str) -> None:
        """Not shown."""

    def info(self, message: str) -> None:
        """Not shown."""

    def warning(self, message: str) -> None:
        """Not shown."""

    def error(self, message: str) -> None:
        """Not shown."""
