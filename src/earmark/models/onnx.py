"""Models in ONNX as classifiers, over waveforms or over slices of a spectrogram.

The file is run by onnxruntime on the CPU, and cannot be differentiated: perturbation methods (shapley, lime, occlusion
…) explain it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.errors import AudioError, BundleError, ScoresError, SettingError
from earmark.features.front_end import FrontEndCard, front_end_from
from earmark.models.classifier import Activation, FrontEnd, InputSpec, Patch
from earmark.models.scores import checked_scores
from earmark.models.slicing import Slicing

Outputs = Literal["logits", "probabilities"]


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A file of ONNX with one input, ready to run: arrays ``(B, …)`` → probabilities ``(B, K)``.

    Parameters
    ----------
    session : of onnxruntime.
    name, labels, activation : as for a classifier.
    outputs : what the file returns.
    output : name of the output that is read.
    """

    session: Any
    name: str
    labels: tuple[str, ...]
    activation: Activation
    outputs: Outputs
    output: str

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Of the input; None where any size will do."""
        return tuple(size if isinstance(size, int) else None for size in self.session.get_inputs()[0].shape)

    def run(self, array: NDArray[np.float32]) -> Tensor:
        """Probabilities ``(B, K)``, float64.

        Raises
        ------
        ScoresError
            If the model refuses the array, or answers with something else than ``(B, K)`` numbers.
        """
        size = self.shape[0] or len(array)
        name = self.session.get_inputs()[0].name
        parts = []
        for start in range(0, len(array), size):
            rows = array[start : start + size]
            lacking = size - len(rows)
            # A fixed batch size is filled up with copies of the last row, whose answers are dropped.
            full = np.concatenate([rows, np.repeat(rows[-1:], lacking, axis=0)]) if lacking else rows
            try:
                answer = self.session.run([self.output], {name: np.ascontiguousarray(full)})[0]
            # onnxruntime raises classes of its own, straight below Exception.
            except Exception as error:
                raise ScoresError(
                    f"onnxruntime refuses an input of shape {full.shape} ({error})",
                    remedy=f"The file takes {self.shape}; check sample rate, length and front end",
                    where=self.name,
                ) from error
            parts.append(np.asarray(answer)[: len(rows)])
        answer = np.concatenate(parts)
        if answer.shape == (len(array), len(self.labels)) and self.outputs == "logits":
            logits = torch.from_numpy(answer.astype(np.float64))
            answer = (logits.sigmoid() if self.activation == "sigmoid" else logits.softmax(1)).numpy()
        return torch.from_numpy(checked_scores(answer, len(array), len(self.labels), where=self.name))


@dataclass(frozen=True, eq=False)
class OnnxWaveformClassifier:
    """Waveforms go straight into the file; made by ``from_onnx``."""

    model: OnnxModel
    input: InputSpec
    fingerprint: str

    @property
    def name(self) -> str:
        """What to call it."""
        return self.model.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names."""
        return self.model.labels

    @property
    def activation(self) -> Activation:
        """ "softmax" or "sigmoid"."""
        return self.model.activation

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, channels, samples)``.

        Raises
        ------
        AudioError
            If the file takes another number of samples.
        ScoresError
            If the file cannot be run on them.
        """
        array = batch.detach().cpu().float().numpy()
        samples = self.model.shape[-1]
        if samples is not None and array.shape[-1] != samples:
            raise AudioError(
                f"{array.shape[-1]} samples, the file takes {samples}",
                remedy=f"Choose a span of {samples / self.input.sample_rate:.3f} s",
                where=self.name,
            )
        return self.model.run(array[:, 0] if len(self.model.shape) == 2 else array)


class OnnxSliceClassifier:
    """Slices of a spectrogram go into the file, their probabilities are averaged; made by ``from_onnx``.

    It is ``Patchwise``: a clip is explained slice by slice, exactly.

    Parameters
    ----------
    model : the file; its input is ``(B, bins, frames)`` or ``(B, 1, bins, frames)``.
    front_end : waveform → spectrogram.
    frames : of a slice.
    fingerprint : of file and settings.
    """

    def __init__(self, model: OnnxModel, front_end: FrontEndCard, frames: int, fingerprint: str) -> None:
        self.model, self.fingerprint = model, fingerprint
        self._front_end = front_end_from(front_end)
        self._slicing = Slicing(self._front_end, frames, model.name)

    @property
    def name(self) -> str:
        """What to call it."""
        return self.model.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names."""
        return self.model.labels

    @property
    def activation(self) -> Activation:
        """ "softmax" or "sigmoid"."""
        return self.model.activation

    @property
    def front_end(self) -> FrontEnd:
        """Waveform → spectrogram."""
        return self._front_end

    @property
    def input(self) -> InputSpec:
        """Mono, at least one slice long."""
        rate = self._front_end.sample_rate
        return InputSpec(rate, channels=1, min_length_s=self._slicing.shortest / rate)

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``: the mean over slices."""
        slices = self._slicing.spectrograms(batch)
        return self._run(slices.flatten(0, 1)).reshape(len(batch), slices.shape[1], -1).mean(1)

    def patches(self, samples: int) -> tuple[Patch, ...]:
        """The slices of a clip of that many samples."""
        return self._slicing.patches(samples)

    def patch_scores(self, batch: Tensor, patch: Patch) -> Tensor:
        """Probabilities ``(B, K)`` of one slice, from waveforms ``(B, 1, patch.stop - patch.start)``."""
        return self._run(self._slicing.patch_spectrograms(batch, patch))

    def _run(self, spectrograms: Tensor) -> Tensor:
        array: NDArray[np.float32] = spectrograms.detach().cpu().float().numpy()
        return self.model.run(array[:, np.newaxis] if len(self.model.shape) == 4 else array)


def from_onnx(
    file: str | Path,
    labels: Sequence[str],
    *,
    sample_rate: int | None = None,
    channels: int = 1,
    front_end: FrontEndCard | None = None,
    frames: int | None = None,
    activation: Activation = "softmax",
    outputs: Outputs = "logits",
    output: str | None = None,
    name: str | None = None,
) -> OnnxWaveformClassifier | OnnxSliceClassifier:
    """A classifier from a file of ONNX.

    Parameters
    ----------
    file : with one input: waveforms ``(B, samples)`` or ``(B, channels, samples)``, or with ``front_end`` spectrograms
        ``(B, bins, frames)`` or ``(B, 1, bins, frames)``.
    labels : K class names, in the order of the output's columns.
    sample_rate : Hz, for waveforms; with ``front_end`` it is that one's.
    channels : of the waveforms, 1 or 2.
    front_end : what computes the spectrogram.
    frames : of a slice; by default the file's own, where it is fixed.
    activation : "softmax" for one class each, "sigmoid" for tags.
    outputs : whether the file returns "logits" or "probabilities".
    output : name of the output to read; by default the first.
    name : what to call it; by default the file's name.

    Raises
    ------
    SettingError
        If onnxruntime is not installed, or the settings do not fit the file.
    BundleError
        If the file is missing or no ONNX.
    """
    path = Path(file)
    called = name or path.stem
    names = tuple(str(label) for label in labels)
    if not names or len(set(names)) != len(names) or isinstance(labels, str):
        raise SettingError("labels must be distinct names, at least one", remedy="Give a list of names", where=called)
    if activation not in ("softmax", "sigmoid") or outputs not in ("logits", "probabilities"):
        raise SettingError(
            f"activation {activation!r} with outputs {outputs!r}",
            remedy="Use softmax or sigmoid, and logits or probabilities",
            where=called,
        )
    raw, session = _session(path)
    inputs, found = session.get_inputs(), [each.name for each in session.get_outputs()]
    if len(inputs) != 1:
        raise SettingError(
            f"has the inputs {', '.join(each.name for each in inputs)}",
            remedy="Export a model with one input, the sound",
            where=path,
        )
    if output is not None and output not in found:
        raise SettingError(f"has no output {output!r}", remedy=f"Choose one of {', '.join(found)}", where=path)
    model = OnnxModel(session, called, names, activation, outputs, output or found[0])
    settings = [names, activation, outputs, model.output, sample_rate, channels, frames]
    told = json.dumps([*settings, None if front_end is None else asdict(front_end)])
    fingerprint = hashlib.sha256(raw + told.encode()).hexdigest()
    ranks = (2, 3) if front_end is None else (3, 4)
    if len(model.shape) not in ranks:
        raise SettingError(
            f"its input has the shape {model.shape}",
            remedy="Waveforms have 2 or 3 axes; give a front_end for spectrograms of 3 or 4",
            where=path,
        )
    if front_end is not None:
        return OnnxSliceClassifier(model, front_end, _frames(model, front_end, frames, path), fingerprint)
    if sample_rate is None or sample_rate < 1 or channels not in (1, 2) or (channels == 2 and len(model.shape) == 2):
        raise SettingError(
            f"sample_rate {sample_rate!r} Hz and {channels!r} channels for an input of shape {model.shape}",
            remedy="Give the rate that it was trained at, and 1 or 2 channels",
            where=path,
        )
    samples = model.shape[-1]
    length_s = None if samples is None else samples / sample_rate
    return OnnxWaveformClassifier(model, InputSpec(sample_rate, channels, length_s=length_s), fingerprint)


def _session(path: Path) -> tuple[bytes, Any]:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise SettingError(
            f"{path.name} needs the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[onnx]'",
        ) from error
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot be read ({error.strerror or error})", remedy="Check the path", where=path) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # One thread sums in one order: the same input gives the same bytes.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return raw, onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BundleError(
            f"is no ONNX model that onnxruntime {onnxruntime.__version__} can run ({error})",
            remedy="Export it as one file (no weights beside it), with an opset that this version knows",
            where=path,
        ) from error


def _frames(model: OnnxModel, front_end: FrontEndCard, frames: int | None, path: Path) -> int:
    bins, own = model.shape[-2], model.shape[-1]
    given = front_end.bins
    if bins is not None and bins != given:
        raise SettingError(
            f"takes {bins} bins, the front end gives {given}", remedy="Give its own front end", where=path
        )
    if frames is None and own is None:
        raise SettingError("takes any number of frames", remedy="Give frames, those of a slice", where=path)
    if frames is not None and (frames < 1 or (own is not None and own != frames)):
        raise SettingError(f"takes slices of {own} frames, not {frames}", remedy="Leave frames out", where=path)
    return frames if frames is not None else int(own or 0)
