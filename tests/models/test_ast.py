"""The audio spectrogram transformer: size, tokens, weights from a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from earmark.errors import BundleError

transformers = pytest.importorskip("transformers")

from earmark.models.zoo.ast import Ast  # noqa: E402

SMALL = {"bins": 32, "width": 24, "depth": 2, "heads": 2}


def small(frames: int = 66, labels: int = 3, **changes: int) -> Ast:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Ast(labels, frames=frames, **{**SMALL, **changes}).eval()


def test_has_the_published_size_and_tokens() -> None:
    with torch.device("meta"):
        net = Ast(527)
    # 12 × 101 squares; 12 layers of 12 w² + 13 w; squares of 256; two tokens; positions; three norms; 527 classes.
    w, tokens = 768, 12 * 101
    expected = 12 * (12 * w * w + 13 * w) + (257 * w) + 2 * w + (tokens + 2) * w + 2 * (2 * w) + (w * 527 + 527)
    assert sum(p.numel() for p in net.parameters()) == expected
    assert (net.token_grid.n_bins, net.token_grid.n_frames) == (12, 101)
    assert net.cam_layers[-1].endswith("layers.11.layernorm_before")


def test_layers_for_maps_give_one_vector_a_token() -> None:
    net = small()
    seen = []
    for name in net.cam_layers:
        net.get_submodule(name).register_forward_hook(lambda m, i, o: seen.append(o.shape))
    net(torch.zeros(2, 32, 66))
    assert seen == [(2, 2 + 2 * 6, 24)] * 2


def test_a_square_far_away_changes_the_score() -> None:
    net = small()
    x = torch.zeros(1, 32, 66, requires_grad=True)
    net(x)[0, 0].backward()
    assert (x.grad.abs().sum(1) > 0).all()


def test_learns_one_batch() -> None:
    net = small(labels=4).train()
    x = torch.randn(4, 32, 66, generator=torch.Generator().manual_seed(0)) * 9 - 4
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(24):
        loss = torch.nn.functional.cross_entropy(net(x), torch.arange(4))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_weights_come_from_a_folder(tmp_path: Path) -> None:
    other = small()
    torch.nn.init.normal_(other.model.audio_spectrogram_transformer.embeddings.position_embeddings)
    other.model.save_pretrained(tmp_path)
    net = small()
    x = torch.randn(2, 32, 66, generator=torch.Generator().manual_seed(0))
    assert net.load_folder(tmp_path) == ()
    torch.testing.assert_close(net(x), other(x))
    # Other labels: their layer is left; longer and shorter sounds: positions are stretched and cut along time.
    for frames, first in ((46, 1), (96, None)):
        longer = small(frames, labels=5)
        assert longer.load_folder(tmp_path) == ("model.classifier.dense",)
        theirs = other.model.audio_spectrogram_transformer.embeddings.position_embeddings[:, 2:].reshape(2, 6, 24)
        ours = longer.model.audio_spectrogram_transformer.embeddings.position_embeddings[:, 2:].reshape(2, -1, 24)
        if first is not None:
            torch.testing.assert_close(ours, theirs[:, first : first + 4])
        else:
            torch.testing.assert_close(ours[:, [0, -1]], theirs[:, [0, -1]])


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has no config"):
        small().load_folder(tmp_path)
    small(width=16).model.save_pretrained(tmp_path)
    with pytest.raises(BundleError, match="does not fit"):
        small().load_folder(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(small(width=16).model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(BundleError, match="cannot be read as AST"):
        small(width=16).load_folder(tmp_path)
    with pytest.raises(ValueError, match="5 heads"):
        small(heads=5)
