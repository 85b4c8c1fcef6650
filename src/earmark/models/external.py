"""Models of other makers by one line: ``onnx:birds.onnx``, ``huggingface:FOLDER``, as ``--model`` takes them.

What a file of ONNX does not say itself (labels, sample rate, what its input is) stands in a card beside it,
``birds.json``, or in the line: ``onnx:birds.onnx?sample_rate=48000&labels=labels.txt``. The line goes before the card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from earmark.errors import BundleError, SettingError, UnknownNameError, UsageError
from earmark.features.catalogue import FRONT_ENDS
from earmark.features.front_end import FrontEndCard
from earmark.models.classifier import Classifier

PREFIXES = ("onnx", "huggingface")
ONNX_KEYS = (
    "labels", "sample_rate", "channels", "front_end", "frames", "activation", "outputs", "output", "name",
)  # fmt: skip
HUGGINGFACE_KEYS = ("activation", "name")
_NUMBERS = ("sample_rate", "channels", "frames")


def is_external(text: str) -> bool:
    """Whether a line names a model of another maker: by its prefix, or as a file ``.onnx``."""
    prefix, colon, _ = text.partition(":")
    return (bool(colon) and prefix in PREFIXES) or text.partition("?")[0].lower().endswith(".onnx")


def load_external(text: str) -> Classifier:
    """The classifier that a line names.

    Parameters
    ----------
    text : ``onnx:FILE``, ``FILE.onnx`` or ``huggingface:FOLDER``, and after a ``?`` settings ``key=value`` joined by
        ``&``. Of ONNX they are those of ``from_onnx``; ``labels`` is a file with one a line, or names with commas
        between them, and ``front_end`` the name of one (``earmark list features``) or, in a card, its parts.
        Of transformers: ``activation`` and ``name``.

    Raises
    ------
    UnknownNameError
        If a setting or a front end is unknown.
    SettingError
        If labels or sample rate are nowhere told, or a setting is of the wrong kind, or a package is not installed.
    BundleError
        If a file is missing or damaged.
    """
    place, _, query = text.partition("?")
    prefix, colon, rest = place.partition(":")
    if not colon or prefix not in PREFIXES:
        prefix, rest = "onnx", place
    if not rest:
        raise UsageError(f"{text!r} names no file", remedy=f"Write {prefix}:PATH", where="--model")
    path = Path(rest)
    told = _settings(query, path)
    if prefix == "huggingface":
        from earmark.models.huggingface import from_huggingface

        _known(told, HUGGINGFACE_KEYS)
        return from_huggingface(path, **told)
    from earmark.models.onnx import from_onnx

    card = path.with_suffix(".json")
    stated = {**(_read(card) if card.is_file() else {}), **told}
    _known(stated, ONNX_KEYS)
    if path.is_file() and ("labels" not in stated or not {"sample_rate", "front_end"} & set(stated)):
        lacking = "labels" if "labels" not in stated else "sample_rate (or front_end)"
        raise SettingError(
            f"nothing says its {lacking}",
            remedy=f'Write {card.name} beside it, {{"labels": […], "sample_rate": 48000}}, or add '
            f"?labels=labels.txt&sample_rate=48000",
            where=path,
        )
    stated["labels"] = _labels(stated.get("labels", ["?"]), card)
    for name in _NUMBERS:
        if isinstance(stated.get(name), bool) or not isinstance(stated.get(name, 1), int):
            raise SettingError(f"{stated[name]!r} is no whole number", remedy="Give one", where=f"{card}: {name}")
    if "front_end" in stated:
        stated["front_end"] = _front_end(stated["front_end"], card)
    return from_onnx(path, stated.pop("labels"), **stated)


def _settings(query: str, path: Path) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise UsageError(
            f"{query!r} is no list of settings", remedy="Write ?key=value&key=value", where=path
        ) from error
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = int(value) if key in _NUMBERS and value.isdigit() else value
    if "labels" in found:
        found["labels"] = _listed(str(found["labels"]))
    return found


def _listed(text: str) -> list[str]:
    file = Path(text)
    if file.suffix.lower() != ".txt":
        return [name.strip() for name in text.split(",")]
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"no labels can be read ({error})", remedy="Check the path", where=file) from error


def _read(card: Path) -> dict[str, Any]:
    try:
        found = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"is no JSON ({error})", remedy="Mend it", where=card) from error
    if not isinstance(found, dict):
        raise BundleError("is no card", remedy='Write {"labels": […], "sample_rate": …}', where=card)
    return found


def _known(stated: Mapping[str, object], keys: tuple[str, ...]) -> None:
    for key in stated:
        if key not in keys:
            raise UnknownNameError("setting", key, keys)


def _labels(labels: object, card: Path) -> list[str]:
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise SettingError("labels are no list of names", remedy='Write ["one", "two"]', where=card)
    return labels


def _front_end(stated: object, card: Path) -> FrontEndCard:
    if isinstance(stated, str):
        return FRONT_ENDS.get(stated)
    names = [each.name for each in fields(FrontEndCard)]
    if not isinstance(stated, dict):
        raise SettingError("front_end is neither a name nor an object", remedy="See the docs page of onnx", where=card)
    for key in stated:
        if key not in names:
            raise UnknownNameError("part of a front end", str(key), names)
    try:
        return FrontEndCard(**stated)
    except TypeError as error:
        raise SettingError(f"front_end is incomplete ({error})", remedy="Give all its parts", where=card) from error
