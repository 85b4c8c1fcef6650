"""``earmark list``."""

import json

import pytest

from earmark.components.catalogue import COMPONENTS, FILLS
from earmark.explain.catalogue import METHODS
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.metrics.planted.catalogue import PLANTED


def test_every_registered_name_is_listed_with_what_it_is(run):
    done = run("list")
    assert (done.code, done.err) == (0, "")
    for entry in (*METHODS, *GRADIENT_METHODS, *COMPONENTS, *FILLS, *PLANTED):
        assert f"  {entry.name} " in done.out
        assert entry.summary in done.out


@pytest.mark.parametrize("kind", ["methods", "components", "fills", "formats", "metrics", "data", "planted"])
def test_one_kind_as_json(run, kind):
    done = run("list", kind, "--json")
    document = json.loads(done.out)
    assert list(document) == [kind, *(["gradient_methods"] if kind == "methods" else [])]
    assert all(set(row) == {"name", "summary"} for rows in document.values() for row in rows)


def test_methods_as_json_are_the_registered_ones(run):
    document = json.loads(run("list", "methods", "--json").out)
    assert [row["name"] for row in document["methods"]] == list(METHODS.names())
    assert [row["name"] for row in document["gradient_methods"]] == list(GRADIENT_METHODS.names())
    # ``--method`` takes either: a name must not mean two things.
    assert set(METHODS.names()) & set(GRADIENT_METHODS.names()) == set()


def test_unknown_kind_is_wrong_usage_with_a_proposal(run):
    done = run("list", "method")
    assert (done.code, done.out) == (2, "")
    assert done.err == "earmark: error: unknown kind of names 'method'. Did you mean methods?\n"
