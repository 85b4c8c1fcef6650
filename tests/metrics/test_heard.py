"""What a model of whole slices does not hear is not counted: no random mask may waste its area there."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from earmark.audio.clip import Clip
from earmark.components.grid import Grid
from earmark.components.stems import Stems
from earmark.components.time import Time
from earmark.explain.gradient.run import explain_map
from earmark.explain.run import explain
from earmark.features.mel import LogMel
from earmark.metrics.domains import component_domains, map_domains
from earmark.metrics.measure import measure
from earmark.models.classifier import InputSpec, Patch

RATE, HOP, SLICE = 8000, 128, 20


class Level(nn.Module):
    """Logits rise and fall with the mean level."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(1, 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[3.0], [-3.0]]))
            self.head.bias.zero_()

    def forward(self, x):
        return self.head(x.mean(dim=(1, 2))[:, None])


@dataclass
class Sliced:
    """Hears two slices of 20 frames each: 5120 samples, and half a frame more."""

    network: nn.Module = field(default_factory=lambda: Level().requires_grad_(False).eval())
    name: str = "sliced"
    labels: tuple = ("loud", "soft")
    activation: str = "softmax"
    cam_layers: tuple = ()
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))
    front_end: LogMel = field(default_factory=lambda: LogMel(sample_rate=RATE, n_fft=256, hop_length=HOP, n_mels=16))
    fingerprint: str = "sliced"

    def logits(self, spectrogram):
        return self.network(spectrogram)

    def patches(self, samples):
        edge, end = SLICE * HOP, 2 * SLICE * HOP
        return (
            Patch(0.0, edge / RATE, 0, edge, 128, 0, 0, SLICE),
            Patch(edge / RATE, samples / RATE, edge - 128, end, 0, 0, SLICE, SLICE),
        )

    def patch_scores(self, batch, patch):
        left = torch.nn.functional.pad(batch, (patch.pad_left, 0), mode="reflect")
        return self.logits(self.front_end.without_padding(left)[:, :, :SLICE]).softmax(dim=1)

    def scores(self, batch):
        seen = self.front_end(batch)
        return torch.stack([self.logits(seen[:, :, at : at + SLICE]).softmax(1) for at in (0, SLICE)]).mean(dim=0)


@pytest.fixture(scope="module")
def sliced():
    return Sliced()


@pytest.fixture(scope="module")
def clip():
    """One second; the first quarter and, unheard, the last 0.3 s are loud."""
    t = np.arange(RATE) / RATE
    loud = (t < 0.25) | (t >= 0.7)
    return Clip((0.005 + 0.3 * loud) * np.random.default_rng(0).standard_normal(RATE), RATE)


def test_components_behind_the_last_slice_are_not_heard(sliced, clip):
    components = Time(n=10).build(clip)
    (audio, spectrogram), _ = component_domains(components, sliced)
    # 5120 samples are 0.64 s.
    assert audio.heard.tolist() == spectrogram.heard.tolist() == list(range(7))
    assert (audio.full, audio.shape) == ((10,), (7,))
    grid, _ = component_domains(Grid(n_times=4, n_bands=2).build(clip), sliced)
    table = Grid(n_times=4, n_bands=2).build(clip).table
    assert [table[i].start_s for i in range(8) if i not in grid[0].heard] == [0.75, 0.75]
    # What has no time is everywhere.
    (stems,), _ = component_domains(Stems().build(clip), sliced)
    assert stems.shape == stems.full
    masks = np.random.default_rng(0).random((5, 7)).round()
    behind = np.concatenate([masks, np.zeros((5, 3))], axis=1)
    with torch.no_grad():
        asked = sliced.scores(components.render(behind)).numpy()
    # The border of a component is faded, and its neighbour is not heard.
    np.testing.assert_allclose(audio.scores(masks)[:, 0], asked[:, 0], atol=1e-3)


def test_frames_behind_the_last_slice_are_not_heard(sliced, clip):
    (audio, spectrogram), _ = map_domains(clip, sliced)
    frames = audio.full[1]
    assert frames > 60
    assert audio.shape == spectrogram.shape == (16, 2 * SLICE)
    mask = np.random.default_rng(0).random((1, 16, 2 * SLICE))
    whole = spectrogram.whole(mask)
    assert whole.shape == (1, 16, frames)
    assert np.array_equal(whole[..., : 2 * SLICE], mask)
    assert (whole[..., 2 * SLICE :] == mask[..., -1:]).all()


def test_measures_count_what_is_heard(sliced, clip):
    found = explain(clip, sliced, Time(n=10), "shapley", targets=["loud"])
    measured = measure(found, sliced, clip, mask="area:30", metrics=["ff", "mask_area", "entropy"])
    # Two of seven, not three of ten.
    assert measured.area == measured.figure("mask_area").value == pytest.approx(2 / 7)
    assert measured.figure("entropy").ones == pytest.approx(np.log(7))
    assert "3 of 10 components lie where the model does not listen, and are not counted" in measured.mask_notes
    # The loudest components are the first two, not the last three, which nobody hears.
    assert measured.figure("ff").energy == pytest.approx(measured.figure("ff").value)


def test_a_map_counts_what_is_heard(sliced, clip):
    found = explain_map(clip, sliced, "saliency", targets="loud")
    measured = measure(found, sliced, clip, mask="area:50", metrics=["ff"], draws=3)
    assert measured.area == 0.5
    frames = found.values.shape[2]
    note = f"{frames - 40} of {frames} frames lie where the model does not listen, and are not counted"
    assert note in measured.mask_notes


def test_parts_that_nobody_hears_make_no_two_models_alike(sliced, clip):
    """Half of the components are not heard: with their zeros any two explanations would correlate."""
    from earmark.metrics.sanity import similarity

    found = explain(clip, sliced, Time(n=16), "occlusion", targets=["loud"])
    heard = component_domains(Time(n=16).build(clip), sliced)[0][0].heard
    values = found.values("loud")
    assert np.abs(np.delete(values, heard)).max() < 1e-3
    other = values.copy()
    other[heard] = np.random.default_rng(3).permutation(values[heard])
    assert similarity(values, other) > similarity(values[heard], other[heard]) + 0.1
    measured = measure(found, sliced, clip, metrics=["randomisation", "rank_agreement"])
    assert 0 <= measured.figure("randomisation").value <= 1
    assert measured.figure("rank_agreement").value == 1
