"""A map pooled over components: sums, what is promised about them, and what cannot be pooled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.grid import Grid
from earmark.components.stems import Stems
from earmark.components.superpixels import Superpixels
from earmark.components.time import Time
from earmark.errors import CapabilityError, ExplanationError
from earmark.explain.explanation import Explanation
from earmark.explain.gradient.grad_cam import GradCam
from earmark.explain.gradient.gradient_shap import GradientShap
from earmark.explain.gradient.integrated_gradients import IntegratedGradients
from earmark.explain.gradient.pooled import explain_pooled, missed_shares, pooled
from earmark.explain.gradient.saliency import Saliency
from earmark.explain.gradient.smoothgrad import SmoothGrad
from earmark.listen.mask import keep_mask


@pytest.fixture
def clip(waveform):
    return Clip(waveform.numpy(), 4000)


@pytest.fixture
def classifier(small, cnn):
    return small(cnn, cam_layers=("conv1", "relu2"))


def test_each_cell_goes_to_the_component_that_its_centre_lies_in(classifier, clip):
    found, explanation = explain_pooled(clip, classifier, Grid(n_times=2, n_bands=3), "input_x_gradient", targets=2)
    assert explanation.labels == found.targets
    for n, component in enumerate(explanation.components):
        rows = [k for k, hz in enumerate(found.bin_hz) if component.low_hz <= min(hz, 1999.999) < component.high_hz]
        columns = [k for k, s in enumerate(found.frame_s) if component.start_s <= min(s, 0.78999) < component.end_s]
        slow = sum(float(found.values[1, row, column]) for row in rows for column in columns)
        assert explanation.attributions[1, n] == pytest.approx(slow, abs=1e-4)


@pytest.mark.parametrize("kind", [Time(n=3), Bands(n=3), Grid(n_times=2, n_bands=2), Superpixels(n=6)])
def test_components_that_tile_share_all_of_the_map(classifier, clip, kind):
    found, explanation = explain_pooled(clip, classifier, kind, Saliency(absolute=False), targets=["folk"])
    assert len(explanation.components) > 1
    assert explanation.attributions.sum() == pytest.approx(found.values.sum(dtype=np.float64), abs=1e-3)
    assert explanation.diagnostics["cells"] == explanation.diagnostics["cells in components"] == 32 * 80


def test_superpixels_are_pooled_as_regions_not_as_boxes(classifier, clip):
    found, explanation = explain_pooled(clip, classifier, Superpixels(n=6), "saliency", targets=1)
    boxes = found.pool(explanation.components)
    assert boxes.sum() > 1.05 * explanation.attributions.sum()


def test_what_is_promised_follows_the_method(classifier, clip):
    def asked(method):
        return explain_pooled(clip, classifier, Time(n=2), method, targets=2)[1]

    plain = asked(Saliency())
    assert (plain.exact, plain.converged, plain.signed, plain.perturbed) == (True, True, False, False)
    assert np.isnan(plain.base).all()
    assert (plain.errors == 0).all()
    fine, coarse = asked(IntegratedGradients(steps=400)), asked(IntegratedGradients(steps=1))
    assert (fine.exact, fine.converged) == (True, True)
    assert (coarse.exact, coarse.converged) == (False, False)
    assert np.isnan(coarse.errors).all()
    assert fine.attributions.sum(axis=1) == pytest.approx(fine.full - fine.base, rel=0.01)
    assert max(fine.diagnostics["gap"]) < max(coarse.diagnostics["gap"])
    few = asked(SmoothGrad(samples=1))
    assert (few.exact, few.converged) == (False, False)
    assert np.isnan(few.errors).all()
    assert np.isnan(asked(SmoothGrad(samples=4, absolute=True)).errors).all()
    drawn = asked(SmoothGrad(samples=6))
    assert (drawn.errors > 0).all()
    assert "±" in drawn.top(1)[0].sentence(exact=drawn.exact)
    assert len(drawn.diagnostics["rank_agreement"]) == 2
    many = asked(GradientShap(samples=400))
    assert (many.exact, many.converged) == (False, True)


@pytest.mark.parametrize(
    ("method", "least", "most"),
    [
        (SmoothGrad(samples=12, noise=0.3), 0.6, 1.6),
        (GradientShap(samples=12, noise=0.2, stratified=False), 0.6, 1.6),
        (GradientShap(samples=12, noise=0.2), 0.8, 3.0),
    ],
)
def test_errors_of_drawn_maps_are_the_spread_between_seeds(classifier, clip, method, least, most):
    runs = [explain_pooled(clip, classifier, Time(n=3), method, targets=["rock"], seed=seed)[1] for seed in range(24)]
    spread = np.std([run.attributions for run in runs], axis=0, ddof=1)
    told = np.sqrt(np.mean([run.errors**2 for run in runs], axis=0))
    ratio = np.sqrt((told**2).mean() / (spread**2).mean())
    assert least < ratio < most


def test_scores_are_the_classifiers_own_and_a_contrast_has_none(classifier, clip, waveform):
    own = classifier.scores(waveform[None])[0].detach().numpy()
    _, explanation = explain_pooled(clip, classifier, Time(n=2), "saliency", targets=["rock", "folk"])
    for label, score in zip(explanation.labels, explanation.scores, strict=True):
        assert score == pytest.approx(own[classifier.labels.index(label)])
    found, contrast = explain_pooled(clip, classifier, Time(n=2), "saliency", contrast=("rock", "folk"))
    assert contrast.labels == ("rock − folk",)
    assert np.isnan(contrast.scores).all()
    assert np.isnan(found.scores).all()


def test_recipe_and_file(classifier, clip, tmp_path):
    method = GradCam(layer="conv1")
    _, explanation = explain_pooled(clip, classifier, Grid(n_times=2, n_bands=2), method, output="probability", seed=5)
    recipe = explanation.recipe
    assert (recipe.method, recipe.output, recipe.seed, recipe.components) == ("grad_cam", "probability", 5, "grid")
    assert recipe.method_settings == {"layer": "conv1", "relu": True, "domain": "spectrogram"}
    assert explanation.evaluations > 0
    back = Explanation.load(explanation.save(tmp_path / "e.json"))
    assert back.to_dict() == explanation.to_dict()
    assert not back.perturbed


def test_patches_are_counted(small_patchwise, cnn, clip):
    _, explanation = explain_pooled(clip, small_patchwise(cnn), Time(n=4), "saliency", targets=1)
    assert explanation.unit == "patch"
    assert explanation.diagnostics["patches"] == 4


def test_sentences_make_no_claim_about_a_score(classifier, clip):
    _, signed = explain_pooled(clip, classifier, Time(n=3), Saliency(absolute=False), targets=["folk"])
    _, plain = explain_pooled(clip, classifier, Time(n=3), Saliency(), targets=["folk"])
    said = [effect.sentence(exact=e.exact) for e in (signed, plain) for effect in e.top(3)]
    assert all("speaks for folk" in s or "speaks against folk" in s for s in said[:3])
    assert all("matters to folk" in s for s in said[3:])


def test_stems_waveforms_and_flat_maps_are_refused(classifier, clip):
    with pytest.raises(CapabilityError, match=r"harmonic is no region of time or frequency.*grid"):
        explain_pooled(clip, classifier, Stems(), "saliency")
    with pytest.raises(CapabilityError, match="no frequency axis"):
        explain_pooled(clip, classifier, Bands(n=2), "saliency", domain="waveform")
    found, _ = explain_pooled(clip, classifier, Time(n=2), "saliency", targets=1)
    flat = replace(found, values=np.repeat(found.values[:, :1], found.values.shape[1], axis=1))
    assert pooled(flat, Time(n=2).build(clip)).attributions.shape == (1, 2)
    with pytest.raises(CapabilityError, match="the same at all frequencies"):
        pooled(flat, Bands(n=2).build(clip))
    with pytest.raises(ExplanationError, match=r"0.50 s for a map of 0.79 s"):
        pooled(found, Time(n=2).build(Clip(clip.waveform[:, :2000], 4000)))


def test_a_waveform_is_pooled_over_time(classifier, clip):
    found, explanation = explain_pooled(clip, classifier, Time(n=2), "saliency", targets=1, domain="waveform")
    assert found.values.shape == (1, 1, 3160)
    assert explanation.attributions.sum() == pytest.approx(found.values.sum(dtype=np.float64), rel=1e-5)


def test_without_a_direction_the_strongest_half_is_kept(classifier, clip):
    _, explanation = explain_pooled(clip, classifier, Time(n=5), "saliency", targets=1)
    explanation = replace(explanation, attributions=np.array([[1.0, 4.0, 2.0, 0.5, 0.5]]))
    assert keep_mask(explanation, None, "half").tolist() == [False, True, False, False, False]
    uneven = replace(explanation, attributions=np.array([[1.0, 3.0, 2.0, 1.0, 1.0]]))
    assert keep_mask(uneven, None, "half").tolist() == [False, True, True, False, False]


def test_missed_shares_of_no_change():
    assert missed_shares([0.0, 0.1], np.array([1.0, 1.0]), np.array([1.0, 1.0])).tolist() == [0.0, np.inf]
    assert missed_shares(None, np.zeros(1), np.ones(1)).size == 0
