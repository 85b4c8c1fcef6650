"""``--config FILE.toml``: options from a file, between the command line (which wins) and the defaults.

The file holds a table for each command, keys as the long options are called: ``[explain]``, ``segments = 20``.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import typer

from earmark.errors import UnknownNameError, UsageError

# What a file cannot say: the inputs, and what is about this one call.
_NOT_IN_A_FILE = {"files", "config_file", "print_config", "help", "dry_run"}


def load(context: typer.Context, path: Path | None) -> Path | None:
    """Callback of ``--config``: make the file's table the defaults of this command.

    Raises
    ------
    UsageError
        If the file cannot be read or is no TOML.
    UnknownNameError
        If it names an option that the command does not have.
    """
    if path is None:
        return None
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(str(error.strerror), remedy="Check the path given to --config", where=path) from error
    except ValueError as error:
        raise UsageError(f"no TOML ({error})", remedy="Correct the file", where=path) from error
    command = context.info_name or ""
    table = tables.get(command, {})
    if not isinstance(table, dict):
        raise UsageError(f"{command!r} is no table", remedy=f"Put the options below [{command}]", where=path)
    known = names(context)
    chosen = {}
    for key, value in table.items():
        if key not in known:
            raise UnknownNameError(f"option in {path}", key, known)
        chosen[known[key]] = value
    context.default_map = chosen
    session = context.find_root().obj
    if session is not None:
        session.config, session.context = path, context
    return path


def names(context: typer.Context) -> dict[str, str]:
    """Options that a file may set: name in the file → name of the parameter."""
    found = {}
    for parameter in context.command.params:
        if parameter.name is None or parameter.name in _NOT_IN_A_FILE:
            continue
        long = [option for option in parameter.opts if option.startswith("--")]
        found[long[0].removeprefix("--")] = parameter.name
    return found


def typed(context: typer.Context, parameter: str) -> bool:
    """Whether an option was given on the command line itself."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def names_from_file(context: typer.Context) -> set[str]:
    """Names of the parameters whose values are from the file, as far as they have been read."""
    found = set()
    for parameter in names(context).values():
        source = context.get_parameter_source(parameter)
        if source is not None and source.name == "DEFAULT_MAP":
            found.add(parameter)
    return found


def from_file(context: typer.Context) -> dict[str, object]:
    """The options whose values are from the file: name in the file → value there."""
    chosen = names_from_file(context)
    values = context.default_map or {}
    return {key: values[parameter] for key, parameter in names(context).items() if parameter in chosen}


def as_toml(context: typer.Context) -> str:
    """The options in force, as a file that ``--config`` takes; those without a value are left out."""
    lines = [f"[{context.info_name}]"]
    for key, parameter in names(context).items():
        value = context.params[parameter]
        if value is None or value == () or value == []:
            continue
        # A JSON string, number, true/false or list of them is written the same way in TOML.
        plain = [str(v) if isinstance(v, Path) else v for v in value] if isinstance(value, list | tuple) else value
        plain = str(plain) if isinstance(plain, Path) else plain
        lines.append(f"{key} = {json.dumps(plain, ensure_ascii=False)}")
    return "\n".join(lines)
