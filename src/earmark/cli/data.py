"""``earmark data``: what there is to learn from; each sub-command has a file of its own."""

from __future__ import annotations

import typer

from earmark.cli import data_audit, data_describe, data_get, data_show, data_split

HELP = """Open, audit, describe, split and get data sets."""

app = typer.Typer(rich_markup_mode="markdown")
app.command("show", help=data_show.HELP)(data_show.show)
app.command("audit", help=data_audit.HELP)(data_audit.audit)
app.command("describe", help=data_describe.HELP)(data_describe.describe)
app.command("split", help=data_split.HELP)(data_split.split)
app.command("get", help=data_get.HELP)(data_get.get)
