"""``earmark list``: the names that other commands take."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.job import FORMATS
from earmark.errors import UnknownNameError

KINDS = (
    "methods",
    "components",
    "fills",
    "formats",
    "metrics",
    "data",
    "features",
    "recipes",
    "masks",
    "edits",
    "planted",
)

# A kind that is listed together with another.
_GROUPS = {
    "gradient methods": "methods",
    "metric sets": "metrics",
    "descriptor sets": "features",
    "front ends": "features",
}

HELP = """List the names that other commands take: methods, components, fills, formats, data sets, features, recipes,
masks.

Examples:

- `earmark list`
- `earmark list methods --json`
"""


def list_names(
    what: Annotated[str | None, typer.Argument(metavar="[KIND]", help=f"One of {', '.join(KINDS)}.")] = None,
    json: options.Json = False,
) -> None:
    """List the names that other commands take."""
    if what is not None and what not in KINDS:
        raise UnknownNameError("kind of names", what, KINDS)
    console = Console(json=json)
    found = {kind: named for kind, named in _names().items() if what in (None, _GROUPS.get(kind, kind))}
    width = max(len(name) for named in found.values() for name in named)
    for number, (kind, named) in enumerate(found.items()):
        console.data(("\n" if number else "") + kind)
        for name, summary in named.items():
            where = f" ({_where_measured(name)})" if kind == "metrics" else ""
            console.data(f"  {name:<{width}}  {summary}{where}")
    document: dict[str, Any] = {
        kind.replace(" ", "_"): [
            {"name": name, "summary": summary} | ({"asked": _where_measured(name)} if kind == "metrics" else {})
            for name, summary in named.items()
        ]
        for kind, named in found.items()
    }
    console.document(document)


def _where_measured(name: str) -> str:
    """In which sets of ``earmark measure`` a metric is, or what it takes."""
    from earmark.metrics.catalogue import ASKED_BY_NAME, NOT_OF_ONE, SETS

    if name in NOT_OF_ONE:
        return f"not by measure; {NOT_OF_ONE[name]}"
    if name in ASKED_BY_NAME:
        return f"by name; {ASKED_BY_NAME[name]}"
    return "in " + " and ".join(kind for kind, names in SETS.items() if name in names)


def _names() -> dict[str, dict[str, str]]:
    from earmark.components.catalogue import COMPONENTS, FILLS
    from earmark.data.catalogue import DATASETS
    from earmark.explain.catalogue import METHODS
    from earmark.explain.gradient.catalogue import GRADIENT_METHODS
    from earmark.explain_global.editing.catalogue import EDITS
    from earmark.features.catalogue import FRONT_ENDS
    from earmark.features.descriptors.names import SUMMARIES
    from earmark.listen.masks import AREA_MASK, AREA_SUMMARY, MASKS
    from earmark.metrics.catalogue import METRICS, QUICK, USUAL
    from earmark.metrics.planted.catalogue import PLANTED
    from earmark.models.catalogue import RECIPES

    return {
        "methods": {entry.name: entry.summary for entry in METHODS},
        "gradient methods": {entry.name: entry.summary for entry in GRADIENT_METHODS},
        "components": {entry.name: entry.summary for entry in COMPONENTS},
        "fills": {entry.name: entry.summary for entry in FILLS},
        "formats": dict(FORMATS),
        "metrics": {entry.name: entry.summary for entry in METRICS},
        "metric sets": {
            "quick": f"of the mask alone: {', '.join(QUICK)}",
            "usual": f"all that explain nothing anew: quick, {', '.join(name for name in USUAL if name not in QUICK)}",
        },
        "data": {entry.name: entry.summary for entry in DATASETS},
        "descriptor sets": dict(SUMMARIES),
        "front ends": {entry.name: entry.summary for entry in FRONT_ENDS},
        "edits": {entry.name: entry.summary for entry in EDITS},
        "recipes": {entry.name: entry.summary for entry in RECIPES},
        "masks": {entry.name: entry.summary for entry in MASKS} | {AREA_MASK: AREA_SUMMARY},
        "planted": {entry.name: entry.summary for entry in PLANTED},
    }
