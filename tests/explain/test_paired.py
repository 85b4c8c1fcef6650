"""Sound and words in one game: each half once, the right player found, and errors that hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.lyrics import MusicAndLyrics
from earmark.components.time import Time
from earmark.data.lyrics.lyrics import lyrics_from_text
from earmark.errors import CapabilityError
from earmark.explain.case import open_case
from earmark.explain.crossed import REPEAT, clustered_errors, even_masks, levelled_masks
from earmark.explain.game import CachedGame
from earmark.explain.lime import Lime
from earmark.explain.parts import costly
from earmark.explain.shapley import Shapley
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.models.callable import from_callable
from earmark.models.classifier import Classifier, InputSpec

RATE = 8000
TEXT = "sun and rain\nand road\nnight and day"
CLIP = Clip(np.repeat([0.1, 0.1, 0.5, 0.1], RATE // 2), RATE, lyrics=TEXT)


class Late:
    """Hears how loud the third quarter is, reads whether "rain" is there; "both" asks for both at once."""

    name = "late"
    labels = ("loud", "rain", "both", "none")
    input = InputSpec(RATE, text=True)
    activation = "sigmoid"
    fingerprint = "late"

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.read: list[int] = []

    def audio_embedding(self, batch: Tensor) -> Tensor:
        self.heard.append(len(batch))
        quarter = batch.shape[-1] // 4
        return batch[:, :, 2 * quarter : 3 * quarter].abs().mean(dim=(1, 2))[:, None]

    def text_embedding(self, texts: Sequence[str | None]) -> Tensor:
        self.read.append(len(texts))
        return torch.tensor([[float("rain" in (text or ""))] for text in texts])

    def head(self, audio: Tensor, text: Tensor) -> Tensor:
        loud, rain = audio[:, 0].double(), text[:, 0].double()
        return torch.stack([loud, 0.2 + 0.6 * rain, loud * rain, torch.full_like(loud, 0.1)], dim=1)

    def read_until(self, text: str) -> int:
        return len(text)

    def with_lyrics(self, text: str | None) -> Classifier:
        row = self.text_embedding([text])

        def ask(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
            audio = self.audio_embedding(torch.from_numpy(waveforms))
            return self.head(audio, row.expand(len(audio), -1)).numpy()

        return from_callable(ask, self.labels, RATE, activation="sigmoid")

    def scores(self, batch: Tensor) -> Tensor:
        raise CapabilityError("needs words")


KIND = MusicAndLyrics.of(Time(n=4, fade_s=0.0), lyrics_from_text(TEXT))


class Mixed(Late):
    """The same without halves of its own: sound and words only together."""

    audio_embedding = None  # type: ignore[assignment]

    def with_lyrics(self, text: str | None) -> Classifier:
        return Late().with_lyrics(text)


def test_few_halves_make_all_mixtures_cheap() -> None:
    kind = MusicAndLyrics.of(Time(n=8, fade_s=0.0), lyrics_from_text(TEXT))
    late = Late()
    case = open_case(CLIP, late, kind)
    sound, words = case.components.blocks
    n = sound + words
    assert (sound, n > 12) == (8, True)
    halves = (1 << sound) + (1 << words)
    found = case.explain(Shapley(samples=2 * halves), targets=4)
    assert (found.exact, found.converged, found.evaluations) == (True, True, 1 << n)
    assert case.watch.planned == 1 << n
    # The mixture that keeps all was asked before, and is counted in.
    assert sum(late.heard) + sum(late.read) <= halves + 2
    assert found.values("loud").sum() == pytest.approx(found.full[0] - found.base[0])
    assert found.errors.max() == 0
    # A budget that does not pay for all halves, and a model that has no halves: drawn.
    assert not case.explain(Shapley(samples=2 * halves - 1), targets=4).exact
    whole = open_case(CLIP, Mixed(), kind)
    drawn = whole.explain(Shapley(samples=2 * halves), targets=4)
    assert not drawn.exact
    assert drawn.evaluations <= 2 * halves + 1
    assert (costly(case.game, 1 << n), costly(whole.game, 1 << n)) == (1 << max(sound, words), 1 << n)


def test_the_right_second_and_the_right_word() -> None:
    case = open_case(CLIP, Late(), KIND)
    found = case.explain(ShapleyExact(), targets=4)
    assert found.components[2].start_s == pytest.approx(1.0)
    loud, rain, both = (found.values(name) for name in ("loud", "rain", "both"))
    np.testing.assert_allclose(loud, np.eye(10)[2] * 0.5, atol=1e-6)
    word = [part.word for part in found.components].index("rain")
    np.testing.assert_allclose(rain, np.eye(10)[word] * 0.6, atol=1e-9)
    # What needs both is shared between them.
    np.testing.assert_allclose(both, (np.eye(10)[2] + np.eye(10)[word]) * 0.25, atol=1e-6)
    # And as an interaction it is theirs alone.
    (strongest, second) = case.interactions(seed=0).strongest(2, Late.labels.index("both"))
    assert set(strongest[:2]) == {2, word}
    assert strongest[2] == pytest.approx(0.5, abs=1e-6)
    assert abs(second[2]) < 1e-6


@pytest.mark.parametrize("method", [Lime(samples=1000), ShapleyKernel(samples=1000, tolerance=0.0)])
def test_a_thousand_masks_need_few_halves(method: Lime | ShapleyKernel) -> None:
    words = " ".join(f"word{i}" for i in range(30)) + " rain"
    clip = Clip(np.tile(CLIP.waveform, 5), RATE, lyrics=words)
    model = Late()
    kind = MusicAndLyrics.of(Time(n=20, fade_s=0.0), lyrics_from_text(words))
    found = open_case(clip, model, kind).explain(method, targets=["rain"])
    assert found.evaluations > 900
    # One call of each encoder for each mask would be 2000.
    assert sum(model.heard) + sum(model.read) <= 2 * found.evaluations / 3
    assert found.components[int(np.argmax(found.values("rain")))].word == "rain"


def test_a_model_that_is_not_separable_is_asked_about_each_mixture() -> None:
    class Mixed:
        name, labels, input, activation, fingerprint = "mixed", Late.labels, Late.input, "sigmoid", "mixed"

        def __init__(self) -> None:
            self.late = Late()

        def with_lyrics(self, text: str | None) -> Classifier:
            return self.late.with_lyrics(text)

        def read_until(self, text: str) -> int:
            return len(text)

        def scores(self, batch: Tensor) -> Tensor:
            raise CapabilityError("needs words")

    one = open_case(CLIP, Mixed(), KIND).explain(ShapleyExact(), targets=4)
    two = open_case(CLIP, Late(), KIND).explain(ShapleyExact(), targets=4)
    np.testing.assert_allclose(one.attributions, two.attributions, atol=1e-6)


def test_a_model_that_does_not_read_is_refused() -> None:
    deaf = from_callable(lambda x, rate: np.full((len(x), 1), 0.5), ["a"], RATE, activation="sigmoid")
    with pytest.raises(CapabilityError, match="does not read lyrics"):
        open_case(CLIP, deaf, KIND)


def _game(seed: int, blocks: tuple[int, int] | None) -> CachedGame:
    rng = np.random.default_rng(seed)
    na, nt = 12, 14
    heard, read = rng.normal(size=(na, 24)) / 2, rng.normal(size=(nt, 24)) / 2
    out = rng.normal(size=(2, 24, 3)) / 3

    def values(masks: np.ndarray) -> np.ndarray:
        logits = np.tanh(masks[:, :na] @ heard) @ out[0] + np.tanh(masks[:, na:] @ read) @ out[1]
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    return CachedGame(na + nt, 3, values, batch_size=8192, blocks=blocks or ())


def test_few_halves_are_nearly_as_good_as_all_and_their_errors_hold() -> None:
    off, inside = {"plain": [], "crossed": []}, []
    for seed in range(2):
        long = ShapleyKernel(samples=40000, tolerance=0.0, adjust=False)
        true = long.solve(_game(seed, None), np.random.default_rng(9)).values
        for draw in range(3):
            for name, blocks, samples in (("plain", None, 250), ("crossed", (12, 14), 1000)):
                game = _game(seed, blocks)
                found = ShapleyKernel(samples=samples, tolerance=0.0).solve(game, np.random.default_rng(draw))
                off[name].append(np.linalg.norm(found.values - true) / np.linalg.norm(true))
                if name == "crossed":
                    inside.append(np.mean(np.abs(found.values - true) < 1.96 * found.errors))
    # 250 masks of their own need as many embeddings as 1000 mixtures.
    assert np.mean(off["crossed"]) < 0.8 * np.mean(off["plain"])
    assert np.mean(inside) > 0.85


def test_lime_finds_the_same_weights_from_mixtures() -> None:
    many = Lime(samples=40000).solve(_game(3, None), np.random.default_rng(0)).values
    found = Lime(samples=2000).solve(_game(3, (12, 14)), np.random.default_rng(1))
    assert np.mean(np.abs(found.values - many) < 1.96 * found.errors) > 0.85


def test_designs() -> None:
    rng = np.random.default_rng(0)
    even = even_masks((20, 30), 1000, rng)
    assert even.masks.shape == (1000, 50)
    assert even.masks[0].all()
    assert len(np.unique(even.masks, axis=0)) == 1000
    assert len(np.unique(even.masks[:, :20], axis=0)) <= 1000 / REPEAT
    assert abs(even.masks[1:].mean() - 0.5) < 0.02
    levelled = levelled_masks((20, 30), 2000, rng)
    sizes = np.bincount(levelled.masks.sum(axis=1), minlength=51)
    assert sizes[0] == sizes[50] == 0
    thirds = [sizes[1:17].sum(), sizes[17:34].sum(), sizes[34:50].sum()]
    assert max(thirds) < 1.25 * min(thirds)


def test_clustered_errors_are_the_formula() -> None:
    rng = np.random.default_rng(0)
    lever, residual = rng.normal(size=(12, 2)), rng.normal(size=(12, 3))
    halves = np.stack(np.divmod(np.arange(12), 4), axis=1)
    for i in range(2):
        for k in range(3):
            score = lever[:, i] * residual[:, k]
            first = sum(score[halves[:, 0] == g].sum() ** 2 for g in range(3))
            second = sum(score[halves[:, 1] == g].sum() ** 2 for g in range(4))
            single = (score**2).sum()
            expected = max(first + second - single, single) ** 0.5
            assert clustered_errors(lever, residual, halves)[k, i] == pytest.approx(expected)
