"""The rows of a clip against closed forms, a literal loop, and what cannot be asked."""

import math

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, ExplanationError, ScoresError, SettingError, UnknownNameError
from earmark.explain.gradient.run import explain_map
from earmark.explain.gradient.saliency import Saliency
from earmark.listen.masks import make_mask
from earmark.listen.spectral import masked_spectrograms, masked_waveforms
from earmark.metrics.experiment.noise import Noise
from earmark.metrics.experiment.plan import Plan, chosen, left_out, method_named
from earmark.metrics.experiment.rows import FIGURES, Facts, rows_of
from earmark.metrics.experiment.subject import open_subject
from earmark.models.classifier import Patch

METHODS = ("saliency", "grad_cam", "lime")
CLEAN = (Noise("clean"),)
FACTS = Facts(0, "high/h.wav", "high", "clean", math.nan)


def plan(**settings):
    return Plan(**({"methods": METHODS, "noises": CLEAN, "grid": (2, 4), "samples": 64} | settings))


def rows(clip, classifier, asked):
    subject = open_subject(clip, classifier, asked)
    found = {name: subject.attributions(name, asked).values for name in asked.methods}
    return subject, rows_of(subject, FACTS, asked, asked.methods, found)


@pytest.fixture(scope="module")
def made(detector, clip):
    return rows(clip, detector, plan(audio=True))


def test_there_is_a_row_for_every_method_mask_and_source(made):
    _, found = made
    keys = [(row.method, row.mask, row.source) for row in found]
    asked = plan()
    assert keys == [
        *((method, mask, source) for method in METHODS for source in ("mask", "random", "energy")
          for mask in asked.masks),
        ("", "", "ones"), ("", "", "zeros"),
    ]  # fmt: skip


def test_baselines_have_the_area_and_size_of_their_mask(made):
    _, found = made
    by = {(row.method, row.mask, row.source): row for row in found}
    for (method, mask, source), row in by.items():
        if method:
            own = by[method, mask, "mask"]
            assert (row.area, row.entropy) == pytest.approx((own.area, own.entropy), abs=1e-6), (method, mask, source)
    equal = {row.area for row in found if row.mask == "area:30"}
    assert len(equal) == 1
    assert next(iter(equal)) == pytest.approx(0.3, abs=0.002)


def test_ones_keep_everything_and_zeros_nothing(made):
    _, found = made
    ones, zeros = found[-2:]
    assert (ones.ai, ones.ad, ones.ag, ones.fid_in, ones.area, ones.sparseness) == (0, 0, 0, 1, 1, 0)
    assert ones.ff == pytest.approx(ones.score - 0.5, abs=1e-6)  # silence: both logits are equal
    assert (zeros.ff, zeros.area) == (0, 0)
    assert zeros.ad == pytest.approx(100 * (zeros.score - 0.5) / zeros.score, abs=1e-3)
    assert math.isnan(zeros.entropy)
    assert (ones.ad_audio, ones.ad_gap) == (0, 0)


def test_a_binary_mask_says_its_size_and_nothing_else(made):
    subject, found = made
    cells = subject.energy.size
    for row in found:
        if row.mask in ("binary", "area:30", "binary_50") and row.area > 0:
            assert row.sparseness == pytest.approx(1 - row.area, abs=1e-5)
            assert row.entropy == pytest.approx(math.log(row.area * cells), abs=1e-4)


def test_figures_are_those_of_a_literal_loop(made, detector, clip):
    """One masked spectrogram after the other, and one masked sound, the front end anew each time."""
    subject, found = made
    waveform = torch.from_numpy(clip.waveform.copy())
    gradient = explain_map(clip, detector, Saliency(absolute=False), targets=["high"]).values[0]
    assert subject.label == "high"

    def seen(mask):
        return detector.logits(masked_spectrograms(detector.front_end, waveform, mask[None])).softmax(1)[0, 0].item()

    def heard(mask):
        return detector.scores(masked_waveforms(clip, detector.front_end, mask[None]))[0, 0].item()

    for name in ("minmax", "binary_25", "top_30"):
        mask = make_mask(gradient, name).values
        row = next(r for r in found if (r.method, r.mask, r.source) == ("saliency", name, "mask"))
        for suffix, ask in (("", seen), ("_audio", heard)):
            full, kept, removed = ask(np.ones_like(mask)), ask(mask), ask(1 - mask)
            assert getattr(row, "ff" + suffix) == pytest.approx(full - removed, abs=2e-5)
            assert getattr(row, "ad" + suffix) == pytest.approx(100 * max(0, full - kept) / full, abs=2e-3)
            assert getattr(row, "ai" + suffix) == (100 if kept > full else 0)
        assert row.ff_gap == pytest.approx(row.ff - row.ff_audio, abs=1e-6)


def test_the_perfect_mask_takes_all_of_the_class(made, detector, clip):
    """The gradient of "high" is positive in the upper half exactly; without it, only the lower half speaks."""
    _, found = made
    own = next(r for r in found if (r.method, r.mask, r.source) == ("saliency", "binary", "mask"))
    seen = detector.front_end(torch.from_numpy(clip.waveform.copy())[None])[0].double()
    high, low = (3 * float(part.mean()) for part in (seen[8:], seen[:8]))
    assert own.score == pytest.approx(1 / (1 + math.exp(low - high)), abs=1e-5)
    assert own.ff == pytest.approx(own.score - 1 / (1 + math.exp(low)), abs=1e-5)
    assert own.ag == pytest.approx(100 * (1 / (1 + math.exp(-high)) - own.score) / (1 - own.score), abs=1e-2)
    assert (own.area, own.ad, own.ai, own.fid_in) == (0.5, 0, 100, 1)


def test_equal_rows_come_again(made, detector, clip):
    again = rows(clip, detector, plan(audio=True))[1]
    assert [repr(row) for row in made[1]] == [repr(row) for row in again]
    other = rows(clip, detector, plan(audio=False, seed=1))[1]
    pick = [(a.ff, b.ff) for a, b in zip(made[1], other, strict=True) if a.source == "random"]
    assert any(a != b for a, b in pick)


def test_without_a_front_end_only_the_sound_is_measured(bare, clip):
    subject, found = rows(clip, bare, plan(methods=("lime", "shapley")))
    assert "does not show the spectrogram" in subject.only_audio
    assert subject.energy.shape == (8,)
    assert all(math.isnan(row.ff) and math.isnan(row.ff_gap) and not math.isnan(row.ff_audio) for row in found)
    top = next(r for r in found if (r.method, r.mask, r.source) == ("shapley", "area:30", "mask"))
    assert top.area == pytest.approx(2 / 8)
    assert top.ff_audio > 0.3


def test_methods_that_cannot_be_asked_are_left_out_with_the_reason(bare, layerless, detector):
    assert [one.method for one in left_out(METHODS, bare)] == ["saliency", "grad_cam"]
    assert "scores only" in left_out(METHODS, bare)[0].reason
    (cam,) = left_out(METHODS, layerless)
    assert (cam.method, cam.reason) == ("grad_cam", "layerless names no layer for activation maps")
    assert left_out(METHODS, detector) == ()


def test_nothing_attributed_is_told_and_nan_is_refused(detector, clip, monkeypatch):
    subject = open_subject(clip, detector, plan())
    monkeypatch.setattr(type(subject.case), "explain", lambda *_, **__: _Values(np.zeros(8)))
    nothing = subject.attributions("lime", plan())
    assert nothing.values is None
    assert "all attributions are zero" in nothing.reason
    monkeypatch.setattr(type(subject.case), "explain", lambda *_, **__: _Values(np.append(np.ones(7), np.nan)))
    with pytest.raises(ExplanationError, match="no finite numbers"):
        subject.attributions("lime", plan())


class _Values:
    def __init__(self, values):
        self._values = values

    def values(self, _label):
        return self._values


def test_frames_that_are_not_heard_are_not_counted(detector, clip):
    """A classifier of whole slices: 20 of the 32 frames are heard."""

    class Sliced(type(detector)):
        def patches(self, samples):
            return (Patch(0.0, 0.5, 0, 2560, 128, 0, 0, 20),)

        def patch_scores(self, batch, patch):
            return self.scores(batch)

        def scores(self, batch):
            return self.logits(self.front_end(batch)[:, :, :20]).softmax(dim=1)

    subject = open_subject(clip, Sliced(), plan(audio=True))
    assert (subject.energy.shape, subject.frames) == ((16, 20), 32)
    mask = np.random.default_rng(0).random((1, 16, 20))
    whole = subject.whole(mask)
    assert whole.shape == (1, 16, 32)
    assert np.array_equal(whole[..., :20], mask)
    assert (whole[..., 20:] == mask[..., 19:20]).all()
    found = subject.attributions("saliency", plan()).values
    assert found.shape == (16, 20)
    assert (found[8:] > 0).all()
    assert not found[:8].any()


def test_the_plan_knows_its_masks_of_equal_area():
    assert plan().equal_masks == ("area:30",)
    assert plan(masks=("area:5", "binary", "area:50")).equal_masks == ("area:5", "area:50")
    assert {"ff", "ff_audio", "ff_gap", "area"} <= set(FIGURES)


def test_a_plan_that_makes_no_sense_is_refused(dataset):
    for wrong in (
        {"masks": ("area:0",)},
        {"masks": ("binary", "top_30")},
        {"masks": ()},
        {"grid": (1, 1)},
        {"masks": ("binary", "binary")},
        {"samples": 0},
        {"snr_db": math.inf},
    ):
        with pytest.raises(SettingError):
            plan(**wrong)
    for wrong in ({"methods": ("limes",)}, {"masks": ("binery",)}):
        with pytest.raises(UnknownNameError, match="Did you mean"):
            plan(**wrong)
    assert method_named("saliency", plan()).signed
    assert method_named("lime", plan(samples=1, grid=(4, 4))).samples == 68
    few = chosen(dataset, 4, seed=0)
    assert few.counts == {"high": 2, "low": 2}
    assert chosen(dataset, 99, seed=0).items == dataset.items
    with pytest.raises(SettingError):
        chosen(dataset, 0, seed=0)


def test_a_silent_answer_is_no_answer(detector):
    class Mute(type(detector)):
        labels = ("high", "low")

        def scores(self, batch):
            return torch.zeros(len(batch), 2)

    silent = Mute(activation="sigmoid")
    silent.logits = lambda x: torch.full((len(x), 2), -1e9)
    with pytest.raises((ScoresError, CapabilityError), match="no class has any probability"):
        open_subject(Clip(np.ones(4000) * 0.1, 8000), silent, plan())
