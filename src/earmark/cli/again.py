"""The command line below "Made by" on a page: with it the same files are made again."""

from __future__ import annotations

import shlex
from pathlib import Path

import typer

# What changes nothing in the files: leave to replace them, what is said meanwhile, and where options were read from.
_OF_ONE_CALL = {"overwrite", "skip_existing", "json", "quiet", "verbose", "no_progress", "config_file", "print_config"}


def command_line(context: typer.Context, out: Path) -> str:
    """The command of a context: its arguments, the options that are not at their defaults, and where results go.

    Parameters
    ----------
    context : of the command that runs.
    out : the folder, also where it was not named.
    """
    command: typer.Context | None = context
    names: list[str] = []
    while command is not None and command.parent is not None:
        names.insert(0, str(command.info_name))
        command = command.parent  # type: ignore[assignment]
    arguments, options = [], []
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if parameter.name in {*_OF_ONE_CALL, "out", "help"} or value in (None, parameter.default, (), []):
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            if parameter.param_type_name == "argument":
                arguments.append(str(each))
            elif isinstance(each, bool):
                options.append(parameter.opts[0] if each else parameter.secondary_opts[0])
            else:
                options += [parameter.opts[0], str(each)]
    return shlex.join(["earmark", *names, *arguments, *options, "-o", str(out)])
