"""Audio classifiers of transformers from a local folder: nothing is downloaded, unpickled or run from it.

Spectrogram transformers (AST) become differentiable and tokenised; what reads waveforms (wav2vec 2.0, HuBERT, WavLM,
data2vec, SEW, UniSpeech) becomes a plain classifier, which perturbation methods explain.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from earmark.errors import AudioError, BundleError, SettingError
from earmark.features.kaldi import KaldiMel
from earmark.models.classifier import Activation, InputSpec, TokenGrid

WAVEFORM_MODELS = (
    "wav2vec2",
    "wav2vec2-conformer",
    "hubert",
    "wavlm",
    "unispeech",
    "unispeech-sat",
    "data2vec-audio",
    "sew",
    "sew-d",
)


@dataclass(frozen=True)
class FolderFacts:
    """What a folder says about its model: see ``from_huggingface``."""

    name: str
    labels: tuple[str, ...]
    activation: Activation
    sample_rate: int
    fingerprint: str


class _FromFolder:
    """What every model from a folder says of itself."""

    facts: FolderFacts

    @property
    def name(self) -> str:
        """What to call it."""
        return self.facts.name

    @property
    def labels(self) -> tuple[str, ...]:
        """K class names."""
        return self.facts.labels

    @property
    def activation(self) -> Activation:
        """ "softmax" or "sigmoid"."""
        return self.facts.activation

    @property
    def fingerprint(self) -> str:
        """sha256 over the folder's config and weights."""
        return self.facts.fingerprint


class WaveformTransformer(_FromFolder):
    """A transformer over waveforms: normalised as its feature extractor does, then scored."""

    def __init__(self, facts: FolderFacts, model: Any, *, normalise: bool) -> None:
        self.facts, self._normalise = facts, normalise
        self._model = model.requires_grad_(False).eval()
        # Samples that its convolutions need for one frame.
        least = 1
        for kernel, stride in zip(reversed(model.config.conv_kernel), reversed(model.config.conv_stride), strict=True):
            least = (least - 1) * stride + kernel
        self._least = least

    @property
    def input(self) -> InputSpec:
        """Mono at its rate, of any length from one frame on."""
        return InputSpec(self.facts.sample_rate, min_length_s=self._least / self.facts.sample_rate)

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If they are shorter than one frame.
        """
        waveform = batch[:, 0]
        if waveform.shape[1] < self._least:
            raise AudioError(
                f"{waveform.shape[1]} samples, it needs {self._least}", remedy="Use a longer sound", where=self.name
            )
        if self._normalise:
            variance = waveform.var(1, correction=0, keepdim=True)
            waveform = (waveform - waveform.mean(1, keepdim=True)) / (variance + 1e-7).sqrt()
        return _activate(self._model(waveform).logits, self.activation)


class SpectrogramNetwork(nn.Module):
    """AST with its normalisation: Kaldi's log-mel spectrograms ``(B, bins, frames)`` → logits ``(B, K)``."""

    def __init__(self, model: Any, mean: float, deviation: float) -> None:
        super().__init__()
        self.model = model
        self.mean, self.deviation = mean, deviation

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        logits: Tensor = self.model(((spectrogram - self.mean) / self.deviation).transpose(1, 2)).logits
        return logits


class SpectrogramTransformer(_FromFolder):
    """AST: a sound of at most its length (10.24 s), extended by zeros of the spectrogram as its feature extractor does.

    It is ``Differentiable`` and ``Tokenised``.
    """

    def __init__(self, facts: FolderFacts, model: Any, *, mean: float, deviation: float) -> None:
        self.facts = facts
        self._network = SpectrogramNetwork(model, mean, deviation).requires_grad_(False).eval()
        config = model.config
        self._frames = int(config.max_length)
        self._front_end = KaldiMel(
            sample_rate=facts.sample_rate, n_mels=int(config.num_mel_bins), least_frames=self._frames
        )
        if config.time_stride != config.frequency_stride:
            raise SettingError(
                "its squares are further apart along one axis than along the other",
                remedy="Use a model with one stride",
                where=facts.name,
            )
        patch, stride = int(config.patch_size), int(config.time_stride)
        self.token_grid = TokenGrid(
            n_bins=(int(config.num_mel_bins) - patch) // stride + 1,
            n_frames=(self._frames - patch) // stride + 1,
            leading=2,
            patch=patch,
            stride=stride,
        )
        depth, layers = int(config.num_hidden_layers), "model.audio_spectrogram_transformer.layers"
        self.cam_layers = (*(f"{layers}.{i}" for i in range(depth - 1)), f"{layers}.{depth - 1}.layernorm_before")

    @property
    def input(self) -> InputSpec:
        """Mono at its rate, at least one frame long."""
        return InputSpec(self.facts.sample_rate, min_length_s=self._front_end.n_fft / self.facts.sample_rate)

    @property
    def front_end(self) -> KaldiMel:
        """Waveform → Kaldi's log-mel spectrogram, extended to the model's length."""
        return self._front_end

    @property
    def network(self) -> nn.Module:
        """Spectrogram → logits, in eval mode."""
        return self._network

    def logits(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, bins, frames)`` → values before the activation, ``(B, K)``.

        Raises
        ------
        AudioError
            If there are more frames than the model has positions for.
        """
        if spectrogram.shape[2] != self._frames:
            longest_s = self._frames * self._front_end.hop_length / self.facts.sample_rate
            raise AudioError(
                f"{spectrogram.shape[2]} frames, it takes {self._frames} (at most {longest_s:.2f} s)",
                remedy=f"Choose a span of at most {longest_s:.2f} s with --start and --duration",
                where=self.name,
            )
        answer: Tensor = self._network(spectrogram)
        return answer

    def scores(self, batch: Tensor) -> Tensor:
        """Probabilities ``(B, K)`` of waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If they are longer than the model's length, or shorter than one frame.
        """
        return _activate(self.logits(self._front_end(batch)), self.activation)


def from_huggingface(
    folder: str | Path, *, activation: Activation | None = None, name: str | None = None
) -> WaveformTransformer | SpectrogramTransformer:
    """A classifier from a folder of transformers.

    Parameters
    ----------
    folder : with ``config.json``, ``model.safetensors`` and, where it was saved, ``preprocessor_config.json``.
    activation : "softmax" or "sigmoid"; by default what the config says (its ``problem_type``), softmax if nothing.
        The AST trained on AudioSet has tags, so it wants "sigmoid", and does not say so.
    name : what to call it; by default the folder's name.

    Raises
    ------
    SettingError
        If transformers is not installed, or the folder's model is of no kind that is known here.
    BundleError
        If the folder holds no audio classifier in safetensors.
    """
    try:
        import transformers

        from earmark.models.zoo.transformers_folder import read_folder
    except ModuleNotFoundError as error:
        raise SettingError(
            f"this model needs the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[huggingface]'",
        ) from error
    path = Path(folder)
    stated = _json(path / "config.json")
    kind = stated.get("model_type")
    if kind != "audio-spectrogram-transformer" and kind not in WAVEFORM_MODELS:
        raise SettingError(
            f"a model of the kind {kind!r}",
            remedy=f"Known: audio-spectrogram-transformer, {', '.join(WAVEFORM_MODELS)}; others by from_callable",
            where=path,
        )
    model = read_folder(transformers.AutoModelForAudioClassification, path)
    prepared = _json(path / "preprocessor_config.json", missing={})
    rate = prepared.get("sampling_rate", 16000)
    if isinstance(rate, bool) or not isinstance(rate, int) or rate < 1:
        raise BundleError(f"sampling_rate {rate!r}", remedy="Mend preprocessor_config.json", where=path)
    multi = model.config.problem_type == "multi_label_classification"
    facts = FolderFacts(
        name=name or path.resolve().name,
        labels=tuple(str(model.config.id2label[index]) for index in range(model.config.num_labels)),
        activation=activation or ("sigmoid" if multi else "softmax"),
        sample_rate=rate,
        fingerprint=_fingerprint(path, activation),
    )
    if kind in WAVEFORM_MODELS:
        return WaveformTransformer(facts, model, normalise=bool(prepared.get("do_normalize", True)))
    mean, deviation = 0.0, 1.0
    if prepared.get("do_normalize", True):
        # The deviation counts twice, as published.
        mean, deviation = float(prepared.get("mean", -4.2677393)), 2 * float(prepared.get("std", 4.5689974))
    return SpectrogramTransformer(facts, model, mean=mean, deviation=deviation)


def _activate(logits: Tensor, activation: Activation) -> Tensor:
    return logits.sigmoid() if activation == "sigmoid" else logits.softmax(1)


def _json(path: Path, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if missing is not None:
            return missing
        raise BundleError(
            f"has no {path.name}", remedy="Give a folder that save_pretrained of transformers wrote", where=path.parent
        ) from None
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot be read ({error})", remedy="Save the model again", where=path) from error
    if not isinstance(found, dict):
        raise BundleError("is no object", remedy="Save the model again", where=path)
    return found


def _fingerprint(folder: Path, activation: Activation | None) -> str:
    digest = hashlib.sha256(str(activation).encode())
    for file in sorted(p for p in folder.iterdir() if p.suffix in (".json", ".safetensors")):
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()
