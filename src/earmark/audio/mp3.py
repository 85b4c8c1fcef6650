"""MPEG audio frames, as far as needed to know how long an MP3 file is.

An MP3 file that begins with a Xing or Info tag says how long it is. Of one without, libsndfile estimates the length
from the first frame's bit rate and reads no further: right when the bit rate is constant, far off when it is not. The
frames are counted here instead.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from earmark.audio.sniff import mpeg_frame

# kbit/s of Layer III by the header's index: MPEG 1, and MPEG 2 and 2.5.
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES_1 = (44100, 48000, 32000)


def after_id3(head: bytes) -> int:
    """Where the sound begins behind an ID3v2 tag, from the first 10 bytes."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])


def counted_s(path: Path) -> float | None:
    """Seconds in the frames of a Layer III file without a Xing or Info tag; None where there is a tag."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = after_id3(data[:10])
        first = mpeg_frame(data[at : at + 65536])
        if first is None:
            return None
        at += first
        if any(tag in data[at : at + 60] for tag in (b"Xing", b"Info", b"VBRI")):
            return None
        seconds = 0.0
        while (frame := _frame(data[at : at + 4])) is not None and at + frame[0] <= len(data):
            seconds += frame[1]
            at += frame[0]
    return seconds


def _frame(header: bytes) -> tuple[int, float] | None:
    """Size in bytes and length in seconds of the frame with this header; None where it is no Layer III frame."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version = header[1] >> 3 & 3  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    rate_index, kbps_index = header[2] >> 2 & 3, header[2] >> 4
    if version == 1 or rate_index == 3 or kbps_index in (0, 15):
        return None
    rate = _RATES_1[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    kbps = (_KBPS_1 if version == 3 else _KBPS_2)[kbps_index]
    samples = 1152 if version == 3 else 576
    return samples // 8 * kbps * 1000 // rate + (header[2] >> 1 & 1), samples / rate
