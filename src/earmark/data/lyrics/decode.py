"""Bytes of a text file as text, in an encoding that is known, never guessed."""

from __future__ import annotations

import codecs
from pathlib import Path

from earmark.errors import LyricsError, SettingError

LARGEST_BYTES = 5_000_000
# The longer ones first: that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path, encoding: str | None = None) -> str:
    """The text of a file: in ``encoding``, else as its byte-order mark says (UTF-8, -16, -32), else in UTF-8.

    Raises
    ------
    LyricsError
        If it is missing, too large, or not in that encoding; names the first byte that is not.
    SettingError
        If there is no such encoding.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise LyricsError(
                f"has {size / 1e6:.0f} MB, lyrics at most {LARGEST_BYTES / 1e6:.0f}",
                remedy="Give the words of one song",
                where=path,
            )
        raw = path.read_bytes()
    except OSError as error:
        fact = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise LyricsError(fact, remedy="Check the path and its permissions", where=path) from error
    return decoded(raw, encoding, where=path)


def decoded(raw: bytes, encoding: str | None = None, *, where: object = "lyrics") -> str:
    """The same of bytes.

    Examples
    --------
    >>> decoded("süß".encode("utf-16"))
    'süß'
    """
    name = encoding or next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(name)
    except UnicodeDecodeError as error:
        # A file that breaks off in the middle of a character has no byte there.
        byte = f"byte 0x{raw[error.start]:02x}" if error.start < len(raw) else "its end"
        line = raw[: error.start].count(b"\n") + 1
        raise LyricsError(
            f"is not in {name}: {byte} at place {error.start} (line {line})",
            remedy="Name its encoding, such as --lyrics-encoding cp1252, or save it as UTF-8",
            where=where,
        ) from error
    except (LookupError, UnicodeError) as error:  # the latter of codecs that are of no text
        raise SettingError(
            f"unknown encoding {name!r}", remedy="Use utf-8, utf-16, latin-1, cp1252, …", where="--lyrics-encoding"
        ) from error
    if "\0" in text:
        raise LyricsError(
            f"is no text in {name}: byte 0x00 at place {raw.find(0)}",
            remedy="Name its encoding, such as --lyrics-encoding utf-16-le, or save it as UTF-8",
            where=where,
        )
    return text.removeprefix("\ufeff")
