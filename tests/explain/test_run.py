"""One clip explained from end to end: planted evidence, patches, contrasts, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.audio.demo import DemoTrack, demo_track
from earmark.audio.write import write
from earmark.components.component import Component
from earmark.components.stems_time import StemsTime
from earmark.components.time import Time
from earmark.errors import CancelledError, ScoresError, UnknownNameError
from earmark.explain.case import open_case
from earmark.explain.catalogue import METHODS
from earmark.explain.explanation import Effect, Explanation
from earmark.explain.game import CachedGame, SumGame, Watch
from earmark.explain.play import play
from earmark.explain.run import explain
from earmark.explain.shapley import Shapley
from earmark.explain.shapley_exact import ShapleyExact
from earmark.listen.render import listen_without
from earmark.models.callable import from_callable
from earmark.models.classifier import Activation, InputSpec, Patch

RATE = 8000
LABELS = ("heard", "not heard")


def noise(seconds: float = 4.0, seed: int = 0) -> Clip:
    return Clip((0.1 * np.random.default_rng(seed).normal(size=int(seconds * RATE))).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def demo() -> DemoTrack:
    return demo_track()


@pytest.fixture(scope="module")
def stem_files(demo: DemoTrack, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("stems")
    return tuple(str(write(stem.span(0.0, 20.0), folder / f"{name}.wav")) for name, stem in demo.stems.items())


@pytest.mark.parametrize("name", METHODS.names())
def test_a_classifier_that_listens_to_one_stem_in_one_span_is_found_out(
    name: str, demo: DemoTrack, stem_files: tuple[str, ...]
) -> None:
    """Its score is how much of the lead between 15 and 20 s is there, measured by correlation with that very sound."""
    mix = demo.clip.span(0.0, 20.0)
    rate = 8000
    lead = torch.from_numpy(demo.stems["lead"].span(15.0, 20.0).waveform.mean(axis=0).copy())
    wanted = soxr.resample(lead.numpy(), demo.clip.sample_rate, rate)
    others = soxr.resample(
        (mix.waveform - demo.stems["lead"].span(0.0, 20.0).waveform).mean(axis=0)[15 * 44100 : 20 * 44100], 44100, rate
    )
    # Projecting the rest out of the template leaves the classifier deaf to everything but the lead.
    template = wanted - others * (wanted @ others) / (others @ others)

    def listener(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
        heard = waveforms[:, 0, 15 * sample_rate : 20 * sample_rate] @ template / (wanted @ template)
        p = np.clip(0.1 + 0.8 * heard, 0, 1)
        return np.stack([p, 1 - p], axis=1)

    classifier = from_callable(listener, LABELS, rate)
    method = METHODS.get(name)
    sampled = "samples" in {field.name for field in fields(method)}  # type: ignore[arg-type]
    settled = method(samples=400) if sampled else method()  # type: ignore[call-arg]
    kind = StemsTime(source=stem_files, n=4)
    if name == "shapley_exact":  # 20 components are too many for it: chords, lead and the rest are 12
        kind = StemsTime(source=stem_files[2:4], n=4)
    result = explain(mix, classifier, kind, settled, targets=["heard"])
    best = result.top(1, "heard")[0]
    assert best.component.stem == "lead"
    assert (best.component.start_s, best.component.end_s) == (15.0, 20.0)


@dataclass
class Patched:
    """Score of a patch: a curved function of its loudness, so that components within a patch interact."""

    length: int = 4000
    margin: int = 0
    name: str = "patched"
    labels: tuple[str, ...] = ("loud", "soft", "wavering")
    activation: Activation = "sigmoid"
    fingerprint: str = "0"
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))

    def scores(self, batch: Tensor) -> Tensor:
        patches = self.patches(batch.shape[2])
        return torch.stack([self.patch_scores(batch[:, :, p.start : p.stop], p) for p in patches]).mean(dim=0)

    def patches(self, samples: int) -> tuple[Patch, ...]:
        starts = range(0, samples - self.length + 1, self.length)
        return tuple(self._patch(start, samples) for start in starts)

    def _patch(self, start: int, samples: int) -> Patch:
        stop = start + self.length
        low, high = max(0, start - self.margin), min(samples, stop + self.margin)
        return Patch(start / RATE, stop / RATE, low, high, 0, 0, 0, 0)

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        power = batch.double().square().mean(dim=(1, 2))
        third = batch.shape[2] // 3
        early, late = batch[:, :, :third].abs().mean((1, 2)), batch[:, :, -third:].abs().mean((1, 2))
        return torch.stack(
            [torch.tanh(80 * power), torch.exp(-200 * power), torch.sigmoid(40 * early * late).double()], dim=1
        )


@pytest.mark.parametrize("segments", [8, 5, 11])
def test_patch_by_patch_equals_the_undecomposed_exact_game(segments: int) -> None:
    """Aligned (8 segments on 8 patches) and not: the same exact Shapley values at a fraction of the evaluations."""
    clip, classifier = noise(), Patched()
    components = Time(n=segments, fade_s=0.005).build(clip)
    game = play(classifier, components)
    assert isinstance(game, SumGame)
    whole = CachedGame(components.n, 3, lambda m: classifier.scores(components.render(m)).numpy())
    truth = ShapleyExact().solve(whole, np.random.default_rng(0))
    answer = explain(clip, classifier, components, Shapley())
    # Segment borders that are not patch borders: a cross-fade of 5 ms reaches into the next patch.
    np.testing.assert_allclose(
        answer.attributions, truth.values, atol=2e-3 * np.ptp(whole.values(np.eye(segments) > 0))
    )
    assert answer.exact
    assert answer.unit == "patch"
    assert answer.evaluations < whole.evaluations * 8 / 4


def test_strict_takes_neighbours_in_as_players() -> None:
    clip = noise()
    components = Time(n=8, fade_s=0.005).build(clip)
    loose = play(Patched(margin=200), components)
    strict = play(Patched(margin=200), components, strict=True)
    assert isinstance(loose, SumGame)
    assert isinstance(strict, SumGame)
    assert [len(p.players) for p in loose.parts] == [1] * 8
    assert [len(p.players) for p in strict.parts] == [2, 3, 3, 3, 3, 3, 3, 2]


def test_segments_snap_to_patches() -> None:
    answer = explain(noise(), Patched(), Time(n=3), Shapley())
    assert [c.end_s for c in answer.components] == [1.5, 2.5, 4.0]
    assert answer.recipe.component_settings["edges_s"] == [0.0, 1.5, 2.5, 4.0]


def curved(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
    energy = np.tanh(20 * np.abs(waveforms).mean(axis=(1, 2)))
    return np.stack([0.9 * energy, 0.6 * energy**2, 1 - 0.9 * energy], axis=1)


CURVED = from_callable(curved, ("a", "b", "c"), RATE, activation="sigmoid")


def test_contrast_is_the_difference_and_log_odds_are_in_nats() -> None:
    clip, kind = noise(), Time(n=6)
    plain = explain(clip, CURVED, kind, Shapley())
    contrast = explain(clip, CURVED, kind, Shapley(), contrast=("a", "c"))
    assert contrast.labels == ("a − c",)
    np.testing.assert_allclose(contrast.attributions[0], plain.values("a") - plain.values("c"), atol=1e-12)
    odds = explain(clip, CURVED, kind, Shapley(), output="log_odds")
    expected = np.log(plain.scores / (1 - plain.scores))
    np.testing.assert_allclose(odds.full, expected, atol=1e-5)
    np.testing.assert_allclose(odds.attributions.sum(axis=1), odds.full - odds.base, atol=1e-9)
    both = explain(noise(), Patched(), Time(n=8), Shapley(), contrast=("loud", "soft"))
    each = explain(noise(), Patched(), Time(n=8), Shapley())
    np.testing.assert_allclose(both.attributions[0], each.values("loud") - each.values("soft"), atol=1e-12)
    assert both.evaluations == each.evaluations


def test_targets_are_sorted_by_score_and_unknown_ones_are_answered() -> None:
    clip, kind = noise(), Time(n=3)
    named = explain(clip, CURVED, kind, Shapley(), targets=["c", "a"])
    assert [named.labels[i] for i in named.targets] == ["a", "c"]
    top = explain(clip, CURVED, kind, Shapley(), targets=2)
    assert [top.labels[i] for i in top.targets] == ["a", "b"]
    with pytest.raises(UnknownNameError, match="Did you mean heard"):
        explain(clip, from_callable(curved, ("heard", "x", "y"), RATE), kind, Shapley(), targets=["herd"])


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    lime = METHODS.get("lime")
    files = [explain(noise(), CURVED, Time(n=6), lime(), seed=4).save(tmp_path / f"{i}.json") for i in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()
    loaded = Explanation.load(files[0])
    assert loaded.save(tmp_path / "again.json").read_bytes() == files[0].read_bytes()


def test_cancelling_leaves_no_explanation() -> None:
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 2

    with pytest.raises(CancelledError):
        explain(noise(), CURVED, Time(n=10), Shapley(), watch=Watch(cancelled=stop))


def test_progress_ends_at_what_was_planned() -> None:
    seen: list[tuple[int, int]] = []
    watch = Watch(on_progress=lambda done, planned: seen.append((done, planned)))
    explain(noise(), Patched(), Time(n=8), Shapley(), watch=watch)
    assert seen[-1] == (16, 16)


def test_a_model_that_fails_on_silence_is_reported() -> None:
    def divides(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
        peak = waveforms.max(axis=(1, 2))
        p = np.divide(peak, peak, out=np.full_like(peak, np.nan), where=peak > 0)
        return np.stack([p, 1 - p], axis=1)

    with pytest.raises(ScoresError, match="nan"):
        explain(noise(), from_callable(divides, LABELS, RATE), Time(n=3), Shapley())


def test_everything_asked_about_one_case_shares_its_evaluations() -> None:
    case = open_case(noise(), CURVED, Time(n=8))
    shapley = case.explain("shapley_exact")
    assert shapley.evaluations == 256
    for method in ("lime", "occlusion", "banzhaf", "shapley_kernel"):
        assert case.explain(method).evaluations == 256
    pairs = case.interactions()
    assert case.game.evaluations == 256
    assert pairs.values.shape == (3, 8, 8)
    flip = case.counterfactual("a")
    assert case.game.evaluations == 256
    assert flip.found
    assert flip.proven
    assert (flip.before[0] >= 0.5) != (flip.after[0] >= 0.5)
    heard = listen_without(case.components, case.clip, flip.removed, label="a")
    again = CURVED.scores(torch.from_numpy(heard.kept.waveform.copy())[None])[0]
    np.testing.assert_allclose(again.numpy(), flip.after, atol=1e-6)


def test_sampled_explanations_say_how_stable_their_order_is_and_exact_ones_need_not() -> None:
    case = open_case(noise(), CURVED, Time(n=13))
    few = case.explain(METHODS.get("lime")(samples=60)).diagnostics["rank_agreement"]  # type: ignore[call-arg]
    many = case.explain(METHODS.get("lime")(samples=3000)).diagnostics["rank_agreement"]  # type: ignore[call-arg]
    assert isinstance(few, list)
    assert isinstance(many, list)
    assert np.mean(few) < np.mean(many) <= 1
    assert "rank_agreement" not in case.explain("shapley_exact").diagnostics


def test_in_words() -> None:
    case = open_case(noise(), CURVED, Time(n=4))
    raising = case.explain("shapley", targets=["a"]).top(1)[0]
    assert raising.sentence(exact=True) == f"{raising.component.label}, raises a by {raising.value:.3f}"
    lowering = case.explain("shapley", targets=["c"]).top(1)[0]
    assert lowering.sentence(exact=False) == f"{lowering.component.label}, lowers c by {-lowering.value:.3f} ± 0.000"
    share = case.explain("sobol", targets=["a"]).top(1)[0]
    assert share.sentence(exact=True) == f"{share.component.label}, matters to a ({share.value:.3f})"


@pytest.mark.parametrize(
    ("stem", "value", "signed", "says"),
    [
        ("drums", 0.0, True, "drums, leave a unchanged"),
        ("bass", -1e-9, True, "bass, leaves a unchanged"),
        ("bass", -0.000123, True, "bass, lowers a by 0.00012 ± 0.01000"),
        ("bass", 0.0, False, "bass, does not matter to a"),
        ("bass", 1e-8, False, "bass, matters to a (0.000000010 ± 0.010000000)"),
    ],
)
def test_nothing_is_said_to_raise_a_score_by_zero(stem: str, value: float, signed: bool, says: str) -> None:
    effect = Effect("a", 0, Component(stem=stem), value, 0.01, signed)
    assert effect.sentence(exact=False) == says


def test_totals_add_up_over_the_segments_of_a_stem(demo: DemoTrack, stem_files: tuple[str, ...]) -> None:
    answer = explain(demo.clip.span(0.0, 20.0), CURVED, StemsTime(source=stem_files, n=2), "shapley")
    totals = answer.totals("a")
    assert {name for name, _, _ in totals} == set(demo.stems)
    assert sum(value for _, value, _ in totals) == pytest.approx(answer.values("a").sum())
    assert [abs(v) for _, v, _ in totals] == sorted((abs(v) for _, v, _ in totals), reverse=True)
    assert explain(noise(), CURVED, Time(n=2)).totals() == ()


def test_an_end_that_no_patch_hears_is_said() -> None:
    clip = noise(4.3)
    assert explain(clip, Patched(), Time(n=2)).clip.conversion == (
        "the last 0.3 s are not heard: patched takes whole patches only",
    )
    assert explain(noise(), Patched(), Time(n=2)).clip.conversion == ()
