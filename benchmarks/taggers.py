"""The patchwise model that is asked: musicnn, trained where it can be had, untrained for a try."""

from __future__ import annotations

import torch

from earmark.errors import ModelError
from earmark.features.front_end import FrontEndCard
from earmark.models.bundle import Card
from earmark.models.load import load_model
from earmark.models.tagger import Tagger
from earmark.models.zoo.musicnn import Musicnn


def tagger(*, trained: bool) -> Tagger:
    """musicnn-msd, or musicnn as it is drawn.

    Raises
    ------
    EarmarkError
        If the trained one has to be fetched and cannot be.
    """
    if trained:
        loaded = load_model("musicnn-msd")
        if not isinstance(loaded, Tagger):
            raise ModelError("musicnn-msd is not patchwise", remedy="Remove it from the cache and get it again")
        return loaded
    front_end = FrontEndCard(16000, 512, 256, 96, 0.0, 8000.0, "constant", "log10(10000x+1)")
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    network = Musicnn(5)
    torch.random.set_rng_state(state)
    return Tagger(Card("musicnn, untrained", "musicnn", {}, tuple("abcde"), "sigmoid", front_end), network)
