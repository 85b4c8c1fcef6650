"""The bundle: a model on disk as a folder with ``card.json`` and its weights.

Weights are ``weights.safetensors`` (networks, heads) or ``estimator.skops`` (scikit-learn).

The card says everything that the weights do not: architecture and labels, what sound the model takes, whose it is and
under which licence, where it came from, and the checksum of the weights. Nothing in a bundle is ever unpickled or run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from earmark import __version__
from earmark.errors import BundleError, OutputError
from earmark.files import cache_folder
from earmark.models.card import Card as Card
from earmark.models.card import Licence as Licence
from earmark.models.card import Origin as Origin
from earmark.models.card import TrainingRecord as TrainingRecord
from earmark.models.card import card_from
from earmark.models.estimator_file import estimator_bytes, estimator_from_bytes

SCHEMA = "earmark.bundle"
# 1: networks over slices. 2: estimators, probes, descriptors, records of training.
SCHEMA_VERSION = 2
CARD = "card.json"
WEIGHTS = "weights.safetensors"
ESTIMATOR = "estimator.skops"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A card and its weights.

    Parameters
    ----------
    card : says what they are.
    weights : name → tensor, the ``state_dict`` of the network or head; empty for an estimator.
    estimator : fitted, of scikit-learn, where the card's kind is "estimator".
    """

    card: Card
    weights: dict[str, Tensor] = field(default_factory=dict)
    estimator: Any = None


def bundle_folder(name: str) -> Path:
    """Where the bundle of a pre-trained model is, or would be."""
    return cache_folder() / "models" / name


def save_bundle(bundle: Bundle, folder: str | Path) -> Card:
    """Write a bundle, whole or not at all; an older one of that name is replaced.

    Returns
    -------
    Card
        As written, with checksum and version.

    Raises
    ------
    OutputError
        If the folder cannot be written, or if something that is no bundle is in the way.
    SettingError
        If an estimator has parts that could not be read back safely.
    """
    folder = Path(folder)
    raw = (
        estimator_bytes(bundle.estimator)
        if bundle.card.kind == "estimator"
        else save_tensors({name: tensor.cpu().contiguous() for name, tensor in bundle.weights.items()})
    )
    written = replace(bundle.card, weights_sha256=hashlib.sha256(raw).hexdigest(), created_by=f"earmark {__version__}")
    text = json.dumps({"schema": SCHEMA, "version": SCHEMA_VERSION, **asdict(written)}, indent=2, ensure_ascii=False)
    if folder.exists() and not (folder / CARD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("exists and is no bundle", remedy="Choose another folder", where=folder)
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        fresh, old = temporary / "new", temporary / "old"
        fresh.mkdir()
        (fresh / _file(written)).write_bytes(raw)
        (fresh / CARD).write_text(text + "\n", encoding="utf-8", newline="\n")
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})",
            remedy="Make room and check the folder's permissions",
            where=folder,
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return written


def load_bundle(folder: str | Path, *, remedy: str = "Save or fetch the model again") -> Bundle:
    """Read a bundle and verify it.

    Parameters
    ----------
    folder : of the bundle.
    remedy : what to tell the reader to do about a broken one.

    Raises
    ------
    BundleError
        If a file is missing, the card is damaged or of a newer version, or the weights fail their checksum.
    """
    folder = Path(folder)
    card = read_card(folder, remedy=remedy)
    path = folder / _file(card)
    raw = _read(path, remedy)
    found = hashlib.sha256(raw).hexdigest()
    if found != card.weights_sha256:
        raise BundleError(
            f"the weights have the checksum {found[:12]}…, the card says {card.weights_sha256[:12]}…",
            remedy=remedy,
            where=path,
        )
    if card.kind == "estimator":
        return Bundle(card, estimator=estimator_from_bytes(raw, where=path, remedy=remedy))
    try:
        return Bundle(card, load_tensors(raw))
    except SafetensorError as error:
        raise BundleError(f"no safetensors file ({error})", remedy=remedy, where=path) from error


def read_card(folder: str | Path, *, remedy: str = "Save or fetch the model again") -> Card:
    """Only the card of a bundle (fast: the weights are not read or verified).

    Raises
    ------
    BundleError
        If it is missing, damaged or of a newer version.
    """
    path = Path(folder) / CARD
    raw = _read(path, remedy)
    try:
        fields: dict[str, Any] = json.loads(raw.decode("utf-8"))
        schema, version = fields.pop("schema"), fields.pop("version")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BundleError(f"no card of a model ({error})", remedy=remedy, where=path) from error
    if schema != SCHEMA or not isinstance(version, int):
        raise BundleError(f"no card of a model (schema {schema!r}, version {version!r})", remedy=remedy, where=path)
    if version > SCHEMA_VERSION:
        raise BundleError(
            f"the card has version {version}, this earmark reads versions up to {SCHEMA_VERSION}",
            remedy="Update earmark: pip install -U earmark",
            where=path,
        )
    try:
        return card_from(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the card is damaged ({error})", remedy=remedy, where=path) from error


def _file(card: Card) -> str:
    return ESTIMATOR if card.kind == "estimator" else WEIGHTS


def _read(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not path.parent.exists():
            named = "Check the path; earmark train makes such folders, earmark models list names what can be fetched"
            raise BundleError("there is no such folder", remedy=named, where=path.parent) from None
        raise BundleError("there is no such file", remedy=remedy, where=path) from None
    except OSError as error:
        raise BundleError(f"cannot be read ({error.strerror or error})", remedy=remedy, where=path) from error
