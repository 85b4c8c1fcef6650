"""Give an Ogg stream a serial number that follows from its content.

Encoders draw the serial number at random (RFC 3533, section 4), so the same sound encodes to different bytes each
time. Here it becomes a checksum of the rest, and the pages' checksums are set anew: same sound, same bytes.
"""

from __future__ import annotations

import struct
import zlib


def with_fixed_serial(data: bytes) -> bytes:
    """The same Ogg stream (a single logical one) with a serial number that depends on its content only."""
    pages = _pages(data)
    bare = [page[:14] + bytes(4) + page[18:22] + bytes(4) + page[26:] for page in pages]
    serial = struct.pack("<I", zlib.crc32(b"".join(bare)))
    done = []
    for page in bare:
        page = page[:14] + serial + page[18:]
        done.append(page[:22] + struct.pack("<I", page_checksum(page)) + page[26:])
    return b"".join(done)


def page_checksum(page: bytes) -> int:
    """The Ogg page checksum: CRC-32 with polynomial 0x04c11db7, not reflected, from 0, its own field taken as 0.

    Examples
    --------
    >>> hex(page_checksum(b"123456789"))
    '0x89a1897f'
    """
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _TABLE[crc >> 24 ^ byte]
    return crc


def _pages(data: bytes) -> list[bytes]:
    pages, at = [], 0
    while at < len(data):
        segments = data[at + 26]
        end = at + 27 + segments + sum(data[at + 27 : at + 27 + segments])
        pages.append(data[at:end])
        at = end
    return pages


def _entry(index: int) -> int:
    crc = index << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


_TABLE = tuple(_entry(index) for index in range(256))
