"""Decide what a class consists of: pieces in an order drawn by seed, one excerpt each, then a second one each, …"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from earmark.data.scorebook.collections import Piece
from earmark.data.scorebook.draws import Rules, Window, draw, plant
from earmark.data.scorebook.excerpt import Excerpt, excerpt_from
from earmark.data.scorebook.score import read_score
from earmark.errors import DatasetError


@dataclass(frozen=True)
class Wanted:
    """A class to draw.

    Parameters
    ----------
    label : its name.
    pieces : what it may be drawn from.
    rules : how.
    count : excerpts.
    planted : whether one stem of each gets the instrument that gives the class away.
    rounds : how often a piece may be used at most, in windows that do not overlap; None for as often as is needed.
    """

    label: str
    pieces: tuple[Piece, ...]
    rules: Rules
    count: int
    planted: bool = False
    rounds: int | None = None


@dataclass(frozen=True)
class Plan:
    """A class that is drawn.

    Parameters
    ----------
    label : the class.
    excerpts : of it.
    passed_over : (piece, reason) of those that have none.
    broken : those of them that cannot be read at all.
    left_out : (piece, what) of those that are played without a part: percussion without a pitch.
    """

    label: str
    excerpts: tuple[Excerpt, ...]
    passed_over: tuple[tuple[str, str], ...]
    broken: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def plan_from(document: dict[str, Any]) -> Plan:
    """The plan that ``document`` was made of."""
    passed = tuple((str(piece), str(reason)) for piece, reason in document["passed_over"])
    # A plan of an earlier version says neither which were broken nor what was left out.
    broken = tuple(document.get("broken", ()))
    left_out = tuple((str(piece), str(what)) for piece, what in document.get("left_out", ()))
    excerpts = tuple(excerpt_from(one) for one in document["excerpts"])
    return Plan(document["label"], excerpts, passed, broken, left_out)


def plan(wanted: Wanted, seed: int) -> Plan:
    """Draw a class. With a greater count the first excerpts are the same.

    Raises
    ------
    DatasetError
        If the pieces have no excerpt at all, or, without a limit to the rounds, too few.
    """
    salt = zlib.crc32(wanted.label.encode())
    order = np.random.default_rng([seed, salt]).permutation(len(wanted.pieces))
    left = [wanted.pieces[at] for at in order]
    excerpts: list[Excerpt] = []
    passed: list[tuple[str, str]] = []
    broken: list[str] = []
    left_out: dict[str, str] = {}
    taken: dict[str, tuple[Window, ...]] = {}
    attempt = rounds = 0
    while left and len(excerpts) < wanted.count and rounds != wanted.rounds:
        rounds += 1
        usable = []
        for piece in left:
            if len(excerpts) == wanted.count:
                break
            attempt += 1
            rng = np.random.default_rng([seed, salt, attempt])
            try:
                score = read_score(piece.path, piece.number)
            except DatasetError as error:
                passed.append((piece.name, error.fact))
                broken.append(piece.name)
                continue
            drawn = draw(score, wanted.rules, rng, taken.get(piece.name, ()))
            if isinstance(drawn, str):
                if piece.name not in taken:
                    passed.append((piece.name, drawn))
                continue
            taken[piece.name] = (*taken.get(piece.name, ()), drawn.window)
            if score.left_out:
                left_out[piece.name] = "; ".join(score.left_out)
            usable.append(piece)
            excerpts.append(_named(drawn.excerpt, wanted, piece, len(excerpts), seed))
        left = usable
    _refuse_too_few(wanted, excerpts, passed)
    return Plan(wanted.label, tuple(excerpts), tuple(passed), tuple(broken), tuple(left_out.items()))


def _named(excerpt: Excerpt, wanted: Wanted, piece: Piece, at: int, seed: int) -> Excerpt:
    named = replace(
        excerpt, name=f"{wanted.label}_{at:03d}", label=wanted.label, track=piece.name, collection=piece.collection,
        title=piece.title or excerpt.title,
    )  # fmt: skip
    if not wanted.planted:
        return named
    # By itself, so that all else is drawn as it is without the shortcut.
    return plant(named, np.random.default_rng([seed, zlib.crc32(wanted.label.encode()), at, 1]))


def _refuse_too_few(wanted: Wanted, excerpts: Sequence[Excerpt], passed: Sequence[tuple[str, str]]) -> None:
    if len(excerpts) == wanted.count or (excerpts and wanted.rounds is not None):
        return
    why = f"; the first that was passed over, {passed[0][0]}, {passed[0][1]}" if passed else ""
    raise DatasetError(
        f"has {len(excerpts)} excerpts of {wanted.rules.seconds:g} s, {wanted.count} are wanted{why}",
        remedy="Ask for fewer or shorter ones",
        where=wanted.label,
    )
