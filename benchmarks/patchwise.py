"""Patch by patch: exact values of musicnn's 50 tags against LIME on the whole clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.audiolime import audiolime
from benchmarks.patch_error import deviation_rows, equality_rows
from benchmarks.record import Benchmark, Row, ratios
from benchmarks.stems import RATE, STEMS, available, music, stems_by_time
from benchmarks.taggers import tagger
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.errors import EarmarkError
from earmark.explain import parts
from earmark.explain.game import Floats, SumGame
from earmark.explain.play import play
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel

LIME_SAMPLES = 1000


@dataclass(frozen=True)
class Settings:
    """Sizes of the game, of what is measured of LIME, and of the comparison by random masks."""

    seconds: float
    segments: int
    unaligned: int
    lime_samples: int
    rounds: int
    masks: int
    trained: bool
    music: tuple[str, ...]


FULL, TINY = (
    Settings(30.0, 10, 7, 20, 2, 8, True, available(("brahms_hungarian_dance_5", "vibe_ace"))),
    Settings(6.1, 2, 3, 2, 1, 3, False, ()),
)


def run(settings: Settings) -> Benchmark:
    """Evaluations, wall time, equality and deviation."""
    title = "Patch by patch"
    try:
        classifier = tagger(trained=settings.trained)
    except EarmarkError as error:
        return Benchmark("patchwise", title, "", not_run=f"musicnn-msd could not be loaded: {error}")
    patches = classifier.patches(round(settings.seconds * RATE))
    borders = [0.0, *(patch.start_s for patch in patches[1:]), settings.seconds]
    cut = stems_by_time(settings.seconds, settings.segments, snap_s=borders)
    pieces = cut.render(np.eye(cut.n)).numpy()[:, 0]
    watch = Stopwatch()
    asked = 0

    def predict(waveforms: NDArray[np.float32]) -> Floats:
        nonlocal asked
        asked += len(waveforms) * len(patches)
        with torch.inference_mode():
            scores: Floats = classifier.scores(torch.from_numpy(waveforms)[:, None]).double().numpy()
        return scores

    def ours() -> None:
        # Everything after cutting: spectra of the components, tables, evaluations, values.
        parts.solve(play(classifier, cut), ShapleyKernel(), np.random.default_rng(0))

    def lime() -> None:
        audiolime(pieces, predict, settings.lime_samples, seed=0)

    first = classifier.scores(torch.from_numpy(cut.clip.waveform.copy())[None])
    laps = interleaved({"ours": ours, "lime": lime}, settings.rounds, watch)
    per_sample = asked / (settings.rounds * settings.lime_samples)
    lime_evaluations = per_sample * LIME_SAMPLES
    aligned = _evaluations(play(classifier, cut))
    width = settings.seconds / settings.unaligned
    edges = tuple(width * i for i in range(settings.unaligned + 1))
    loose = play(classifier, stems_by_time(settings.seconds, settings.unaligned, edges_s=edges))
    scale = LIME_SAMPLES / settings.lime_samples
    lime_s = [s * scale for s in seconds(laps["lime"])]
    rows = (
        Row("earmark, exact values, aligned: patch evaluations", "calls", (float(aligned),)),
        Row("earmark aligned ÷ LIME: patch evaluations", "×", (aligned / lime_evaluations,), at_most=1 / 20),
        Row("LIME ÷ earmark aligned: wall time", "×", ratios(lime_s, seconds(laps["ours"])), at_least=10.0),
        Row("earmark aligned: wall time", "s", tuple(seconds(laps["ours"]))),
        Row(f"LIME, {LIME_SAMPLES} samples: wall time", "s", tuple(lime_s), note="scaled up"),
        Row(
            f"earmark, exact, {settings.unaligned} equal segments that do not snap ÷ LIME: patch evaluations", "×",
            (_evaluations(loose) / lime_evaluations,), at_most=1 / 3, note="counted, not run",
        ),
        *deviation_rows(classifier, cut, settings.masks, "demo track"),
        *(
            row
            for name in settings.music
            for row in deviation_rows(classifier, music(name, borders), settings.masks, name)
        ),
        *equality_rows(classifier),
    )  # fmt: skip
    setup = (
        f"{settings.seconds:g} s of the demo track, {classifier.name} ({first.shape[1]} tags), {len(patches)} patches, "
        f"{len(STEMS)} stems × {settings.segments} segments that snap to the patches. LIME is audioLIME's, written out "
        "in `benchmarks/audiolime.py`: sum of component waveforms, the whole clip scored each time; "
        f"{settings.lime_samples} of its {LIME_SAMPLES} samples are timed and scaled up. Range: of the clip's score "
        "over the masks tried, for the tag that moves most. Pieces of music: harmonic and percussive part × the same "
        "segments."
    )
    return Benchmark("patchwise", title, setup, rows)


def _evaluations(game: object) -> int:
    if not isinstance(game, SumGame):
        raise TypeError("the tagger is not patchwise")
    methods = parts.methods_for_parts(game, ShapleyKernel())
    if not all(method is None or isinstance(method, ShapleyExact) for method in methods):
        raise ValueError("some patch would be estimated, not enumerated")
    return parts.plan(game, ShapleyKernel())
