"""Read a TensorFlow checkpoint (format V2, "tensor bundle") without TensorFlow.

A checkpoint is an index, a sorted string table as LevelDB writes it (Google, "Table format", leveldb/doc), whose values
are small protocol-buffer messages (``tensor_bundle.proto``), and a data file with the tensors' raw bytes one after the
other. Blocks and tensors carry masked CRC-32C checksums; all that are read are verified.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from earmark.errors import BundleError

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48  # two block handles, zero padding, magic number
_DTYPES: dict[int, np.dtype[np.generic]] = {
    1: np.dtype("<f4"),
    2: np.dtype("<f8"),
    3: np.dtype("<i4"),
    9: np.dtype("<i8"),
}


def read_checkpoint(
    index: bytes, data: bytes, *, where: object, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, NDArray[np.generic]]:
    """The variables of a checkpoint of one data file.

    Parameters
    ----------
    index, data : contents of the ``.index`` and the ``.data-00000-of-00001`` file.
    where : what to call the checkpoint in messages.
    wanted : which names to read; optimiser slots are as large as the weights themselves.

    Returns
    -------
    dict
        Name → array in the shape that TensorFlow gave it.

    Raises
    ------
    BundleError
        If the index is no such table, uses a feature that is not read here (compression, several data files,
        partitioned variables), or if any part lies outside the files or fails its checksum.
    """
    try:
        return dict(_variables(index, data, wanted))
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise BundleError(
            f"not a TensorFlow checkpoint that can be read ({error})",
            remedy="Fetch the original file again",
            where=where,
        ) from error


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of some bytes.

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value


_CRC_TABLE = tuple(_crc_entry(value) for value in range(256))


def _masked_crc(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _variables(index: bytes, data: bytes, wanted: Callable[[str], bool]) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for key, value in _table(index):
        entry = dict(_message(value))
        if key == b"":
            if entry.get(1, 1) != 1 or entry.get(2, 0) != 0:
                raise ValueError("more than one data file, or big-endian numbers")
            continue
        name = key.decode()
        if not wanted(name):
            continue
        if 7 in entry or entry.get(3, 0) != 0:
            raise ValueError(f"{name} is partitioned")
        offset, size = _whole(entry.get(4, 0)), _whole(entry.get(5, 0))
        raw = data[offset : offset + size]
        if len(raw) != size:
            raise ValueError(f"{name} lies outside the data file")
        if _masked_crc(raw) != entry.get(6, 0):
            raise ValueError(f"{name} fails its checksum")
        kind = _whole(entry.get(1, 0))
        if kind not in _DTYPES:
            raise ValueError(f"{name} has the unread type {kind}")
        yield name, np.frombuffer(raw, dtype=_DTYPES[kind]).reshape(_shape(entry.get(2, b"")))


def _shape(message: int | bytes) -> list[int]:
    return [_whole(dict(_message(_bytes(dim))).get(1, 0)) for field, dim in _message(_bytes(message)) if field == 2]


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number where a message should be")
    return value


def _whole(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise ValueError("text where a number should be")
    return value


def _table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a sorted string table."""
    if len(table) < _FOOTER or int.from_bytes(table[-8:], "little") != _MAGIC:
        raise ValueError("wrong magic number at the end of the index")
    footer = table[-_FOOTER:]
    position = 0
    numbers = []
    for _ in range(4):  # offset and size of the meta-index, then of the index
        number, position = _varint(footer, position)
        numbers.append(number)
    for _, handle in _block(table, numbers[2], numbers[3]):
        offset, position = _varint(handle, 0)
        size, _ = _varint(handle, position)
        yield from _block(table, offset, size)


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block; each key says how many bytes it shares with the one before."""
    compression, crc = struct.unpack_from("<BI", table, offset + size)
    if _masked_crc(table[offset : offset + size + 1]) != crc:
        raise ValueError("the index fails its checksum")
    if compression != 0:
        raise ValueError("the index is compressed")
    block = table[offset : offset + size]
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end = size - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        fresh, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length


def _message(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protocol-buffer message."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        if kind == 2:
            size, position = _varint(message, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        raw = message[position : position + size]
        position += size
        yield key >> 3, raw if kind == 2 else int.from_bytes(raw, "little")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
