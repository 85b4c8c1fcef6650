"""The game: which answer does the classifier give when only some components are there?

``Game.values(masks)`` is the whole contract between a classifier and an estimator. It is batched, gives all classes at
once, remembers every mask it has seen, counts, reports progress and can be cancelled between batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.errors import CancelledError, EarmarkError, ScoresError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Evaluate = Callable[[Bools], Floats]


class Game(Protocol):
    """A set function with K outputs over n players."""

    @property
    def n_players(self) -> int:
        """Number of components."""
        ...

    @property
    def n_outputs(self) -> int:
        """Number of outputs K (classes)."""
        ...

    @property
    def evaluations(self) -> int:
        """Distinct rows that the classifier has scored so far (patches for a patchwise game)."""
        ...

    def values(self, masks: Bools) -> Floats:
        """Outputs ``(B, K)`` for masks ``(B, n)``; True keeps a component."""
        ...


@dataclass
class Watch:
    """What happens between batches: progress out, cancellation in.

    Parameters
    ----------
    on_progress : called with (evaluations done, evaluations planned or 0 where unknown).
    cancelled : asked before every batch; True stops with ``CancelledError``.
    """

    on_progress: Callable[[int, int], None] | None = None
    cancelled: Callable[[], bool] | None = None
    planned: int = 0
    done: int = field(default=0, init=False)

    def before_batch(self) -> None:
        """Raise ``CancelledError`` if the user wants to stop."""
        if self.cancelled is not None and self.cancelled():
            raise CancelledError("stopped on request", remedy=f"{self.done} evaluations are kept in the game")

    def after_batch(self, rows: int) -> None:
        """Count ``rows`` and report."""
        self.done += rows
        if self.on_progress is not None:
            self.on_progress(self.done, self.planned)


class CachedGame:
    """A game over any ``evaluate(masks (B, n)) -> (B, K)``, in batches, each mask evaluated once.

    Parameters
    ----------
    n_players : number of components n.
    n_outputs : number of outputs K.
    evaluate : the model behind it.
    batch_size : rows per call of ``evaluate`` (4–16 is fastest on a CPU).
    watch : progress and cancellation.
    blocks : sizes of the runs of players (the sound's, the text's) of which ``evaluate`` works out each on its own and
        remembers it; empty where it does not. Estimators then ask for many mixtures of few halves.

    Raises
    ------
    ScoresError
        If ``evaluate`` raises, or returns another shape than ``(B, K)`` or values that are not finite. Batches that
        were finished stay in the cache.

    Examples
    --------
    >>> import numpy as np
    >>> game = CachedGame(2, 1, lambda masks: masks @ np.array([[1.0], [2.0]]))
    >>> game.values(np.array([[True, True], [True, True], [False, True]])).ravel(), game.evaluations
    (array([3., 3., 2.]), 2)
    """

    def __init__(
        self,
        n_players: int,
        n_outputs: int,
        evaluate: Evaluate,
        *,
        batch_size: int = 16,
        watch: Watch | None = None,
        what: str = "the classifier",
        blocks: tuple[int, ...] = (),
    ) -> None:
        self.blocks = blocks
        self._n_players = n_players
        self._n_outputs = n_outputs
        self._evaluate = evaluate
        self.batch_size = batch_size
        self.watch = watch if watch is not None else Watch()
        self._what = what
        self._rows: dict[bytes, int] = {}
        self._values: Floats = np.empty((0, n_outputs))
        self._batches = 0
        self._taken_over = 0

    @property
    def n_players(self) -> int:
        """Number of components."""
        return self._n_players

    @property
    def n_outputs(self) -> int:
        """Number of outputs K."""
        return self._n_outputs

    @property
    def evaluations(self) -> int:
        """Distinct masks evaluated so far."""
        return len(self._rows) - self._taken_over

    def seen(self) -> tuple[Bools, Floats]:
        """All masks that have an answer, ``(R, n)``, and their outputs ``(R, K)``."""
        packed = np.frombuffer(b"".join(self._rows), dtype=np.uint8).reshape(len(self._rows), -(-self._n_players // 8))
        masks: Bools = np.unpackbits(packed, axis=1, count=self._n_players).astype(np.bool_)
        return masks, self._values[: len(self._rows)].copy()

    def remember(self, masks: Bools, outputs: Floats) -> None:
        """Take over outputs ``(R, K)`` of masks ``(R, n)`` from another game; they count as no evaluations."""
        for key, row in zip([row.tobytes() for row in np.packbits(masks, axis=1)], outputs, strict=True):
            if key not in self._rows:
                self._store([key], row[np.newaxis])
                self._taken_over += 1

    def values(self, masks: Bools) -> Floats:
        """Outputs ``(B, K)`` for boolean masks ``(B, n)``."""
        masks = np.asarray(masks, dtype=np.bool_)
        keys = [row.tobytes() for row in np.packbits(masks, axis=1)]
        new = list({key: index for index, key in reversed(list(enumerate(keys))) if key not in self._rows}.values())
        for start in range(0, len(new), self.batch_size):
            batch = new[start : start + self.batch_size]
            self.watch.before_batch()
            answer = self._ask(masks[batch])
            self._store([keys[index] for index in batch], answer)
            self.watch.after_batch(len(batch))
        rows: Floats = self._values[[self._rows[key] for key in keys]]
        return rows

    def _store(self, keys: Sequence[bytes], answer: Floats) -> None:
        first = len(self._rows)
        if first + len(keys) > len(self._values):
            grown = np.empty((max(64, 2 * (first + len(keys))), self._n_outputs))
            grown[:first] = self._values[:first]
            self._values = grown
        self._values[first : first + len(keys)] = answer
        self._rows.update(zip(keys, range(first, first + len(keys)), strict=True))

    def _ask(self, masks: Bools) -> Floats:
        self._batches += 1
        where = f"batch {self._batches} ({len(masks)} rows)"
        try:
            answer = np.asarray(self._evaluate(masks), dtype=np.float64)
        except (EarmarkError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise ScoresError(
                f"{self._what} raised {type(error).__name__}: {error}",
                remedy="The batches before it are kept; mend the model and run again",
                where=where,
            ) from error
        if answer.shape != (len(masks), self._n_outputs):
            raise ScoresError(
                f"{self._what} returned shape {answer.shape} for {len(masks)} rows and {self._n_outputs} labels",
                remedy="It must return one row of scores per waveform, one column per label",
                where=where,
            )
        if not np.isfinite(answer).all():
            bad = int(np.count_nonzero(~np.isfinite(answer).all(axis=1)))
            raise ScoresError(
                f"{self._what} returned NaN or infinity in {bad} of {len(masks)} rows",
                remedy="Check the model on a silent clip: many divide by the energy of the input",
                where=where,
            )
        return answer


@dataclass(frozen=True)
class Part:
    """One small game inside a ``SumGame``, over the players ``players`` of the whole, weighted by ``weight``."""

    game: Game
    players: NDArray[np.intp]
    weight: float


class SumGame:
    """A game that is a weighted sum of small games over subsets of the players (a patchwise classifier).

    ``values`` is exact for any mask; each part evaluates only the distinct masks of its own players. Methods that are
    linear in the game (Shapley, Banzhaf, occlusion) are solved part by part, see ``earmark.explain.parts``.
    """

    def __init__(self, n_players: int, n_outputs: int, parts: Sequence[Part], *, watch: Watch | None = None) -> None:
        self._n_players = n_players
        self._n_outputs = n_outputs
        self.parts = tuple(parts)
        self.watch = watch if watch is not None else Watch()

    @property
    def n_players(self) -> int:
        """Number of components."""
        return self._n_players

    @property
    def n_outputs(self) -> int:
        """Number of outputs K."""
        return self._n_outputs

    @property
    def evaluations(self) -> int:
        """Patch evaluations so far."""
        return sum(part.game.evaluations for part in self.parts)

    def values(self, masks: Bools) -> Floats:
        """Outputs ``(B, K)`` for boolean masks ``(B, n)``."""
        masks = np.asarray(masks, dtype=np.bool_)
        total: Floats = np.zeros((len(masks), self._n_outputs))
        for part in self.parts:
            total += part.weight * part.game.values(masks[:, part.players])
        return total


class OutputGame:
    """Another game's outputs through a function of each row: log-odds, a contrast between classes.

    Parameters
    ----------
    game : the game underneath; its cache serves this one too.
    transform : ``(B, K) -> (B, L)``.
    n_outputs : L.
    """

    def __init__(self, game: Game, transform: Callable[[Floats], Floats], n_outputs: int) -> None:
        self._game = game
        self._transform = transform
        self._n_outputs = n_outputs
        self.blocks = blocks_of(game)

    @property
    def n_players(self) -> int:
        """Number of components."""
        return self._game.n_players

    @property
    def n_outputs(self) -> int:
        """Number of outputs L."""
        return self._n_outputs

    @property
    def evaluations(self) -> int:
        """Evaluations of the game underneath."""
        return self._game.evaluations

    def values(self, masks: Bools) -> Floats:
        """Transformed outputs ``(B, L)`` for boolean masks ``(B, n)``."""
        return self._transform(self._game.values(masks))


def blocks_of(game: Game) -> tuple[int, ...]:
    """Sizes of the runs of players whose parts of a mask cost something, each for itself; empty for most games."""
    found: tuple[int, ...] = getattr(game, "blocks", ())
    return found if len(found) == 2 and min(found) > 0 else ()


def log_odds(probabilities: Floats) -> Floats:
    """Natural log of p / (1 − p), with p kept 1e-7 away from 0 and 1 (float32 scores reach both), in nats."""
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    odds: Floats = np.log(p) - np.log1p(-p)
    return odds
