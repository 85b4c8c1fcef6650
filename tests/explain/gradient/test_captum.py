"""Every method gives captum's numbers, where captum can be asked the same question."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.explain.gradient.deeplift import DeepLift
from earmark.explain.gradient.grad_cam import GradCam
from earmark.explain.gradient.gradient_shap import GradientShap
from earmark.explain.gradient.guided_backprop import GuidedBackprop
from earmark.explain.gradient.input_x_gradient import InputXGradient
from earmark.explain.gradient.integrated_gradients import IntegratedGradients
from earmark.explain.gradient.lrp import Lrp
from earmark.explain.gradient.saliency import Saliency
from earmark.explain.gradient.smoothgrad import SmoothGrad

captum = pytest.importorskip("captum.attr", reason="captum is the reference here")

ROWS = (0, 2)  # rock, folk


@pytest.fixture(autouse=True)
def _quiet_captum():
    # captum warns about every hook it sets.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def close(ours: Tensor, theirs: list[Tensor]) -> None:
    reference = torch.stack([t.detach() for t in theirs])
    assert reference.abs().max() > 1e-3, "a map of zeros proves nothing"
    scale = max(1.0, float(reference.abs().max()))
    assert float((ours - reference).abs().max()) <= 1e-5 * scale


@pytest.mark.parametrize("absolute", [True, False])
def test_saliency(small, cnn, subject_of, generator, absolute):
    subject = subject_of(small(cnn))
    x = subject.x[None]
    theirs = [captum.Saliency(cnn).attribute(x, target=k, abs=absolute)[0] for k in ROWS]
    close(Saliency(absolute=absolute).attribute(subject, generator).values, theirs)


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_saliency_at_the_waveform(small, cnn, subject_of, generator, output):
    classifier = small(cnn)
    subject = subject_of(classifier, domain="waveform", output=output)
    forward = classifier.scores if output == "probability" else lambda w: cnn(classifier.front_end(w))
    theirs = [captum.Saliency(forward).attribute(subject.x[None], target=k, abs=False)[0] for k in ROWS]
    close(Saliency(absolute=False).attribute(subject, generator).values, theirs)


def test_input_x_gradient(small, cnn, subject_of, generator):
    subject = subject_of(small(cnn))
    theirs = [captum.InputXGradient(cnn).attribute(subject.x[None], target=k)[0] for k in ROWS]
    close(InputXGradient().attribute(subject, generator).values, theirs)


@pytest.mark.parametrize(("ours", "theirs"), [("gauss_legendre", "gausslegendre"), ("midpoint", "riemann_middle")])
@pytest.mark.parametrize("domain", ["spectrogram", "waveform"])
def test_integrated_gradients(small, cnn, subject_of, generator, ours, theirs, domain):
    classifier = small(cnn)
    subject = subject_of(classifier, domain=domain)
    forward = cnn if domain == "spectrogram" else lambda w: cnn(classifier.front_end(w))
    ig = captum.IntegratedGradients(forward)
    base = subject.baseline("silence")[None]
    reference = [ig.attribute(subject.x[None], base, target=k, n_steps=12, method=theirs)[0] for k in ROWS]
    method = IntegratedGradients(steps=12, quadrature=ours)
    close(method.attribute(subject, generator).values, [r.float() for r in reference])


def test_smoothgrad_with_the_same_noise(small, cnn, subject_of, monkeypatch):
    subject = subject_of(small(cnn))
    method = SmoothGrad(samples=7)
    noise = torch.stack(list(method.draws(subject.x, torch.Generator().manual_seed(3))))
    monkeypatch.setattr(captum.NoiseTunnel, "_add_noise_to_input", staticmethod(lambda x, std, n: x + noise))
    tunnel = captum.NoiseTunnel(captum.Saliency(cnn))
    theirs = [tunnel.attribute(subject.x[None], nt_samples=7, target=k, abs=False)[0] for k in ROWS]
    close(method.attribute(subject, torch.Generator().manual_seed(3)).values, theirs)


def test_gradient_shap_with_the_same_draws(small, cnn, subject_of, monkeypatch):
    subject = subject_of(small(cnn))
    method = GradientShap(samples=9, baselines=("silence", "median"), noise=0.05)
    draws = list(method.draws(subject, torch.Generator().manual_seed(3)))
    baselines = torch.stack([subject.baseline(name) for name in method.baselines])
    which = np.array([int(torch.equal(draw.baseline, baselines[1])) for draw in draws])
    assert set(which) == {0, 1}
    noisy = torch.stack([draw.noisy for draw in draws])
    monkeypatch.setattr(captum.NoiseTunnel, "_add_noise_to_input", staticmethod(lambda x, std, n: noisy))
    monkeypatch.setattr(np.random, "choice", lambda n, size: which)
    monkeypatch.setattr(np.random, "uniform", lambda a, b, size: np.array([draw.alpha for draw in draws]))
    shap = captum.GradientShap(cnn)
    theirs = [shap.attribute(subject.x[None], baselines, n_samples=9, target=k)[0] for k in ROWS]
    close(method.attribute(subject, torch.Generator().manual_seed(3)).values, theirs)


@pytest.mark.parametrize("max_pool", [True, False])
def test_deeplift(small, cnn_class, settle, subject_of, generator, max_pool):
    network = settle(cnn_class(max_pool=max_pool), seed=1)
    subject = subject_of(small(network))
    base = subject.baseline("silence")[None]
    theirs = [captum.DeepLift(network).attribute(subject.x[None], base, target=k)[0] for k in ROWS]
    close(DeepLift().attribute(subject, generator).values, theirs)


def test_guided_backprop(small, cnn, subject_of, generator):
    subject = subject_of(small(cnn))
    theirs = [captum.GuidedBackprop(cnn).attribute(subject.x[None], target=k)[0] for k in ROWS]
    found = GuidedBackprop().attribute(subject, generator)
    close(found.values, theirs)
    assert found.diagnostics["relu_calls"] == 3


@pytest.mark.parametrize("epsilon", [1e-6, 0.1])
def test_lrp(small, cnn, subject_of, generator, epsilon):
    from captum.attr._utils.lrp_rules import EpsilonRule

    subject = subject_of(small(cnn))
    theirs = []
    for k in ROWS:
        for layer in cnn.children():
            if not isinstance(layer, torch.nn.ReLU):
                layer.rule = EpsilonRule(epsilon)
        theirs.append(captum.LRP(cnn).attribute(subject.x[None], target=k)[0])
    close(Lrp(epsilon=epsilon).attribute(subject, generator).values, theirs)


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("layer", ["conv1", "relu2"])
def test_grad_cam(small, cnn, subject_of, generator, relu, layer):
    subject = subject_of(small(cnn))
    cam = captum.LayerGradCam(cnn, dict(cnn.named_modules())[layer])
    theirs = [
        captum.LayerAttribution.interpolate(
            cam.attribute(subject.x[None], target=k, relu_attributions=relu), tuple(subject.x.shape), "bilinear"
        )[0, 0]
        for k in ROWS
    ]
    close(GradCam(layer=layer, relu=relu).attribute(subject, generator).values, theirs)
