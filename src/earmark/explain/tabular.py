"""``explain_row``: why does a classifier of descriptors score one row as it does?

The row's features (or groups of them) are the players of a game; any method of ``METHODS`` plays it, and those of
``TABULAR_METHODS`` (shap's own explainers) answer for the same row, background and outputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from earmark import __version__
from earmark.components.descriptors import KIND, Descriptors, describe
from earmark.errors import CapabilityError, SettingError, UnknownNameError
from earmark.explain.case import OUTPUTS
from earmark.explain.catalogue import METHODS
from earmark.explain.explanation import ClipFacts, Explanation, ModelFacts, Recipe
from earmark.explain.game import Bools, CachedGame, Floats, OutputGame, Watch, log_odds
from earmark.explain.method import Attribution, Method, NamesPlayers
from earmark.explain.stability import stability_from_errors
from earmark.explain.tabular_catalogue import TABULAR_METHODS
from earmark.explain.tabular_method import TabularMethod
from earmark.models.tabular import TabularClassifier


@dataclass
class Tally:
    """How many rows a classifier has scored."""

    rows: int = 0


@dataclass(frozen=True, eq=False)
class RowCase:
    """A row, in front of a classifier; made by ``open_row``. Everything asked of it draws on one game.

    Parameters
    ----------
    name : of the row.
    classifier : who is asked; counts in ``tally``.
    descriptors : the row's components.
    game : ``2 K`` outputs: the K probabilities of a mask, then their log-odds, each averaged over the stand-ins.
    tally : rows scored so far.
    watch : progress and cancellation.
    """

    name: str
    classifier: TabularClassifier
    descriptors: Descriptors
    game: CachedGame
    tally: Tally
    watch: Watch

    def explain(
        self,
        method: Method | TabularMethod | str = "shapley",
        *,
        targets: Sequence[str] | int = 3,
        output: str | None = None,
        contrast: tuple[str, str] | None = None,
        seed: int = 0,
    ) -> Explanation:
        """Attributions by one method; parameters and errors as for ``explain_row``."""
        playing = _method(method)
        wanted = None if isinstance(targets, int) else [self._label_index(label) for label in targets]
        output = self._output(playing, output)
        k = len(self.classifier.labels)
        labels, mix = self.classifier.labels, np.eye(k)
        if contrast is not None:
            first, second = (self._label_index(label) for label in contrast)
            labels, mix = (f"{contrast[0]} − {contrast[1]}",), mix[[first]] - mix[[second]]
        if isinstance(playing, TabularMethod):
            attribution = playing.attribute(self.classifier, self.descriptors, output, mix, seed)
        else:
            attribution = self._play(playing, output, mix, seed)
        scores = self.classifier.scores(self.descriptors.row[np.newaxis])[0]
        order = np.argsort(-scores, kind="stable")
        count = targets if isinstance(targets, int) else len(order)
        rows = [int(i) for i in order if wanted is None or i in wanted][: max(1, count)]
        return Explanation(
            labels=labels,
            targets=(0,) if contrast is not None else tuple(rows),
            components=self.descriptors.table,
            attributions=attribution.values,
            errors=attribution.errors,
            base=attribution.base,
            full=attribution.full,
            scores=np.full(1, np.nan) if contrast is not None else scores,
            evaluations=self.tally.rows,
            unit="row",
            converged=attribution.converged,
            exact=attribution.exact,
            signed=attribution.signed,
            model=ModelFacts(self.classifier.name, self.classifier.fingerprint, 0, 0, self.classifier.activation),
            clip=_row_facts(self.name, self.descriptors.row, self.classifier.features),
            recipe=Recipe(
                method=playing.name,
                method_settings=asdict(playing),  # type: ignore[call-overload]
                components=KIND,
                component_settings=self.descriptors.settings,
                output=output,
                contrast=contrast,
                seed=seed,
                version=__version__,
            ),
            diagnostics=attribution.diagnostics,
        )

    def _label_index(self, label: str) -> int:
        if label not in self.classifier.labels:
            raise UnknownNameError("label", label, self.classifier.labels)
        return self.classifier.labels.index(label)

    def _output(self, method: Method | TabularMethod, output: str | None) -> str:
        if output is not None and output not in (*OUTPUTS, "logit"):
            raise UnknownNameError("output", output, (*OUTPUTS, "logit"))
        offered = method.outputs(self.classifier) if isinstance(method, TabularMethod) else OUTPUTS
        if output is not None and output not in offered:
            raise CapabilityError(
                f"{method.name} explains {' or '.join(offered)} of this classifier, not {output}",
                remedy=f"Use output={offered[0]!r}"
                + (f", or the method shapley for {output}" if output in OUTPUTS else ""),
                where=self.classifier.name,
            )
        return offered[0] if output is None else output

    def _play(self, method: Method, output: str, mix: Floats, seed: int) -> Attribution:
        k = len(self.classifier.labels)
        columns = slice(k, 2 * k) if output == "log_odds" else slice(0, k)
        asked = OutputGame(self.game, lambda values: values[:, columns] @ mix.T, len(mix))
        if isinstance(method, NamesPlayers):
            method = method.for_components(self.descriptors.table)
        self.watch.planned = method.plan(self.descriptors.n)
        answer = method.solve(asked, np.random.default_rng(seed))
        if answer.exact or self.descriptors.n < 2 or not np.isfinite(answer.errors).all():
            return answer
        stability = stability_from_errors(answer.values, answer.errors, np.random.default_rng(seed))
        agreement = [round(float(v), 4) for v in stability.rank_agreement]
        return replace(answer, diagnostics=answer.diagnostics | {"rank_agreement": agreement})


def open_row(
    row: ArrayLike,
    classifier: TabularClassifier,
    background: ArrayLike,
    *,
    players: str = "feature",
    groups: Mapping[str, Sequence[str]] | None = None,
    fill: str = "marginal",
    background_rows: int = 100,
    name: str = "row",
    seed: int = 0,
    batch_rows: int = 8192,
    watch: Watch | None = None,
) -> RowCase:
    """Set up the game of a row, for several questions about it; parameters and errors as for ``explain_row``."""
    cut = describe(
        row,
        classifier.features,
        background,
        players=players,
        groups=groups,
        fill=fill,
        background_rows=background_rows,
        seed=seed,
    )
    if batch_rows < 1:
        raise SettingError(f"{batch_rows} rows a batch", remedy="Give at least 1", where="batch_rows")
    tally, ask = Tally(), classifier.function

    def counted(rows: Floats) -> ArrayLike:
        tally.rows += len(rows)
        return ask(rows)

    counting = replace(classifier, function=counted)
    m, k = len(cut.stand_ins), len(classifier.labels)

    def evaluate(masks: Bools) -> Floats:
        scores = counting.scores(cut.rows(masks))
        # Log-odds are averaged over the stand-ins like probabilities: the log-odds of a mean would not be linear.
        both = np.concatenate([scores, log_odds(scores)], axis=1)
        mean: Floats = both.reshape(len(masks), m, 2 * k).mean(axis=1)
        return mean

    watch = watch if watch is not None else Watch()
    game = CachedGame(cut.n, 2 * k, evaluate, batch_size=max(1, batch_rows // m), watch=watch, what=classifier.name)
    return RowCase(name, counting, cut, game, tally, watch)


def explain_row(
    row: ArrayLike,
    classifier: TabularClassifier,
    background: ArrayLike,
    *,
    method: Method | TabularMethod | str = "shapley",
    players: str = "feature",
    groups: Mapping[str, Sequence[str]] | None = None,
    fill: str = "marginal",
    background_rows: int = 100,
    targets: Sequence[str] | int = 3,
    output: str | None = None,
    contrast: tuple[str, str] | None = None,
    name: str = "row",
    seed: int = 0,
    batch_rows: int = 8192,
    watch: Watch | None = None,
) -> Explanation:
    """Why does the classifier score this row as it does?

    The explanation's ``clip`` is the row: its name and fingerprint, and zero seconds, hertz and channels. It cannot be
    listened to. ``totals()`` adds up the features of each group; ``evaluations`` counts rows.

    Parameters
    ----------
    row : F numbers, in the order of ``classifier.features``.
    classifier : see ``earmark.models.tabular``.
    background : rows ``(M, F)`` of the data that the row comes from; what is off takes its values from there.
    method : a method of ``METHODS`` or ``TABULAR_METHODS``, or its name.
    players, groups, fill, background_rows : see ``earmark.components.descriptors.describe``.
    targets : labels to report on, or how many of the most probable.
    output : "probability" or "log_odds" in nats; None for the method's usual one, which is probability but for
        ``shap_linear``. With the fill "marginal" it is the mean over the background of just this quantity.
    contrast : ("rock", "metal") explains the difference of the two outputs instead.
    name : of the row, such as the file that it describes.
    seed : of every random draw, that of the background's rows included.
    batch_rows : rows per call of the classifier.
    watch : progress and cancellation, counted in masks; methods of ``TABULAR_METHODS`` do not report.

    Raises
    ------
    SettingError
        If row or background do not fit the features, or hold NaN or infinity; if shap is needed and missing.
    UnknownNameError
        For a label, method, fill, output or feature that there is none of.
    CapabilityError
        If the method is made for other classifiers, or cannot explain this output.
    ScoresError
        If the classifier fails on a masked version of the row.

    Examples
    --------
    >>> from earmark.models.tabular import from_rows_function
    >>> def fast(rows):
    ...     p = np.clip(rows[:, 0] / 200, 0, 1)
    ...     return np.stack([p, 1 - p], axis=1)
    >>> classifier = from_rows_function(fast, ["fast", "slow"], ["tempo", "zcr_mean"])
    >>> why = explain_row([140, 0.1], classifier, [[100, 0.1], [80, 0.2]], targets=["fast"])
    >>> print(why.top(1)[0].sentence(exact=why.exact))
    tempo = 140, raises fast by 0.250
    """
    case = open_row(
        row,
        classifier,
        background,
        players=players,
        groups=groups,
        fill=fill,
        background_rows=background_rows,
        name=name,
        seed=seed,
        batch_rows=batch_rows,
        watch=watch,
    )
    return case.explain(method, targets=targets, output=output, contrast=contrast, seed=seed)


def _method(method: Method | TabularMethod | str) -> Method | TabularMethod:
    if not isinstance(method, str):
        return method
    if method in TABULAR_METHODS:
        return TABULAR_METHODS.get(method)()
    if method not in METHODS:
        raise UnknownNameError("method", method, (*METHODS.names(), *TABULAR_METHODS.names()))
    return METHODS.get(method)()


def _row_facts(name: str, row: Floats, features: Sequence[str]) -> ClipFacts:
    fingerprint = hashlib.sha256(repr(tuple(features)).encode() + row.astype("<f8").tobytes()).hexdigest()
    return ClipFacts(name, fingerprint, "", 0.0, 0.0, 0, 0, ())
