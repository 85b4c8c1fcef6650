"""Runs the command line in this process, and makes the files that it is run on: sounds and a small model."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.cli.main import main
from earmark.features.front_end import FrontEndCard
from earmark.models.bundle import Bundle, Card, save_bundle
from earmark.models.zoo.musicnn import Musicnn

LABELS = ("rock", "jazz", "metal", "Hip-Hop")
RATE = 16000


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """``run("predict", path, …)`` as a user would type it, in a folder of its own."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """Folder of a small tagger with four labels: the musicnn architecture with weights drawn from a fixed seed."""
    network = Musicnn(len(LABELS))
    generator = torch.Generator().manual_seed(7)
    weights = {
        name: torch.randn(tensor.shape, generator=generator) * 0.05 for name, tensor in network.state_dict().items()
    }
    front_end = FrontEndCard(
        sample_rate=RATE,
        n_fft=512,
        hop_length=256,
        n_mels=96,
        fmin=0.0,
        fmax=8000.0,
        pad_mode="reflect",
        scaling="log10(10000x+1)",
    )
    folder = tmp_path_factory.mktemp("model") / "small"
    save_bundle(Bundle(Card("small", "musicnn", {}, LABELS, "sigmoid", front_end), weights), folder)
    return folder


def music(seconds, rate=RATE, channels=1, seed=0):
    """A tone that changes its pitch every second, with noise bursts: the same each time."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 220 * (1 + np.floor(t) % 5) * t)
    bursts = 0.08 * rng.standard_normal(len(t)) * (t % 0.5 < 0.1)
    return Clip(np.stack([tone + bursts] * channels), rate)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory):
    """Sound files: ``song`` (6 s mono), ``other`` (4 s stereo 44.1 kHz), ``folder``, and ``make(name, …)`` for more."""
    folder = tmp_path_factory.mktemp("sounds")

    def make(name, *arguments, **options):
        return write(music(*arguments, **options), folder / name)

    return SimpleNamespace(
        folder=folder, make=make, song=make("song.wav", 6.0), other=make("other.flac", 4.0, rate=44100, channels=2)
    )
