"""The seven classes of scorebook: where in the corpus of the music21 package their scores lie, and on what terms.

The corpus is found without importing the package. What may be done with an encoding differs between the classes; what
the corpus itself says about it is quoted in the data set's card.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from earmark.errors import DatasetError, SettingError

REMEDY = "Run: pip install 'earmark[scorebook]'"


@dataclass(frozen=True)
class Piece:
    """One score.

    Parameters
    ----------
    name : the same on every machine; also the track.
    path : the file that holds it.
    collection : the wider group: mass, cantata, opus, book or volume.
    number : which tune of a file with several, by its ``X:`` number; None where the file is the piece.
    title : what to call it; "" for the title in the score.
    """

    name: str
    path: Path
    collection: str
    number: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Collection:
    """A class of scorebook.

    Parameters
    ----------
    label : the class.
    title : what it is, for people.
    folders : in the corpus.
    suffixes : of the files that are read.
    beat_quarters : how many quarter notes of the notation the pulse lasts; old editions write in long notes.
    group : the collection of a piece, from its path within the corpus.
    terms : who encoded it and what is known about its use.
    notices : files, relative to the corpus, whose words on copyright are quoted.
    """

    label: str
    title: str
    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    beat_quarters: float
    group: Callable[[str], str]
    terms: str
    notices: tuple[str, ...] = ()


def _mass(path: str) -> str:
    number = re.search(r"_(\d+)", path)
    return f"palestrina mass {number.group(1)}" if number else "palestrina mass of the main volume"


def _cantata(path: str) -> str:
    return Path(path).stem.split(".")[0]


def _book(path: str) -> str:
    return "monteverdi book " + Path(path).stem.split(".")[1]


def _volume(path: str) -> str:
    volume = re.match(r"PMFC_(\d+)", Path(path).name)
    return f"trecento PMFC {volume.group(1)}" if volume else "trecento other"


def _opus(path: str) -> str:
    # The movements of a work lie in a folder, or the work is one file.
    return " ".join(Path(path).with_suffix("").parts[:2])


COLLECTIONS = (
    Collection(
        "chorales", "Bach, four-part chorales", ("bach",), (".mxl",), 1.0, _cantata,
        "Edition of Margaret Greentree and others (jsbchorales.net); the files bear no licence.",
    ),
    Collection(
        "fiddle_tunes", "Ryan's Mammoth Collection, fiddle tunes", ("ryansMammoth",), (".abc",), 1.0,
        lambda path: f"ryan {Path(path).stem}",
        "Contributed in ABC by Ray Davies, as each file says; the files bear no licence.",
    ),
    Collection(
        "folk_songs", "Essen folk songs", ("essenFolksong",), (".abc",), 1.0, lambda path: f"essen {Path(path).stem}",
        "Essen database (Helmut Schaffrath, Ewa Dahlig-Turek), in ABC by Seymour Shlien: non-commercial use.",
        ("essenFolksong/license.txt",),
    ),
    Collection(
        "madrigals", "Monteverdi, madrigals", ("monteverdi",), (".mxl",), 2.0, _book,
        "The files bear no licence.",
    ),
    Collection(
        "masses", "Palestrina, masses", ("palestrina",), (".krn",), 2.0, _mass,
        "Encoded by John Miller, in Humdrum by Bret Aarden; rights to derivative electronic formats are reserved: "
        "keep what is built from it to yourself.",
        ("palestrina/Agnus.krn",),
    ),
    Collection(
        "quartets", "Haydn, Mozart and Beethoven, string quartets", ("beethoven", "haydn", "mozart"), (".mxl",), 1.0,
        _opus, "The files bear no licence.",
    ),
    Collection(
        "trecento", "Music of the Italian trecento", ("trecento",), (".xml", ".mxl"), 1.0, _volume,
        "Encoded for music21 from Polyphonic Music of the Fourteenth Century; some files bear an empty copyright.",
    ),
)  # fmt: skip

# A piano sonata among the quartets; tunes that test readers of ABC.
_LEFT_OUT = ("mozart/k545/", "essenFolksong/test")


def corpus_folder() -> Path:
    """The corpus of the installed music21 package.

    Raises
    ------
    SettingError
        If the package is not installed.
    DatasetError
        If it comes without its corpus.
    """
    found = importlib.util.find_spec("music21")
    if found is None or found.origin is None:
        raise SettingError("scorebook needs the package music21, which is not installed", remedy=REMEDY)
    folder = Path(found.origin).parent / "corpus"
    if not (folder / "bach").is_dir():
        raise DatasetError("holds no scores", remedy="Install music21 with its corpus", where=folder)
    return folder


def corpus_version() -> str:
    """Version of the installed music21 package."""
    return metadata.version("music21")


def pieces(collection: Collection, corpus: Path) -> tuple[Piece, ...]:
    """All scores of a class, by name.

    Raises
    ------
    DatasetError
        If the corpus has none.
    """
    found: list[Piece] = []
    for folder in collection.folders:
        for path in sorted((corpus / folder).rglob("*")):
            told = path.relative_to(corpus).as_posix()
            if path.suffix not in collection.suffixes or told.startswith(_LEFT_OUT):
                continue
            inner = path.relative_to(corpus / folder).as_posix() if len(collection.folders) == 1 else told
            group = collection.group(inner)
            if collection.label == "folk_songs":
                found += [Piece(f"{told}#{number}", path, group, number) for number in _numbers(path)]
            else:
                found.append(Piece(told, path, group))
    if not found:
        raise DatasetError(f"holds no scores of the class {collection.label}", remedy=REMEDY, where=corpus)
    return tuple(found)


def notice(collection: Collection, corpus: Path) -> str:
    """What the corpus says about rights in the class, word for word; "" where it says nothing."""
    said = []
    for name in collection.notices:
        path = corpus / name
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            # Humdrum's records on electronic editions: editor, copyright, message.
            kept = [line for line in lines if path.suffix == ".txt" or re.match(r"!!!(EED|YE.|EMD):", line)]
            said.append("\n".join(kept).strip())
    return "\n\n".join(said)


def _numbers(path: Path) -> list[int]:
    found = re.findall(r"^X:\s*(\d+)", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return sorted({int(number) for number in found})
