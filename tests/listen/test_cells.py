"""Where the cells of a spectrogram lie: a mask read at any time and frequency, by plain interpolation."""

import numpy as np
import pytest
import torch

from earmark.features.kaldi import KaldiMel
from earmark.features.log_stft import LogStft
from earmark.listen.cells import Cells


@pytest.mark.parametrize("front_end", [LogStft(), KaldiMel()], ids=["centred", "not centred"])
def test_between_frames_masks_are_interpolated_and_beyond_them_held(front_end):
    cells = Cells.of(front_end)
    rate, hop = front_end.sample_rate, front_end.hop_length
    # Frame t of a front end that centres lies at t · hop; of one that does not, half a window later.
    centre_s = (np.arange(9) * hop + (0 if front_end.center else front_end.n_fft / 2)) / rate
    mask = np.random.default_rng(0).random(9)
    times_s = np.linspace(-0.02, centre_s[-1] + 0.05, 97)
    masks = torch.from_numpy(np.tile(mask, (cells.bins, 1))[None]).float()
    gains = cells.gains(masks, np.linspace(0, 0.8 * cells.top_hz, 40), times_s, "mute")
    assert gains.shape == (1, 40, 97)
    np.testing.assert_allclose(gains[0].numpy(), np.tile(np.interp(times_s, centre_s, mask), (40, 1)), atol=1e-5)


def test_the_centre_of_a_front_end_that_does_not_centre_is_where_it_hears_a_click():
    front_end = KaldiMel()
    cells = Cells.of(front_end)
    rate = front_end.sample_rate
    rng = np.random.default_rng(0)
    sound = 1e-3 * rng.standard_normal(rate)
    at = rate // 2
    sound[at] = 0.9
    seen = front_end(torch.from_numpy(sound.astype(np.float32))[None, None])[0].double().numpy().mean(axis=0)
    power = np.exp(seen) - np.median(np.exp(seen))
    centre = float((power * np.arange(len(power))).sum() / power.sum())
    assert cells.first_s + centre * cells.step_s == pytest.approx(at / rate, abs=cells.step_s)
