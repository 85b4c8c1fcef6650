"""Looking closer only where something is: planted evidence, sums at every level, one budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.catalogue import kind_from
from earmark.components.grid import Grid
from earmark.components.joint import Joint
from earmark.components.refined import Refined, RefinedCut
from earmark.components.split import Split
from earmark.components.time import Time
from earmark.errors import CancelledError, SettingError
from earmark.explain.explanation import Explanation
from earmark.explain.game import Watch
from earmark.explain.play import play, probabilities
from earmark.explain.refine import refine
from earmark.explain.run import explain
from earmark.explain.shapley import Shapley
from earmark.features.mel import LogMel
from earmark.models.callable import CallableClassifier, from_callable
from earmark.models.classifier import Activation, InputSpec, Patch

RATE = 8000


def noise(seconds: float = 2.0, seed: int = 0) -> Clip:
    return Clip((0.2 * np.random.default_rng(seed).normal(size=int(seconds * RATE))).astype(np.float32), RATE)


def additive(clip: Clip) -> CallableClassifier:
    """A score that is linear in the waveform, so that the game of any components is additive."""
    weights = np.random.default_rng(1).normal(size=(2, clip.samples)) / clip.samples

    def scores(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
        return 0.5 + waveforms[:, 0].astype(np.float64) @ weights.T

    return from_callable(scores, ("a", "b"), RATE, activation="sigmoid")


def planted(cell: tuple[float, float, float, float]) -> CallableClassifier:
    """Listens to the power between two times and two frequencies, and to nothing else."""
    start_s, end_s, low_hz, high_hz = cell

    def scores(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
        heard = waveforms[:, 0, round(start_s * sample_rate) : round(end_s * sample_rate)]
        hz = np.fft.rfftfreq(heard.shape[1], 1 / sample_rate)
        power = np.abs(np.fft.rfft(heard)[:, (hz >= low_hz) & (hz < high_hz)]) ** 2
        return np.stack([it := 1 - np.exp(-power.mean(axis=1) / 40), 1 - it], axis=1)

    return from_callable(scores, ("it", "not it"), RATE)


def curved(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
    """Everything interacts: tanh of the level in four spans of time and of its changes."""
    levels = np.stack([np.abs(part).mean(axis=(1, 2)) for part in np.array_split(waveforms, 8, axis=2)], axis=1)
    rough = np.abs(np.diff(waveforms, axis=2)).mean(axis=(1, 2))
    mixed = np.tanh(8 * levels @ np.random.default_rng(3).normal(size=(8, 3)) + 4 * rough[:, None] - 0.5)
    return 0.5 + 0.5 * np.sin(1.3 * mixed)


CURVED = from_callable(curved, ("a", "b", "c"), RATE, activation="sigmoid")


def test_an_additive_score_gets_the_shapley_values_of_the_refined_components() -> None:
    clip = noise()
    classifier = additive(clip)
    why = refine(clip, classifier, Grid(4, 3), levels=2, keep=2, samples=600)
    cut = kind_from(why.recipe.components, why.recipe.component_settings).build(clip)
    empty, *alone = classifier.scores(cut.render(np.vstack((np.zeros(cut.n), np.eye(cut.n))))).numpy()
    assert len(why.components) == 12 + 2 * 3 + 2 * 3
    np.testing.assert_allclose(why.attributions, (np.array(alone) - empty).T, atol=1e-7)
    assert why.converged


def test_a_planted_cell_is_found_with_fewer_evaluations_than_the_fine_grid_takes() -> None:
    clip = noise()
    sought = Grid(8, 8).build(clip).table[3 * 8 + 5]
    classifier = planted((sought.start_s, sought.end_s, sought.low_hz, sought.high_hz))  # type: ignore[arg-type]
    why = refine(clip, classifier, Grid(4, 4), keep=1, samples=100, targets=["it"])
    best = why.top(1)[0].component
    assert (best.start_s, best.end_s) == (sought.start_s, sought.end_s)
    assert (best.low_hz, best.high_hz) == pytest.approx((sought.low_hz, sought.high_hz))
    assert abs(why.top(1)[0].value) > 10 * abs(why.top(2)[1].value)
    flat = explain(clip, classifier, Grid(8, 8), Shapley(samples=128), targets=["it"])
    assert why.evaluations <= 100 < flat.evaluations
    assert flat.top(1)[0].component == sought
    with pytest.raises(SettingError):
        explain(clip, classifier, Grid(8, 8), Shapley(samples=100))


@pytest.mark.parametrize(
    ("kind", "split", "keep"),
    [(Grid(4, 4), (2, 2), 0.3), (Time(n=5), (2, 1), 2), (Bands(n=4), (1, 2), 1), (Grid(3, 2), (3, 1), 1)],
    ids=["grid", "time", "bands", "thirds"],
)
@pytest.mark.parametrize("levels", [1, 2])
def test_all_add_up_within_one_budget(
    kind: Grid | Time | Bands, split: tuple[int, int], keep: int | float, levels: int
) -> None:
    clip = noise(1.0)
    why = refine(clip, CURVED, kind, levels=levels, split=split, keep=keep, samples=600, tolerance=0.0)
    assert why.evaluations <= 600
    assert why.evaluations == sum(why.diagnostics["evaluations_per_level"])  # type: ignore[arg-type]
    np.testing.assert_allclose(why.attributions.sum(axis=1), why.full - why.base, atol=1e-9)
    cut = kind_from(why.recipe.components, why.recipe.component_settings).build(clip)
    assert isinstance(cut, RefinedCut)
    assert cut.table == why.components
    assert max(len(path) for path in cut.paths) >= 2
    if kind != Grid(4, 4):
        # The first cut was solved exactly: the parts add up to just those Shapley values.
        coarse = explain(clip, CURVED, kind, Shapley())
        owner = np.array([path[0] for path in cut.paths])
        sums = [why.attributions[:, owner == k].sum(axis=1) for k in range(len(coarse.components))]
        np.testing.assert_allclose(np.stack(sums, axis=1), coarse.attributions, atol=1e-9)


def test_exact_where_the_budget_pays_and_close_where_not() -> None:
    clip = noise()
    exact = refine(clip, CURVED, Grid(2, 2), levels=2, keep=2, samples=100_000)
    assert exact.exact
    assert not exact.errors.any()
    near = refine(clip, CURVED, Grid(2, 2), levels=2, keep=2, samples=260, tolerance=0.0)
    assert not near.exact
    assert near.components == exact.components
    assert near.evaluations <= 260 < 0.6 * exact.evaluations
    off = np.abs(near.attributions - exact.attributions)
    assert off.mean() < 0.05 * np.ptp(exact.attributions)
    assert (off <= 3 * near.errors + 1e-9).mean() > 0.9


def test_coarse_answers_are_not_asked_again() -> None:
    seen: set[bytes] = set()
    rows = 0

    def count(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
        nonlocal rows
        rows += len(waveforms)
        # To 16 bits: the parts of a component sum to it but for rounding.
        seen.update(np.round(wave * 2**14).astype(np.int16).tobytes() for wave in waveforms)
        return curved(waveforms, sample_rate)

    why = refine(noise(), from_callable(count, ("a", "b", "c"), RATE, activation="sigmoid"), Time(n=4), samples=400)
    assert rows == why.evaluations
    # Rounding can make two of one, or tell one from itself: but for a few, all are different sounds.
    assert len(seen) == pytest.approx(rows, abs=3)


def test_the_result_is_heard_saved_and_made_again(tmp_path: Path) -> None:
    stereo = Clip(np.random.default_rng(2).normal(size=(2, 88200)) / 10, 44100)
    why = refine(stereo, CURVED, Grid(4, 2), keep=2, samples=500)
    again = refine(stereo, CURVED, Grid(4, 2), keep=2, samples=500)
    assert why.save(tmp_path / "a.json").read_bytes() == again.save(tmp_path / "b.json").read_bytes()
    loaded = Explanation.load(tmp_path / "a.json")
    assert [part.label for part in loaded.components] == [part.label for part in why.components]
    heard = loaded.listen(stereo)
    assert heard.kept.waveform.shape == stereo.waveform.shape
    total = (heard.kept.waveform + heard.removed.waveform) / 10 ** (heard.gain_db / 20)
    np.testing.assert_allclose(total, stereo.waveform, atol=1e-5)
    assert loaded.recipe.method == "refine"
    assert [split["path"] for split in loaded.recipe.component_settings["splits"]] != []


@dataclass
class Patched:
    """Mean over patches of half a second of a curved function of the levels of their halves."""

    name: str = "patched"
    labels: tuple[str, ...] = ("loud", "wavering")
    activation: Activation = "sigmoid"
    fingerprint: str = "0"
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))

    def scores(self, batch: Tensor) -> Tensor:
        patches = self.patches(batch.shape[2])
        return torch.stack([self.patch_scores(batch[:, :, p.start : p.stop], p) for p in patches]).mean(dim=0)

    def patches(self, samples: int) -> tuple[Patch, ...]:
        starts = range(0, samples - 3999, 4000)
        return tuple(Patch(s / RATE, (s + 4000) / RATE, s, s + 4000, 0, 0, 0, 0) for s in starts)

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        early, late = batch[:, :, :2000].abs().mean((1, 2)), batch[:, :, 2000:].abs().mean((1, 2))
        return torch.stack([torch.tanh(5 * early + 2 * late), torch.sigmoid(90 * early * late - 1)], dim=1).double()


@dataclass
class Whole:
    """The same scores, without saying that they are a mean over patches."""

    inner: Patched
    name: str = "whole"
    labels: tuple[str, ...] = ("loud", "wavering")
    activation: Activation = "sigmoid"
    fingerprint: str = "1"
    input: InputSpec = field(default_factory=lambda: InputSpec(RATE))

    def scores(self, batch: Tensor) -> Tensor:
        return self.inner.scores(batch)


@pytest.mark.parametrize("kind", [Time(n=2), Grid(2, 2), Bands(n=3)], ids=lambda kind: kind.name)
def test_patch_by_patch_equals_the_undecomposed_game(kind: Time | Grid | Bands) -> None:
    clip, patched = noise(2.0), Patched()
    parts = refine(clip, patched, kind, levels=2, split=(2, 1), keep=1, samples=20_000)
    whole = refine(clip, Whole(patched), kind, levels=2, split=(2, 1), keep=1, samples=20_000)
    assert (parts.unit, parts.exact, whole.exact) == ("patch", True, True)
    assert parts.components == whole.components
    # A cross-fade of 8 ms reaches from one patch into the next.
    np.testing.assert_allclose(parts.attributions, whole.attributions, atol=4e-3 * np.ptp(whole.full - whole.base))
    np.testing.assert_allclose(parts.attributions.sum(axis=1), parts.full - parts.base, atol=1e-9)


def test_cuts_go_to_the_borders_of_patches() -> None:
    why = refine(noise(3.0), Patched(), Time(n=2), split=(2, 1), keep=2, samples=500)
    assert [part.start_s for part in why.components] == [0.0, 0.5, 1.5, 2.0]


def test_outputs_that_are_no_sum_of_patches() -> None:
    for extra in ({"output": "log_odds"}, {"contrast": ("loud", "wavering")}, {"output": "log_odds", "targets": 1}):
        why = refine(noise(), Patched(), Time(n=4), split=(2, 1), keep=2, samples=900, **extra)  # type: ignore[arg-type]
        np.testing.assert_allclose(why.attributions.sum(axis=1), why.full - why.base, atol=1e-9)
        assert why.evaluations <= 900


class Net:
    """A small network on a log-mel spectrogram."""

    def __init__(self) -> None:
        self.name, self.labels, self.fingerprint = "net", ("a", "b"), "0"
        self.activation: Activation = "softmax"
        self.input = InputSpec(16000)
        self.front_end = LogMel(sample_rate=16000)
        self.network = nn.Linear(96, 2)
        self.cam_layers: tuple[str, ...] = ()
        nn.init.uniform_(self.network.weight, -1, 1, generator=torch.Generator().manual_seed(0))

    def logits(self, spectrogram: Tensor) -> Tensor:
        return self.network(spectrogram.mean(dim=2)) if spectrogram.shape[1] == 96 else spectrogram.mean(dim=2)[:, :2]

    def scores(self, batch: Tensor) -> Tensor:
        return probabilities("softmax", self.logits(self.front_end(batch)))


@pytest.mark.parametrize(
    "kind",
    [Refined.of(Grid(3, 2), [Split((1,), (0.4,), (700.0,)), Split((1, 2), (0.35,))]), Joint.of(Time(n=3), Bands(n=2))],
    ids=["refined", "joint"],
)
def test_the_game_from_spectra_is_the_game_from_sound(kind: Refined | Joint) -> None:
    clip = Clip(np.random.default_rng(0).normal(size=16000) / 10, 16000)
    net, cut = Net(), kind.build(clip)
    masks = np.random.default_rng(1).integers(0, 2, (20, cut.n)).astype(bool)
    rendered: list[int] = []
    original = cut.render
    cut.render = lambda *given: rendered.append(1) or original(*given)  # type: ignore[method-assign,func-returns-value]
    found = play(net, cut).values(masks)
    assert rendered == []
    with torch.inference_mode():
        np.testing.assert_allclose(found, net.scores(original(masks)).double().numpy(), atol=1e-4)


def test_components_too_small_to_split_stay_and_it_ends_there() -> None:
    why = refine(noise(0.5), CURVED, Time(n=4), levels=6, split=(2, 1), keep=9, samples=30_000, tolerance=1.0)
    assert why.diagnostics["components_per_level"] == [4.0, 8.0, 16.0]
    assert {round(part.end_s - part.start_s, 5) for part in why.components} == {0.03125}  # type: ignore[operator]


def test_what_cannot_be_done_is_refused() -> None:
    clip = noise()
    for settings_given, words in (
        ({"samples": 40}, "Give at least"),
        ({"levels": 0}, "levels"),
        ({"split": (1, 1)}, "split"),
        ({"split": (2,)}, "split"),
        ({"keep": 0}, "keep"),
        ({"keep": 1.5}, "keep"),
        ({"keep": True}, "keep"),
    ):
        with pytest.raises(SettingError, match=words):
            refine(clip, CURVED, Grid(4, 4), **settings_given)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="cannot be split"):
        refine(clip, CURVED, Joint.of(Time(n=2), Bands(n=2)))
    with pytest.raises(SettingError, match="samples"):
        refine(clip, Patched(), Grid(4, 8), samples=60, keep=8)
    stop = Watch()
    stop.cancelled = lambda: stop.done >= 60
    with pytest.raises(CancelledError):
        refine(clip, CURVED, Grid(4, 4), watch=stop)
    assert stop.done < 100
