"""A text model of transformers (BERT, RoBERTa, …) in a folder: nothing is downloaded, unpickled or run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from earmark.errors import BundleError, SettingError
from earmark.models.card import TextCard
from earmark.models.text.encoder import checked
from earmark.models.zoo.transformers_folder import read_folder

USUAL: dict[str, object] = {"folder": "", "pooling": "first", "tokens": 256, "lower": False, "normalise": False}
POOLINGS = ("first", "mean")
_AT_ONCE = 16


class TransformersText:
    """The last layer, pooled over the tokens of a text; what is beyond the window is cut off.

    Parameters
    ----------
    folder : with ``config.json``, ``model.safetensors`` and ``tokenizer.json`` (or what its tokenizer is made of).
    pooling : "first" (the class token, as in *MusicLIME*'s RoBERTa) or "mean" over the tokens.
    tokens : the window, with the two tokens that mark begin and end.
    lower : whether the text is put into lower case first.
    normalise : whether each row is divided by its length.
    name : the encoder's in ``TEXT_ENCODERS``; told in its card with ``model``, by default the folder.

    Raises
    ------
    SettingError
        If a setting makes no sense, or the window is longer than the model's positions.
    BundleError
        If the folder holds no such model.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        pooling: str = "first",
        tokens: int = 256,
        lower: bool = False,
        normalise: bool = False,
        name: str = "transformers",
        model: str | None = None,
    ) -> None:
        path = Path(folder)
        if pooling not in POOLINGS or tokens < 3:
            raise SettingError(
                f"pooling {pooling!r} of {tokens} tokens",
                remedy=f"Use {' or '.join(POOLINGS)}, of 3 tokens or more",
                where=path,
            )
        self._model: Any = read_folder(transformers.AutoModel, path).requires_grad_(False).eval()
        self._tokenizer: Any = read_folder(_Tokenizer, path)
        config = self._model.config
        # RoBERTa's positions begin behind its padding.
        spare = config.pad_token_id + 1 if "roberta" in config.model_type else 0
        if tokens > config.max_position_embeddings - spare:
            raise SettingError(
                f"a window of {tokens} tokens, the model has {config.max_position_embeddings - spare} positions",
                remedy="Choose a smaller one with --set tokens=N",
                where=path,
            )
        self._pooling, self._tokens, self._lower, self._normalise = pooling, tokens, lower, normalise
        settings = {"folder": str(folder), "pooling": pooling, "tokens": tokens, "lower": lower, "normalise": normalise}
        if name != "transformers":
            del settings["folder"]
        print_ = _fingerprint(path, [pooling, tokens, lower, normalise])
        self._card = TextCard(name, model or str(folder), print_, settings)

    @classmethod
    def fitted(cls, texts: Sequence[str], settings: Mapping[str, object]) -> TransformersText:
        """From settings; it learns nothing."""
        chosen = checked(settings, USUAL, "transformers")
        return cls(**chosen)

    @classmethod
    def restored(cls, card: TextCard, weights: Mapping[str, Tensor]) -> TransformersText:
        """From the folder that its card names."""
        return cls.fitted((), card.settings)

    @property
    def card(self) -> TextCard:
        """Its folder, settings, and the checksum of the files in it."""
        return self._card

    @property
    def width(self) -> int:
        """Width of its last layer."""
        return int(self._model.config.hidden_size)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """``(B, D)``."""
        rows = torch.zeros(len(texts), self.width)
        # Texts of like length together: little is padding then.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        with torch.inference_mode():
            for first in range(0, len(order), _AT_ONCE):
                places = order[first : first + _AT_ONCE]
                rows[places] = self._pooled([texts[place] for place in places]).float().cpu()
        return torch.nn.functional.normalize(rows) if self._normalise else rows

    def read_until(self, text: str) -> int:
        """Where the last token of the window ends."""
        found = self._tokenised([text], return_offsets_mapping=True)
        return int(found["offset_mapping"][0, :, 1].max()) if len(text.strip()) else len(text)

    def weights(self) -> dict[str, Tensor]:
        """None: they are in the folder."""
        return {}

    def to(self, device: str | torch.device) -> TransformersText:
        """Move it to a device; returns itself."""
        self._model.to(device)
        return self

    def _tokenised(self, texts: list[str], **further: object) -> Any:
        return self._tokenizer(
            [_lowered(text) if self._lower else text for text in texts],
            truncation=True,
            max_length=self._tokens,
            padding=True,
            return_tensors="pt",
            **further,
        )

    def _pooled(self, texts: list[str]) -> Tensor:
        inputs = self._tokenised(texts).to(self._model.device)
        states: Tensor = self._model(**inputs).last_hidden_state
        if self._pooling == "first":
            return states[:, 0]
        mask = inputs["attention_mask"].unsqueeze(2)
        means: Tensor = (states * mask).sum(1) / mask.sum(1)
        return means


class _Tokenizer:
    """Reads a tokenizer as ``read_folder`` reads models."""

    @staticmethod
    def from_pretrained(folder: str, **settings: object) -> Any:
        found = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        if not found.is_fast:
            raise ValueError("its tokenizer does not say where its tokens stand")
        return found


def _lowered(text: str) -> str:
    # Character by character, so that places stay what they are: "İ" becomes two.
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _fingerprint(folder: Path, settings: list[object]) -> str:
    digest = hashlib.sha256(repr(settings).encode())
    names = {".json", ".safetensors", ".txt", ".model"}
    try:
        for file in sorted(p for p in folder.iterdir() if p.suffix in names):
            with file.open("rb") as opened:
                digest.update(file.name.encode() + hashlib.file_digest(opened, "sha256").digest())
    except OSError as error:
        raise BundleError(f"cannot be read ({error.strerror})", remedy="Check its permissions", where=folder) from error
    return digest.hexdigest()
