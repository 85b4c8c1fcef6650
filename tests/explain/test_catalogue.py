"""Every registered method: loads, answers to its own name, keeps to its plan, and has a section in the docs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from earmark.components.component import Component
from earmark.explain.catalogue import METHODS
from earmark.explain.game import CachedGame
from earmark.explain.interactions import ShapleyInteractions
from earmark.explain.method import NamesPlayers

Make = Callable[..., CachedGame]
DOCS = Path(__file__).parents[2] / "docs" / "methods.md"
TABLE = tuple(Component(stem="drums" if i < 4 else "bass", start_s=i % 4, end_s=i % 4 + 1) for i in range(8))


@pytest.mark.parametrize("name", METHODS.names())
@pytest.mark.parametrize("n", [1, 8])
def test_a_registered_method_works_as_it_comes(curved_game: Make, name: str, n: int) -> None:
    game = curved_game(n)
    method = METHODS.get(name)()
    assert method.name == name
    json.dumps(asdict(method), allow_nan=False)  # type: ignore[call-overload]
    if isinstance(method, NamesPlayers):
        method = method.for_components(TABLE[:n])
    answer = method.solve(game, np.random.default_rng(0))
    assert answer.values.shape == answer.errors.shape == (3, n)
    assert np.isfinite(answer.values).all()
    assert game.evaluations <= method.plan(n)
    ends = game.values(np.array([[False] * n, [True] * n]))
    np.testing.assert_array_equal(answer.base, ends[0])
    np.testing.assert_array_equal(answer.full, ends[1])


@pytest.mark.parametrize("name", [*METHODS.names(), ShapleyInteractions.name])
def test_a_registered_method_is_documented_with_cost_and_reference(name: str) -> None:
    text = DOCS.read_text(encoding="utf-8")
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert section is not None
    assert "**Cost**" in section[1]
    assert "**When**" in section[1]
    assert re.search(r"\((1|2)\d{3}\)", section[1]), "a reference with its year"
