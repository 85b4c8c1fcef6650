"""A real explanation, small: three stems in four segments, played by permutation through a tiny tagger."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip, Source
from earmark.audio.write import write
from earmark.components.stems_time import StemsTime
from earmark.explain.explanation import Explanation
from earmark.explain.run import explain
from earmark.explain.shapley_permutation import ShapleyPermutation
from earmark.features.mel import LogMel
from earmark.listen.render import Listening, listen
from earmark.models.classifier import InputSpec

RATE = 8000
COMMAND = "earmark explain 'a & b.wav' --method shapley_permutation --seed 3"


class TinyTagger:
    """Log-mel means through fixed weights: differentiable, three tags, one of them with markup in its name."""

    name = "tiny <tagger>"
    labels = ("low", "high & bright", "</script><b>noisy</b>")
    input = InputSpec(RATE)
    activation = "sigmoid"
    fingerprint = "7" * 64
    cam_layers = ()

    def __init__(self) -> None:
        self.front_end = LogMel(sample_rate=RATE, n_fft=256, hop_length=128, n_mels=24)
        self.network = torch.nn.Linear(24, 3)
        slope = torch.linspace(-1, 1, 24)
        with torch.no_grad():
            self.network.weight.copy_(torch.stack((-slope, slope, 1 - slope.abs())) * 0.3)
            self.network.bias.copy_(torch.tensor([0.2, -0.4, -1.0]))

    def logits(self, spectrogram: torch.Tensor) -> torch.Tensor:
        return self.network(spectrogram.mean(dim=-1))

    def scores(self, batch: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return torch.sigmoid(self.logits(self.front_end(batch)))


@dataclass(frozen=True)
class Case:
    explanation: Explanation
    clip: Clip
    classifier: TinyTagger
    listening: Listening
    command: str = COMMAND


@pytest.fixture(scope="session")
def make_case(tmp_path_factory: pytest.TempPathFactory):
    """``make_case(name, targets)``: the case for a clip from a file of that name."""
    t = np.arange(4 * RATE) / RATE
    rng = np.random.default_rng(5)
    waves = {
        "bass": 0.3 * np.sin(2 * np.pi * 110 * t) * (t > 1),
        "lead": 0.2 * np.sin(2 * np.pi * 1760 * t) * (t < 2.5),
        "drums": 0.1 * rng.standard_normal(t.size) * ((t * 4) % 1 < 0.2),
    }
    folder = tmp_path_factory.mktemp("stems")
    stereo = {k: np.stack((w, 0.8 * w)).astype(np.float32) for k, w in waves.items()}
    paths = tuple(str(write(Clip(w, RATE), folder / f"{k}.wav")) for k, w in stereo.items())
    whole = sum(stereo.values())

    def make(name: str = "a & b.wav", targets: int = 3) -> Case:
        clip = Clip(whole, RATE, source=Source(f"music/{name}", file_sha256="ab" * 32))
        tagger = TinyTagger()
        tagger.network.eval()
        kind = StemsTime(source=paths, n=4)
        explanation = explain(clip, tagger, kind, ShapleyPermutation(samples=400), targets=targets, seed=3)
        # A file's name holds no slash, but an explanation that was read from a file may say anything.
        explanation = replace(explanation, clip=replace(explanation.clip, name=name))
        return Case(explanation, clip, tagger, listen(explanation, clip))

    return make


@pytest.fixture(scope="session")
def case(make_case) -> Case:
    return make_case()


@pytest.fixture(scope="session")
def slim(make_case) -> Case:
    """With one target: pages are drawn in a third of the time."""
    return make_case(targets=1)


@pytest.fixture(scope="session")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        path = shutil.which(name)
        if path:
            return str(Path(path))
    pytest.skip("no Chromium is installed: pages are not opened")
