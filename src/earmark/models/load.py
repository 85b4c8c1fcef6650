"""From a name or a folder to a classifier."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from earmark.errors import BundleError
from earmark.models.bundle import CARD, Bundle, bundle_folder, load_bundle
from earmark.models.catalogue import PRETRAINED
from earmark.models.classifier import Classifier
from earmark.models.device import torch_device
from earmark.models.external import is_external, load_external
from earmark.models.fetch import get
from earmark.models.tagger import tagger_from


@runtime_checkable
class Moves(Classifier, Protocol):
    """A classifier that can be put on another device."""

    def to(self, device: torch.device) -> Classifier:
        """Move its networks there; returns itself."""
        ...


def load_model(
    name_or_path: str | Path, *, say: Callable[[str], None] | None = None, device: str = "auto"
) -> Classifier:
    """A pre-trained model by name (fetched into the user's cache at first use), or a bundle by its folder.

    Parameters
    ----------
    name_or_path : name in ``PRETRAINED``, the folder of a bundle, or a model of another maker: ``onnx:FILE``,
        ``huggingface:FOLDER``, see ``earmark.models.external``.
    say : receives one line about each thing that takes time.
    device : where its network computes: "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:1". Classifiers
        without a network stay on the CPU.

    Raises
    ------
    UnknownNameError
        If it is neither a known name nor a folder.
    SettingError
        If there is no such device.
    BundleError
        If the files are missing or damaged.
    FetchError, OutputError
        If it has to be fetched and cannot be, or cannot be stored.
    """
    place = torch_device(device)
    classifier = _loaded(name_or_path, say)
    return classifier.to(place) if isinstance(classifier, Moves) else classifier


def _loaded(name_or_path: str | Path, say: Callable[[str], None] | None) -> Classifier:
    text = str(name_or_path)
    if is_external(text):
        return load_external(text)
    if text not in PRETRAINED:
        path = Path(name_or_path)
        if path.is_dir() or path.name == CARD or any(mark in text for mark in (os.sep, "/")):
            folder = path.parent if path.name == CARD else path
            return classifier_from(load_bundle(folder), folder, say=say)
    PRETRAINED.entry(text)
    folder = bundle_folder(text)
    if not folder.exists():
        get(text, say=say)
    return tagger_from(load_bundle(folder, remedy=f"Run: earmark models get {text}"), folder)


def classifier_from(bundle: Bundle, where: object, *, say: Callable[[str], None] | None = None) -> Classifier:
    """The classifier that a bundle of any kind holds.

    Parameters
    ----------
    bundle : as read.
    where : for messages.
    say : receives one line about each thing that takes time (a probe's base may have to be fetched).

    Raises
    ------
    BundleError
        If card and weights do not belong together.
    FetchError, OutputError
        If the base of a probe has to be fetched and cannot be.
    """
    card = bundle.card
    if card.kind == "probe":
        from earmark.models.probe import probe_from

        if card.embedding is None:
            raise BundleError(
                "the card of a probe names no embedding", remedy="Save or fetch the model again", where=where
            )
        return probe_from(bundle, _loaded(card.embedding.model, say), where)
    if card.kind == "text":
        from earmark.models.text.lyrics_classifier import lyrics_classifier_from

        return lyrics_classifier_from(bundle, where)
    if card.kind == "joint":
        from earmark.models.joint import joint_classifier_from

        return joint_classifier_from(bundle, where)
    if card.kind == "estimator" or card.descriptors is not None:
        from earmark.models.descriptor_classifier import descriptor_classifier_from

        return descriptor_classifier_from(bundle, where)
    return tagger_from(bundle, where)
