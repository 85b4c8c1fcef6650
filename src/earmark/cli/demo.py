"""``earmark demo``: the main job end to end, on the built-in track or on a file of yours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.job import Job

# Of about the length of a patch, so that a short file is explained as quickly as the demo track.
SEGMENT_S = 3.0
MOST_SEGMENTS = 10

HELP = """Explain the built-in demo track, whose stems and their times are known, or a file of your own.

Writes `report.html`, `kept.flac`, `removed.flac` and `explanation.json`; results of an earlier demo there are replaced,
and the demo track and its stems removed where a file of your own takes their place.

Examples:

- `earmark demo`
- `earmark demo song.mp3 -o out/song`
"""


def demo(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Your own sound instead of the demo track.")
    ] = None,
    model: options.Model = "musicnn-msd",
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where results go; replaced if they are there.")
    ] = Path("out/demo"),
    json: options.Json = False,
    no_progress: options.NoProgress = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Explain the built-in demo track, or a file of your own."""
    console = Console(quiet=quiet, verbose=verbose, bars=not no_progress, json=json)
    from earmark.audio.demo import remove_demo, write_demo
    from earmark.audio.read import info
    from earmark.cli import run
    from earmark.models.load import load_model

    classifier = load_model(model, say=console.say)
    stems: tuple[str, ...] | None = None
    own = file is not None
    segments = MOST_SEGMENTS
    if file is None:
        files = write_demo(out)
        file, stems = str(files.track), tuple(str(path) for path in files.stems.values())
        console.say(f"the demo track and its stems {', '.join(files.stems)} are in {out}")
    else:
        segments = min(MOST_SEGMENTS, max(1, round(info(file).duration_s / SEGMENT_S)))
    job = Job(model=model, components="stems_time", segments=segments, stems=stems)
    console.say(f"asking {classifier.name} about {file}, {job.components.replace('_', ' × ')} …")
    done = run.explain_file(file, job, classifier, out, ("html", "flac", "json"), console)
    if own and out.resolve() not in Path(file).resolve().parents:
        # Beside results about another sound they would only mislead.
        gone = remove_demo(out)
        if gone:
            console.detail(f"removed from {out}: {', '.join(str(path.relative_to(out)) for path in gone)}")
    run.tell(done, console)
    console.document(done.document())
    console.say(f"open {out / 'report.html'} in a browser")
