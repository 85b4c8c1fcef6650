"""What ``earmark explain`` wrote, found where the user says; errors about it in the words of the command line."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import EarmarkError, ExplanationError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.explain.explanation import Explanation
    from earmark.explain.map import MapExplanation
    from earmark.models.classifier import Classifier

NAME, MAP_NAME = "explanation.json", "map.safetensors"
_SUFFIXES = (".json", ".safetensors")


def check_order(explanation: Path, file: str, command: str) -> None:
    """That the explanation comes first and the sound second.

    Raises
    ------
    UsageError
        If they are the other way round, with the call that was meant.
    """
    if _explains(Path(file)) and not _explains(explanation):
        raise UsageError(
            f"the explanation comes first and the sound second, not {explanation} {file}",
            remedy=f"Run: earmark {command} {shlex.join((file, str(explanation)))}",
        )


def explanation_in(path: Path) -> Path:
    """The file itself, or the explanation in a folder: of components before one of cells.

    Raises
    ------
    ExplanationError
        If nothing is there.
    UsageError
        If a folder holds none, naming what is meant where it is one folder deeper.
    """
    if not path.exists():
        raise ExplanationError(
            "no such file or folder", remedy="Check the path, or make it with earmark explain", where=path
        )
    if not path.is_dir():
        return path
    for name in (NAME, MAP_NAME):
        if (path / name).is_file():
            return path / name
    deeper = sorted(path.glob(f"*/{NAME}"))
    raise UsageError(
        f"a folder without {NAME}",
        remedy=f"Give {deeper[0]}{', or another below it' if deeper[1:] else ''}"
        if deeper
        else "Give the file that earmark explain wrote",
        where=path,
    )


def load_explanation(path: Path) -> Explanation | MapExplanation:
    """An explanation by components, or a map, by the suffix of the file."""
    from earmark.explain.explanation import Explanation
    from earmark.explain.map import MapExplanation

    return MapExplanation.load(path) if path.suffix.lower() == ".safetensors" else Explanation.load(path)


def label_of(loaded: Explanation | MapExplanation, label: str | None) -> str:
    """The label that is asked for, by default the first target; an unknown one is answered with the nearest."""
    from earmark.explain.explanation import Explanation

    try:
        index = loaded.index(label)
    except UnknownNameError as error:
        # Only an explanation by gradients can lack a label that the model has.
        if error.remedy.startswith("Did you mean") or (isinstance(loaded, Explanation) and loaded.perturbed):
            raise
        raise UsageError(
            f"{label!r} is not in this explanation, which has {', '.join(error.known)}",
            remedy="Explain it with earmark explain --target, and give that explanation",
            where="--label",
        ) from error
    return loaded.labels[index] if isinstance(loaded, Explanation) else loaded.targets[index]


def check_model(loaded: Explanation | MapExplanation, classifier: Classifier) -> None:
    """That the explanation is of this classifier, which was named or found by name.

    Raises
    ------
    ExplanationError
        If the fingerprints differ.
    """
    from earmark.listen.belongs import check_same_model

    try:
        check_same_model(loaded, classifier)
    except ExplanationError as error:
        raise ExplanationError(
            error.fact, remedy="Name the model that was explained with --model", where=error.where
        ) from error


@contextlib.contextmanager
def as_options(*arguments: str) -> Iterator[None]:
    """Errors about these arguments name the option."""
    try:
        yield
    except UnknownNameError:
        raise
    except EarmarkError as error:
        if error.where not in arguments:
            raise
        raise type(error)(error.fact, remedy=error.remedy, where=f"--{error.where}") from error


def _explains(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES or path.is_dir()
