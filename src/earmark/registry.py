"""One small explicit registry: names to things, loaded only when asked for.

Each room fills its registries in one visible list of ``add`` calls; importing a module registers nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from earmark.errors import SettingError, UnknownNameError

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A registered name: where it lives, what it is, and the extra that it needs (if any)."""

    name: str
    target: str
    summary: str
    extra: str | None = None


class Registry(Generic[T]):
    """Names of one kind of thing (``what``: "method", "fill", …) and where each is defined.

    Examples
    --------
    >>> colours = Registry[str]("colour")
    >>> colours.add("digits", "string:digits", "ten digits")
    >>> colours.get("digits")
    '0123456789'
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, target: str, summary: str, *, extra: str | None = None) -> None:
        """Register ``name`` for ``target`` ("package.module:attribute").

        Raises
        ------
        SettingError
            If the name is taken.
        """
        if name in self._entries:
            raise SettingError(
                f"{self.what} {name!r} is registered already",
                remedy="Choose another name",
                where=self._entries[name].target,
            )
        self._entries[name] = Entry(name, target, summary, extra)

    def entry(self, name: str) -> Entry:
        """The entry of ``name``; an unknown name is answered with the nearest known ones."""
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownNameError(self.what, name, self._entries) from None

    def get(self, name: str) -> T:
        """The thing itself, imported now if it was not yet."""
        entry = self.entry(name)
        module, _, attribute = entry.target.partition(":")
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if entry.extra is None:
                raise
            raise SettingError(
                f"{self.what} {name!r} needs the package {error.name!r}, which is not installed",
                remedy=f"Run: pip install 'earmark[{entry.extra}]'",
            ) from error
        return cast(T, getattr(loaded, attribute))

    def names(self) -> tuple[str, ...]:
        """All names, in the order in which they were added."""
        return tuple(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)
