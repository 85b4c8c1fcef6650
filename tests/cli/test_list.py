"""``earmark list``."""

import json

import pytest

from earmark.components.catalogue import COMPONENTS, FILLS
from earmark.explain.catalogue import METHODS


def test_every_registered_name_is_listed_with_what_it_is(run):
    done = run("list")
    assert (done.code, done.err) == (0, "")
    for entry in (*METHODS, *COMPONENTS, *FILLS):
        assert f"  {entry.name} " in done.out
        assert entry.summary in done.out


@pytest.mark.parametrize("kind", ["methods", "components", "fills", "formats"])
def test_one_kind_as_json(run, kind):
    done = run("list", kind, "--json")
    document = json.loads(done.out)
    assert list(document) == [kind]
    assert all(set(row) == {"name", "summary"} for row in document[kind])


def test_methods_as_json_are_the_registered_ones(run):
    listed = [row["name"] for row in json.loads(run("list", "methods", "--json").out)["methods"]]
    assert listed == list(METHODS.names())


def test_unknown_kind_is_wrong_usage_with_a_proposal(run):
    done = run("list", "method")
    assert (done.code, done.out) == (2, "")
    assert done.err == "earmark: error: unknown kind of names 'method'. Did you mean methods?\n"
