"""``explain``: one clip, one classifier, one way to cut, one method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from earmark import __version__
from earmark.audio.clip import Clip
from earmark.components.component import ComponentKind, Components
from earmark.errors import SettingError, UnknownNameError
from earmark.explain import parts
from earmark.explain.explanation import ClipFacts, Explanation, ModelFacts, Recipe
from earmark.explain.game import Floats, Game, OutputGame, Part, SumGame, Watch, log_odds
from earmark.explain.method import Method, NamesPlayers
from earmark.explain.play import play
from earmark.models.classifier import Classifier, Patchwise
from earmark.models.prepare import prepare

OUTPUTS = ("probability", "log_odds")


def explain(
    clip: Clip,
    classifier: Classifier,
    components: ComponentKind | Components,
    method: Method,
    *,
    targets: Sequence[str] | int = 3,
    output: str = "probability",
    contrast: tuple[str, str] | None = None,
    seed: int = 0,
    batch_size: int = 16,
    strict: bool = False,
    watch: Watch | None = None,
) -> Explanation:
    """Why does the classifier score this clip as it does?

    Parameters
    ----------
    clip : the sound; converted to what the classifier takes, and the conversion is recorded.
    classifier : any ``Classifier``. A ``Patchwise`` one is explained patch by patch (exactly, for Shapley values).
    components : how to cut the clip (``Time(n=10)``), or components already cut from this clip.
    method : how to play the game (``Shapley()``, ``Lime(samples=2000)``).
    targets : labels to report on, or how many of the most probable. Attributions are computed for all labels anyway.
    output : "probability", or "log_odds" in nats.
    contrast : ("rock", "metal") explains the difference of the two outputs instead.
    seed : of every random draw.
    batch_size : rows per call of the classifier.
    strict : see ``earmark.explain.play.play``.
    watch : progress and cancellation.

    Raises
    ------
    UnknownNameError
        For a label that the classifier does not have.
    AudioError
        If the classifier cannot take this clip (too short, …).
    ScoresError
        If the classifier fails on a masked version of the clip.
    CancelledError
        If the watch says so; nothing half-done is returned.
    """
    if output not in OUTPUTS:
        raise UnknownNameError("output", output, OUTPUTS)
    for label in (() if isinstance(targets, int) else tuple(targets)) + (contrast or ()):
        if label not in classifier.labels:
            raise UnknownNameError("label", label, classifier.labels)
    prepared = prepare(clip, classifier.input)
    cut = cut_for(classifier, components, prepared.clip, seed=seed)
    if isinstance(method, NamesPlayers):
        method = method.for_components(cut.table)
    watch = watch if watch is not None else Watch()
    game = play(classifier, cut, batch_size=batch_size, strict=strict, watch=watch)
    labels = classifier.labels
    asked: Game = game
    if output == "log_odds":
        asked = OutputGame(game, log_odds, len(labels))
    if contrast is not None:
        labels = (f"{contrast[0]} − {contrast[1]}",)
        asked = _contrast(asked, classifier.labels.index(contrast[0]), classifier.labels.index(contrast[1]))
    playing = method.for_components(cut.table) if isinstance(method, NamesPlayers) else method
    watch.planned = parts.plan(game, playing, decomposed=isinstance(asked, SumGame))
    attribution = parts.solve(asked, playing, np.random.default_rng(seed))
    scores = game.values(np.ones((1, cut.n), dtype=np.bool_))[0]
    if contrast is not None:
        scores = np.full(1, np.nan)
        rows: tuple[int, ...] = (0,)
    elif isinstance(targets, int):
        rows = tuple(int(i) for i in np.argsort(-scores, kind="stable")[: max(1, targets)])
    else:
        rows = tuple(sorted((labels.index(t) for t in targets), key=lambda i: -scores[i]))
    return Explanation(
        labels=labels,
        targets=rows,
        components=cut.table,
        attributions=attribution.values,
        errors=attribution.errors,
        base=attribution.base,
        full=attribution.full,
        scores=scores,
        evaluations=game.evaluations,
        unit="patch" if isinstance(game, SumGame) else "clip",
        converged=attribution.converged,
        exact=attribution.exact,
        model=ModelFacts(
            name=classifier.name,
            fingerprint=classifier.fingerprint,
            sample_rate=classifier.input.sample_rate,
            channels=classifier.input.channels,
            activation=classifier.activation,
        ),
        clip=facts_of(clip, prepared.steps),
        recipe=Recipe(
            method=method.name,
            method_settings=asdict(method),  # type: ignore[call-overload]
            components=cut.kind,
            component_settings=cut.settings,
            output=output,
            contrast=contrast,
            seed=seed,
            version=__version__,
        ),
        diagnostics=attribution.diagnostics,
    )


def cut_for(
    classifier: Classifier, components: ComponentKind | Components, clip: Clip, *, seed: int = 0
) -> Components:
    """Components of a prepared clip: cut now, or carried over from another version of the same sound.

    For a ``Patchwise`` classifier cuts in time snap to the borders of its patches where the kind allows it: then each
    patch is a small game of its own.
    """
    if isinstance(components, Components):
        given = components
        if abs(given.clip.duration_s - clip.duration_s) > 0.05:
            raise SettingError(
                f"components of a {given.clip.duration_s:.2f} s clip for a clip of {clip.duration_s:.2f} s",
                remedy="Cut the clip that is explained",
                where="components",
            )
        same = given.clip.sample_rate == clip.sample_rate and given.clip.channels == clip.channels
        return given if same else given.on(clip)
    snap = None
    if isinstance(classifier, Patchwise):
        patches = classifier.patches(clip.samples)
        snap = [0.0, *(patch.start_s for patch in patches[1:]), clip.duration_s]
    return components.build(clip, snap_s=snap, seed=seed)


def facts_of(clip: Clip, steps: tuple[str, ...]) -> ClipFacts:
    """What an explanation says about the sound."""
    return ClipFacts(
        name=clip.name,
        fingerprint=clip.fingerprint,
        file_sha256=clip.source.file_sha256 if clip.source else "",
        start_s=clip.source.start_s if clip.source else 0.0,
        duration_s=clip.duration_s,
        sample_rate=clip.sample_rate,
        channels=clip.channels,
        conversion=steps,
    )


def _contrast(game: Game, first: int, second: int) -> Game:
    def difference(values: Floats) -> Floats:
        return values[:, [first]] - values[:, [second]]

    if not isinstance(game, SumGame):
        return OutputGame(game, difference, 1)
    # A difference is linear in the outputs, so a sum of games stays one; the caches underneath are shared.
    mapped = [Part(OutputGame(p.game, difference, 1), p.players, p.weight) for p in game.parts]
    return SumGame(game.n_players, 1, mapped, watch=game.watch)
