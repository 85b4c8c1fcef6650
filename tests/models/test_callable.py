"""The adapter of callables: what it hands over, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.errors import AudioError, CancelledError, ScoresError, SettingError
from earmark.models.callable import from_callable
from earmark.models.classifier import Classifier, Differentiable, InputSpec, Patchwise
from earmark.models.predict import predict
from earmark.models.prepare import prepare

LABELS = ["a", "b"]


def answering(answer: Any) -> Classifier:
    return from_callable(lambda waveforms, rate: answer, LABELS, 8000, name="mine")


def test_function_gets_the_batch_itself_and_the_rate() -> None:
    seen: list[tuple[np.ndarray, int]] = []

    def function(waveforms: np.ndarray, sample_rate: int) -> np.ndarray:
        seen.append((waveforms, sample_rate))
        return np.full((len(waveforms), 2), 0.5)

    classifier = from_callable(function, LABELS, 8000)
    batch = torch.rand(3, 1, 40, generator=torch.Generator().manual_seed(1))
    scores = classifier.scores(batch)
    assert scores.shape == (3, 2)
    assert seen[0][1] == 8000
    assert seen[0][0].ctypes.data == batch.data_ptr()
    assert seen[0][0].dtype == np.float32
    assert isinstance(classifier, Classifier)
    assert not isinstance(classifier, (Differentiable, Patchwise))


@pytest.mark.parametrize(
    "answer", [[[0.25, 0.75]], np.float16([[0.25, 0.75]]), torch.tensor([[0.25, 0.75]]), ((0.25, 0.75),)]
)
def test_what_counts_as_an_answer(answer: Any) -> None:
    np.testing.assert_array_equal(answering(answer).scores(torch.zeros(1, 1, 9)).numpy(), [[0.25, 0.75]])


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ([[0.2, np.nan]], "returned nan for label 1 of sound 0.*silent"),
        ([[np.inf, 0.1]], "returned inf"),
        ([[0.2, 1.5]], r"1\.5 for label 1.*softmax"),
        ([[-3.0, 0.5]], "outside"),
        ([0.2, 0.8], r"shape \(2,\)"),
        ([[0.2, 0.3, 0.5]], r"shape \(1, 3\) for 1 sounds and 2 labels"),
        ([[0.2, 0.8], [0.2, 0.8]], r"shape \(2, 2\)"),
        ("rock", "str, which is no array"),
        (None, r"shape \(\)|nan|no array"),
        ([["x", "y"]], "no array of numbers"),
    ],
)
def test_bad_answers_are_refused(answer: Any, fact: str) -> None:
    with pytest.raises(ScoresError, match=f"mine: it .*{fact}") as caught:
        answering(answer).scores(torch.zeros(1, 1, 9))
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_function_that_raises() -> None:
    def broken(waveforms: np.ndarray, rate: int) -> np.ndarray:
        raise ZeroDivisionError("division\nby zero")

    with pytest.raises(ScoresError, match="raised ZeroDivisionError: division by zero"):
        from_callable(broken, LABELS, 8000).scores(torch.zeros(1, 1, 9))

    def stopped(waveforms: np.ndarray, rate: int) -> np.ndarray:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        from_callable(stopped, LABELS, 8000).scores(torch.zeros(1, 1, 9))


@pytest.mark.parametrize(
    "arguments",
    [
        {"labels": []},
        {"labels": ["a", "a"]},
        {"labels": "ab"},
        {"sample_rate": 0},
        {"sample_rate": 8000.5},
        {"channels": 3},
        {"length_s": 0.0},
        {"activation": "relu"},
    ],
)
def test_bad_settings_are_refused(arguments: dict[str, Any]) -> None:
    given = {"function": lambda w, r: w, "labels": LABELS, "sample_rate": 8000, "name": "mine", **arguments}
    with pytest.raises(SettingError, match="mine"):
        from_callable(**given)


def test_fingerprint_changes_with_what_is_known() -> None:
    def other(waveforms: np.ndarray, rate: int) -> np.ndarray:
        return waveforms

    made = [
        from_callable(other, LABELS, 8000),
        from_callable(other, LABELS, 16000),
        from_callable(other, ["b", "a"], 8000),
        from_callable(lambda w, r: w, LABELS, 8000),
    ]
    assert len({c.fingerprint for c in made}) == 4
    assert made[0].fingerprint == from_callable(other, LABELS, 8000).fingerprint


def test_prepare_changes_what_it_must_and_says_so() -> None:
    rng = np.random.default_rng(0)
    clip = Clip(0.1 * rng.standard_normal((2, 44100)), 44100)
    prepared = prepare(clip, InputSpec(16000))
    assert prepared.clip.waveform.shape == (1, 16000)
    assert prepared.steps == ("mean of 2 channels", "resampled 44100 → 16000 Hz (soxr HQ)")
    same = prepare(clip, InputSpec(44100, channels=2))
    assert same.clip is clip
    assert same.steps == ()
    mono = prepare(clip, InputSpec(44100))
    np.testing.assert_allclose(mono.clip.waveform[0], clip.waveform.mean(0), atol=1e-7)
    stereo = prepare(mono.clip, InputSpec(44100, channels=2))
    np.testing.assert_array_equal(stereo.clip.waveform[0], stereo.clip.waveform[1])
    assert stereo.steps == ("1 → 2 channels",)


def test_prepare_refuses_lengths() -> None:
    clip = Clip(np.zeros(8000), 8000)
    with pytest.raises(AudioError, match=r"lasts 1\.00 s, the classifier needs at least 2\.98 s"):
        prepare(clip, InputSpec(16000, min_length_s=2.976))
    for length_s in (0.5, 2.0):
        with pytest.raises(AudioError, match=r"takes exactly .* --start and --duration"):
            prepare(clip, InputSpec(8000, length_s=length_s))
    assert prepare(clip, InputSpec(8000, length_s=1.0)).steps == ()


def test_predict_prepares_and_checks() -> None:
    def shares(waveforms: np.ndarray, rate: int) -> np.ndarray:
        assert waveforms.shape == (1, 1, 8000)
        return np.array([[0.9, 0.1]])

    row = predict(Clip(np.zeros((2, 16000)), 16000), from_callable(shares, LABELS, 8000))
    assert row.dtype == np.float64
    assert row.tolist() == [0.9, 0.1]
    with pytest.raises(ScoresError, match="shape"):
        predict(Clip(np.zeros(8000), 8000), answering([[0.5]]))
