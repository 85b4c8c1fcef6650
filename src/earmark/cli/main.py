"""The ``earmark`` command: its sub-commands, and what happens when one fails.

Every error is one line on stderr, ``earmark: error: …``, and an exit code: 0 done, 1 failed, 2 wrong usage, 3 some
inputs failed, 130 interrupted. No room is imported before its command runs, so that ``earmark --help`` is quick.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from earmark import __version__
from earmark.cli import (
    aggregate,
    assess,
    benchmark,
    data,
    demo,
    doctor,
    effects,
    explain,
    features,
    listen,
    measure,
    models,
    predict,
    report,
    train,
    tune,
)
from earmark.cli import list as list_
from earmark.cli.refusal import Session
from earmark.errors import EarmarkError

app = typer.Typer(
    name="earmark",
    help="See, hear and test why an audio or music classifier decided as it did.",
    add_completion=False,
    rich_markup_mode="markdown",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("predict", help=predict.HELP)(predict.predict)
app.command("explain", help=explain.HELP)(explain.explain)
app.command("effects", help=effects.HELP)(effects.effects)
app.command("listen", help=listen.HELP)(listen.listen)
app.command("measure", help=measure.HELP)(measure.measure)
app.add_typer(data.app, name="data", help=data.HELP)
app.command("features", help=features.HELP)(features.features)
app.command("train", help=train.HELP)(train.train)
app.command("tune", help=tune.HELP)(tune.tune)
app.command("assess", help=assess.HELP)(assess.assess)
app.command("aggregate", help=aggregate.HELP)(aggregate.aggregate)
app.command("report", help=report.HELP)(report.report)
app.add_typer(benchmark.app, name="benchmark", help=benchmark.HELP)
app.add_typer(models.app, name="models", help=models.HELP)
app.command("list", help=list_.HELP)(list_.list_names)
app.command("doctor", help=doctor.HELP)(doctor.doctor)
app.command("demo", help=demo.HELP)(demo.demo)

_INTERRUPTED = "interrupted; no result is half-written. Run the same command again: it goes on where it can."


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """See, hear and test why an audio or music classifier decided as it did.

    `earmark demo` shows all of it in a minute; `earmark explain song.mp3` does it to your own.
    """
    context.ensure_object(Session).debug = debug
    if version:
        print(f"earmark {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    Parameters
    ----------
    arguments : what follows ``earmark`` on the command line; None takes it from ``sys.argv``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name that the terminal cannot show must not end the run.
            stream.reconfigure(errors="backslashreplace")
    # Read when torch is loaded. By default its threads wait by spinning, which on a machine that is busy with other
    # work makes a run several times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    session = Session()
    try:
        result = app(args=arguments, prog_name="earmark", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except EarmarkError as error:
        return _fail(session.told(error), error.exit_code, session)
    except TyperException as error:
        return _fail(session.refused(error), error.exit_code, session)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(_INTERRUPTED, 130, session)
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            return _unexpected(error, session)
        # Results report their own path; what is left without one is what we print.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - or Python complains again at its end
        return _fail("standard output: no space left there. Make room, or send it elsewhere.", 1, session)
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line, not a traceback
        return _unexpected(error, session)
    if result == 130:
        # Typer turns Ctrl-C inside a command into this code.
        return _fail(_INTERRUPTED, 130, session)
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception, session: Session) -> int:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    hint = "This is a bug in earmark or a broken installation; `earmark --debug …` shows where."
    return _fail(f"{what}. {hint}", 1, session)


def _fail(message: str, exit_code: int, session: Session) -> int:
    if session.debug and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    print(f"earmark: error: {message}", file=sys.stderr)
    with contextlib.suppress(OSError):  # a full disk under stdout was the error already
        sys.stdout.flush()
    return exit_code
