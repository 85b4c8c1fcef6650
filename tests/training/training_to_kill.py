"""A tiny training: what it learns from, its network and settings; run as a script, it trains into a folder."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from earmark.training.augment import Augmentation
from earmark.training.examples import slices
from earmark.training.settings import FitSettings

SETTINGS = FitSettings(
    epochs=60,
    batch_size=8,
    learning_rate=1e-3,
    patience=60,
    device="cpu",
    seed=3,
    schedule="cosine",
    warmup_epochs=2,
    class_weights=True,
    augmentation=Augmentation(reverse=0.5, spec_bins=2, spec_frames=2, mixup=0.3),
)


def material():
    """Slices of noise with one louder bin a class: for training (which are shifted), and for validation."""
    rng = np.random.default_rng(0)
    sounds, labels = [], [i % 3 for i in range(24)]
    for label in labels:
        sound = rng.standard_normal((6, 25)).astype(np.float32)
        sound[2 * label] += 0.7
        sounds.append(sound)
    names = [str(i) for i in range(24)]
    training = slices(sounds[:18], labels[:18], names[:18], 10, shift=3)
    return training, slices(sounds[18:], labels[18:], names[18:], 10)


def network():
    """With all that remembers or draws: batch norm and dropout."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Flatten(), nn.Linear(60, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3)
        )


if __name__ == "__main__":
    from earmark.training import keeper
    from earmark.training.network import train_network

    keeper.SAVE_EVERY_S = 0.0
    train_network(network(), *material(), 3, SETTINGS, Path(sys.argv[1]), mean=torch.zeros(6))
