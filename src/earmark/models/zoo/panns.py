"""Published checkpoints of PANNs into our Cnn14, by key.

Kong et al. 2020; the checkpoints are files of torch (``Cnn14_mAP=0.431.pth`` and its kin), read without unpickling
anything but tensors. PANNs lay spectrograms out as (frames, bins), so that each 3 × 3 kernel is turned.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from earmark.errors import BundleError
from earmark.models.zoo.cnn14 import WIDTHS, Cnn14

# What computes the spectrogram there is our front end.
_FRONT_ENDS = ("spectrogram_extractor.", "logmel_extractor.")


def load_panns(network: Cnn14, checkpoint: str | Path) -> tuple[str, ...]:
    """Fill a Cnn14 from a checkpoint of PANNs.

    Parameters
    ----------
    network : any number of labels and bins. Another number of bins than the checkpoint's 64 leaves the batch norm over
        bins as it is; another number of labels than its 527 leaves the last layer as it is.
    checkpoint : the file.

    Returns
    -------
    tuple of str
        The layers that were left as they are: of "norm" and "out".

    Raises
    ------
    BundleError
        If it cannot be read, would have to be unpickled, or is no checkpoint of Cnn14.
    """
    state = read_checkpoint(checkpoint)
    taken: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.startswith(_FRONT_ENDS):
            continue
        ours = _ours(name)
        taken[ours] = tensor.transpose(2, 3) if tensor.ndim == 4 else tensor
    left = []
    for layer, key in (("norm", "norm.weight"), ("out", "out.weight")):
        if key in taken and taken[key].shape != network.state_dict()[key].shape:
            left.append(layer)
            taken = {name: tensor for name, tensor in taken.items() if not name.startswith(f"{layer}.")}
    expected = {name for name in network.state_dict() if name.split(".")[0] not in left}
    missing, surplus = sorted(expected - set(taken)), sorted(set(taken) - expected)
    if missing or surplus:
        raise BundleError(
            f"is no checkpoint of Cnn14 ({len(missing)} tensors missing, {len(surplus)} unknown, such as "
            f"{(missing + surplus)[0]})",
            remedy="Give a Cnn14 of PANNs, for instance Cnn14_mAP=0.431.pth",
            where=checkpoint,
        )
    try:
        network.load_state_dict(taken, strict=False)
    except RuntimeError as error:
        raise BundleError(
            f"does not fit ({error})", remedy="Give a Cnn14 of PANNs with the published widths", where=checkpoint
        ) from error
    return tuple(left)


def read_checkpoint(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a file of torch; the state under "model" or "state_dict" where it holds more than a state.

    Raises
    ------
    BundleError
        If it cannot be read, or holds anything but tensors, numbers and texts.
    """
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise BundleError("there is no such file", remedy="Check the path", where=path) from None
    # The restricted reader of torch trips over foreign files in all these ways.
    except (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, pickle.UnpicklingError) as error:
        raise BundleError(
            f"cannot be read as tensors ({str(error).splitlines()[0] if str(error) else type(error).__name__})",
            remedy="Give a checkpoint of torch that holds a state_dict; anything else in it is not unpickled",
            where=path,
        ) from error
    for key in ("model", "state_dict"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise BundleError("holds no state_dict", remedy="Save network.state_dict() with torch.save", where=path)
    return {str(name): tensor for name, tensor in found.items()}


def _ours(name: str) -> str:
    layer, _, rest = name.partition(".")
    if layer.startswith("conv_block") and layer[10:].isdigit() and 1 <= int(layer[10:]) <= len(WIDTHS):
        return f"block{layer[10:]}.{rest.replace('bn', 'norm')}"
    return {"bn0": "norm", "fc1": "hidden", "fc_audioset": "out"}.get(layer, layer) + f".{rest}"
