"""The command below "Made by" makes the same again: arguments and what differs from the defaults, and nothing else."""

import shlex
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from earmark.cli import options
from earmark.cli.again import command_line


@pytest.fixture
def told():
    """Runs a command of all kinds of options, and gives the command line that it would show."""
    app, inner, found = typer.Typer(), typer.Typer(), []

    @inner.command()
    def weigh(
        context: typer.Context,
        model: str,
        files: list[Path],
        out: Annotated[Path | None, typer.Option("-o", "--out")] = None,
        edit: list[str] | None = None,
        top: int = 3,
        effects: bool = True,
        all_of: Annotated[bool, typer.Option("--all")] = False,
        overwrite: options.Overwrite = False,
        json: options.Json = False,
        quiet: options.Quiet = False,
    ) -> None:
        found.append(command_line(context, out or Path("out/of it")))

    @inner.command()
    def nothing() -> None:
        pass

    app.add_typer(inner, name="scale")

    def tell(*words):
        done = CliRunner().invoke(app, ["scale", "weigh", *words])
        assert done.exit_code == 0, done.output
        return found[-1]

    return tell


def test_defaults_are_left_out_and_the_folder_is_named(told):
    assert told("a model", "x.wav") == "earmark scale weigh 'a model' x.wav -o 'out/of it'"


def test_what_changes_the_files_is_there_and_what_does_not_is_not(told):
    words = ("m", "x.wav", "y.wav", "--edit", "a", "--edit", "b", "--top", "5", "--no-effects", "--all", "-o", "here")
    shown = told(*words, "--overwrite", "--json", "-q")
    assert shown == "earmark scale weigh m x.wav y.wav --edit a --edit b --top 5 --no-effects --all -o here"
    assert told(*shlex.split(shown)[3:]) == shown
