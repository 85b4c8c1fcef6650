"""Which decoder a file is for, by its first bytes: names lie (a text renamed .mp3), contents do not.

Asking first also keeps libsndfile's MP3 decoder, which writes notes to stderr, away from files that are no MP3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Decoder = Literal["libsndfile", "ffmpeg"]

_LIBSNDFILE = (b"RIFF", b"RIFX", b"RF64", b"FORM", b".snd", b"fLaC", b"OggS", b"caff", b"riff", b"ID3")
_FFMPEG_AT = (
    (4, b"ftyp"),  # mp4, m4a, mov
    (0, b"\x1aE\xdf\xa3"),  # Matroska and WebM
    (0, b"\x30\x26\xb2\x75"),  # ASF: wma, wmv
    (0, b"FLV"),
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"wvpk"),
    (0, b"MAC "),
)


def decoder_for(path: Path) -> Decoder | None:
    """The decoder for a file, or None where its first bytes belong to no sound or video that earmark knows."""
    head = first_bytes(path, 4096)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "ffmpeg"
    if head.startswith(_LIBSNDFILE):
        return "libsndfile"
    if any(head[at : at + len(magic)] == magic for at, magic in _FFMPEG_AT):
        return "ffmpeg"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS: an MPEG sync with "layer 0"
        return "ffmpeg"
    if head[:1] == b"G" and head[188:189] == b"G":  # MPEG transport stream
        return "ffmpeg"
    return "libsndfile" if mpeg_frame(head) is not None else None


def mpeg_frame(data: bytes) -> int | None:
    """Where the first valid MPEG audio frame header begins, or None.

    Examples
    --------
    >>> mpeg_frame(bytes(3) + bytes([0xFF, 0xFB, 0x90, 0x00]))
    3
    >>> mpeg_frame(b"a text that was renamed") is None
    True
    """
    at = data.find(b"\xff")
    while 0 <= at < len(data) - 3:
        second, third = data[at + 1], data[at + 2]
        version, layer = second >> 3 & 3, second >> 1 & 3
        if second >= 0xE0 and version != 1 and layer != 0 and third >> 4 not in (0, 15) and third >> 2 & 3 != 3:
            return at
        at = data.find(b"\xff", at + 1)
    return None


def first_bytes(path: Path, count: int) -> bytes:
    """The first ``count`` bytes of a file, or fewer where it is shorter."""
    with path.open("rb") as file:
        return file.read(count)
