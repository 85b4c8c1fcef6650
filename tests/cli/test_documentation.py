"""docs/cli.md names every command and every option, and every help text shows an example."""

import re
from pathlib import Path

import pytest
import typer

from earmark.cli.main import app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(group, path=()):
    found = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= commands(command, (*path, name))
        else:
            found[" ".join((*path, name))] = command
    return found


COMMANDS = commands(typer.main.get_command(app))


def section(name):
    """The part of the page that is about a command."""
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    return next((part for part in parts if part.startswith(f"earmark {name.split()[0]}")), "")


def test_all_commands_are_found():
    assert {"predict", "explain", "listen", "models get", "list", "doctor", "demo"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name):
    text = section(name)
    assert f"earmark {name}" in text
    for parameter in COMMANDS[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert f"`{option}`" in text, option


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_and_explains_every_option(name):
    command = COMMANDS[name]
    assert f"`earmark {name}" in (command.help or "")
    for parameter in command.params:
        if parameter.name != "help":
            assert parameter.help, parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_is_printed(run, name):
    done = run(*name.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert "Examples" in done.out
