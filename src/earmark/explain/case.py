"""A case: one clip, one classifier, one cut. Everything that is asked about it draws on one game.

Two methods on one case share its evaluations, and so do a method, the interactions and a counterfactual.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from earmark import __version__
from earmark.audio.clip import Clip
from earmark.components.catalogue import COMPONENTS
from earmark.components.component import ComponentKind, Components
from earmark.components.lyrics import SoundAndText
from earmark.errors import SettingError, UnknownNameError
from earmark.explain import parts
from earmark.explain.catalogue import METHODS
from earmark.explain.counterfactual import Counterfactual, counterfactual, decision_about
from earmark.explain.explanation import ClipFacts, Explanation, ModelFacts, Recipe
from earmark.explain.game import CachedGame, Floats, Game, OutputGame, Part, SumGame, Watch, log_odds
from earmark.explain.interactions import Interactions, ShapleyInteractions
from earmark.explain.method import Attribution, Diagnostic, Method, NamesPlayers
from earmark.explain.play import play
from earmark.explain.stability import stability_facts
from earmark.models.classifier import Classifier, Patchwise, ReadsLyrics
from earmark.models.prepare import prepare

OUTPUTS = ("probability", "log_odds")


@dataclass(frozen=True, eq=False)
class Case:
    """A clip, cut, in front of a classifier; made by ``open_case``.

    Parameters
    ----------
    clip : the sound as it was given.
    conversion : what was done to it to suit the classifier, in words.
    classifier : who is asked.
    components : the converted clip, cut.
    game : the scores of masked versions, remembered.
    watch : progress and cancellation.
    """

    clip: Clip
    conversion: tuple[str, ...]
    classifier: Classifier
    components: Components
    game: CachedGame | SumGame
    watch: Watch

    @property
    def scores(self) -> Floats:
        """The classifier's probabilities ``(K,)`` for the clip as it is."""
        row: Floats = self.game.values(np.ones((1, self.components.n), dtype=np.bool_))[0]
        return row

    def label_index(self, label: str) -> int:
        """Row of a label; an unknown one is answered with the nearest."""
        if label not in self.classifier.labels:
            raise UnknownNameError("label", label, self.classifier.labels)
        return self.classifier.labels.index(label)

    def explain(
        self,
        method: Method | str = "shapley",
        *,
        targets: Sequence[str] | int = 3,
        output: str = "probability",
        contrast: tuple[str, str] | None = None,
        seed: int = 0,
    ) -> Explanation:
        """Attributions by one method; parameters and errors as for ``earmark.explain.run.explain``."""
        method = METHODS.get(method)() if isinstance(method, str) else method
        asked, labels = self.asked(output, contrast)
        playing = method.for_components(self.components.table) if isinstance(method, NamesPlayers) else method
        self.watch.planned = parts.plan(self.game, playing, decomposed=isinstance(asked, SumGame))
        rows = self.target_rows(targets, contrast)
        attribution = parts.solve(asked, playing, np.random.default_rng(seed))
        recipe = self.recipe(method.name, asdict(method), output, contrast, seed)  # type: ignore[call-overload]
        return self.explanation(attribution, recipe, labels, rows)

    def target_rows(self, targets: Sequence[str] | int, contrast: tuple[str, str] | None) -> tuple[int, ...]:
        """Rows of the labels to report on, the most probable first; of a contrast there is only one."""
        wanted = None if isinstance(targets, int) else [self.label_index(label) for label in targets]
        if contrast is not None:
            return (0,)
        order = np.argsort(-self.scores, kind="stable")
        count = targets if isinstance(targets, int) else len(order)
        return tuple([int(i) for i in order if wanted is None or i in wanted][: max(1, count)])

    def recipe(
        self, method: str, settings: dict[str, Any], output: str, contrast: tuple[str, str] | None, seed: int
    ) -> Recipe:
        """What was asked of this case."""
        return Recipe(
            method=method,
            method_settings=settings,
            components=self.components.kind,
            component_settings=self.components.settings,
            output=output,
            contrast=contrast,
            seed=seed,
            version=__version__,
        )

    def explanation(
        self, attribution: Attribution, recipe: Recipe, labels: tuple[str, ...], rows: tuple[int, ...]
    ) -> Explanation:
        """What a method found, with everything that is known about the case."""
        return Explanation(
            labels=labels,
            targets=rows,
            components=self.components.table,
            attributions=attribution.values,
            errors=attribution.errors,
            base=attribution.base,
            full=attribution.full,
            scores=self.scores if recipe.contrast is None else np.full(1, np.nan),
            evaluations=self.game.evaluations,
            unit="patch" if isinstance(self.game, SumGame) else "clip",
            converged=attribution.converged,
            exact=attribution.exact,
            signed=attribution.signed,
            model=_model_facts(self.classifier),
            clip=clip_facts(self.clip, self.conversion + self.components.notes),
            recipe=recipe,
            diagnostics=attribution.diagnostics | _stability(attribution, recipe.seed),
        )

    def interactions(self, how: ShapleyInteractions | None = None, *, seed: int = 0) -> Interactions:
        """Pairwise interactions of the components for all labels, in probability."""
        how = how if how is not None else ShapleyInteractions()
        return how.solve(self.game, np.random.default_rng(seed))

    def counterfactual(self, label: str | None = None, *, samples: int = 2048) -> Counterfactual:
        """The smallest set of components without which the decision about a label (by default the top one) flips.

        ``counterfactual.removed`` names the components; ``earmark.listen.render.listen_without`` plays it.
        """
        scores = self.scores
        row = int(np.argmax(scores)) if label is None else self.label_index(label)
        decision = decision_about(scores, row, self.classifier.activation)
        return counterfactual(self.game, decision, samples=samples)

    def asked(self, output: str, contrast: tuple[str, str] | None) -> tuple[Game, tuple[str, ...]]:
        """The game that is asked about, and its labels."""
        if output not in OUTPUTS:
            raise UnknownNameError("output", output, OUTPUTS)
        labels = self.classifier.labels
        asked: Game = self.game
        if output == "log_odds":
            asked = OutputGame(self.game, log_odds, len(labels))
        if contrast is not None:
            first, second = (self.label_index(label) for label in contrast)
            return _difference(asked, first, second), (f"{contrast[0]} − {contrast[1]}",)
        return asked, labels


def open_case(
    clip: Clip,
    classifier: Classifier,
    components: ComponentKind | Components | str = "time",
    *,
    seed: int = 0,
    batch_size: int = 16,
    strict: bool = False,
    watch: Watch | None = None,
) -> Case:
    """Convert a clip to what the classifier takes, cut it, and set up the game.

    Parameters and errors as for ``earmark.explain.run.explain``.
    """
    if isinstance(components, str):
        components = COMPONENTS.get(components)()
    prepared = prepare(clip, classifier.input)
    cut = cut_for(classifier, components, prepared.clip, seed=seed)
    watch = watch if watch is not None else Watch()
    game = play(classifier, cut, batch_size=batch_size, strict=strict, watch=watch)
    return Case(clip, prepared.steps + _unheard(classifier, prepared.clip), classifier, cut, game, watch)


def cut_for(classifier: Classifier, components: ComponentKind | Components, clip: Clip, *, seed: int = 0) -> Components:
    """Components of a prepared clip: cut now, or carried over from another version of the same sound.

    For a ``Patchwise`` classifier cuts in time snap to the borders of its patches where the kind allows it: then each
    patch is a small game of its own.
    """
    cut: Components
    if isinstance(components, Components):
        if abs(components.clip.duration_s - clip.duration_s) > 0.05:
            raise SettingError(
                f"components of a {components.clip.duration_s:.2f} s clip for a clip of {clip.duration_s:.2f} s",
                remedy="Cut the clip that is explained",
                where="components",
            )
        same = components.clip.sample_rate == clip.sample_rate and components.clip.channels == clip.channels
        cut = components if same else components.on(clip)
    else:
        cut = components.build(clip, snap_s=patch_borders(classifier, clip), seed=seed)
    if isinstance(cut, SoundAndText) and cut.how.until is None and isinstance(classifier, ReadsLyrics):
        until = classifier.read_until(cut.lyrics.text)
        return cut.within(until) if until < len(cut.lyrics.text) else cut
    return cut


def patch_borders(classifier: Classifier, clip: Clip) -> list[float] | None:
    """Where the patches of a ``Patchwise`` classifier meet, both ends included, in seconds; None for any other."""
    if not isinstance(classifier, Patchwise):
        return None
    patches = classifier.patches(clip.samples)
    return [0.0, *(patch.start_s for patch in patches[1:]), clip.duration_s]


def _unheard(classifier: Classifier, clip: Clip) -> tuple[str, ...]:
    """That the end of a clip lies behind the last patch, where it does: components there cannot matter."""
    if not isinstance(classifier, Patchwise):
        return ()
    rest_s = clip.duration_s - classifier.patches(clip.samples)[-1].stop / clip.sample_rate
    if rest_s < 0.25:
        return ()
    return (f"the last {rest_s:.1f} s are not heard: {classifier.name} takes whole patches only",)


def heard_s(clip: ClipFacts) -> float:
    """How much of a clip its model heard, in seconds from the start, by the ``conversion`` that explanations keep.

    Examples
    --------
    >>> steps = ("mean of 2 channels", "the last 2.0 s are not heard: tagger takes whole patches only")
    >>> heard_s(ClipFacts("a.wav", "", "", 0.0, 5.0, 16000, 1, steps))
    3.0
    """
    found = [re.match(r"the last (\d+\.\d) s are not heard", step) for step in clip.conversion]
    return clip.duration_s - sum(float(match[1]) for match in found if match is not None)


def clip_facts(clip: Clip, conversion: tuple[str, ...]) -> ClipFacts:
    """What an explanation says about the sound."""
    return ClipFacts(
        name=clip.name,
        fingerprint=clip.fingerprint,
        file_sha256=clip.source.file_sha256 if clip.source else "",
        start_s=clip.source.start_s if clip.source else 0.0,
        duration_s=clip.duration_s,
        sample_rate=clip.sample_rate,
        channels=clip.channels,
        conversion=conversion,
    )


def _model_facts(classifier: Classifier) -> ModelFacts:
    return ModelFacts(
        name=classifier.name,
        fingerprint=classifier.fingerprint,
        sample_rate=classifier.input.sample_rate,
        channels=classifier.input.channels,
        activation=classifier.activation,
    )


def _stability(attribution: Attribution, seed: int) -> dict[str, Diagnostic]:
    """Rank agreement that another seed would have; nothing to say where the values are exact or errors unknown."""
    if attribution.exact:
        return {}
    return stability_facts(attribution.values, attribution.errors, seed)


def _difference(game: Game, first: int, second: int) -> Game:
    def difference(values: Floats) -> Floats:
        return values[:, [first]] - values[:, [second]]

    if not isinstance(game, SumGame):
        return OutputGame(game, difference, 1)
    # A difference is linear in the outputs, so a sum of games stays one; the caches underneath are shared.
    mapped = [Part(OutputGame(p.game, difference, 1), p.players, p.weight) for p in game.parts]
    return SumGame(game.n_players, 1, mapped, watch=game.watch)
