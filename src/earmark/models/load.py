"""From a name or a folder to a classifier."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from earmark.models.bundle import CARD, bundle_folder, load_bundle
from earmark.models.catalogue import PRETRAINED
from earmark.models.classifier import Classifier
from earmark.models.fetch import get
from earmark.models.tagger import tagger_from


def load_model(name_or_path: str | Path, *, say: Callable[[str], None] | None = None) -> Classifier:
    """A pre-trained model by name (fetched into the user's cache at first use), or a bundle by its folder.

    Parameters
    ----------
    name_or_path : name in ``PRETRAINED``, or the folder of a bundle.
    say : receives one line about each thing that takes time.

    Raises
    ------
    UnknownNameError
        If it is neither a known name nor a folder.
    BundleError
        If the files are missing or damaged.
    FetchError, OutputError
        If it has to be fetched and cannot be, or cannot be stored.
    """
    text = str(name_or_path)
    if text not in PRETRAINED:
        path = Path(name_or_path)
        if path.is_dir() or path.name == CARD or any(mark in text for mark in (os.sep, "/")):
            folder = path.parent if path.name == CARD else path
            return tagger_from(load_bundle(folder), folder)
    PRETRAINED.entry(text)
    folder = bundle_folder(text)
    if not folder.exists():
        get(text, say=say)
    return tagger_from(load_bundle(folder, remedy=f"Run: earmark models get {text}"), folder)
