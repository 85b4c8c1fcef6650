"""The audit of a data set as one HTML file that asks nothing of any network and needs no script."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Template

from earmark.data.audit import Audit
from earmark.data.confounds import PERMUTATIONS, Confound
from earmark.data.dataset import Problem
from earmark.files import write_text
from earmark.report.page_parts import page_policy, page_template

# Of values of a property that is different in nearly every file, the commonest tell enough.
_ROWS = 12


@dataclass(frozen=True)
class DuplicateRow:
    """A pair, in words."""

    first: str
    second: str
    kind: str
    likeness: str
    offset: str
    across: str


@dataclass(frozen=True)
class Cell:
    """Items of a class with one value of a property, and their share of the class in percent."""

    number: int
    share: int


@dataclass(frozen=True)
class ValueRow:
    """One value of a property, a cell a class."""

    value: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ConfoundTable:
    """A property and its values, in words."""

    name: str
    alarming: bool
    hit: str
    base: str
    bits: str
    v: str
    p: str
    rows: tuple[ValueRow, ...]


def write_audit(path: str | Path, audit: Audit) -> Path:
    """Write the page; whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    return write_text(path, audit_html(audit))


def audit_html(audit: Audit) -> str:
    """The page itself; the same audit gives the same bytes."""
    counts = audit.counts
    heard = any(entry.facts is not None for entry in audit.entries)
    lists = [("Left out or missing", _told(audit.problems))]
    if heard:
        lists += [
            ("Corrupt", _told(audit.corrupt)),
            ("Silent", [entry.name for entry in audit.silent]),
            ("Clipped", [f"{e.name}: {e.facts.clipped_share:.1%}" for e in audit.clipped if e.facts is not None]),
            (
                f"Shorter than {audit.shortest_s:g} s",
                [f"{e.name}: {e.facts.duration_s:.2f} s" for e in audit.short if e.facts is not None],
            ),
        ]
    return _template().render(
        a=audit,
        policy=page_policy(),
        command="",
        lead=lead(audit),
        largest=max((items for items, _ in counts.values()), default=1),
        heard=heard,
        duplicates=_duplicates(audit),
        confounds=[_confound(one, {label: items for label, (items, _) in counts.items()}) for one in audit.confounds],
        permutations=PERMUTATIONS,
        lists=lists,
    )


def lead(audit: Audit) -> str:
    """The audit in one sentence."""
    across = sum("class" in audit.crossing(pair) for pair in audit.duplicates)
    alarming = [one.name for one in audit.confounds if one.alarming]
    parts = []
    if audit.duplicates:
        pairs = len(audit.duplicates)
        parts.append(
            f"{pairs} pair{'s' if pairs > 1 else ''} of duplicates" + (f", {across} across classes" if across else "")
        )
    if alarming:
        parts.append(f"the label can be guessed from {', '.join(alarming)}")
    if audit.leaks is not None and audit.leaks.rows:
        parts.append(f"{len(audit.leaks.rows)} findings in the lyrics tell the class and may never be sung")
    broken = len(audit.corrupt) + len(audit.problems)
    if broken:
        parts.append(f"{broken} problem{'s' if broken > 1 else ''} with files")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else "Nothing was found that a model should not learn from."


def _duplicates(audit: Audit) -> list[DuplicateRow]:
    rows = []
    for pair in audit.duplicates:
        first, second = audit.entries[pair.first], audit.entries[pair.second]
        across = audit.crossing(pair)
        named = f"class ({first.label}, {second.label})" if "class" in across else ""
        others = [name for name in across if name != "class"]
        rows.append(
            DuplicateRow(
                first.name,
                second.name,
                pair.kind,
                f"{pair.likeness:.2f}",
                f"{pair.offset_s:+.2f} s".replace("-", "−"),
                ", ".join([named, *others] if named else others),
            )
        )
    return rows


def _confound(one: Confound, items: dict[str, int]) -> ConfoundTable:
    order = list(one.values)
    commonest = sorted(order, key=lambda value: (-sum(one.values[value].values()), order.index(value)))[:_ROWS]
    rows = []
    for value in sorted(commonest, key=order.index):
        numbers = [(one.values[value].get(label, 0), total) for label, total in items.items()]
        rows.append(ValueRow(value, tuple(Cell(n, round(60 * n / total)) for n, total in numbers)))
    if len(one.values) > _ROWS:
        rest = [value for value in one.values if value not in commonest]
        numbers = [(sum(one.values[v].get(label, 0) for v in rest), total) for label, total in items.items()]
        rows.append(ValueRow(f"{len(rest)} others", tuple(Cell(n, round(60 * n / total)) for n, total in numbers)))
    return ConfoundTable(
        one.name,
        one.alarming,
        f"{one.hit_rate:.0%}",
        f"{one.base_rate:.0%}",
        f"{one.bits:.2f}",
        f"{one.v:.2f}",
        f"{one.p:.3f}",
        tuple(rows),
    )


def _told(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.where}: {problem.fact}" for problem in problems]


@cache
def _template() -> Template:
    return page_template("data_audit.html.j2")
