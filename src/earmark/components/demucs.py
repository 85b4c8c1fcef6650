"""Stems by Demucs (Défossez 2021; Rouard, Massa & Défossez 2023), from weights that the user brings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.errors import AudioError, BundleError, SettingError

# What a weights file may name; anything else would be code of a stranger's choice.
KNOWN_MODELS = ("demucs.htdemucs.HTDemucs", "demucs.hdemucs.HDemucs", "demucs.demucs.Demucs")


def separate(clip: Clip, weights: str) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names and waveforms ``(stems, channels, samples)`` of a clip's stems, at its own rate and channels.

    The clip goes to the model at the model's rate and channels, standardised by the mean and deviation of its mono
    sum as in Demucs' own ``separate``, in overlapping excerpts and without random shifts; so it is deterministic.

    Parameters
    ----------
    clip : the mix.
    weights : a ``.safetensors`` file as Demucs 4.1 publishes and exports them (model class and arguments as metadata).

    Raises
    ------
    SettingError
        If the package demucs is missing (extra ``demucs``), or the file is a pickle (``.th``).
    BundleError
        If the file cannot be read or is no Demucs model.
    """
    model = load(weights)
    heard = resample(to_channels(clip, model.audio_channels), model.samplerate)
    mix = torch.from_numpy(heard.waveform.copy())
    mono = mix.mean(dim=0)
    mean, spread = mono.mean(), mono.std(correction=0) + 1e-8
    from demucs.apply import apply_model

    with torch.no_grad():
        sources = apply_model(model, ((mix - mean) / spread)[None], shifts=0, split=True, overlap=0.25)[0]
    # The mean belongs to all: to each an equal share, so that the stems still sum to the mix.
    sources = sources * spread + mean / len(sources)
    names = tuple(str(name) for name in model.sources)
    stems = np.zeros((len(names), clip.channels, clip.samples), dtype=np.float32)
    for stem, source in zip(stems, sources, strict=True):
        back = _fitted(Clip(source.numpy(), model.samplerate), clip)
        stem[:, : back.shape[1]] = back[:, : clip.samples]
    return names, stems


def load(weights: str) -> Any:
    """The model in a weights file, ready to separate; see ``separate`` for the errors."""
    path = Path(weights)
    if path.suffix != ".safetensors":
        raise SettingError(
            "these weights are no .safetensors file, and a pickle could run anything",
            remedy="Use the .safetensors of Demucs 4.1",
            where=weights,
        )
    if not path.is_file():
        raise BundleError("no such file", remedy="Give the path of Demucs weights (.safetensors)", where=weights)
    try:
        from demucs.hf import load_safetensors_model
    except ModuleNotFoundError as error:
        raise SettingError(
            f"stems by demucs need the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[demucs]'",
            where="source",
        ) from error
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            facts = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise BundleError(f"cannot be read ({error})", remedy="Fetch the weights again", where=weights) from error
    if facts.get("klass") not in KNOWN_MODELS or "structure" in facts:
        raise BundleError(
            f"holds {facts.get('klass', 'no Demucs model')!r}",
            remedy=f"Give weights of one of {', '.join(KNOWN_MODELS)}, not quantised",
            where=weights,
        )
    try:
        return load_safetensors_model(path).eval()
    except (RuntimeError, TypeError, KeyError, ValueError, json.JSONDecodeError) as error:
        raise BundleError(
            f"the weights do not fit ({error})", remedy="Fetch the weights again", where=weights
        ) from error


def _fitted(source: Clip, clip: Clip) -> NDArray[np.float32]:
    back = resample(source, clip.sample_rate)
    if back.channels == clip.channels or clip.channels == 1 or back.channels == 1:
        return to_channels(back, clip.channels).waveform
    raise AudioError(
        f"{back.channels} channels of a stem for {clip.channels} of the clip", remedy="Mix it down", where=clip.name
    )
