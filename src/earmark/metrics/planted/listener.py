"""Who listens to the planted sounds: a detector in closed form, or a small network trained on them.

The network is the zoo's ``cnn`` over 24 log-mel bands, trained by earmark's own training in a few seconds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from earmark.features.front_end import FrontEndCard, front_end_from
from earmark.metrics.planted.case import DURATION_S, RATE, PlantedSet
from earmark.metrics.planted.sounds import band_hz
from earmark.metrics.planted.tones import CLASS_BANDS, LABELS
from earmark.models.bundle import Bundle, Card, save_bundle
from earmark.models.callable import CallableClassifier, from_callable
from earmark.models.classifier import Classifier
from earmark.models.load import load_model
from earmark.training.progress import Watch

FRONT_END = FrontEndCard(
    sample_rate=RATE,
    n_fft=1024,
    hop_length=512,
    n_mels=24,
    fmin=0.0,
    fmax=RATE / 2,
    pad_mode="reflect",
    scaling="log10(10000x+1)",
)
FRAMES = FRONT_END.frames(DURATION_S)
EPOCHS = 12
BATCH = 16
LEARNING_RATE = 1e-3
# Log-odds per unit of rms: the burst, 0.018 rms, is worth 3.6.
SHARPNESS = 200.0


def detector() -> CallableClassifier:
    """The listener of the noiseless case: the class whose band is loudest, in closed form.

    Probabilities are the softmax of ``SHARPNESS`` times the rms of each class band. Nothing outside the class bands
    moves them, so the Shapley value of every component but those that hold the evidence is known to be 0.

    Examples
    --------
    >>> from earmark.metrics.planted.case import planted_case
    >>> one = planted_case("noiseless", n=1).clips[0]
    >>> scores = detector().scores(torch.from_numpy(one.clip.waveform.copy())[None])
    >>> one.label, round(float(scores[0, 0]), 2)
    ('low', 0.94)
    """

    def loudest_band(waveforms: NDArray[np.float32], sample_rate: int) -> ArrayLike:
        power = np.abs(np.fft.rfft(waveforms[:, 0], axis=-1)) ** 2
        samples = waveforms.shape[-1]
        hz = np.fft.rfftfreq(samples, 1 / sample_rate)
        # By Parseval's theorem: the rms in a band of a real signal.
        level = np.stack(
            [np.sqrt(2 * power[:, (hz >= low) & (hz < high)].sum(axis=1)) / samples for low, high in _middles()],
            axis=1,
        )
        odds: NDArray[np.float64] = np.exp(SHARPNESS * (level - level.max(axis=1, keepdims=True)))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    return from_callable(loudest_band, LABELS, RATE, name="loudest-band")


def _middles() -> list[tuple[float, float]]:
    """The middle 60 % of each class band: beyond it the masks of two bands cross-fade."""
    found = []
    for band in CLASS_BANDS:
        low, high = band_hz(band)
        found.append((low + 0.2 * (high - low), high - 0.2 * (high - low)))
    return found


def train_listener(planted: PlantedSet, folder: Path, *, seed: int = 0, watch: Watch | None = None) -> Classifier:
    """Train the network on planted sounds, and keep it as a bundle in ``folder``.

    Parameters
    ----------
    planted : the sounds it learns from.
    folder : of the bundle; a training that was broken off leaves none.
    seed : of weights and order.
    watch : progress and cancellation.
    """
    from earmark.training.examples import slices
    from earmark.training.network import standardise, train_network
    from earmark.training.settings import FitSettings
    from earmark.training.start import fresh

    front_end = front_end_from(FRONT_END)
    waveforms = torch.from_numpy(np.stack([one.clip.waveform for one in planted.clips]))
    with torch.inference_mode():
        spectrograms = list(front_end(waveforms).numpy())
    targets = [planted.labels.index(one.label) for one in planted.clips]
    names = [f"{planted.name} {index}" for index in range(len(targets))]
    examples = slices(spectrograms, targets, names, FRAMES)
    settings = FitSettings(
        epochs=EPOCHS, batch_size=BATCH, learning_rate=LEARNING_RATE, patience=0, device="cpu", seed=seed
    )
    shape: dict[str, object] = {"bins": FRONT_END.bins, "frames": FRAMES}
    network = fresh("cnn", len(planted.labels), shape, seed)
    mean = standardise(network, examples)
    with tempfile.TemporaryDirectory() as work:
        trained = train_network(
            network, examples, None, len(planted.labels), settings, Path(work), mean=mean, watch=watch
        )
    card = Card(f"planted-{planted.name}", "cnn", shape, planted.labels, "softmax", FRONT_END)
    save_bundle(Bundle(card, trained.weights), folder)
    return load_model(str(folder))
