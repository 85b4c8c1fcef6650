"""Audio classifiers of transformers from local folders: tiny random ones, saved here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.components.time import Time
from earmark.errors import AudioError, BundleError, SettingError, UnknownNameError
from earmark.explain.gradient.run import explain_map
from earmark.explain.run import explain
from earmark.models.classifier import Differentiable, Tokenised
from earmark.models.huggingface import from_huggingface
from earmark.models.load import load_model

transformers = pytest.importorskip("transformers")

LABELS = {0: "bird", 1: "drum", 2: "voice"}


@pytest.fixture(scope="module")
def ast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "tiny-ast"
    config = transformers.ASTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_length=96,
        num_mel_bins=32, id2label=LABELS, label2id={v: k for k, v in LABELS.items()},
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.ASTForAudioClassification(config)
        torch.nn.init.normal_(model.classifier.dense.weight)
        torch.nn.init.normal_(model.audio_spectrogram_transformer.embeddings.position_embeddings)
    model.save_pretrained(folder)
    facts = {"sampling_rate": 16000, "max_length": 96, "num_mel_bins": 32, "mean": -3.0, "std": 4.0}
    (folder / "preprocessor_config.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "tiny-wav2vec2"
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, conv_dim=(8, 8),
        conv_kernel=(10, 3), conv_stride=(5, 2), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        classifier_proj_size=8, id2label=LABELS, label2id={v: k for k, v in LABELS.items()},
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.Wav2Vec2ForSequenceClassification(config)
    model.save_pretrained(folder)
    return folder


def clip(seconds: float) -> Clip:
    t = np.arange(int(16000 * seconds)) / 16000
    return Clip((0.3 * np.sin(2 * np.pi * 500 * t * (1 + t))).astype(np.float32), 16000)


@pytest.mark.filterwarnings("ignore:At least one mel filter has all zero values")
@pytest.mark.parametrize("seconds", [0.3, 0.9])
def test_ast_answers_as_transformers_does(ast: Path, seconds: float) -> None:
    model = from_huggingface(ast)
    assert model.labels == ("bird", "drum", "voice")
    sound = clip(seconds).waveform[0].copy()
    extractor = transformers.ASTFeatureExtractor.from_pretrained(ast)
    theirs = transformers.ASTForAudioClassification.from_pretrained(ast).eval()
    inputs = extractor(sound, sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        expected = theirs(**inputs).logits.softmax(1)
    torch.testing.assert_close(model.scores(torch.from_numpy(sound)[None, None]), expected, rtol=0, atol=1e-4)


def test_ast_is_explained_by_gradients_and_by_tokens(ast: Path) -> None:
    model = from_huggingface(ast)
    assert isinstance(model, Differentiable)
    assert isinstance(model, Tokenised)
    for method in ("integrated_gradients", "grad_cam"):
        found = explain_map(clip(0.9), model, method, targets="drum")
        assert found.values.shape == (1, 32, 96)
        assert np.abs(found.values).sum() > 0
    assert explain(clip(0.9), model, Time(n=3), "shapley", targets=["drum"]).converged


def test_too_long_for_ast(ast: Path) -> None:
    with pytest.raises(AudioError, match=r"at most 0\.96 s"):
        from_huggingface(ast).scores(torch.zeros(1, 1, 32000))


def test_wav2vec2_answers_as_transformers_does(wav2vec2: Path) -> None:
    model = from_huggingface(wav2vec2)
    sound = torch.from_numpy(np.stack([clip(0.4).waveform, 2 * clip(0.4).waveform[:, ::-1]]).copy())
    normed = (sound[:, 0] - sound[:, 0].mean(1, keepdim=True)) / sound[:, 0].std(1, correction=0, keepdim=True)
    theirs = transformers.Wav2Vec2ForSequenceClassification.from_pretrained(wav2vec2).eval()
    with torch.no_grad():
        expected = theirs(normed).logits.softmax(1)
    torch.testing.assert_close(model.scores(sound), expected, rtol=0, atol=1e-4)
    assert not isinstance(model, Differentiable)
    assert explain(clip(0.4), model, Time(n=3), "shapley", targets=1).converged
    assert model.input.min_length_s * 16000 == 20
    with pytest.raises(AudioError, match="it needs 20"):
        model.scores(torch.zeros(1, 1, 19))


def test_activation(ast: Path) -> None:
    tags = from_huggingface(ast, activation="sigmoid", name="tags")
    assert tags.name == "tags"
    assert tags.fingerprint != from_huggingface(ast).fingerprint
    one = tags.scores(torch.zeros(1, 1, 8000))
    assert not torch.isclose(one.sum(), torch.tensor(1.0))


def test_folders_that_hold_none(ast: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"has no config\.json"):
        from_huggingface(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BundleError, match="cannot be read"):
        from_huggingface(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(SettingError, match="kind 'bert'"):
        from_huggingface(tmp_path)
    (tmp_path / "config.json").write_bytes((ast / "config.json").read_bytes())
    torch.save(transformers.ASTForAudioClassification.from_pretrained(ast).state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(BundleError, match="cannot be read as AutoModel"):
        from_huggingface(tmp_path)


def test_a_line_names_a_folder(ast: Path) -> None:
    model = load_model(f"huggingface:{ast}?activation=sigmoid&name=ears")
    assert (model.name, model.activation, model.labels) == ("ears", "sigmoid", ("bird", "drum", "voice"))
    assert model.fingerprint == from_huggingface(ast, activation="sigmoid", name="ears").fingerprint
    with pytest.raises(UnknownNameError, match="Did you mean activation"):
        load_model(f"huggingface:{ast}?activatio=sigmoid")
    with pytest.raises(BundleError, match=r"config\.json"):
        load_model(f"huggingface:{ast.parent}")
