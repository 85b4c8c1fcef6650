"""Where a classifier computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.components.time import Time
from earmark.errors import SettingError
from earmark.explain.play import play
from earmark.features.front_end import FrontEndCard
from earmark.models.bundle import Card
from earmark.models.device import torch_device
from earmark.models.tagger import tagger
from earmark.models.zoo.musicnn import Musicnn

GPU = torch.cuda.is_available()


def test_names() -> None:
    assert torch_device("cpu").type == "cpu"
    assert torch_device("auto").type == ("cuda" if GPU else "cpu")
    with pytest.raises(SettingError, match="unknown device 'gpu'"):
        torch_device("gpu")
    with pytest.raises(SettingError, match="--device cpu or auto"):
        torch_device("cuda:99")


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="needs a CUDA device")
def test_a_game_on_the_gpu_says_what_the_cpu_says() -> None:
    network = Musicnn(3)
    front_end = FrontEndCard(16000, 512, 256, 96, 0.0, 8000.0, "constant", "log10(10000x+1)")
    card = Card("untrained", "musicnn", {}, ("a", "b", "c"), "sigmoid", front_end)
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 7 * 16000))
    masks = np.random.default_rng(1).random((8, 4)) < 0.5
    answers = []
    for device in ("cpu", "cuda"):
        classifier = tagger(card, network).to(torch_device(device))
        answers.append(play(classifier, Time(n=4).build(Clip(sound, 16000))).values(masks))
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-4)
