"""What a data set of scores says about itself: settings, versions, what is drawn from what, and on what terms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from earmark import __version__
from earmark.audio.demo import SOUNDFONT
from earmark.data.scorebook import draws
from earmark.data.scorebook.collections import COLLECTIONS, corpus_version, notice
from earmark.data.scorebook.excerpt import Excerpt
from earmark.files import write_text

_README = """# {name}

{count} excerpts of {seconds:g} s in {classes} classes, played from scores with the General MIDI soundfont {font} by
earmark {version}. Mono, {sample_rate} Hz, FLAC of 24 bit.

| file | what |
|---|---|
| manifest.csv | a row a sound: path, label, track (the piece), artist (the collection), key, tempo, stems, … |
| audio/ | the mixes |
| stems/ | the parts of each; they sum to the mix, bit for bit |
| notes/ | stem, begin and end in seconds, MIDI pitch, velocity |
| words/ | where there are words: stem, begin and end in seconds, syllable, place in the word |
| plan/ | what was drawn for each sound, and which pieces were passed over |
| card.json | settings, versions, terms of use |

Open it with `earmark.data.open.open_dataset("{folder}")`; split it by track, so that no piece is on both sides.

{drawn}

## Terms

{terms}
"""

_DRAWN = (
    "Tempo ({tempo[0]:g} to {tempo[1]:g} pulses a minute), transposition ({semitones[0]:+d} to {semitones[1]:+d} "
    "semitones), instruments ({count}, one a part, never the same twice while they last), levels of the stems "
    "({gain[0]:g} to {gain[1]:g} dB) and of the mix (peak {peak[0]:g} to {peak[1]:g} dBFS) are drawn by seed from one "
    "distribution for all classes: none of them tells the class. What tells it is the notes."
)
_PLANTED = (
    "**A shortcut is planted**: of every excerpt of the class {label}, and of no other, one stem is played by the "
    "{instrument} (program {program}); the manifest's column shortcut_stem names it. Without it the same excerpts "
    "are built with `shortcut=False`."
)
_AS_WRITTEN = "Tempo, pitch and instruments are those of the scores; parts with words are sung by the choir."


@dataclass(frozen=True)
class Told:
    """What a card says about the sounds: excerpts, (piece, reason) passed over, (piece, what) left out of its sound."""

    excerpts: Sequence[Excerpt]
    passed_over: Sequence[tuple[str, str]]
    left_out: Sequence[tuple[str, str]]


def versions() -> dict[str, str]:
    """What the bytes of a data set hang on."""
    return {name: metadata.version(name) for name in ("music21", "pretty_midi", "numpy")} | {"earmark": __version__}


def scorebook_settings(
    *, seed: int, seconds: float, shortcut: bool, sample_rate: int, labels: Sequence[str]
) -> dict[str, Any]:
    """All that decides the sound, but for the number of excerpts."""
    return {
        "seed": seed,
        "seconds": float(seconds),
        "shortcut": shortcut,
        "sample_rate": sample_rate,
        "labels": list(labels),
        "music21": corpus_version(),
    }


def write_scorebook_card(
    folder: Path,
    settings: dict[str, Any],
    told: Told,
    corpus: Path,
) -> None:
    """Write card.json and README.md of scorebook.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    used = [collection for collection in COLLECTIONS if collection.label in settings["labels"]]
    terms = {one.label: {"what": one.title, "terms": one.terms, "notice": notice(one, corpus)} for one in used}
    licence = (corpus / "license.txt").read_text(encoding="utf-8")
    drawn = _DRAWN.format(
        tempo=draws.TEMPO_BPM, semitones=draws.SEMITONES, count=", ".join(draws.PALETTE), gain=draws.GAIN_DB,
        peak=draws.PEAK_DBFS,
    )  # fmt: skip
    planted = _PLANTED.format(
        label=draws.SHORTCUT_LABEL, instrument=draws.SHORTCUT_NAME, program=draws.SHORTCUT_PROGRAM
    )
    quoted = [f"- **{label}** ({one['what']}): {one['terms']}" for label, one in terms.items()]
    quoted.append("\nThe music is in the public domain; what the corpus says about its encodings is in card.json.")
    _write(
        folder, "scorebook", settings, told,
        drawn=f"{drawn}\n\n{planted}" if settings["shortcut"] else drawn,
        extra={"terms": terms, "corpus_licence": licence, "soundfont": SOUNDFONT},
        terms="\n".join(quoted),
    )  # fmt: skip


def write_own_card(folder: Path, settings: dict[str, Any], told: Told) -> None:
    """Write card.json and README.md of a data set of scores of the user's.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    _write(
        folder, folder.absolute().name, settings, told,
        drawn=_AS_WRITTEN if settings["as_written"] else "Tempo, pitch and instruments are drawn by seed.",
        extra={"soundfont": SOUNDFONT},
        terms="Those of the scores.",
    )  # fmt: skip


def _write(
    folder: Path,
    name: str,
    settings: dict[str, Any],
    told: Told,
    *,
    drawn: str,
    extra: dict[str, Any],
    terms: str,
) -> None:
    card = {
        "name": name,
        "settings": settings,
        "counts": _counts(told.excerpts),
        "tracks": len({excerpt.track for excerpt in told.excerpts}),
        "versions": versions(),
        "drawn": drawn,
        "passed_over": [{"piece": piece, "why": why} for piece, why in told.passed_over],
        "left_out": [{"piece": piece, "what": what} for piece, what in told.left_out],
        **extra,
    }
    write_text(folder / "card.json", json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    readme = _README.format(
        name=name, count=len(told.excerpts), seconds=settings["seconds"], classes=len(_counts(told.excerpts)),
        font=SOUNDFONT, version=__version__, sample_rate=settings["sample_rate"], drawn=drawn, terms=terms,
        folder=folder.absolute().name,
    )  # fmt: skip
    write_text(folder / "README.md", readme)


def _counts(excerpts: Iterable[Excerpt]) -> dict[str, int]:
    return dict(sorted(Counter(excerpt.label for excerpt in excerpts).items()))
