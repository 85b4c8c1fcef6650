"""Where a classifier computes: the CPU, or a GPU that the user names."""

from __future__ import annotations

import re

import torch

from earmark.errors import SettingError
from earmark.models.classifier import Classifier, Differentiable


def torch_device(name: str) -> torch.device:
    """The device of that name.

    Parameters
    ----------
    name : "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:1".

    Raises
    ------
    SettingError
        If there is no such device.

    Examples
    --------
    >>> torch_device("cpu")
    device(type='cpu')
    """
    there = torch.cuda.device_count()
    if name == "cpu" or (name == "auto" and not there):
        return torch.device("cpu")
    found = re.fullmatch(r"auto|cuda(?::(\d+))?", name)
    if found is None:
        raise SettingError(f"unknown device {name!r}", remedy="Use auto, cpu, cuda or cuda:N", where="device")
    index = int(found[1] or 0)
    if index >= there:
        raise SettingError(
            f"{there} CUDA devices here, {name} asked for" if there else "there is no CUDA device here",
            remedy="Use --device cpu or auto; `earmark doctor` shows what there is",
            where="device",
        )
    return torch.device("cuda", index)


def device_of(classifier: Classifier) -> torch.device:
    """Where its network lies; the CPU for a classifier that shows none."""
    if isinstance(classifier, Differentiable):
        for parameter in classifier.network.parameters():
            return parameter.device
    return torch.device("cpu")
