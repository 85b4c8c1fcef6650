"""joint: the embeddings of sound and words side by side, LayerNorm, one linear layer (Sotirou et al. 2024).

*MusicLIME* (2024) joins AST (768) and RoBERTa-large (1024) and trains all of it for three epochs. Here the two encoders
stay as they are and the head alone is trained: what works on small data, and on a laptop. Each half is standardised on
the training items first, since otherwise LayerNorm would hear the half with the larger numbers. A song without lyrics
has, in place of their embedding, one row that is learnt ("no lyrics"); it starts as the mean of all texts, and stays
that where no training item is without lyrics.

Two more heads, one on each half, are trained beside it on the same items, so that what the other half adds is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from earmark.models.recipe import Recipe
from earmark.models.zoo.settings import only, whole
from earmark.models.zoo.standardise import Standardise

MODALITIES = ("joint", "audio", "text")


class Head(nn.Module):
    """Rows → LayerNorm → logits; of rows ``(B, audio + text + 1)`` it sees its own columns.

    Parameters
    ----------
    labels : number of classes.
    audio, text : widths of the two standardised halves; the last column is 1 where there are lyrics.
    modality : "joint", "audio" or "text".
    """

    def __init__(self, labels: int, audio: int, text: int, modality: str) -> None:
        super().__init__()
        self.audio, self.text, self.modality = audio, text, modality
        width = {"joint": audio + text, "audio": audio, "text": text}[modality]
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, labels)
        # One layer needs no random start: of so wide a one it would speak loudly before anything is learnt, and what
        # no training song speaks against would stay.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        if modality != "audio":
            self.no_lyrics = nn.Parameter(torch.zeros(text))

    def forward(self, rows: Tensor) -> Tensor:
        """Logits ``(B, labels)``."""
        halves = [rows[:, : self.audio]] if self.modality != "text" else []
        if self.modality != "audio":
            known = rows[:, -1:] > 0
            halves.append(torch.where(known, rows[:, self.audio : self.audio + self.text], self.no_lyrics))
        logits: Tensor = self.out(self.norm(torch.cat(halves, 1)))
        return logits


class Joint(nn.Module):
    """Embeddings of sound ``(B, audio)`` and of words ``(B, text)`` → logits; and the same from either half.

    Parameters
    ----------
    labels : number of classes.
    audio, text : widths of the embeddings.
    """

    cam_layers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, labels: int, *, audio: int, text: int) -> None:
        super().__init__()
        self.widths = (audio, text)
        self.audio_norm = Standardise(audio)
        self.text_norm = Standardise(text)
        self.heads = nn.ModuleDict({name: Head(labels, audio, text, name) for name in MODALITIES})

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Joint:
        """An untrained one; settings ``audio`` and ``text``, the widths."""
        only(settings, ("audio", "text"), "joint")
        return cls(labels, audio=whole(settings, "audio"), text=whole(settings, "text"))

    def rows(self, audio: Tensor, text: Tensor, known: Tensor) -> Tensor:
        """What the heads take: standardised halves, and whether there are lyrics ``(B,)``."""
        return torch.cat([self.audio_norm(audio), self.text_norm(text), known[:, None].float()], 1)

    def forward(self, rows: Tensor, modality: str = "joint") -> Tensor:
        """Logits ``(B, labels)`` of ``rows``."""
        logits: Tensor = self.heads[modality](rows)
        return logits


JOINT = Recipe(
    architecture="joint",
    kind="joint",
    settings={"audio": "musicnn-msd", "text": "sentence"},
    learning_rate=1e-3,
    batch_size=32,
    epochs=200,
    patience=20,
)
# Folders of yours: MIT/ast-finetuned-audioset-10-10-0.4593 and roberta-large. Published: 256 tokens, lower case.
AST_ROBERTA = Recipe(
    architecture="joint",
    kind="joint",
    settings={
        "audio": "ast-finetuned-audioset-10-10-0.4593",
        "text": "roberta-large",
        "text_settings": {"pooling": "first", "tokens": 256, "lower": True},
    },
    learning_rate=1e-3,
    batch_size=32,
    epochs=200,
    patience=20,
)
