"""An explanation as a notebook shows it: a fragment of HTML without script, style sheet or request."""

from __future__ import annotations

from html import escape

from earmark.explain.explanation import Explanation
from earmark.report.figures import attribution_figure
from earmark.report.images import png_bytes
from earmark.report.players import data_uri
from earmark.report.tables import effect_rows
from earmark.report.words import quantity, sum_text, trust

_ROWS = 8


def explanation_html(explanation: Explanation) -> str:
    """What was explained, how far to trust it, and per target the strongest components as a table and a picture."""
    e = explanation
    parts = [
        f"<p><b>{escape(e.clip.name)}</b> by {escape(e.model.name)}: {escape(e.recipe.method)} over "
        f"{len(e.components)} components ({escape(e.recipe.components)}), seed {e.recipe.seed}</p>",
        f"<p>{escape(trust(e))}</p>",
    ]
    for row in e.targets:
        label = e.labels[row]
        rows = effect_rows(e, label, frozenset())
        body = "".join(
            f"<tr><td>{escape(r.name)}</td><td>{escape(r.text)}</td><td>{escape(r.error_text)}</td>"
            f"<td>{escape(r.direction)}</td></tr>"
            for r in rows[:_ROWS]
        )
        picture = data_uri(png_bytes(attribution_figure(e, label), dpi=80), "image/png")
        more = f"<p>and {len(rows) - _ROWS} more components</p>" if len(rows) > _ROWS else ""
        parts.append(
            f"<h4>{escape(label)}</h4><p>{escape(sum_text(e, label))}</p>"
            f"<table><thead><tr><th>Component</th><th>{quantity(e)}</th><th>Error</th><th>Says</th></tr></thead>"
            f"<tbody>{body}</tbody></table>{more}"
            f'<img alt="Effects of the components on {escape(label)}; the table has the strongest" src="{picture}">'
        )
    return f"<div>{''.join(parts)}</div>"
