"""Arrays inside settings: exact, compact, JSON. Superpixels and factors are part of what makes a cut again."""

from __future__ import annotations

import base64
import binascii
import math
import zlib

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError


def pack(array: NDArray[np.generic]) -> str:
    """A little-endian array of uint16 or float32 as text (zlib, base64); its shape goes beside it.

    Examples
    --------
    >>> unpack(pack(np.arange(6, dtype=np.uint16)), (2, 3), np.uint16)
    array([[0, 1, 2],
           [3, 4, 5]], dtype=uint16)
    """
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(zlib.compress(little.tobytes(), 9)).decode("ascii")


def unpack(text: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[np.generic]:
    """The inverse of ``pack``.

    Raises
    ------
    SettingError
        If the text is damaged or holds another number of values.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    size = math.prod(shape) * kind.itemsize
    try:
        # One byte more than due is enough to see that it is too long, whatever it would unfold to.
        data = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise SettingError(f"damaged ({error})", remedy="Make the explanation again", where="packed array") from error
    if len(data) != size:
        raise SettingError(
            f"holds another number of values than {shape}", remedy="Make the explanation again", where="packed array"
        )
    return np.frombuffer(data, dtype=kind).astype(dtype).reshape(shape)
