"""Training starts from published weights: a file of ImageNet's for vgg16, a folder of transformers for ast."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from earmark.errors import SettingError
from earmark.models.recipe import recipe
from earmark.models.zoo import vgg16
from earmark.models.zoo.cnn import Cnn
from earmark.models.zoo.vgg16 import Vgg16
from earmark.training.start import continue_from


def test_vgg16_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg16, "BLOCKS", ((2, 3), (2, 4), (3, 5), (3, 6), (3, 7)))
    other, net = Vgg16(1000, bins=32, frames=32), Vgg16(3, bins=32, frames=32)
    torch.save(other.state_dict(), tmp_path / "vgg16.pth")
    said: list[str] = []
    # False: mean and deviation are to be those of the training data.
    assert continue_from(net, recipe("vgg16"), tmp_path / "vgg16.pth", say=said.append) is False
    assert all(torch.equal(a, b) for a, b in zip(net.features.parameters(), other.features.parameters(), strict=True))
    assert "classifier.0" in said[0]
    with pytest.raises(SettingError, match="cnn reads no published checkpoint"):
        continue_from(Cnn(3), recipe("cnn"), tmp_path / "vgg16.pth")


def test_ast_from_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from earmark.models.zoo.ast import Ast

    small = {"bins": 32, "frames": 66, "width": 24, "depth": 1, "heads": 2}
    other, net = Ast(5, **small), Ast(3, **small)
    other.model.save_pretrained(tmp_path)
    said: list[str] = []
    assert continue_from(net, recipe("ast"), tmp_path, say=said.append) is True
    taken = "audio_spectrogram_transformer.embeddings.patch_embeddings.projection"
    assert torch.equal(net.model.get_submodule(taken).weight, other.model.get_submodule(taken).weight)
    assert "classifier" in said[0]
