"""Files are written whole or not at all (first under a temporary name beside the target, then renamed); the cache."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from earmark.errors import OutputError

CACHE_VARIABLE = "EARMARK_CACHE"


def cache_folder() -> Path:
    """``$EARMARK_CACHE`` where it is set, else earmark's folder in the user's cache of this platform."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("earmark", appauthor=False))


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well and vanishes when it does not.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to, or the disk is full.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The suffix is kept: writers choose the format by it.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}.", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _grant_usual_mode(temporary)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})",
            remedy="Choose another folder with -o, or make room and check its permissions",
            where=path,
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> Path:
    """Write text as UTF-8, whole or not at all; returns the path."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write bytes, whole or not at all; returns the path."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def _grant_usual_mode(path: Path) -> None:
    # mkstemp makes private files; a result is as readable as any file that the user creates.
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
