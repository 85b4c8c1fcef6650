"""A sound with its lyrics: encoder calls and time for 1000 samples, and what fewer calls cost in accuracy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.record import Benchmark, Row
from benchmarks.taggers import tagger
from earmark.audio.clip import Clip
from earmark.components.component import Components
from earmark.components.lyrics import MusicAndLyrics, SoundAndText
from earmark.components.time import Time
from earmark.explain.game import Bools, CachedGame, Floats
from earmark.explain.lime import Lime
from earmark.explain.method import Method
from earmark.explain.paired import pair
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.models.audio_encoder import AudioEncoder
from earmark.models.classifier import Activation, Classifier, InputSpec


@dataclass(frozen=True)
class Settings:
    """Samples of an explanation, words, rounds, and for the errors: samples of the reference, and draws."""

    samples: int
    words: int
    rounds: int
    reference: int
    draws: int


FULL, TINY = Settings(1000, 40, 2, 40_000, 8), Settings(40, 4, 1, 500, 1)
RATE, SECONDS, SEGMENTS, TOKENS, WIDTH, LAYERS, BATCH = 16000, 3.1, 10, 64, 384, 6, 16
STEMS = 4
_METHODS: tuple[tuple[str, type[Lime] | type[ShapleyKernel]], ...] = (("lime", Lime), ("shapley_kernel", ShapleyKernel))


def run(settings: Settings) -> Benchmark:
    """Calls and times with real networks, errors with many small random ones."""
    rows = [_time(Lime(samples=settings.samples), settings)]
    for name, method in _METHODS:
        rows += [_calls(name, method, settings), *_errors(name, method, settings)]
    return Benchmark(
        "joint",
        "A sound with its lyrics",
        f"{settings.samples} samples of a joint classifier. Time: {SECONDS:g} s of noise in {SEGMENTS} segments and "
        f"{settings.words} words; musicnn (untrained) on the sound, a transformer of the size of MiniLM ({LAYERS} "
        f"layers, width {WIDTH}, {TOKENS} tokens, untrained) on the words, LayerNorm and a linear layer on both; "
        "beside it, on the same masks in batches as large, each encoder is called once a sample. Calls and errors: "
        f"{STEMS * SEGMENTS} parts of a sound and {settings.words} words. Errors are ‖values − reference‖ ÷ "
        f"‖reference‖ over {settings.draws} games, each half a random network of its own, the reference the same "
        f"method on {settings.reference} independent masks. Read each error beside the calls it took.",
        tuple(rows),
    )


class Late:
    """Two encoders and a head; ``calls`` counts the rows that they were given."""

    name, labels, fingerprint = "late", tuple("abcde"), "late"
    activation: Activation = "softmax"

    def __init__(self) -> None:
        self.audio = AudioEncoder(tagger(trained=False), "musicnn")
        self.input = InputSpec(RATE, text=True)
        self.calls = 0
        with torch.random.fork_rng():
            torch.manual_seed(0)
            layer = nn.TransformerEncoderLayer(WIDTH, 12, 4 * WIDTH, batch_first=True)
            self.table = nn.Embedding(1000, WIDTH)
            self.text = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False).eval()
            width = self.audio.width + WIDTH
            self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(self.labels))).eval()

    def audio_embedding(self, batch: Tensor) -> Tensor:
        """``(B, D)``."""
        self.calls += len(batch)
        return self.audio.embed(batch)

    def text_embedding(self, texts: Sequence[str | None]) -> Tensor:
        """``(B, D)``: words by their numbers, padded to the window as encoders pad."""
        self.calls += len(texts)
        rows = [[int(word[1:]) for word in (text or "").split()][:TOKENS] for text in texts]
        tokens = torch.tensor([row + [999] * (TOKENS - len(row)) for row in rows])
        encoded: Tensor = self.text(self.table(tokens)).mean(dim=1)
        return encoded

    def head(self, audio: Tensor, text: Tensor) -> Tensor:
        """Probabilities."""
        scores: Tensor = self.out(torch.cat([audio, text], dim=1)).double().softmax(dim=1)
        return scores

    def read_until(self, text: str) -> int:
        """All of it."""
        return len(text)

    def with_lyrics(self, text: str | None) -> Classifier:
        """Not asked here."""
        raise NotImplementedError(text)

    def scores(self, batch: Tensor) -> Tensor:
        """Not asked here."""
        raise NotImplementedError(batch)


def _time(method: Method, settings: Settings) -> Row:
    """Wall time beside one call of each encoder a sample."""
    model, cut = Late(), _song(settings.words)
    _each(model, cut, np.ones((BATCH, cut.n), dtype=np.bool_))
    ratios = []
    for turn in range(settings.rounds):
        game, masks = _recorded(model, cut)
        start = time.perf_counter()
        method.solve(game, np.random.default_rng(turn))
        middle = time.perf_counter()
        _each(model, cut, np.concatenate(masks))
        ratios.append((time.perf_counter() - middle) / (middle - start))
    return Row(
        f"{method.name}: wall time, one call of each encoder a sample ÷ earmark", "×", tuple(ratios), at_least=3.0
    )


def _calls(name: str, method: type[Lime] | type[ShapleyKernel], settings: Settings) -> Row:
    """Encoder calls: distinct halves of the masks that are asked, beside two a mask."""
    blocks, values = _halves(0, settings.words)
    masks: list[Bools] = []

    def noted(batch: Bools) -> Floats:
        masks.append(batch.copy())
        return values(batch)

    game = CachedGame(sum(blocks), 5, noted, batch_size=BATCH, blocks=blocks)
    _made(method, _least(settings.samples, sum(blocks))).solve(game, np.random.default_rng(0))
    asked = np.concatenate(masks)
    halves = sum(len(np.unique(half, axis=0)) for half in np.split(asked, blocks[:1], axis=1))
    subject = f"{name}: encoder calls, one of each a sample ÷ earmark"
    return Row(subject, "×", (2 * len(asked) / halves,), at_least=3.0, note=f"{2 * len(asked)} ÷ {halves}")


def _made(method: type[Lime] | type[ShapleyKernel], samples: int) -> Method:
    return method(samples=samples, tolerance=0.0) if method is ShapleyKernel else method(samples=samples)


def _least(samples: int, players: int) -> int:
    # Fewer masks than twice the players are refused.
    return max(samples, 2 * players + 2)


def _song(words: int) -> SoundAndText:
    sound = np.random.default_rng(0).normal(0, 0.1, int(SECONDS * RATE))
    clip = Clip(sound, RATE, lyrics=" ".join(f"w{number}" for number in range(words)))
    return MusicAndLyrics(audio={"kind": Time.name, "n": SEGMENTS}).build(clip)


def _recorded(model: Late, cut: SoundAndText) -> tuple[CachedGame, list[Bools]]:
    """The game as ``earmark.explain.play`` sets it up, and the masks that it was asked about."""
    ask, masks = pair(model, cut), []

    def values(batch: Bools) -> Floats:
        masks.append(batch.copy())
        with torch.inference_mode():
            scores: Floats = ask(batch).numpy()
        return scores

    return CachedGame(cut.n, len(model.labels), values, batch_size=BATCH, blocks=cut.blocks), masks


def _each(model: Late, cut: Components, masks: Bools) -> None:
    """Each encoder once a mask."""
    both = cut if isinstance(cut, SoundAndText) else None
    with torch.inference_mode():
        for first in range(0, len(masks), BATCH):
            some = masks[first : first + BATCH]
            texts = both.texts(some) if both is not None else []
            model.head(model.audio_embedding(cut.render(some)), model.text_embedding(texts))


def _errors(name: str, method: type[Lime] | type[ShapleyKernel], settings: Settings) -> list[Row]:
    """Errors of mixtures of few halves, of as many independent masks, and of masks that take as many calls."""
    n = settings.samples
    few = _least(n // 4, STEMS * SEGMENTS + settings.words)
    kinds = (
        (f"{name}: error of {n} mixtures of halves", n, True, f"{2 * n // 4} encoder calls, if each half is new"),
        (f"{name}: error of {few} independent masks", few, False, f"{2 * few} encoder calls"),
        (f"{name}: error of {n} independent masks", n, False, f"{2 * n} encoder calls"),
    )
    found: dict[str, list[float]] = {subject: [] for subject, *_ in kinds}
    for draw in range(settings.draws):
        _, values = _halves(draw, settings.words)

        def solved(samples: int, crossed: bool, seed: int, ask: _Values = values) -> Floats:
            size = STEMS * SEGMENTS + settings.words
            game = CachedGame(
                size, 5, ask, batch_size=4096, blocks=(STEMS * SEGMENTS, settings.words) if crossed else ()
            )
            return _made(method, _least(samples, size)).solve(game, np.random.default_rng(seed)).values

        true = solved(settings.reference, False, 99)
        for subject, samples, crossed, _ in kinds:
            off = solved(samples, crossed, draw) - true
            found[subject].append(float(np.linalg.norm(off) / np.linalg.norm(true)))
    return [Row(subject, "", tuple(found[subject]), note=note) for subject, _, _, note in kinds]


_Values = Callable[[Bools], Floats]


def _halves(seed: int, words: int) -> tuple[tuple[int, int], _Values]:
    """A game whose two halves are random networks that meet in a softmax."""
    rng = np.random.default_rng(seed)
    blocks = (STEMS * SEGMENTS, words)
    first, second = (rng.normal(size=(size, 24)) / np.sqrt(size / 3) for size in blocks)
    out = rng.normal(size=(2, 24, 5)) / 3

    def values(masks: Bools) -> Floats:
        logits = np.tanh(masks[:, : blocks[0]] @ first) @ out[0] + np.tanh(masks[:, blocks[0] :] @ second) @ out[1]
        odds = np.exp(logits)
        scores: Floats = odds / odds.sum(axis=1, keepdims=True)
        return scores

    return blocks, values
