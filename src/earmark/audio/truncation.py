"""Does a file hold all the sound that its header announces?

libsndfile reads a WAV, AIFF, AU or Ogg file that breaks off as if it were merely shorter. Nothing may be shortened
silently, so the sizes that the headers announce are compared here with what is there.

References: Microsoft RIFF (1991); Apple AIFF (1989) and AIFF-C; Sun .au; RFC 3533 (Ogg pages); the
Xing/LAME tag of MP3.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from earmark.audio.mp3 import after_id3
from earmark.audio.sniff import mpeg_frame

# Recorders that write to a pipe cannot know the length and announce one of these or more: no promise was made.
_UNKNOWN_SIZE = 0x7FFF0000
# MP3 writers are a little careless with the byte count; below this the count of decoded samples decides.
_MP3_TOLERANCE = 0.01


def fraction_present(path: Path) -> float | None:
    """How much of the announced sound is in the file: 1.0 when whole, None when it is cut by an unknown amount (Ogg).

    Formats that announce nothing, and those whose decoder notices by itself, count as whole.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        if head[:4] in (b"RIFF", b"RIFX") and head[8:12] == b"WAVE":
            return _in_chunks(file, size, b"data", ">" if head[:4] == b"RIFX" else "<")
        if head[:4] == b"FORM":
            return _in_chunks(file, size, b"SSND", ">")
        if head[:4] == b".snd":
            start, announced = struct.unpack(">II", head[4:12].ljust(8, b"\0"))
            return _ratio(announced, size - start)
        if head[:4] == b"OggS":
            return 1.0 if _ends_as_ogg(file, size) else None
        if head[:3] == b"ID3" or head[:1] == b"\xff":
            return _in_mp3(file, size)
    return 1.0


def _in_chunks(file: BinaryIO, size: int, wanted: bytes, order: str) -> float:
    at = 12
    while at + 8 <= size:
        file.seek(at)
        header = file.read(8)
        (announced,) = struct.unpack(order + "I", header[4:])
        if header[:4] == wanted:
            return _ratio(announced, size - at - 8)
        at += 8 + announced + announced % 2
    return 1.0


def _ratio(announced: int, present: int) -> float:
    if announced == 0 or announced >= _UNKNOWN_SIZE or present >= announced:
        return 1.0
    return present / announced


def _ends_as_ogg(file: BinaryIO, size: int) -> bool:
    # A page is at most 65 307 bytes, so the last one begins in this tail; tags may follow it.
    start = max(0, size - 2 * 65307)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS")
    page = tail[at : at + 27]
    if at < 0 or len(page) < 27:
        return False
    lacing = tail[at + 27 : at + 27 + page[26]]
    whole = len(lacing) == page[26] and at + 27 + len(lacing) + sum(lacing) <= len(tail)
    return whole and bool(page[5] & 4)


def _in_mp3(file: BinaryIO, size: int) -> float:
    file.seek(0)
    at = after_id3(file.read(10))
    file.seek(at)
    block = file.read(4096)
    frame = mpeg_frame(block)
    if frame is None:
        return 1.0
    first = block[frame : frame + 60]
    tag = max(first.find(b"Xing"), first.find(b"Info"))
    if tag < 0 or len(first) < tag + 16:
        return 1.0
    flags, _, announced = struct.unpack(">III", first[tag + 4 : tag + 16])
    if flags & 3 != 3:
        return 1.0
    present = _ratio(announced, size - at - frame)
    return present if present < 1.0 - _MP3_TOLERANCE else 1.0
