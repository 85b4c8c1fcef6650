"""A damaged MP3 is reported by earmark alone: nothing of what mpg123 prints reaches the terminal."""

import os
import threading

import numpy as np
import pytest

from earmark.audio import mpg123
from earmark.audio.clip import Clip
from earmark.audio.read import info, read
from earmark.audio.write import encode
from earmark.errors import AudioError


@pytest.fixture(scope="module")
def mp3():
    rng = np.random.default_rng(1)
    return encode(Clip(0.05 * rng.standard_normal((2, 3 * 44100)), 44100), "mp3")


def half(data):
    return data[: len(data) // 2]


def hole(data):
    return data[:20000] + bytes(3000) + data[23000:]


@pytest.mark.parametrize("damage", [half, hole])
def test_only_our_own_error_is_heard(mp3, tmp_path, capfd, damage):
    path = tmp_path / "x.mp3"
    path.write_bytes(damage(mp3))
    info(path)
    with pytest.raises(AudioError, match="breaks off"):
        read(path)
    os.write(2, b"after\n")
    assert capfd.readouterr() == ("", "after\n")


def test_what_others_print_meanwhile_is_not_lost_and_blocks_may_overlap(capfd):
    inside, leave = threading.Event(), threading.Event()

    def other():
        with mpg123.quiet():
            inside.set()
            assert leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with mpg123.quiet():
        os.write(2, b"Note: Trying to resync...\n[src/libmpg123/parse.c:f():1] error: bad\nsomebody else\n")
    leave.set()
    thread.join()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "somebody else\nafter\n"


def test_an_error_inside_gives_stderr_back(capfd):
    with pytest.raises(ZeroDivisionError), mpg123.quiet():
        _ = 1 / 0
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
