"""Memory that is used again: never while somebody holds on to it, and with the same sound in it."""

import numpy as np
import torch

from earmark.audio.clip import Clip
from earmark.components.memory import Memory
from earmark.components.time import Time


def test_it_is_used_again_only_once_nobody_holds_any_of_it():
    memory = Memory()
    first = memory.rows((4, 1, 50))
    address = first.data_ptr()
    del first
    view = memory.rows((2, 1, 100))[1].numpy()[:, 3:]  # smaller or of another shape: the same block
    view[:] = 7
    other = memory.rows((4, 1, 50)).fill_(1)
    assert other.data_ptr() != address
    assert (view == 7).all()
    del other, view
    again = memory.rows((4, 1, 50))
    assert again.shape == (4, 1, 50)
    assert memory.rows((9, 1, 50)).data_ptr() != again.data_ptr()


def test_rows_are_bit_for_bit_those_without_memory():
    rng = np.random.default_rng(0)
    cut = Time(n=7).build(Clip(rng.uniform(-1, 1, (1, 8000)).astype(np.float32), 8000))
    memory = Memory()
    for start, stop in ((0, None), (1130, 5000), (1140, 1150), (0, None)):
        masks = rng.random((5, 7)) < 0.5
        masks[0] = True
        rows = cut.render(masks, start, stop, memory=memory)
        assert torch.equal(rows, cut.render(masks, start, stop))
        assert np.array_equal(rows[0].numpy(), cut.clip.waveform[:, start:stop])
        del rows
