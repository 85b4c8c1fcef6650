"""``earmark list``."""

import json

import pytest

from earmark.components.catalogue import COMPONENTS, FILLS
from earmark.explain.catalogue import METHODS
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.metrics.catalogue import METRICS
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
    with_others = {"methods": ["gradient_methods"], "metrics": ["metric_sets"]}
    assert list(document) == [kind, *with_others.get(kind, [])]
    asked = {"asked"} if kind == "metrics" else set()
    assert all(set(row) == {"name", "summary"} | asked for row in document[kind])


def test_metrics_say_where_they_are_measured_and_what_they_take(run):
    done = run("list", "metrics")
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.startswith("  ")}
    assert set(lines) == {*METRICS.names(), "quick", "usual"}
    assert lines["ff"].endswith("(in quick and usual)")
    assert lines["deletion_auc"].endswith("(in usual)")
    assert lines["randomisation"].endswith("(by name; explains again; needs a model whose network is known)")
    assert lines["localisation_auc"].endswith("(not by measure; needs a planted truth: earmark benchmark planted)")
    assert "ff, ai, ad" in lines["quick"]
    assert "quick, deletion_auc" in lines["usual"]


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


def test_masks_of_a_chosen_area_are_listed(run):
    assert "  area:PERCENT" in run("list", "masks").out
