"""``earmark benchmark``: methods and models put to the test; each sub-command has a file of its own."""

from __future__ import annotations

import typer

from earmark.cli import benchmark_explain, benchmark_planted, benchmark_shortcuts

HELP = """Put methods to the test, on your data and where the truth is known; find shortcuts that a model takes."""

app = typer.Typer(rich_markup_mode="markdown")
app.command("explain", help=benchmark_explain.HELP)(benchmark_explain.explain)
app.command("planted", help=benchmark_planted.HELP)(benchmark_planted.planted)
app.command("shortcuts", help=benchmark_shortcuts.HELP)(benchmark_shortcuts.shortcuts)
