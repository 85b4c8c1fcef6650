from __future__ import annotations

import io

import numpy as np
import soundfile

from earmark.audio.ogg import page_checksum, with_fixed_serial


def encoded() -> bytes:
    buffer = io.BytesIO()
    tone = 0.3 * np.sin(np.arange(50000) / 9)
    soundfile.write(buffer, tone, 44100, format="OGG", subtype="VORBIS")
    return buffer.getvalue()


def test_page_checksums_are_those_that_the_encoder_wrote() -> None:
    data = encoded()
    size = 27 + data[26] + sum(data[27 : 27 + data[26]])
    page = data[:22] + bytes(4) + data[26:size]
    assert page_checksum(page) == int.from_bytes(data[22:26], "little")


def test_only_the_serial_changes() -> None:
    first, second = encoded(), encoded()
    assert with_fixed_serial(first) == with_fixed_serial(second)
    one, _ = soundfile.read(io.BytesIO(first))
    other, _ = soundfile.read(io.BytesIO(with_fixed_serial(first)))
    np.testing.assert_array_equal(one, other)
