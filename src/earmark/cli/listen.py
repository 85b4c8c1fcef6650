"""``earmark listen``: an explanation becomes sound."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.errors import UsageError

HELP = """Write the part of a sound that raises a label's score, and all the rest, as `kept.flac` and `removed.flac`.

Examples:

- `earmark listen out/song/explanation.json song.mp3`
- `earmark listen out/song/explanation.json song.mp3 --label jazz --keep top:3 -o out/jazz`
"""


def listen(
    explanation: Annotated[Path, typer.Argument(metavar="EXPLANATION.json", help="What `earmark explain` wrote.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="The sound that was explained.")],
    label: Annotated[
        str | None, typer.Option(metavar="TAG", help="For this label; the explanation's first target by default.")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="`raising`: all that raises the score; `top:K`: the K strongest; `half`: the fewest that have half of "
            "it. `raising` by default, `half` where the method knows no direction.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Where they go; a folder LABEL-RULE beside the explanation by default.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Write the part of a sound that raises a label's score, and all the rest, as sound."""
    from earmark.audio.read import read
    from earmark.cli.results import all_or_nothing, refuse_existing
    from earmark.cli.run import NAMES
    from earmark.explain.explanation import Explanation
    from earmark.listen.mask import keep_rule
    from earmark.listen.render import listen as render
    from earmark.listen.write import write_listening
    from earmark.report.words import silence_text

    console = Console(quiet=quiet, json=json)
    if Path(file).suffix.lower() == ".json" and explanation.suffix.lower() != ".json":
        raise UsageError(
            f"the explanation comes first and the sound second, not {explanation} {file}",
            remedy=f"Run: earmark listen {shlex.join((file, str(explanation)))}",
        )
    loaded = Explanation.load(explanation)
    chosen = loaded.labels[loaded.index(label)]
    keep = keep_rule(loaded) if keep is None else keep
    folder = out if out is not None else explanation.parent / f"{slug(chosen)}-{slug(keep)}"
    if not overwrite:
        refuse_existing(folder, NAMES["flac"])
    clip = read(file, start_s=loaded.clip.start_s, duration_s=loaded.clip.duration_s)
    listening = render(loaded, clip, label=chosen, keep=keep)
    with all_or_nothing(folder) as staging:
        write_listening(listening, staging)
    kept = [component.label for component, on in zip(loaded.components, listening.mask, strict=True) if on]
    written = [folder / name for name in NAMES["flac"]]
    silence = silence_text(loaded, listening)
    if silence:
        console.say(silence + (" --keep top:3 keeps the strongest only." if kept else ""))
    console.data(f"kept for {chosen}: {'; '.join(kept) or 'nothing'}")
    for path in written:
        console.data(str(path))
    console.document(
        {
            "label": chosen,
            "keep": keep,
            "kept": kept,
            "gain_db": listening.gain_db,
            "written": [str(path) for path in written],
        }
    )


def slug(text: str) -> str:
    """A name for a folder: letters, digits and single dashes.

    Raises
    ------
    UsageError
        If nothing is left of it.

    Examples
    --------
    >>> slug("Hip-Hop / 90s")
    'hip-hop-90s'
    """
    name = re.sub(r"[\W_]+", "-", text.casefold()).strip("-")
    if not name:
        raise UsageError(f"no folder can be named after {text!r}", remedy="Name one with -o")
    return name
