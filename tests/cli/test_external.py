"""A file of ONNX wherever a model is named."""

import json

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def model(tmp_path):
    """Mean magnitude decides between quiet and loud."""
    make = onnx.helper
    graph = make.make_graph(
        [
            make.make_node("Abs", ["sound"], ["size"]),
            make.make_node("ReduceMean", ["size"], ["mean"], axes=[1], keepdims=1),
            make.make_node("MatMul", ["mean", "weight"], ["logits"]),
        ],
        "size",
        [make.make_tensor_value_info("sound", onnx.TensorProto.FLOAT, ["b", "n"])],
        [make.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["b", 2])],
        [onnx.numpy_helper.from_array(np.array([[-30.0, 30.0]], dtype=np.float32), "weight")],
    )
    file = tmp_path / "size.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8), str(file))
    (tmp_path / "size.json").write_text(json.dumps({"labels": ["quiet", "loud"], "sample_rate": 8000}))
    return f"onnx:{file}"


def test_predict_and_explain(run, sounds, model, tmp_path):
    done = run("predict", sounds.song, "--model", model, "--json")
    assert (done.code, done.err) == (0, "")
    (first, second) = json.loads(done.out)
    assert first["label"] == "loud"
    assert first["score"] + second["score"] == pytest.approx(1.0)
    done = run("explain", sounds.song, "--model", model, "--components", "time", "--segments", "4", "-o", "out")
    assert done.code == 0, done.err
    assert "loud" in done.out
    assert "onnx:" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    gradient = run("explain", sounds.song, "--model", model, "--method", "saliency", "-o", "grad")
    assert (gradient.code, gradient.out) == (2, ""), gradient.err
    assert len(gradient.err.splitlines()) == 1


def test_assess(run, model, tmp_path):
    rows = ["path,label,track"]
    for number in range(24):
        size = (0.01, 0.15)[number % 2]
        write(Clip(size * np.random.default_rng(number).standard_normal((1, 8000)), 8000), tmp_path / f"{number}.wav")
        rows.append(f"{number}.wav,{('quiet', 'loud')[number % 2]},t{number}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    done = run("assess", f"{model}?name=size", "manifest.csv", "--fractions", "0.4,0.2,0.4", "--draws", "100", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["model"], found["clips"]["n"]) == ("size", 10)
    assert (tmp_path / "out" / "size.onnx-assessment" / "assessment.html").is_file()


def test_a_card_that_is_missing_is_one_line(run, sounds, model, tmp_path):
    (tmp_path / "size.json").unlink()
    done = run("predict", sounds.song, "--model", model)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert "nothing says its labels. Write size.json beside it" in done.err
