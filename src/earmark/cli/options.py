"""Options that several commands share, each with the same name, meaning and help everywhere."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import config
from earmark.errors import UsageError

_SAY = "What it says"
_OUT = "Where results go"
_SOUND = "Which part of the sound"

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE", help="Sound files; `-` reads a list of them from standard input, one a line."),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME|FOLDER",
        help="A pre-trained model (`earmark models list`), a bundle's folder, onnx:FILE or huggingface:FOLDER.",
    ),
]

Lyrics = Annotated[
    str,
    typer.Option(
        "--lyrics",
        metavar="FILE",
        help="For a model that reads them: a file (.lrc, .srt, .vtt, .txt), none, or auto: the file beside the sound "
        "that is named like it, or its tags.",
    ),
]
LyricsEncoding = Annotated[
    str | None,
    typer.Option(
        "--lyrics-encoding", metavar="NAME", help="Of a text file of lyrics that is not in UTF-8, such as cp1252."
    ),
]

Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Where the network computes: auto (a GPU if there is one), cpu, cuda, cuda:N.",
    ),
]


def _start(value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"{value:g} s is no time in a file", remedy="Give 0 or more seconds", where="--start")
    return value


def _duration(value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise UsageError(f"{value:g} s is no length of time", remedy="Give seconds above 0", where="--duration")
    return value


Start = Annotated[
    float,
    typer.Option("--start", metavar="SECONDS", callback=_start, help="Begin here.", rich_help_panel=_SOUND),
]
Duration = Annotated[
    float | None,
    typer.Option(
        "--duration",
        metavar="SECONDS",
        callback=_duration,
        help="Take this much; the rest of the file by default.",
        rich_help_panel=_SOUND,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.", rich_help_panel=_SAY)
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing on stderr but errors.", rich_help_panel=_SAY)]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say on stderr what is done to the sound.", rich_help_panel=_SAY)
]
NoProgress = Annotated[
    bool,
    typer.Option(
        "--no-progress", help="No progress bars (there are none off a terminal anyway).", rich_help_panel=_SAY
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="FOLDER",
        help="Where results go: out/NAME by default; with several files each gets a folder of its own inside.",
        rich_help_panel=_OUT,
    ),
]
Formats = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAMES",
        help="What to write: html,flac,json by default, and map with a gradient method (`earmark list formats`).",
        rich_help_panel=_OUT,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace results that are there already.", rich_help_panel=_OUT)
]
SkipExisting = Annotated[
    bool,
    typer.Option("--skip-existing", help="Leave out inputs whose results are all there.", rich_help_panel=_OUT),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        is_eager=True,
        callback=config.load,
        help="Take options from a table of this file named after the command; the command line wins.",
        rich_help_panel=_SAY,
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option("--print-config", help="Print the options in force as such a file, and stop.", rich_help_panel=_SAY),
]
