"""One explanation measured: in sound and spectrogram, beside its baselines; what is refused; JSON and back."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from torch import nn

from earmark.audio.clip import Clip
from earmark.components.grid import Grid
from earmark.components.stems import Stems
from earmark.components.time import Time
from earmark.errors import AudioError, CapabilityError, ExplanationError, SettingError, UnknownNameError
from earmark.explain.gradient.run import explain_map
from earmark.explain.lime import Lime
from earmark.explain.run import explain
from earmark.features.mel import LogMel
from earmark.metrics.catalogue import ASKED_BY_NAME, METRICS, NOT_OF_ONE, QUICK, USUAL
from earmark.metrics.domains import component_domains, map_domains
from earmark.metrics.families import MASK_MEASURES, ORDER_MEASURES, SIZE_MEASURES
from earmark.metrics.measure import MEASURES, measure
from earmark.metrics.measures import Measures
from earmark.metrics.over_clips import compare, summarise
from earmark.models.callable import from_callable
from earmark.models.classifier import InputSpec

RATE = 8000


class Bands(nn.Module):
    """Logit of "high" rises with the level of the upper half of the bands, of "low" with that of the lower."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 3.0]]))
            self.head.bias.copy_(torch.tensor([-1.0, -0.6]))

    def forward(self, x):
        half = x.shape[1] // 2
        return self.head(torch.stack([x[:, half:].mean(dim=(1, 2)), x[:, :half].mean(dim=(1, 2))], dim=1))


@dataclass
class Detector:
    """A classifier with a front end: which half of the spectrum is loud."""

    network: nn.Module = field(default_factory=Bands)
    name: str = "detector"
    labels: tuple = ("high", "low")
    activation: str = "softmax"
    cam_layers: tuple = ()
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))
    front_end: LogMel = field(default_factory=lambda: LogMel(sample_rate=RATE, n_fft=256, hop_length=128, n_mels=32))

    def __post_init__(self):
        self.network.eval()

    @property
    def fingerprint(self):
        return "".join(f"{p.detach().sum().item():.6f}" for p in self.network.parameters())

    def logits(self, spectrogram):
        return self.network(spectrogram)

    def scores(self, batch):
        return self.logits(self.front_end(batch)).softmax(dim=1)


def loudness_counting(batches):
    """A classifier of nothing but loudness, which writes down how many waveforms each call has."""

    def count(waveforms, rate):
        batches.append(len(waveforms))
        loud = np.abs(waveforms).mean(axis=(1, 2))
        return np.stack([loud, 1 - loud], axis=1)

    return from_callable(count, ["loud", "soft"], RATE)


@pytest.fixture(scope="module")
def detector():
    return Detector()


@pytest.fixture(scope="module")
def clip():
    """Faint noise; a high tone in the second quarter, a louder low one in the last."""
    t = np.arange(RATE) / RATE
    sound = 0.002 * np.random.default_rng(0).standard_normal(RATE)
    sound += 0.2 * np.sin(2 * np.pi * 2500 * t) * ((t >= 0.25) & (t < 0.5))
    sound += 0.4 * np.sin(2 * np.pi * 300 * t) * (t >= 0.75)
    return Clip(sound, RATE)


@pytest.fixture(scope="module")
def exact(detector, clip):
    return explain(clip, detector, Grid(n_times=4, n_bands=2), "shapley_exact", targets=["high"])


@pytest.fixture(scope="module")
def measured(exact, detector, clip):
    return measure(exact, detector, clip, mask="top_30")


def test_a_right_explanation_beats_chance_and_loudness_in_both_domains(measured):
    for domain in ("audio", "spectrogram"):
        for name in ("ff", "deletion_auc", "insertion_auc", "comprehensiveness", "sufficiency"):
            figure = measured.figure(name, domain)
            sign = 1 if figure.better == "higher" else -1
            assert sign * figure.value > sign * figure.random, (name, domain)
            assert sign * figure.value > sign * figure.energy, (name, domain)
    assert measured.figure("ff").beaten == 1


def test_figures_are_those_of_the_formulas_on_rendered_sound(exact, detector, clip, measured):
    components = Grid(n_times=4, n_bands=2).build(clip)
    values = exact.values("high")
    # Of 8 cells the strongest 30 %: those at least as strong as the 0.7 quantile.
    mask = (values >= np.quantile(values, 0.7)).astype(float)
    with torch.no_grad():
        full, kept, removed = detector.scores(components.render(np.stack([np.ones(8), mask, 1 - mask]))).numpy()
    assert measured.figure("ff").value == pytest.approx(full[0] - removed[0], abs=1e-6)
    assert measured.figure("ad").value == pytest.approx(100 * max(0, full[0] - kept[0]) / full[0], abs=1e-4)
    assert measured.figure("ff").ones == pytest.approx(full[0] - detector.scores(torch.zeros(1, 1, RATE))[0, 0].item())
    assert measured.figure("ff").zeros == 0
    assert measured.figure("ad").ones == 0
    assert measured.score == pytest.approx(full[0], abs=1e-6)


def test_the_gap_is_spectrogram_minus_audio(measured):
    assert measured.only_audio == ""
    for gap in measured.gaps:
        seen, heard = measured.figure(gap.metric, "spectrogram"), measured.figure(gap.metric, "audio")
        assert gap.value == seen.value - heard.value
    assert any(gap.value != 0 for gap in measured.gaps)


def test_all_ones_is_the_sound_itself_in_both_domains(exact, detector, clip):
    found, _ = component_domains(Grid(n_times=4, n_bands=2).build(clip), detector)
    maps, _ = map_domains(clip, detector)
    with torch.no_grad():
        plain = detector.scores(torch.from_numpy(clip.waveform.copy())[None])[0].numpy()
    for domain in (*found, *maps):
        np.testing.assert_allclose(domain.scores(np.ones((1, *domain.shape)))[0], plain, atol=1e-5)


def test_a_mask_is_asked_once_and_in_batches(detector, clip):
    batches = []
    classifier = loudness_counting(batches)
    (audio,), why = component_domains(Time(n=4).build(clip), classifier, batch_size=5)
    assert "does not show" in why
    masks = np.eye(4)[[0, 1, 2, 3, 0, 1, 2]]
    first = audio.scores(masks)
    batches.clear()
    np.testing.assert_array_equal(audio.scores(masks), first)
    assert batches == []
    assert audio.evaluations == 4
    audio.scores(np.random.default_rng(0).random((12, 4)))
    assert batches == [5, 5, 2]


def test_stems_have_no_spectrogram_version(detector, clip):
    found = measure(explain(clip, detector, Stems(), targets=["high"]), detector, clip, metrics=["ff"])
    assert [f.domain for f in found.figures] == ["audio"]
    assert "no region of the spectrogram" in found.only_audio


def test_a_map_is_measured_cell_by_cell(detector, clip):
    found = explain_map(clip, detector, "integrated_gradients", targets="high")
    measured = measure(found, detector, clip, draws=9, orders=2)
    assert measure(found, detector, clip, metrics=["completeness"]).figure("completeness").value < 0.05
    assert measured.components == "cells"
    figure = measured.figure("ff", "spectrogram")
    assert figure.value > figure.random
    assert {f.domain for f in measured.figures} == {"audio", "spectrogram", ""}


def test_sizes_of_a_binary_mask(exact, detector, clip):
    found = measure(exact, detector, clip, mask="area:25", metrics=["mask_area", "sparseness", "entropy"])
    area = found.figure("mask_area")
    assert (area.value, area.random, area.energy, area.ones, area.zeros) == (0.25, 0.25, 0.25, 1, 0)
    assert found.figure("sparseness").ones == 0
    assert found.figure("entropy").ones == pytest.approx(np.log(8))


def test_what_does_as_well_is_not_beaten(exact, detector, clip):
    """A mask of everything is its own random mask."""
    found = measure(exact, detector, clip, mask="area:100", metrics=["ff", "ad"], draws=3)
    assert [f.beaten for f in found.figures] == [0, 0, 0, 0]


def test_the_verdict_and_its_rules(exact, detector, clip, measured):
    assert measured.trust.verdict == "yes", measured.trust
    assert any("randomised model" in rule for rule in measured.trust.rules)
    # The same values given to the wrong components.
    wrong = replace(exact, attributions=-exact.attributions)
    found = measure(wrong, detector, clip, mask="top_30", metrics=["ff"])
    assert found.trust.verdict == "no"
    assert "random masks" in found.trust.sentence
    unsettled = measure(replace(exact, converged=False), detector, clip, metrics=["ff"])
    assert "not settled" in unsettled.trust.sentence


def test_reruns(exact, detector, clip):
    names = ["rank_agreement", "sensitivity_max", "randomisation", "null_component", "symmetry", "completeness"]
    found = measure(exact, detector, clip, metrics=names)
    assert found.figure("rank_agreement").value == 1
    assert 0 < found.figure("sensitivity_max").value < 0.2
    assert found.figure("null_component").value < 1e-6
    assert found.figure("symmetry").value < 1e-6
    assert found.figure("completeness").value < 1e-6
    assert 0 <= found.figure("randomisation").value <= 1


def test_same_input_same_bytes_and_back(measured, exact, detector, clip, tmp_path):
    again = measure(exact, detector, clip, mask="top_30")
    assert again.save(tmp_path / "a.json").read_bytes() == measured.save(tmp_path / "b.json").read_bytes()
    assert Measures.load(tmp_path / "a.json") == measured
    rows = measured.to_csv(tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(measured.figures)
    assert rows[0].startswith("label,mask,metric,domain,value")


@pytest.mark.parametrize("text", ["{}", "no json", '{"schema": "earmark.measures/1"}'])
def test_a_file_that_is_none_is_refused(text, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExplanationError, match=r"m\.json"):
        Measures.load(path)


def test_what_does_not_belong_together_is_refused(exact, detector, clip):
    other = Detector()
    with torch.no_grad():
        other.network.head.bias.add_(1)
    with pytest.raises(ExplanationError, match="another model"):
        measure(exact, other, clip)
    with pytest.raises(ExplanationError, match="another sound"):
        measure(exact, detector, Clip(clip.waveform * 0.5, RATE))


def test_nothing_to_measure_is_refused(exact, detector, clip):
    with pytest.raises(ExplanationError, match="zero"):
        measure(replace(exact, attributions=np.zeros_like(exact.attributions)), detector, clip)
    with pytest.raises(ExplanationError, match="finite"):
        measure(replace(exact, attributions=exact.attributions * np.nan), detector, clip)
    silent = Clip(np.zeros(RATE), RATE)
    found = explain(silent, detector, Time(n=2), targets=["high"])
    with pytest.raises(AudioError, match="silent"):
        measure(found, detector, silent)


def test_a_metric_that_cannot_be_given_is_refused(detector, clip):
    lime = explain(clip, detector, Time(n=3), Lime(samples=50), targets=["high"])
    with pytest.raises(CapabilityError, match="does not promise"):
        measure(lime, detector, clip, metrics=["completeness"])
    with pytest.raises(CapabilityError, match="planted truth"):
        measure(lime, detector, clip, metrics=["pointing_game"])
    with pytest.raises(UnknownNameError, match="insertion_auc"):
        measure(lime, detector, clip, metrics=["insertion"])
    with pytest.raises(SettingError, match="at least 1"):
        measure(lime, detector, clip, draws=0)
    found = explain_map(clip, detector, "saliency", targets="high")
    with pytest.raises(CapabilityError, match="plays no game"):
        measure(found, detector, clip, metrics=["symmetry"])
    contrast = explain(clip, detector, Time(n=3), contrast=("high", "low"))
    with pytest.raises(CapabilityError, match="difference of two labels"):
        measure(contrast, detector, clip)


def test_one_figure_that_cannot_be_given_does_not_cost_the_others(exact, detector, clip):
    nothing_for = replace(exact, attributions=-np.abs(exact.attributions))
    found = measure(nothing_for, detector, clip, mask="top_30", metrics=["ff", "monotonicity", "deletion_auc"])
    assert [f.metric for f in found.figures] == ["ff", "ff", "deletion_auc", "deletion_auc"]
    assert found.left_out == ("monotonicity: no attribution is positive, so nothing is said to raise the score",)
    assert Measures.from_dict(found.to_dict()) == found
    with pytest.raises(ExplanationError, match="no attribution is positive"):
        measure(nothing_for, detector, clip, mask="top_30", metrics=["monotonicity"])
    equal = replace(exact, attributions=np.ones_like(exact.attributions))
    found = measure(equal, detector, clip, metrics=["ff", "deletion_auc", "entropy"])
    assert [reason.split(" (")[0] for reason in found.left_out] == [
        "deletion_auc: all 8 attributions are 1, so they have no order"
    ]
    older = {key: value for key, value in found.to_dict().items() if key != "left_out"}
    assert Measures.from_dict(older).left_out == ()


def test_two_parts_are_too_few_for_a_random_network(detector, clip):
    two = explain(clip, detector, Time(n=2), targets=["high"])
    found = measure(two, detector, clip, metrics=["mask_area", "randomisation"])
    assert found.left_out == ("randomisation: 2 parts are too few to tell a random network from the trained one",)
    assert "not asked: randomised model (too few parts to tell)" in found.trust.rules


def test_the_limit_of_few_parts_is_that_of_chance(detector, clip):
    few = explain(clip, detector, Time(n=4), targets=["high"])
    rules = measure(few, detector, clip, metrics=["mask_area", "randomisation"]).trust.rules
    assert any(rule.endswith("(of so few parts, up to 0.80 is chance)") for rule in rules), rules


def test_what_cannot_be_given_is_refused_before_anything_is_asked(clip):
    asked = []
    classifier = loudness_counting(asked)
    found = explain(clip, classifier, Time(n=4), targets=["loud"])
    grouped = replace(found, recipe=replace(found.recipe, method="owen", method_settings={}))
    asked.clear()
    for explanation, name, says in (
        (found, "randomisation", "does not show its network"),
        (grouped, "symmetry", "groups the components"),
        (replace(found, recipe=replace(found.recipe, method="lime")), "completeness", "does not promise"),
    ):
        with pytest.raises(CapabilityError, match=says):
            measure(explanation, classifier, clip, metrics=["ff", "deletion_auc", name])
        assert asked == []


def test_every_measure_is_registered_and_loads():
    # Each is in a set, asked by name, or said to be no measure of one explanation.
    assert sorted(MEASURES) == sorted({*USUAL, *ASKED_BY_NAME})
    assert sorted(METRICS.names()) == sorted({*MEASURES, *NOT_OF_ONE})
    assert set(QUICK) < set(USUAL)
    assert set(QUICK) == {*MASK_MEASURES, *SIZE_MEASURES} - {"ad_double_softmax"}
    assert set(USUAL) == set(QUICK) | set(ORDER_MEASURES)
    assert all(callable(METRICS.get(name)) for name in METRICS.names())


def test_over_clips_and_between_methods(detector):
    clips = [Clip(0.05 * np.random.default_rng(seed).standard_normal(RATE), RATE) for seed in range(4)]
    found = {
        name: [
            measure(explain(c, detector, Grid(2, 2), name, targets=["high"]), detector, c, metrics=["ff", "entropy"])
            for c in clips
        ]
        for name in ("shapley", "occlusion")
    }
    rows = summarise(found["shapley"])
    ff = next(row for row in rows if (row.metric, row.domain) == ("ff", "audio"))
    assert ff.value.mean == pytest.approx(np.mean([m.figure("ff").value for m in found["shapley"]]))
    assert [name for name, _ in ff.baselines] == ["random", "energy", "ones", "zeros"]
    for name, interval in ff.baselines:
        assert interval.mean == pytest.approx(np.mean([getattr(m.figure("ff"), name) for m in found["shapley"]]))
    (comparison,) = compare(found, ["ff"])
    assert comparison.corrected == comparison.paired.p_value
    with pytest.raises(SettingError, match="same clips"):
        compare({"a": found["shapley"], "b": found["occlusion"][:2]}, ["ff"])


def test_the_explanation_is_a_doorway(exact, detector, clip):
    assert exact.measure(detector, clip, metrics=["ff"]) == measure(exact, detector, clip, metrics=["ff"])
