"""Patches, gradients and refusals of taggers; weights are random, the sound is noise."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import AudioError, SettingError
from earmark.models.classifier import Classifier, Differentiable, Patchwise
from earmark.models.tagger import Tagger

SHORTEST = 186 * 256
# Exactly one patch; one whose last frame reads beyond the end; two; three and a rest.
LENGTHS = [SHORTEST, SHORTEST + 100, 187 * 256, 373 * 256, 561 * 256 - 1, 600 * 256 + 17]


def noise(samples: int, rows: int = 1) -> torch.Tensor:
    return 0.2 * torch.randn(rows, 1, samples, generator=torch.Generator().manual_seed(samples))


def test_capabilities(untrained: Tagger) -> None:
    assert isinstance(untrained, Classifier)
    assert isinstance(untrained, Differentiable)
    assert isinstance(untrained, Patchwise)
    for layer in untrained.cam_layers:
        untrained.network.get_submodule(layer)


@pytest.mark.parametrize("samples", LENGTHS)
def test_scores_are_the_mean_over_patches(untrained: Tagger, samples: int) -> None:
    batch = noise(samples, rows=3)
    patches = untrained.patches(samples)
    parts = [untrained.patch_scores(batch[:, :, p.start : p.stop], p) for p in patches]
    torch.testing.assert_close(torch.stack(parts, 1), untrained.taggram(batch), rtol=0, atol=1e-6)
    torch.testing.assert_close(torch.stack(parts).mean(0), untrained.scores(batch), rtol=0, atol=1e-6)


@given(samples=st.integers(SHORTEST, 60 * 16000))
@settings(max_examples=40, deadline=None)
def test_patches_lie_side_by_side(untrained: Tagger, samples: int) -> None:
    patches = untrained.patches(samples)
    assert patches[0].start_s == 0.0
    assert patches[-1].end_s == samples / 16000
    for left, right in itertools.pairwise(patches):
        assert left.end_s == right.start_s
        assert right.first_frame == left.first_frame + 187
    for patch in patches:
        assert 0 <= patch.start < patch.stop <= samples
        assert patch.pad_left + (patch.stop - patch.start) + patch.pad_right == 188 * 256
        # What is read reaches half a frame (256 samples) and half a hop beyond the seconds at most.
        assert patch.start / 16000 >= patch.start_s - 384 / 16000
        assert patch.end_s > patch.start_s
    assert [p.pad_left for p in patches] == [256] + [0] * (len(patches) - 1)
    assert all(p.pad_right == 0 for p in patches[:-1])


def test_gradient_is_the_slope(untrained: Tagger) -> None:
    """Directional derivative from the waveform to the score against a central difference, in float64."""
    samples = SHORTEST
    sound = noise(samples).double()
    direction = noise(samples + 1).double()[..., :samples]
    front_end, network = untrained.front_end.double(), untrained.network.double()
    try:
        leaf = sound.clone().requires_grad_()
        untrained.scores(leaf)[0, 1].backward()
        assert leaf.grad is not None
        slope = float((leaf.grad * direction).sum())
        step = 1e-6
        with torch.no_grad():
            up, down = (float(untrained.scores(sound + s * step * direction)[0, 1]) for s in (1, -1))
        assert slope == pytest.approx((up - down) / (2 * step), rel=1e-4)
        assert slope != 0.0
    finally:
        front_end.float()
        network.float()


def test_every_relu_is_its_own_and_used_once(untrained: Tagger) -> None:
    relus = [m for m in untrained.network.modules() if isinstance(m, torch.nn.ReLU)]
    calls: Counter[int] = Counter()
    hooks = [relu.register_forward_hook(lambda m, i, o: calls.update([id(m)])) for relu in relus]
    untrained.logits(torch.rand(1, 96, 187, generator=torch.Generator().manual_seed(0)))
    for hook in hooks:
        hook.remove()
    assert [calls[id(relu)] for relu in relus] == [1] * len(relus)
    assert len(relus) == 5


def test_nothing_is_trained_and_rows_do_not_mix(untrained: Tagger) -> None:
    assert not any(parameter.requires_grad for parameter in untrained.network.parameters())
    batch = noise(SHORTEST + 5, rows=11)
    together = untrained.scores(batch)
    alone = torch.cat([untrained.scores(row[None]) for row in batch])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("samples", [4, 300, SHORTEST - 1])
def test_too_short_is_refused(untrained: Tagger, samples: int) -> None:
    with pytest.raises(AudioError, match=r"needs at least 2\.98 s"):
        untrained.scores(torch.zeros(1, 1, samples))
    with pytest.raises(AudioError, match="longer"):
        untrained.patches(samples)
    assert untrained.input.min_length_s * 16000 == SHORTEST


def test_wrong_shapes_are_refused(untrained: Tagger) -> None:
    with pytest.raises(SettingError, match="one patch at a time"):
        untrained.logits(torch.zeros(1, 96, 188))
    (patch,) = untrained.patches(SHORTEST)
    with pytest.raises(AudioError, match="instead of the patch's"):
        untrained.patch_scores(torch.zeros(1, 1, 100), patch)


def test_silence_has_scores(untrained: Tagger) -> None:
    scores = untrained.scores(torch.zeros(1, 1, SHORTEST))
    assert torch.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()
