"""The four taggers inside the published wheel of musicnn, read without running any of its code.

Jordi Pons and Xavier Serra, "musicnn: Pre-trained convolutional neural networks for music audio tagging", ISMIR 2019
(late-breaking demo). The wheel declares a TensorFlow that no longer installs; its checkpoints, labels and licence are
plain data.
"""

from __future__ import annotations

import ast
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from torch import nn

from earmark.errors import BundleError
from earmark.features.front_end import FrontEndCard
from earmark.models.bundle import Bundle, Card, Licence, Origin
from earmark.models.catalogue import ARCHITECTURES
from earmark.models.tf_checkpoint import read_checkpoint
from earmark.models.zoo.tensorflow import Variables

PACKAGE = "musicnn"
VERSION = "0.1.0"
WHEEL_NAME = f"{PACKAGE}-{VERSION}-py3-none-any.whl"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
_LICENCE = f"{PACKAGE}-{VERSION}.dist-info/LICENSE.md"


@dataclass(frozen=True)
class Pretrained:
    """One of the taggers in the wheel.

    Parameters
    ----------
    name : its name in earmark.
    architecture, settings : which network, see ``catalogue.ARCHITECTURES``.
    folder : its folder in the wheel.
    labels : the constant of the wheel's ``configuration.py`` that lists its tags.
    """

    name: str
    architecture: str
    folder: str
    labels: str
    settings: dict[str, object] = field(default_factory=dict)


# Pools as (bins, frames) of the window, then of the step. vgg-msd has those of its own training graph; the models.py of
# the wheel gives it vgg-mtt's by mistake (the weights fit either), which moves its scores by up to 0.35.
_SAME_POOLS = [[2, 2, 2, 2], [2, 2, 2, 2], [4, 4, 4, 4]]
MUSICNN_MSD = Pretrained("musicnn-msd", "musicnn", "MSD_musicnn", "MSD_LABELS")
MUSICNN_MTT = Pretrained("musicnn-mtt", "musicnn", "MTT_musicnn", "MTT_LABELS")
VGG_MSD = Pretrained("vgg-msd", "vgg", "MSD_vgg", "MSD_LABELS", {"pools": [[1, 4, 1, 4], [4, 1, 4, 1], *_SAME_POOLS]})
VGG_MTT = Pretrained("vgg-mtt", "vgg", "MTT_vgg", "MTT_LABELS", {"pools": [[1, 4, 2, 2], [2, 2, 2, 2], *_SAME_POOLS]})


def bundle_from_wheel(wheel: Path, model: Pretrained) -> Bundle:
    """One tagger with its labels, licence and origin, from a wheel whose checksum was verified.

    Raises
    ------
    BundleError
        If the wheel cannot be read or lacks a part.
    """
    parts = _parts(
        wheel,
        f"{PACKAGE}/configuration.py",
        _LICENCE,
        f"{PACKAGE}/{model.folder}/.index",
        f"{PACKAGE}/{model.folder}/.data-00000-of-00001",
    )
    configuration, notice, index, data = parts
    where = f"{wheel} ({model.folder})"
    variables = read_checkpoint(index, data, where=where, wanted=lambda name: "/Adam" not in name)
    labels = labels_of(configuration.decode(), model.labels, where)
    network = ARCHITECTURES.get(model.architecture).from_settings(len(labels), model.settings)
    network.load_tensorflow(Variables(variables, where))  # type: ignore[attr-defined]
    card = Card(
        name=model.name,
        architecture=model.architecture,
        settings=model.settings,
        labels=labels,
        activation="sigmoid",
        front_end=FrontEndCard(
            sample_rate=16000,
            n_fft=512,
            hop_length=256,
            n_mels=96,
            fmin=0.0,
            fmax=8000.0,
            pad_mode="reflect",
            scaling="log10(10000x+1)",
        ),
        licence=Licence("ISC", notice.decode().strip()),
        origin=Origin(PACKAGE, VERSION, WHEEL_SHA256, f"{PACKAGE}/{model.folder}"),
    )
    return Bundle(card, dict(cast(nn.Module, network).state_dict()))


def labels_of(source: str, constant: str, where: object) -> tuple[str, ...]:
    """The list of texts that a Python source assigns to a constant; the source is parsed, never run.

    Raises
    ------
    BundleError
        If there is none.

    Examples
    --------
    >>> labels_of("TAGS = ['rock', 'pop']", "TAGS", "example")
    ('rock', 'pop')
    """
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == constant for target in statement.targets
        ):
            value = ast.literal_eval(statement.value)
            if isinstance(value, list) and value and all(isinstance(label, str) for label in value):
                return tuple(value)
    raise BundleError(f"no list of labels named {constant}", remedy="Fetch the original file again", where=where)


def _parts(wheel: Path, *names: str) -> list[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return [archive.read(name) for name in names]
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise BundleError(
            f"cannot be read as the wheel of {PACKAGE} ({error})", remedy="Fetch it again", where=wheel
        ) from error
