"""Class activation maps against the papers' formulas, written out with loops; orientation; token grids."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from earmark.errors import CapabilityError, UnknownNameError
from earmark.explain.gradient.grad_cam import GradCam
from earmark.explain.gradient.hirescam import HiResCam
from earmark.explain.gradient.layer import find_layer
from earmark.explain.gradient.score_cam import ScoreCam
from earmark.models.classifier import TokenGrid


def bilinear(small_map: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Upsampling with cells spread evenly, edges held: one output cell at a time."""
    height, width = small_map.shape
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            y = min(max((r + 0.5) * height / rows - 0.5, 0), height - 1)
            x = min(max((c + 0.5) * width / columns - 0.5, 0), width - 1)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            top = small_map[y0, x0] * (1 - (x - x0)) + small_map[y0, x1] * (x - x0)
            bottom = small_map[y1, x0] * (1 - (x - x0)) + small_map[y1, x1] * (x - x0)
            out[r, c] = top * (1 - (y - y0)) + bottom * (y - y0)
    return out


def parts_of(cnn: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Activations of relu2 and the gradients of all logits by them, by cutting the network in two by hand."""
    first = cnn.relu1(cnn.norm(cnn.conv1(x[None, None])))
    activations = cnn.relu2(cnn.conv2(cnn.pool1(first))).detach().requires_grad_()
    logits = cnn.out(cnn.relu3(cnn.hidden(cnn.pool2(activations).flatten(1))))[0]
    gradients = [torch.autograd.grad(z, activations, retain_graph=True)[0][0] for z in logits]
    return activations.detach()[0], torch.stack(gradients)


@pytest.mark.parametrize("relu", [True, False])
def test_grad_cam_and_hirescam_by_the_formula(small, cnn, subject_of, generator, relu):
    subject = subject_of(small(cnn), targets=["folk"])
    activations, gradients = (t.numpy() for t in parts_of(cnn, subject.x))
    channels, height, width = activations.shape
    grad_cam, hires = np.zeros((height, width)), np.zeros((height, width))
    for k in range(channels):
        alpha = sum(gradients[2, k, i, j] for i in range(height) for j in range(width)) / (height * width)
        grad_cam += alpha * activations[k]
        hires += gradients[2, k] * activations[k]
    for method, expected in ((GradCam("relu2", relu=relu), grad_cam), (HiResCam("relu2", relu=relu), hires)):
        expected = np.maximum(expected, 0) if relu else expected
        found = method.attribute(subject, generator)
        assert found.values.abs().max() > 1e-4
        assert found.diagnostics["cells (frequency × time)"] == "16 × 40"
        np.testing.assert_allclose(found.values[0].numpy(), bilinear(expected, 32, 80), rtol=1e-3, atol=1e-6)
        assert method.signed is not relu


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_score_cam_by_the_formula(small, cnn, subject_of, generator, output):
    classifier = small(cnn)
    subject = subject_of(classifier, targets=["rock", "folk"], output=output)
    activations = parts_of(cnn, subject.x)[0].numpy()
    base = subject.baseline("median")
    score = cnn if output == "logit" else classifier.probabilities

    def of(x: Tensor) -> np.ndarray:
        return score(x[None]).detach().numpy()[0]

    gains, kept = [], []
    for channel in activations:
        if channel.max() == channel.min():
            continue
        mask = bilinear(channel, 32, 80)
        mask = (mask - mask.min()) / (mask.max() - mask.min())
        gains.append(of(base + torch.tensor(mask, dtype=torch.float32) * (subject.x - base)) - of(base))
        kept.append(channel)
    weights = np.exp(gains) / np.exp(gains).sum(axis=0)
    found = ScoreCam("relu2", baseline="median").attribute(subject, generator).values.numpy()
    for row, label in enumerate((0, 2)):
        expected = np.maximum(sum(w * a for w, a in zip(weights[:, label], kept, strict=True)), 0)
        np.testing.assert_allclose(found[row], bilinear(expected, 32, 80), rtol=1e-3, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_patches_are_mapped_one_by_one(small, small_patchwise, cnn, subject_of, generator):
    """Each patch of the clip's map is that patch's own map, over the number of patches."""
    subject = subject_of(small_patchwise(cnn), targets=["rock"])
    for method in (GradCam("relu2"), HiResCam("relu2"), ScoreCam("relu2")):
        whole = method.attribute(subject, generator).values
        assert whole.abs().max() > 1e-5
        for n in range(4):
            one = type(subject)(
                subject.classifier,
                type(subject.target)(
                    *(getattr(subject.target, f) for f in ("names", "indices", "weights", "output")),
                    activation="softmax",
                    patches=1,
                ),
                "spectrogram",
                subject.waveform,
                subject.spans[n : n + 1],
            )
            alone = method.attribute(one, generator).values
            cells = slice(20 * n, 20 * n + 20)
            torch.testing.assert_close(whole[:, :, cells], alone[:, :, cells] / 4, rtol=1e-4, atol=1e-7)


class Turned(nn.Module):
    """Convolves (time, frequency), as many music networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5, stride=4, padding=2)
        self.lines = nn.Conv1d(4 * 8, 6, 3, padding=1)
        self.out = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.conv(x.transpose(1, 2).unsqueeze(1)))  # (B, 4, time, frequency)
        y = torch.relu(self.lines(y.transpose(2, 3).flatten(1, 2)))  # (B, 6, time)
        return self.out(y.mean(2))


def test_axes_are_found_by_where_cells_look(small, cnn, settle, subject_of, generator):
    subject = subject_of(small(settle(Turned(), seed=2), cam_layers=("conv", "lines")))
    assert find_layer(subject, "conv").arrange(torch.zeros(1, 4, 20, 8)).shape == (1, 4, 8, 20)
    assert find_layer(subject, None).arrange(torch.zeros(1, 6, 20)).shape == (1, 6, 1, 20)
    found = GradCam("lines", relu=False).attribute(subject, generator).values
    torch.testing.assert_close(found[:, :1].expand_as(found), found)  # nothing to say about frequency
    assert found.std(dim=2).max() > 0
    straight = subject_of(small(cnn))
    assert find_layer(straight, "conv1").arrange(torch.zeros(1, 4, 32, 80)).shape == (1, 4, 32, 80)


class Tokens(nn.Module):
    """A small audio spectrogram transformer: squares of 8, every 6, row by row in frequency, two tokens in front.

    The token order of AST (Gong et al. 2021): a convolution over (frequency, time), flattened row by row, after the
    class and the distillation token.
    """

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, 12, 8, stride=6)
        self.front = nn.Parameter(torch.zeros(1, 2, 12))
        self.place = nn.Parameter(torch.zeros(1, 2 + 5 * 13, 12))
        self.block = nn.TransformerEncoderLayer(12, 2, 24, batch_first=True, norm_first=True)
        self.last = nn.TransformerEncoderLayer(12, 2, 24, batch_first=True, norm_first=True)
        self.out = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(x.unsqueeze(1)).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.front.expand(len(x), -1, -1), tokens], dim=1) + self.place
        return self.out(self.last(self.block(tokens))[:, :2].mean(dim=1))


@pytest.fixture
def transformer(small, settle):
    class Tokenised(small):
        token_grid = TokenGrid(n_bins=5, n_frames=13, leading=2, patch=8, stride=6)

    return Tokenised(settle(Tokens(), seed=6), cam_layers=("embed", "block"))


@pytest.mark.parametrize("layer", ["block", "embed"])
def test_tokens_lie_where_they_look(transformer, subject_of, generator, layer):
    subject = subject_of(transformer, targets=["jazz"])
    found = find_layer(subject, layer)
    embedded = transformer.network.embed(subject.x[None, None])  # (1, 12, 5, 13): (frequency, time)
    if layer == "block":
        tokens = torch.cat([torch.zeros(1, 2, 12), embedded.flatten(2).transpose(1, 2)], dim=1)
        assert torch.equal(found.arrange(tokens), embedded)
    else:
        assert torch.equal(found.arrange(embedded), embedded)
    one = torch.zeros(1, 5, 13)
    one[0, 3, 7] = 1.0
    spread = found.spread(one, 32, 80)[0]
    # Its square covers bins 18–25 and frames 42–49: the centre is between 21 and 22, 45 and 46.
    assert spread.argmax() // 80 in (21, 22)
    assert spread.argmax() % 80 in (45, 46)
    weight = spread / spread.sum()
    assert abs(float((weight.sum(1) * torch.arange(32)).sum()) - 21.5) < 1e-4
    assert abs(float((weight.sum(0) * torch.arange(80)).sum()) - 45.5) < 1e-4
    torch.testing.assert_close(found.spread(torch.ones(1, 5, 13), 32, 80), torch.ones(1, 32, 80))
    values = GradCam(layer, relu=False).attribute(subject, generator).values
    assert values.abs().max() > 1e-6
    hires = HiResCam(layer).attribute(subject, generator).values
    assert not torch.allclose(values, hires)


def test_transformer_grad_cam_by_the_formula(transformer, subject_of, generator):
    """Weights are means over the grid's tokens; those in front have no place and no part."""
    subject = subject_of(transformer, targets=["jazz"])
    network = transformer.network
    tokens = network.embed(subject.x[None, None]).flatten(2).transpose(1, 2)
    hidden = network.block(torch.cat([network.front, tokens], dim=1) + network.place).detach().requires_grad_()
    logit = network.out(network.last(hidden)[:, :2].mean(dim=1))[0, 1]
    (gradient,) = torch.autograd.grad(logit, hidden)
    expected = torch.zeros(5, 13)
    alpha = gradient[0, 2:].mean(dim=0)
    for f in range(5):
        for t in range(13):
            expected[f, t] = (alpha * hidden[0, 2 + 13 * f + t]).sum()
    found = GradCam("block", relu=False).attribute(subject, generator).values[0]
    # Along each axis linear between the centres 3.5, 9.5, …, held beyond them.
    bins = np.interp(np.arange(32), 3.5 + 6 * np.arange(5), np.arange(5))
    frames = np.interp(np.arange(80), 3.5 + 6 * np.arange(13), np.arange(13))
    coarse = expected.detach().numpy()
    along = np.stack([np.interp(frames, np.arange(13), row) for row in coarse])
    spread = np.stack([np.interp(bins, np.arange(5), column) for column in along.T], axis=1)
    np.testing.assert_allclose(found.numpy(), spread, rtol=1e-4, atol=1e-6)


def test_refusals(small, cnn, subject_of, generator):
    classifier = small(cnn, cam_layers=("relu2",))
    subject = subject_of(classifier)
    with pytest.raises(UnknownNameError, match="Did you mean conv"):
        GradCam("conv3").attribute(subject, generator)
    with pytest.raises(CapabilityError, match="no map over frequency and time"):
        GradCam("hidden").attribute(subject, generator)
    with pytest.raises(CapabilityError, match="names no layer"):
        GradCam().attribute(subject_of(small(cnn)), generator)
    cnn.relu1 = cnn.relu2
    with pytest.raises(CapabilityError, match="calls layer relu2 2 times"):
        GradCam().attribute(subject_of(classifier), generator)
