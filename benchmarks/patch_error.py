"""What taking a clip apart into patches changes: nothing where strict, a little at the frames that straddle a cut."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.record import Row
from benchmarks.stems import RATE, stems_by_time
from earmark.components.layered import Layered
from earmark.explain import parts
from earmark.explain.game import CachedGame, Floats
from earmark.explain.play import play
from earmark.explain.shapley_exact import ShapleyExact
from earmark.models.tagger import Tagger


def deviation_rows(classifier: Tagger, cut: Layered, count: int, name: str) -> tuple[Row, ...]:
    """Scores of random masks, by patches and by rendering the whole clip."""
    masks = np.random.default_rng(0).random((count, cut.n)) < 0.5
    masks[0] = True
    by_patches = play(classifier, cut).values(masks)
    whole = _whole(classifier, cut, masks)
    apart = np.abs(by_patches - whole)
    spread = float((whole.max(axis=0) - whole.min(axis=0)).max())
    what = f"{name}, {count} random masks: clip's score by patches − as a whole"
    return (
        Row(f"{what}, largest of any tag", "probability", (float(apart.max()),)),
        Row(f"{what}, largest ÷ range", "×", (float(apart.max()) / spread,), at_most=1e-3),
        Row(f"{what}, mean ÷ range", "×", (float(apart.mean()) / spread,), at_most=1e-3),
    )


def equality_rows(classifier: Tagger) -> tuple[Row, ...]:
    """A small case both ways: 2 stems × 2 segments of two patches, by patches and as one game of 2⁴ whole clips."""
    length = 2.02 * classifier.input.min_length_s
    patches = classifier.patches(round(length * RATE))
    borders = [0.0, *(patch.start_s for patch in patches[1:]), length]
    cut = stems_by_time(length, 2, stems=("drums", "chords"), snap_s=borders)
    game = CachedGame(cut.n, len(classifier.labels), lambda masks: _whole(classifier, cut, masks))
    exact = ShapleyExact().solve(game, np.random.default_rng(0)).values

    def apart(strict: bool) -> float:
        by_patches = parts.solve(play(classifier, cut, strict=strict), ShapleyExact(), np.random.default_rng(0))
        return float(np.abs(by_patches.values - exact).max())

    what = f"{len(patches)} patches, {cut.n} components: largest difference to the undecomposed exact values"
    return (
        Row(f"{what}, strict", "probability", (apart(True),), at_most=1e-5),
        Row(f"{what}, default", "probability", (apart(False),)),
    )


def _whole(classifier: Tagger, cut: Layered, masks: NDArray[np.bool_]) -> Floats:
    with torch.inference_mode():
        rows = [classifier.scores(cut.render(mask[None])).double().numpy() for mask in masks]
    return np.concatenate(rows)
