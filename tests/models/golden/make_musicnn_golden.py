"""Make `musicnn_taggrams.json` by running the original TensorFlow graphs of musicnn 0.1.0.

This script is not part of the tests and the project does not need TensorFlow: it is kept to
say exactly where the golden numbers come from. In a fresh environment of Python 3.11:

    pip download --no-deps musicnn==0.1.0
    pip install tensorflow-cpu==2.15.1 librosa==0.11.0 numpy==1.26.4
    python make_musicnn_golden.py musicnn-0.1.0-py3-none-any.whl musicnn_taggrams.json

What it does, for each of the four models in the wheel:

1. read the training graph (`.meta`) and keep only what `model/Sigmoid` needs;
2. give each variable of that graph its value from the checkpoint, by name;
3. feed mel patches (float32 all the way) with the "is training" switch off;
4. write down the 50 sigmoid outputs of each patch, and a summary of the layers between.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # plain kernels: the same sums everywhere

import librosa
import numpy as np
import tensorflow as tf
from sounds import SAMPLE_RATE, SOUNDS

v1 = tf.compat.v1

WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
MODELS = ("MTT_musicnn", "MSD_musicnn", "MTT_vgg", "MSD_vgg")
FRAMES = 187
BANDS = 96

INPUT = "model/Placeholder:0"  # patches x frames x mel bands
IS_TRAINING = "model/Placeholder_2:0"
OUTPUT = "model/Sigmoid:0"

# Where each layer lies in the graph. These are the names that the wheel's extractor gives them.
LAYERS = {
    "musicnn": {
        "front_end": "model/concat:0",
        "cnn1": "model/transpose:0",
        "cnn2": "model/Add:0",
        "cnn3": "model/Add_1:0",
        "max_pool": "model/Max:0",
        "mean_pool": "model/moments/Squeeze:0",
        "penultimate": "model/batch_normalization_10/batchnorm/add_1:0",
    },
    "vgg": {
        "pool1": "model/max_pooling2d/MaxPool:0",
        "pool2": "model/max_pooling2d_1/MaxPool:0",
        "pool3": "model/max_pooling2d_2/MaxPool:0",
        "pool4": "model/max_pooling2d_3/MaxPool:0",
        "pool5": "model/max_pooling2d_4/MaxPool:0",
    },
}
EMBEDDING = {"musicnn": "penultimate", "vgg": "pool5"}


def log_mel_patches(sound: np.ndarray) -> np.ndarray:
    """Return the full, non-overlapping patches (n, 187, 96) of log mel power, in float32."""
    mel = librosa.feature.melspectrogram(
        y=sound,
        sr=SAMPLE_RATE,
        n_fft=512,
        hop_length=256,
        n_mels=BANDS,
        center=True,
        pad_mode="reflect",
        power=2.0,
    ).T
    log_mel = np.log10(np.float32(10_000.0) * mel + np.float32(1.0))
    if log_mel.dtype != np.float32:
        raise TypeError(f"the mel power must stay float32, and is {log_mel.dtype}")
    starts = range(0, log_mel.shape[0] - FRAMES + 1, FRAMES)
    return np.stack([log_mel[start : start + FRAMES] for start in starts])


def labels_of(folder: Path) -> dict[str, list[str]]:
    """Read the two label lists out of the wheel's `configuration.py` without running it."""
    tree = ast.parse((folder / "configuration.py").read_text("utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.endswith("_LABELS"):
                found[name.removesuffix("_LABELS")] = ast.literal_eval(node.value)
    return found


def forward_graph(meta: Path) -> Any:
    """Return the part of a training graph that leads from the patches to the sigmoid."""
    meta_graph = v1.MetaGraphDef()
    meta_graph.ParseFromString(meta.read_bytes())
    return v1.graph_util.extract_sub_graph(meta_graph.graph_def, [OUTPUT.removesuffix(":0")])


def run_model(folder: Path, batches: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Run one model over the patches of each sound; return its layers by sound and name."""
    layers = dict(LAYERS[folder.name.split("_")[1]], taggram=OUTPUT)
    # The trailing slash matters: the files are named ".index", ".meta" and ".data-...".
    checkpoint = v1.train.NewCheckpointReader(f"{folder}/")
    graph_def = forward_graph(folder / ".meta")
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        for node in graph_def.node:
            if node.op == "VariableV2":
                variable = graph.get_tensor_by_name(f"{node.name}:0")
                session.run(v1.assign(variable, checkpoint.get_tensor(node.name)))
        return {
            sound: session.run(layers, feed_dict={INPUT: batch, IS_TRAINING: False}) for sound, batch in batches.items()
        }


def rounded(values: np.ndarray) -> Any:
    """Return an array as nested lists with seven significant digits."""
    if values.ndim == 0:
        return float(f"{float(values):.7g}")
    return [rounded(value) for value in values]


def summary(values: np.ndarray) -> dict[str, Any]:
    """Return the shape of a layer without the batch, and its mean, spread and limits."""
    wide = values.astype(np.float64)
    return {
        "shape": list(values.shape[1:]),
        "mean": rounded(wide.mean()),
        "std": rounded(wide.std()),
        "min": rounded(wide.min()),
        "max": rounded(wide.max()),
    }


def make(wheel: Path) -> dict[str, Any]:
    """Return the whole golden record."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise ValueError(f"{wheel.name} is not the published wheel of musicnn 0.1.0")
    batches = {name: log_mel_patches(sound()) for name, sound in SOUNDS.items()}
    record: dict[str, Any] = {
        "wheel": {"name": wheel.name, "sha256": WHEEL_SHA256},
        "made_with": {
            "tensorflow": tf.__version__,
            "librosa": librosa.__version__,
            "numpy": np.__version__,
        },
        "mel": {
            name: dict(summary(batch), mean_of_each_band=rounded(batch.mean(axis=1))) for name, batch in batches.items()
        },
        "models": {},
    }
    with tempfile.TemporaryDirectory() as temporary:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(temporary)
        package = Path(temporary) / "musicnn"
        record["labels"] = labels_of(package)
        for model in MODELS:
            data_set, family = model.split("_")
            runs = run_model(package / model, batches)
            record["models"][model] = {
                "labels": data_set,
                "taggrams": {name: rounded(run["taggram"]) for name, run in runs.items()},
                "embeddings": {
                    name: rounded(run[EMBEDDING[family]].reshape(len(run["taggram"]), -1)) for name, run in runs.items()
                },
                "layers": {
                    name: {layer: summary(run[layer]) for layer in LAYERS[family]} for name, run in runs.items()
                },
            }
    return record


def as_text(record: dict[str, Any]) -> str:
    """Return the record as JSON, one line for each list of numbers."""

    def lines(value: Any, indent: str) -> str:
        deeper = indent + " "
        if isinstance(value, dict):
            inner = (f"{deeper}{json.dumps(k)}: {lines(v, deeper)}" for k, v in value.items())
            return "{\n" + ",\n".join(inner) + f"\n{indent}}}"
        if isinstance(value, list) and value and isinstance(value[0], list):
            inner = (deeper + lines(v, deeper) for v in value)
            return "[\n" + ",\n".join(inner) + f"\n{indent}]"
        return json.dumps(value, allow_nan=False)

    return lines(record, "") + "\n"


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="musicnn-0.1.0-py3-none-any.whl")
    parser.add_argument("output", type=Path, help="the JSON file to write")
    arguments = parser.parse_args()
    arguments.output.write_text(as_text(make(arguments.wheel)), "utf-8")


if __name__ == "__main__":
    main()
