"""Reading the settings of an architecture, which come out of a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def only(settings: Mapping[str, object], known: Collection[str], architecture: str) -> None:
    """Refuse settings that the architecture does not have.

    Raises
    ------
    ValueError
        Naming them.

    Examples
    --------
    >>> only({"bins": 13}, ("bins", "frames"), "cnn")
    """
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{architecture} has no setting {', '.join(unknown)}; it has {', '.join(known) or 'none'}")


def whole(settings: Mapping[str, object], name: str, *, least: int = 1, default: int | None = None) -> int:
    """A whole number of at least ``least``.

    Raises
    ------
    ValueError
        If it is missing without a default, or is something else.

    Examples
    --------
    >>> whole({"bins": 13}, "bins")
    13
    """
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return value


def fraction(settings: Mapping[str, object], name: str, default: float) -> float:
    """A number from 0 up to, but not including, 1.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> fraction({"dropout": 0.2}, "dropout", 0.5)
    0.2
    """
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise ValueError(f"{name} must be a number from 0 to below 1, not {value!r}")
    return float(value)
