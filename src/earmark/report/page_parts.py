"""What every page is made of: its template, and the style sheet or script that goes into it."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template


def page_template(name: str) -> Template:
    """A template of ``report/templates``. Texts are escaped, and a name that is not given is an error."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((files("earmark.report") / "templates" / name).read_text(encoding="utf-8"))


def static_text(name: str) -> str:
    """A file of ``report/static``."""
    return (files("earmark.report") / "static" / name).read_text(encoding="utf-8")
