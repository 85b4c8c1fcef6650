"""Closed forms: on linear networks, on quadratic ones, and of sums over patches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from earmark.errors import CancelledError, CapabilityError, SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.explain.gradient.deeplift import DeepLift
from earmark.explain.gradient.gradient_shap import GradientShap
from earmark.explain.gradient.input_x_gradient import InputXGradient
from earmark.explain.gradient.integrated_gradients import IntegratedGradients
from earmark.explain.gradient.lrp import Lrp
from earmark.explain.gradient.saliency import Saliency
from earmark.explain.gradient.smoothgrad import SmoothGrad
from earmark.explain.gradient.subject import Span, Subject
from earmark.explain.gradient.target import make_target


@pytest.fixture
def linear() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(32 * 80, 3))


ROWS = [0, 2]


def test_linear_network(small, linear, subject_of, generator):
    """Gradients are the weights; everything with a baseline is weight × difference, the Shapley value."""
    subject = subject_of(small(linear))
    weights = linear[1].weight.detach()[ROWS].view(2, 32, 80)
    change = weights * (subject.x - subject.baseline("silence"))
    expected = {
        Saliency(absolute=False): weights,
        Saliency(): weights.abs(),
        SmoothGrad(samples=4): weights,
        InputXGradient(): weights * subject.x,
        IntegratedGradients(steps=3): change,
        GradientShap(samples=3): change,
        DeepLift(): change,
    }
    for method, values in expected.items():
        found = method.attribute(subject, generator)
        torch.testing.assert_close(found.values, values, rtol=1e-5, atol=1e-7)
        if found.gap is not None:
            assert (found.gap < 1e-5).all()
    linear[1].bias.data.zero_()
    relevance = Lrp(epsilon=1e-9).attribute(subject, generator).values
    torch.testing.assert_close(relevance, weights * subject.x, rtol=1e-4, atol=1e-6)


class Quadratic(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([(x**2).sum((1, 2)), x.sum((1, 2)), (x**3).sum((1, 2))], dim=1)


def test_integrated_gradients_of_powers(small, subject_of, generator):
    """∫ 2αx·x dα = x² from zero; two Gauss points are exact up to the fourth power, one is not."""
    subject = subject_of(small(Quadratic()), domain="spectrogram", targets=["rock", "folk"])
    x = subject.x
    found = IntegratedGradients(steps=2).attribute(subject, generator)
    torch.testing.assert_close(found.values, torch.stack([x**2, x**3]), rtol=1e-4, atol=1e-5)
    relative = found.gap / subject.full.abs()
    assert (relative < 1e-6).all()
    coarse = IntegratedGradients(steps=1).attribute(subject, generator)
    assert coarse.gap[1] / subject.full[1].abs() > 0.1


def test_gradient_shap_gap_shrinks(small, cnn, subject_of):
    subject = subject_of(small(cnn))
    few, many = (
        GradientShap(samples=n, baselines=("silence", "median")).attribute(subject, torch.Generator().manual_seed(1))
        for n in (4, 150)
    )
    assert many.gap.max() < 0.1 * (subject.full - many.base).abs().max()
    assert many.gap.max() < few.gap.max()


@pytest.mark.parametrize("output", ["logit", "probability", "log_odds"])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("domain", ["spectrogram", "waveform"])
def test_patches_give_the_gradient_of_the_whole_clip(
    small_patchwise, cnn, subject_of, generator, output, activation, domain
):
    classifier = small_patchwise(cnn, activation=activation)
    subject = subject_of(classifier, output=output, domain=domain, batch_size=3)
    assert subject.rows_per_point == 4
    point = subject.x.clone().requires_grad_()
    whole = (point[None] if domain == "spectrogram" else classifier.front_end(point[None]))[0]
    pieces = whole.unfold(1, 20, 20).movedim(1, 0)
    if output == "logit":
        quantity = cnn(pieces).mean(dim=0)
    else:
        quantity = classifier.probabilities(pieces).double().mean(dim=0)
        quantity = torch.logit(quantity) if output == "log_odds" else quantity
    torch.testing.assert_close(subject.full, quantity[ROWS].detach().double(), rtol=1e-5, atol=1e-6)
    expected = torch.stack([torch.autograd.grad(quantity[k], point, retain_graph=True)[0] for k in ROWS])
    found = Saliency(absolute=False).attribute(subject, generator).values
    assert found.abs().max() > 1e-4
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_overlapping_patches_add_up(small_patchwise, cnn, subject_of, generator):
    made = subject_of(small_patchwise(cnn), output="probability")
    spans = (Span(0, 20), Span(10, 20), Span(30, 20), Span(45, 20))
    subject = Subject(made.classifier, made.target, "spectrogram", made.waveform, spans)
    point = subject.x.clone().requires_grad_()
    pieces = torch.stack([point[:, span.first : span.first + 20] for span in spans])
    quantity = made.classifier.probabilities(pieces).mean(dim=0)
    expected = torch.stack([torch.autograd.grad(quantity[k], point, retain_graph=True)[0] for k in ROWS])
    found = Saliency(absolute=False).attribute(subject, generator).values
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    assert (found[:, :, 65:] == 0).all()


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_log_odds_of_one_patch(small, cnn, subject_of, generator, activation):
    classifier = small(cnn, activation=activation)
    subject = subject_of(classifier, output="log_odds")
    p = classifier.probabilities(subject.x[None].double().float())[0, ROWS].double()
    torch.testing.assert_close(subject.full, torch.logit(p), rtol=1e-4, atol=1e-5)


def test_completeness_over_patches(small_patchwise, cnn, subject_of, generator):
    for output in ("probability", "log_odds"):
        subject = subject_of(small_patchwise(cnn, activation="sigmoid"), output=output)
        # The quadrature sees the kinks of the ReLUs at 24 points only; DeepLIFT's sum is exact.
        for method, tolerance in ((IntegratedGradients(steps=24), 2e-2), (DeepLift(), 1e-6)):
            found = method.attribute(subject, generator)
            change = (subject.full - found.base).abs()
            assert change.max() > 0.1
            assert found.gap.max() < tolerance * change.max(), (output, method)


def test_a_contrast_is_the_difference(small, cnn, subject_of, generator):
    classifier = small(cnn)
    pair = subject_of(classifier, contrast=("rock", "folk"))
    assert pair.target.names == ("rock − folk",)
    for method in (Saliency(absolute=False), IntegratedGradients(steps=4), DeepLift(), Lrp()):
        both = method.attribute(subject_of(classifier), generator).values
        found = method.attribute(pair, generator).values
        torch.testing.assert_close(found[0], both[0] - both[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", [SmoothGrad(samples=5), GradientShap(samples=5, noise=0.1)], ids=lambda m: m.name)
def test_draws_depend_on_the_seed_only(small, cnn, subject_of, method):
    def run(seed: int, batch: int) -> Tensor:
        subject = subject_of(small(cnn), batch_size=batch)
        return method.attribute(subject, torch.Generator().manual_seed(seed)).values

    assert torch.equal(run(1, 2), run(1, 2))
    torch.testing.assert_close(run(1, 1), run(1, 16), rtol=1e-4, atol=1e-6)
    assert not torch.allclose(run(1, 16), run(2, 16))


def test_cancelling(small, cnn, subject_of, generator):
    made = subject_of(small(cnn), batch_size=1)
    done: list[int] = []
    watch = Watch(on_progress=lambda count, planned: done.append(count), cancelled=lambda: len(done) >= 3)
    subject = Subject(made.classifier, made.target, "spectrogram", made.waveform, made.spans, 1, watch)
    with pytest.raises(CancelledError):
        SmoothGrad(samples=10).attribute(subject, generator)
    assert done == [1, 2, 3]
    assert all(p.requires_grad for p in cnn.parameters())


def test_refusals(small, cnn, subject_of, generator):
    with pytest.raises(SettingError, match="no baseline 'median' for a waveform"):
        IntegratedGradients(baseline="median").attribute(subject_of(small(cnn), domain="waveform"), generator)
    classifier = small(cnn)
    cnn.norm.train()
    with pytest.raises(CapabilityError, match="norm is in training mode"):
        subject_of(classifier)
    cnn.eval()

    class Cut(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return cnn(x).detach()

    with pytest.raises(CapabilityError, match="cannot be differentiated"):
        Saliency().attribute(subject_of(small(Cut())), generator)
    labels, scores = ("rock", "jazz"), (0.3, 0.7)
    ask = {"output": "logit", "contrast": None, "activation": "softmax"}
    with pytest.raises(UnknownNameError, match="Did you mean rock"):
        make_target(labels, scores, targets="rok", **ask)
    with pytest.raises(SettingError, match="3 targets of 2 labels"):
        make_target(labels, scores, targets=3, **ask)
    with pytest.raises(SettingError, match="two different labels"):
        make_target(labels, scores, targets=None, **(ask | {"contrast": ("rock", "rock")}))
    with pytest.raises(UnknownNameError, match="output"):
        make_target(labels, scores, targets=None, **(ask | {"output": "odds"}))
    for bad in (
        lambda: IntegratedGradients(steps=0),
        lambda: SmoothGrad(noise=-1),
        lambda: GradientShap(baselines=()),
        lambda: Lrp(epsilon=0),
    ):
        with pytest.raises(SettingError):
            bad()
