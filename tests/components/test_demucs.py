"""Stems by Demucs: refusals without it, and with it a small random network end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.stems import Stems
from earmark.components.stems_time import StemsTime
from earmark.errors import AudioError, BundleError, SettingError


def test_weights_are_asked_for() -> None:
    with pytest.raises(SettingError, match="need its weights"):
        Stems(source="demucs")
    with pytest.raises(SettingError, match="Leave weights out"):
        StemsTime(source="hpss", weights="x.safetensors")


def test_pickles_and_missing_files_are_refused(noisy, tmp_path: Path) -> None:
    pickle = tmp_path / "htdemucs.th"
    torch.save({}, pickle)
    with pytest.raises(SettingError, match="a pickle could run anything"):
        Stems(source="demucs", weights=str(pickle)).build(noisy())
    with pytest.raises(AudioError, match=r"none\.safetensors"):
        Stems(source="demucs", weights=str(tmp_path / "none.safetensors")).build(noisy())


def test_the_extra_is_named(noisy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "demucs", None)  # as if it were not installed
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(SettingError, match=r"pip install 'earmark\[demucs\]'"):
        Stems(source="demucs", weights=str(path)).build(noisy())


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A tiny network with random weights, as Demucs 4.1 publishes its own."""
    demucs = pytest.importorskip("demucs.hdemucs", reason="needs the extra demucs")
    torch.manual_seed(0)
    settings = {"sources": ["drums", "other"], "channels": 4, "samplerate": 16000}
    model = demucs.HDemucs(**settings)
    path = tmp_path / "tiny.safetensors"
    state = {key: value.clone().contiguous() for key, value in model.state_dict().items()}
    facts = {"klass": "demucs.hdemucs.HDemucs", "args": "[]", "kwargs": json.dumps(settings)}
    save_file(state, path, metadata=facts)
    return path


def test_stems_and_rest_sum_to_the_clip(weights: Path, noisy) -> None:
    clip = noisy(seconds=1.0, rate=22050)
    cut = Stems(source="demucs", weights=str(weights)).build(clip)
    assert [c.stem for c in cut.table] == ["drums", "other", "rest"]
    alone = cut.render(np.eye(3)).numpy()
    assert np.abs(alone.sum(axis=0) - clip.waveform).max() < 1e-5
    assert np.abs(alone[0]).max() > 0
    again = kind_from("stems", json.loads(json.dumps(cut.settings))).build(clip)
    assert again.render(np.eye(3)).numpy().tobytes() == alone.tobytes()


def test_other_contents_are_refused(weights: Path, noisy) -> None:
    for facts in ({"klass": "os.system", "args": "[]", "kwargs": "{}"}, None):
        save_file({"a": torch.zeros(1)}, weights, metadata=facts)
        with pytest.raises(BundleError, match="Give weights of one of"):
            Stems(source="demucs", weights=str(weights)).build(noisy())
    weights.write_bytes(b"nonsense")
    with pytest.raises(BundleError, match="cannot be read"):
        Stems(source="demucs", weights=str(weights)).build(Clip(np.zeros(100), 16000))
