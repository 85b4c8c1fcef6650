"""ONNX files as classifiers: small models made node by node, run by onnxruntime."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.components.time import Time
from earmark.errors import AudioError, BundleError, ScoresError, SettingError, UnknownNameError, UsageError
from earmark.explain.run import explain
from earmark.features.front_end import FrontEndCard, front_end_from
from earmark.models.classifier import Classifier, Differentiable, Patchwise
from earmark.models.load import load_model
from earmark.models.onnx import from_onnx

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

CARD = FrontEndCard(16000, 512, 256, 96, 0.0, 8000.0, "reflect", "log10(10000x+1)")
LABELS = ["quiet", "loud"]


def save(path: Path, shape: list[object], weight: np.ndarray, *, softmax: bool = False) -> Path:
    """Mean magnitude of everything behind the batch axis, times ``weight`` (1, K)."""
    make = onnx.helper
    nodes = [
        make.make_node("Abs", ["sound"], ["size"]),
        make.make_node("Flatten", ["size"], ["flat"], axis=1),
        make.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
        make.make_node("MatMul", ["mean", "weight"], ["logits"]),
    ]
    outputs = [make.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [None, weight.shape[1]])]
    if softmax:
        nodes.append(make.make_node("Softmax", ["logits"], ["scores"], axis=1))
        outputs.append(make.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [None, weight.shape[1]]))
    graph = make.make_graph(
        nodes,
        "mean magnitude",
        [make.make_tensor_value_info("sound", onnx.TensorProto.FLOAT, shape)],
        outputs,
        [onnx.numpy_helper.from_array(weight.astype(np.float32), "weight")],
    )
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8), str(path))
    return path


WEIGHT = np.array([[-3.0, 5.0]])


def sound(seconds: float = 1.0, rows: int = 3) -> torch.Tensor:
    noise = torch.randn(rows, 1, int(16000 * seconds), generator=torch.Generator().manual_seed(0))
    return 0.2 * noise * torch.arange(1.0, rows + 1)[:, None, None]


@pytest.mark.parametrize("shape", [["b", "n"], ["b", 1, "n"], [2, 1, "n"], [1, 16000]])
def test_waveforms(tmp_path: Path, shape: list[object]) -> None:
    model = from_onnx(save(tmp_path / "m.onnx", shape, WEIGHT), LABELS, sample_rate=16000)
    assert isinstance(model, Classifier)
    assert not isinstance(model, Differentiable)
    mean = sound().abs().mean((1, 2))
    expected = torch.stack([-3 * mean, 5 * mean], 1).softmax(1).double()
    torch.testing.assert_close(model.scores(sound()), expected, rtol=1e-5, atol=1e-6)
    assert model.input.length_s == (1.0 if shape[-1] == 16000 else None)


def test_sigmoid_probabilities_and_another_output(tmp_path: Path) -> None:
    file = save(tmp_path / "m.onnx", ["b", "n"], WEIGHT, softmax=True)
    logits = from_onnx(file, LABELS, sample_rate=16000, activation="sigmoid")
    mean = sound().abs().mean((1, 2)).double()
    torch.testing.assert_close(logits.scores(sound())[:, 1], (5 * mean).sigmoid(), rtol=1e-5, atol=1e-6)
    scores = from_onnx(file, LABELS, sample_rate=16000, outputs="probabilities", output="scores")
    torch.testing.assert_close(
        scores.scores(sound()), from_onnx(file, LABELS, sample_rate=16000).scores(sound()), rtol=0, atol=1e-6
    )
    assert len({logits.fingerprint, scores.fingerprint}) == 2


@pytest.mark.parametrize("shape", [["b", 96, 30], ["b", 1, 96, "t"]])
def test_slices(tmp_path: Path, shape: list[object]) -> None:
    model = from_onnx(save(tmp_path / "m.onnx", shape, WEIGHT), LABELS, front_end=CARD, frames=30)
    assert isinstance(model, Patchwise)
    spectrogram = front_end_from(CARD)(sound())
    count = spectrogram.shape[2] // 30
    means = torch.stack([spectrogram[:, :, 30 * i : 30 * i + 30].abs().mean((1, 2)) for i in range(count)], 1)
    expected = torch.stack([-3 * means, 5 * means], 2).softmax(2).mean(1).double()
    torch.testing.assert_close(model.scores(sound()), expected, rtol=1e-4, atol=1e-5)
    patches = model.patches(16000)
    parts = [model.patch_scores(sound()[:, :, p.start : p.stop], p) for p in patches]
    torch.testing.assert_close(torch.stack(parts).mean(0), expected, rtol=1e-4, atol=1e-5)


def test_is_explained(tmp_path: Path) -> None:
    model = from_onnx(save(tmp_path / "m.onnx", ["b", "n"], WEIGHT), LABELS, sample_rate=16000)
    waveform = np.zeros(16000, dtype=np.float32)
    waveform[8000:12000] = 0.8
    found = explain(Clip(waveform, 16000), model, Time(n=4), "shapley", targets=["loud"])
    values = found.attributions[model.labels.index("loud")]
    assert int(np.argmax(values)) == 2
    assert values[2] > 0.9 * np.abs(values).sum()


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        from_onnx(tmp_path / "none.onnx", LABELS, sample_rate=16000)
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(BundleError, match="no ONNX model"):
        from_onnx(tmp_path / "text.onnx", LABELS, sample_rate=16000)


def test_settings_that_do_not_fit(tmp_path: Path) -> None:
    wave = save(tmp_path / "wave.onnx", ["b", 1, 8000], WEIGHT)
    mel = save(tmp_path / "mel.onnx", ["b", 96, 30], WEIGHT)
    with pytest.raises(SettingError, match="distinct names"):
        from_onnx(wave, ["a", "a"], sample_rate=16000)
    with pytest.raises(SettingError, match="rate that it was trained at"):
        from_onnx(wave, LABELS)
    with pytest.raises(SettingError, match="no output 'tags'"):
        from_onnx(wave, LABELS, sample_rate=16000, output="tags")
    with pytest.raises(SettingError, match="slices of 30 frames, not 31"):
        from_onnx(mel, LABELS, front_end=CARD, frames=31)
    with pytest.raises(SettingError, match="takes 64 bins, the front end gives 96"):
        from_onnx(save(tmp_path / "64.onnx", ["b", 64, 30], WEIGHT), LABELS, front_end=CARD)
    with pytest.raises(SettingError, match="any number of frames"):
        from_onnx(save(tmp_path / "any.onnx", ["b", 96, "t"], WEIGHT), LABELS, front_end=CARD)
    with pytest.raises(SettingError, match="give a front_end"):
        from_onnx(save(tmp_path / "4.onnx", ["b", 1, 96, 30], WEIGHT), LABELS, sample_rate=16000)
    model = from_onnx(wave, LABELS, sample_rate=16000)
    with pytest.raises(AudioError, match="16000 samples, the file takes 8000"):
        model.scores(sound())
    with pytest.raises(ScoresError, match="3 labels"):
        from_onnx(wave, ["a", "b", "c"], sample_rate=16000).scores(sound(0.5))
    with pytest.raises(ScoresError, match="onnxruntime refuses"):
        from_onnx(wave, LABELS, sample_rate=16000, channels=2).scores(torch.zeros(1, 2, 8000))


def card(file: Path, **stated: object) -> str:
    file.with_suffix(".json").write_text(json.dumps(stated))
    return f"onnx:{file}"


def test_a_line_and_a_card_are_the_same_as_the_function(tmp_path: Path) -> None:
    file = save(tmp_path / "m.onnx", ["b", "n"], WEIGHT)
    own = from_onnx(file, LABELS, sample_rate=16000)
    for line in (
        card(file, labels=LABELS, sample_rate=16000),
        str(file),
        f"{file}?labels=quiet,loud&sample_rate=16000",
    ):
        model = load_model(line)
        assert (model.fingerprint, model.labels) == (own.fingerprint, ("quiet", "loud"))
        torch.testing.assert_close(model.scores(sound()), own.scores(sound()))
    (tmp_path / "labels.txt").write_text("still\nnoisy\n")
    other = load_model(f"onnx:{file}?labels={tmp_path}/labels.txt&activation=sigmoid")
    assert (other.labels, other.activation) == (("still", "noisy"), "sigmoid")


def test_a_card_names_its_front_end_or_tells_its_parts(tmp_path: Path) -> None:
    file = save(tmp_path / "m.onnx", ["b", 96, 187], WEIGHT)
    own = from_onnx(file, LABELS, front_end=CARD)
    model = load_model(card(file, labels=LABELS, front_end=asdict(CARD)))
    assert model.fingerprint == own.fingerprint
    named = load_model(card(file, labels=LABELS, front_end="mel96", frames=187))
    assert isinstance(named, Patchwise)
    assert named.input.sample_rate == 12000


@pytest.mark.parametrize(
    ("stated", "query", "error", "says"),
    [
        ({"labels": LABELS}, "", SettingError, r"nothing says its sample_rate.*m\.json"),
        ({"sample_rate": 16000}, "", SettingError, "nothing says its labels"),
        ({"labels": LABELS, "sample_rat": 1}, "", UnknownNameError, "Did you mean sample_rate"),
        ({"labels": "quiet", "sample_rate": 16000}, "", SettingError, "no list of names"),
        ({"labels": LABELS, "sample_rate": "16k"}, "", SettingError, "'16k' is no whole number"),
        ({"labels": LABELS, "front_end": "mel69"}, "", UnknownNameError, "Did you mean mel96"),
        ({"labels": LABELS, "front_end": {"n_mel": 3}}, "", UnknownNameError, "Did you mean n_mels"),
        ({"labels": LABELS, "front_end": {"n_mels": 3}}, "", SettingError, "front_end is incomplete"),
        ({"labels": ["one"], "sample_rate": 16000}, "", ScoresError, r"\(3, 1\)"),
        ({}, "?labels", UsageError, "no list of settings"),
        ({}, "?labels=none.txt&sample_rate=16000", BundleError, "no labels can be read"),
    ],
)
def test_cards_that_do_not_do(tmp_path: Path, stated: object, query: str, error: type[Exception], says: str) -> None:
    file = save(tmp_path / "m.onnx", ["b", "n"], WEIGHT)
    file.with_suffix(".json").write_text(json.dumps(stated))
    with pytest.raises(error, match=says):
        load_model(f"onnx:{file}{query}").scores(sound())


def test_what_is_no_card_and_what_is_not_there(tmp_path: Path) -> None:
    file = save(tmp_path / "m.onnx", ["b", "n"], WEIGHT)
    file.with_suffix(".json").write_text("{")
    with pytest.raises(BundleError, match=r"m\.json: is no JSON"):
        load_model(f"onnx:{file}")
    with pytest.raises(BundleError, match=r"none\.onnx: cannot be read"):
        load_model(f"onnx:{tmp_path}/none.onnx")
    with pytest.raises(UsageError, match="names no file"):
        load_model("onnx:")
