"""``earmark listen``: an explanation becomes sound."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli import options
from earmark.cli.console import Console
from earmark.cli.explained import as_options, check_order, explanation_in, label_of, load_explanation
from earmark.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.explain.explanation import Explanation
    from earmark.explain.map import MapExplanation
    from earmark.listen.render import Listening

HELP = """Write the part of a sound that raises a label's score, and all the rest, as `kept.flac` and `removed.flac`.

EXPLANATION is what `earmark explain` wrote: `explanation.json` (components), `map.safetensors` (every cell of the
spectrogram), or the folder, for the first of them that is in it.

Examples:

- `earmark explain song.mp3`, and then
- `earmark listen out/song song.mp3`
- `earmark listen out/song/explanation.json song.mp3 --label jazz --keep top:3 -o out/jazz`
- `earmark listen out/song/map.safetensors song.mp3 --mask top_5 --above mute --match-loudness`
"""

_SOUND_FORMATS = ("flac", "wav", "ogg", "mp3")


def listen(
    explanation: Annotated[
        Path,
        typer.Argument(
            metavar="EXPLANATION", help="What `earmark explain` wrote, .json or .safetensors, or its folder."
        ),
    ],
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
    mask: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A mask instead of --keep (`earmark list masks`), or `area:PERCENT`. Of a map `binary` by default, "
            "`top_30` where the method knows no direction.",
        ),
    ] = None,
    parts: Annotated[
        str, typer.Option(metavar="NAMES", help="What to write of kept, removed and original.")
    ] = "kept,removed",
    above: Annotated[
        str,
        typer.Option(
            metavar="pass|mute",
            help="Of a map: whether the kept part has what lies above the frequencies that the model hears.",
        ),
    ] = "pass",
    match_loudness: Annotated[
        bool, typer.Option("--match-loudness", help="Make all versions equally loud (LUFS), as far as peaks allow.")
    ] = False,
    format: Annotated[str, typer.Option("--format", metavar="NAME", help="flac, wav, ogg or mp3.")] = "flac",
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
    no_progress: options.NoProgress = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Write the part of a sound that raises a label's score, and all the rest, as sound."""
    check_order(explanation, file, "listen")
    if format not in _SOUND_FORMATS:
        raise UnknownNameError("sound format", format, _SOUND_FORMATS)
    wanted = _parts(parts)
    from earmark.audio.read import read
    from earmark.cli.results import all_or_nothing, check_writable, refuse_existing
    from earmark.explain.map import MapExplanation
    from earmark.listen.belongs import check_heard, check_same_clip
    from earmark.listen.mask import keep_rule
    from earmark.listen.render import check_asked, default_mask
    from earmark.listen.render import listen as render
    from earmark.listen.write import write_listening

    console = Console(quiet=quiet, json=json, bars=not no_progress)
    explanation = explanation_in(explanation)
    loaded = load_explanation(explanation)
    chosen = label_of(loaded, label)
    with as_options("keep", "above"):
        check_asked(loaded, keep=keep, mask=mask, above=above)
    of_map = isinstance(loaded, MapExplanation)
    rule = mask or keep or (default_mask(loaded) if isinstance(loaded, MapExplanation) else keep_rule(loaded))
    folder = out if out is not None else explanation.parent / f"{slug(chosen)}-{'map-' if of_map else ''}{slug(rule)}"
    names = [f"{part}.{format}" for part in wanted]
    clip = read(file, start_s=loaded.clip.start_s, duration_s=loaded.clip.duration_s)
    check_heard(clip)
    check_same_clip(loaded, clip)
    # Last: what to do about a folder is no question while something else is wrong.
    if not overwrite:
        refuse_existing(folder, names)
    check_writable(folder)
    with console.watch(f"rendering {clip.name}") as watch:
        listening = render(
            loaded,
            clip,
            label=chosen,
            keep=keep,
            mask=mask,
            above=above,
            match_loudness=match_loudness,
            watch=watch,
        )
    with all_or_nothing(folder) as staging:
        write_listening(listening, staging, suffix=f".{format}", parts=wanted)
    _tell(console, loaded, listening, [folder / name for name in names], rule)


def _tell(
    console: Console, loaded: Explanation | MapExplanation, listening: Listening, written: list[Path], rule: str
) -> None:
    from earmark.explain.explanation import Explanation
    from earmark.report.words import silence_text

    notes = [*listening.notes, *_filled(loaded)]
    for note in notes:
        console.say(note)
    if listening.gain_db < -0.05:
        console.say(f"all versions are {-listening.gain_db:.1f} dB lower than the file, so that none of them clips")
    facts: dict[str, Any] = {"label": listening.label, "keep": rule}
    if isinstance(loaded, Explanation):
        # Words come behind the components of the sound, and are not heard.
        kept = [component.label for component, on in zip(loaded.components, listening.mask, strict=False) if on]
        silence = silence_text(loaded, listening)
        if silence:
            console.say(silence + (" --keep top:3 keeps the strongest only." if kept else ""))
        share = f"{len(kept)} of {len(listening.mask)} components, {100 * listening.area:.1f} % ({rule})"
        console.data(f"kept for {listening.label}: {share}: {'; '.join(_shares(kept, listening)) or 'nothing'}")
        facts["kept"] = kept
    else:
        for part, sound in (("kept", listening.kept), ("removed", listening.removed)):
            if not sound.waveform.any():
                console.say(f"The {part} part is silent.")
        console.data(f"kept for {listening.label}: {100 * listening.area:.1f} % of the spectrogram ({rule})")
    loudness = {
        "original": listening.original_lufs,
        "kept": listening.kept_lufs,
        "removed": listening.removed_lufs,
    }
    said = (f"{part} {'silent' if math.isinf(lufs) else f'{lufs:.1f} LUFS'}" for part, lufs in loudness.items())
    console.data("; ".join(said).replace("-", "−"))
    for path in written:
        console.data(str(path))
    console.document(
        facts
        | {
            "area": listening.area,
            "gain_db": listening.gain_db,
            "match_db": list(listening.match_db),
            "lufs": {part: None if math.isinf(lufs) else lufs for part, lufs in loudness.items()},
            "notes": notes,
            "written": [str(path) for path in written],
        }
    )


def _filled(loaded: Explanation | MapExplanation) -> list[str]:
    """That something else than silence stands where a component is missing; nothing where it does not."""
    from earmark.explain.explanation import Explanation

    fill = loaded.recipe.component_settings.get("fill", "silence") if isinstance(loaded, Explanation) else "silence"
    if fill == "silence":
        return []
    return [
        f"what is missing is filled ({fill}), as it was explained: kept and removed part do not sum to the original"
    ]


def _shares(kept: list[str], listening: Listening) -> list[str]:
    """Names of kept components, with how much of each where that is not all or nothing."""
    values = [float(value) for value in listening.mask if value]
    if all(value == 1 for value in values):
        return kept
    return [f"{name} {100 * value:.0f} %" for name, value in zip(kept, values, strict=True)]


def _parts(text: str) -> tuple[str, ...]:
    from earmark.listen.write import PARTS

    asked = [part.strip() for part in text.split(",") if part.strip()]
    if not asked:
        raise UsageError("names nothing", remedy=f"Choose of {', '.join(PARTS)}", where="--parts")
    for part in asked:
        if part not in PARTS:
            raise UnknownNameError("version", part, PARTS)
    return tuple(part for part in PARTS if part in asked)


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
