"""What every page is made of: its template, what it is allowed to do, and the pictures in it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from earmark import __version__


@dataclass(frozen=True)
class Picture:
    """A picture of a page, and its file beside the page.

    Parameters
    ----------
    file : its name.
    heading : what it is, in few words; also what is read to those who do not see it.
    caption : what it shows.
    png : its bytes.
    """

    file: str
    heading: str
    caption: str
    png: bytes

    @property
    def uri(self) -> str:
        """For an HTML page."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def slug(text: str) -> str:
    """A text as part of a file's name.

    Examples
    --------
    >>> slug("gain 60–250 Hz"), slug("−12 dB"), slug("0.8 ×")
    ('gain-60-250-Hz', 'minus12-dB', '0.8-x')
    """
    plain = text.replace("−", "minus").replace("–", "-").replace("×", "x").replace("+", "plus")
    return re.sub(r"[^\w.]+", "-", plain, flags=re.ASCII).strip("-.")


def page_template(name: str) -> Template:
    """A template of ``report/templates``. Texts are escaped, and a name that is not given is an error.

    ``page.html.j2`` is the frame of most pages: they fill its blocks, and are given ``policy`` and ``command`` (which
    makes the page again; "" where there is none). ``parts.html.j2`` has the fact list and the figure.
    """
    environment = Environment(
        loader=FunctionLoader(lambda part: _text("templates", part)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name, globals={"css": Markup(static_text("report.css")), "version": __version__})


def page_policy(*, sound: bool = False, script: bool = False) -> str:
    """The Content-Security-Policy of a page that asks nobody for anything.

    Parameters
    ----------
    sound : whether it holds sounds.
    script : whether it has a script of its own.

    Examples
    --------
    >>> page_policy(sound=True)
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
    """
    scripts = " script-src 'unsafe-inline';" if script else ""
    sounds = "; media-src data:" if sound else ""
    return f"default-src 'none'; style-src 'unsafe-inline';{scripts} img-src data:{sounds}"


def static_text(name: str) -> str:
    """A file of ``report/static``."""
    return _text("static", name)


def _text(room: str, name: str) -> str:
    return (files("earmark.report") / room / name).read_text(encoding="utf-8")
