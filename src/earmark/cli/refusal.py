"""Wrong usage in a plain sentence: the option, what was given, what it takes, and the file that it was written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import TyperException

from earmark.cli import config
from earmark.errors import EarmarkError, UnknownNameError

_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}


@dataclass
class Session:
    """What is known about a call where its errors are told.

    Parameters
    ----------
    debug : whether tracebacks are shown.
    config : the file given to ``--config``.
    context : of the command that took it.
    """

    debug: bool = False
    config: Path | None = None
    context: typer.Context | None = None

    def told(self, error: EarmarkError) -> str:
        """The error's line, and the ``--config`` file where what is wrong was written there."""
        text = str(error)
        if self.config is None or self.context is None or error.exit_code != 2:
            return text
        from_file = config.from_file(self.context)
        if any(_is_about(error, key, value) for key, value in from_file.items()):
            return f"{self.config}: {text}"
        unclear = from_file and not isinstance(error, UnknownNameError) and not error.where.startswith("--")
        return f"{text} Some options are from {self.config}." if unclear else text

    def refused(self, error: TyperException) -> str:
        """What is wrong with the words of the command line, and whose help explains them."""
        context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
        known = config.names_from_file(self.context) if self.context is not None else set()
        prefix = f"{self.config}: " if parameter is not None and parameter.name in known else ""
        command = context.command_path if context is not None else "earmark"
        return f"{prefix}{_sentence(error, parameter)} Run: {command} --help."


def _sentence(error: TyperException, parameter: Any) -> str:
    problems = getattr(error.__cause__, "errors", None)
    if parameter is None or problems is None or not str(parameter.opts[0]).startswith("-"):
        line = " ".join(error.format_message().split())
        return line if line.endswith((".", "?", "!")) else f"{line}."
    (first, *_) = problems()
    given = first["input"]
    annotation = parameter.type_descriptor.annotation
    takes = _KINDS.get(getattr(annotation, "__name__", ""), "another value")
    least = getattr(parameter, "min", None)
    if parameter.metavar == "SECONDS":
        takes += " of seconds, such as 2.5"
    if least is not None:
        takes += f", {least:g} or more"
    return f"{parameter.opts[0]}: {given!r} does not do, it takes {takes}."


def _is_about(error: EarmarkError, key: str, value: object) -> bool:
    texts = [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]
    if isinstance(error, UnknownNameError):
        return error.name in {piece.strip() for text in texts for piece in (text, *re.split("[,=]", text))}
    return re.search(rf"--{re.escape(key)}(?![\w-])", str(error)) is not None
