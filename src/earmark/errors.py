"""One tree of errors. Every leaf says where, what is wrong, and what to do; each carries its exit code.

::

    EarmarkError                1   something failed
    ├── UsageError              2   the call itself is wrong
    │   ├── UnknownNameError    2   a name that no registry holds ("did you mean …")
    │   └── SettingError        2   a setting outside its range, or that cannot be honoured
    ├── AudioError              1   a sound that cannot be read or used
    ├── ModelError              1   a classifier that cannot be used
    │   ├── BundleError         1   files of a model on disk: missing, corrupted, too new
    │   ├── FetchError          1   a model that cannot be fetched or fails its checksum
    │   ├── ScoresError         1   the classifier raised, or returned something that is no probability
    │   └── CapabilityError     2   the method asks for something this classifier does not offer
    ├── DatasetError            1   a data set that cannot be read, split or used as asked
    ├── LyricsError             1   words that cannot be read or used
    ├── ExplanationError        1   a file that is no explanation, or does not belong to the clip or model
    ├── OutputError             1   a result that cannot be written
    ├── SomeFailedError         3   some inputs failed, the others are done
    └── CancelledError          130 stopped by the user
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar


class EarmarkError(Exception):
    """Base of all errors that earmark raises on purpose.

    Parameters
    ----------
    fact : what is wrong, in one clause.
    remedy : what the reader can do about it, in one clause.
    where : the file, argument or object that it is about.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, fact: str, *, remedy: str = "", where: object = "") -> None:
        self.fact = fact
        self.remedy = remedy
        self.where = str(where)
        super().__init__(self.fact, self.remedy, self.where)

    def __reduce__(self) -> tuple[Any, ...]:
        # So that it comes back from another process, although its parts are given by name.
        return _again, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        text = f"{self.where}: {self.fact}" if self.where else self.fact
        text = text.rstrip(".")
        if self.remedy:
            text = f"{text}. {self.remedy.rstrip('.')}"
        # One line is the promise: some libraries put line breaks into what we quote from them.
        return " ".join(text.split()) + "."


def _again(kind: type[EarmarkError], args: tuple[str, ...], parts: dict[str, Any]) -> EarmarkError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(parts)
    return error


class UsageError(EarmarkError):
    """The call is wrong: arguments that do not fit together or make no sense."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is not registered; proposes the nearest ones, and first what is meant where that is ``meant``."""

    def __init__(self, what: str, name: str, known: Iterable[str], *, meant: str = "") -> None:
        self.name = name
        self.known = tuple(known)
        folded = {k.casefold(): k for k in self.known}
        near = [folded[m] for m in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.55)]
        near = list(dict.fromkeys([meant, *near] if meant else near))[:3]
        if near:
            remedy = f"Did you mean {' or '.join(near)}?"
        else:
            shown = ", ".join(self.known[:12]) + (", …" if len(self.known) > 12 else "")
            remedy = f"Known: {shown}"
        super().__init__(f"unknown {what} {name!r}", remedy=remedy)

    def __str__(self) -> str:
        return f"{self.fact}. {self.remedy}"


class SettingError(UsageError):
    """A setting outside its range, or one that cannot be honoured here."""


class AudioError(EarmarkError):
    """A sound that cannot be read, or that cannot be used as asked."""


class ModelError(EarmarkError):
    """A classifier that cannot be used."""


class BundleError(ModelError):
    """A model's files are missing, corrupted, or of a newer version."""


class FetchError(ModelError):
    """A pre-trained model cannot be fetched, or is not what it should be."""


class ScoresError(ModelError):
    """The classifier raised, or returned something that is not ``(batch, labels)`` probabilities."""


class CapabilityError(ModelError):
    """The method needs a capability that this classifier does not offer."""

    exit_code = 2


class DatasetError(EarmarkError):
    """A data set that cannot be read, split or used as asked."""


class LyricsError(EarmarkError):
    """Words that cannot be read, or that cannot be used as asked."""


class ExplanationError(EarmarkError):
    """A file that is no explanation, or one that does not belong to this clip or classifier."""


class OutputError(EarmarkError):
    """A result cannot be written."""


class SomeFailedError(EarmarkError):
    """Some of the inputs failed; what was done for the others stands."""

    exit_code = 3


class CancelledError(EarmarkError):
    """The user stopped the work. Nothing half-done is called complete."""

    exit_code = 130
