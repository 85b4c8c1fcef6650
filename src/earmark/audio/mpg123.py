"""libsndfile decodes MP3 with mpg123, which prints about damage on stderr by itself, whatever its caller does."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

_ITS_WORDS = re.compile(rb"(\[[^]]*libmpg123|Note: |Warning: )[^\n]*\n?")
_STDERR = 2


class _Diversion:
    """Descriptor 2 leads into a file while at least one thread decodes; what others wrote meanwhile follows after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._saved: int | None = None
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            with contextlib.suppress(OSError, ValueError):  # a closed stderr shows nothing that had to be kept back
                sys.stderr.flush()
                saved = os.dup(_STDERR)
                try:
                    self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end
                    os.dup2(self._file.fileno(), _STDERR)
                except OSError:
                    os.close(saved)
                    raise
                self._saved = saved

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users or self._saved is None or self._file is None:
                return
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
            os.dup2(self._saved, _STDERR)
            os.close(self._saved)
            self._saved = None
            with self._file as file:
                file.seek(0)
                lines = file.read().splitlines(keepends=True)
            others = b"".join(line for line in lines if not _ITS_WORDS.match(line))
            if others:
                os.write(_STDERR, others)


_DIVERSION = _Diversion()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """While the block decodes, what mpg123 prints is dropped: earmark says itself what is wrong with a file.

    Lines that are not mpg123's appear once the block ends. Blocks may overlap in several threads.
    """
    _DIVERSION.begin()
    try:
        yield
    finally:
        _DIVERSION.end()
