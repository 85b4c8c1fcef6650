"""The training loop on a tiny network: what it keeps, when it stops, and that no kill can be told from its result."""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from earmark.errors import CancelledError, SettingError
from earmark.explain.game import Watch
from earmark.features.mel import LogMel
from earmark.training.augment import Augmentation
from earmark.training.device import place, told_what_fits
from earmark.training.examples import Batches, RowExamples, slices
from earmark.training.history import best_of
from earmark.training.learner import weights_of
from earmark.training.network import standardise, statistics, train_network
from earmark.training.settings import FitSettings, learning_rate_at

# The subprocess that is killed runs the same file.
SCRIPT = Path(__file__).parent / "training_to_kill.py"
TINY = runpy.run_path(str(SCRIPT))
material, network, SETTINGS = TINY["material"], TINY["network"], TINY["SETTINGS"]
EPOCHS = SETTINGS.epochs


def train(folder, settings=None, **options):
    training, validation = material()
    folder.mkdir(exist_ok=True)
    return train_network(
        network(), training, validation, 3, settings or SETTINGS, folder, mean=torch.zeros(6), **options
    )


def told(history):
    """All of the course but how long it took."""
    return [tuple(v for name, v in vars(row).items() if name != "seconds") for row in history]


def same(one, other):
    assert told(one.history) == told(other.history)
    assert one.weights.keys() == other.weights.keys()
    assert all(torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run."""
    return train(tmp_path_factory.mktemp("whole"))


def test_killed_and_resumed_is_the_same_as_never_stopped(whole, tmp_path):
    child = subprocess.Popen([sys.executable, str(SCRIPT), str(tmp_path)], stderr=subprocess.PIPE)
    curves = tmp_path / "curves.csv"
    deadline = time.monotonic() + 120
    while not (curves.exists() and len(curves.read_text().splitlines()) > 4):
        assert child.poll() is None, child.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stderr.close()
    done = len(curves.read_text().splitlines()) - 1
    assert done < EPOCHS
    epochs = []
    resumed = train(tmp_path, on_epoch=epochs.append)
    assert 0 < len(epochs) < EPOCHS  # it did go on, not start again
    same(resumed, whole)


def test_cancelled_goes_on_too(whole, tmp_path, monkeypatch):
    monkeypatch.setattr("earmark.training.keeper.SAVE_EVERY_S", 0.0)
    watch = Watch()
    watch.cancelled = lambda: watch.done >= 40
    with pytest.raises(CancelledError):
        train(tmp_path, watch=watch)
    watch = Watch()
    same(train(tmp_path, watch=watch), whole)
    assert watch.done == watch.planned == EPOCHS * 5


def test_nothing_is_left_to_do_after_the_end(tmp_path):
    settings = FitSettings(epochs=3, batch_size=8, learning_rate=1e-3, patience=5, device="cpu")
    first = train(tmp_path, settings)
    state = (tmp_path / "state.ckpt").stat().st_mtime_ns
    same(train(tmp_path, settings), first)
    assert (tmp_path / "state.ckpt").stat().st_mtime_ns == state


def test_the_seed_decides_and_torchs_own_generator_is_left_alone(whole, tmp_path):
    before = torch.get_rng_state()
    other = train(tmp_path, FitSettings(**{**vars(SETTINGS), "seed": 4, "epochs": 3}))
    assert torch.equal(before, torch.get_rng_state())
    assert told(other.history)[:3] != told(whole.history)[:3]


def test_the_best_weights_are_a_copy_of_their_moment(tmp_path):
    """A learning rate that soon ruins everything: what is kept still judges as it did in the best epoch."""
    settings = FitSettings(epochs=40, batch_size=8, learning_rate=0.3, patience=3, device="cpu")
    trained = train(tmp_path, settings)
    best, last = best_of(trained.history), trained.history[-1]
    assert last.epoch == best.epoch + 3 < 40
    assert last.loss > best.loss == min(row.loss for row in trained.history)
    kept = network()
    kept.load_state_dict(trained.weights)
    _, validation = material()
    with torch.no_grad():
        logits = kept.eval()(validation.batch(range(len(validation.targets)), None))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(validation.targets))
    assert float(loss) == pytest.approx(best.loss, rel=1e-4)


def test_overfits_without_validation_and_takes_the_last_weights(tmp_path):
    training, _ = material()
    settings = FitSettings(epochs=60, batch_size=36, learning_rate=0.01, patience=0, device="cpu")
    trained = train_network(network(), training, None, 3, settings, tmp_path, mean=torch.zeros(6))
    assert trained.history[-1].train_accuracy > 0.95
    assert np.isnan(trained.history[-1].loss)
    assert best_of(trained.history).epoch == 60


def test_curves_are_on_disk(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained = train(tmp_path, FitSettings(epochs=3, batch_size=8, learning_rate=1e-3, patience=5, device="cpu"))
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert len(lines) == 4
    assert float(lines[3].split(",")[2]) == trained.history[2].train_loss
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [e.step for e in events.Scalars("loss/validation")] == [1, 2, 3]
    assert [e.value for e in events.Scalars("loss/train")] == pytest.approx([r.train_loss for r in trained.history])


def test_thawing_by_epoch(tmp_path):
    start = network().state_dict()
    settings = {"batch_size": 8, "learning_rate": 0.01, "patience": 0, "device": "cpu", "thaw": ((2, "1"),)}
    for epochs, stays in ((2, True), (4, False)):
        folder = tmp_path / str(epochs)
        weights = train(folder, FitSettings(epochs=epochs, **settings)).weights
        assert torch.equal(weights["1.weight"], start["1.weight"]) == stays
        assert not torch.equal(weights["5.weight"], start["5.weight"])


def test_a_loss_that_is_no_number_is_told(tmp_path):
    with pytest.raises(SettingError, match=r"no number any more in epoch 1.*lower learning rate"):
        train(tmp_path, FitSettings(epochs=2, batch_size=8, learning_rate=1e30, patience=0, device="cpu"))


def test_waveforms_without_augmentation_give_the_cached_spectrograms(tmp_path):
    """Slices of padded waveforms through the front end are the slices of the whole spectrogram."""
    front_end = LogMel(sample_rate=8000, n_fft=256, hop_length=100, n_mels=12)
    rng = np.random.default_rng(0)
    sounds = [rng.standard_normal(n).astype(np.float32) for n in (3000, 4055)]
    whole = [front_end(torch.from_numpy(s)[None, None])[0].numpy() for s in sounds]
    padded = [np.pad(s, 128, mode="reflect") for s in sounds]
    one = slices(whole, [0, 1], ["a", "b"], 7)
    other = slices(padded, [0, 1], ["a", "b"], 7, hop=100, n_fft=256)
    assert np.array_equal(one.items, other.items)
    assert np.array_equal(one.starts, other.starts)
    places = range(len(one.targets))
    through = front_end.without_padding(other.batch(places, None).unsqueeze(1))
    assert torch.allclose(one.batch(places, None), through, atol=1e-5)


def test_an_epoch_deals_every_example_once_to_all_processes_together():
    examples = RowExamples(torch.arange(50.0)[:, None], np.arange(50), np.arange(50))
    for world in (1, 3):
        ranks = [Batches(examples, 8, 5, rank=rank, world=world) for rank in range(world)]
        seen = [[r[(epoch, b)].targets.tolist() for r in ranks for b in range(len(r))] for epoch in (0, 1)]
        assert [sorted(p for places in epoch for p in places) for epoch in seen] == [list(range(50))] * 2
        assert seen[0] != seen[1]
    sizes = [len(Batches(examples, 8, 5)[(0, b)].targets) for b in range(7)]
    assert max(sizes) <= 8
    assert min(sizes) >= 7


def test_standardisation_is_that_of_the_training_data():
    training, _ = material()
    mean, deviation = statistics(training)
    together = np.concatenate(training.sounds[:18], axis=1)
    assert mean.numpy() == pytest.approx(together.mean(1), abs=1e-5)
    assert deviation.numpy() == pytest.approx(together.std(1), rel=1e-5)
    assert torch.equal(standardise(network(), training), mean)


def test_class_weights_make_classes_count_the_same():
    weights = weights_of([0, 0, 0, 1], 3, balanced=True)
    assert weights.tolist() == pytest.approx([2 / 3, 2, 0])
    assert weights_of([0, 0], 2, balanced=False).tolist() == [1, 1]


def test_learning_rates():
    cosine = FitSettings(epochs=11, learning_rate=2.0, schedule="cosine", warmup_epochs=1, patience=0)
    rates = [learning_rate_at(epoch, cosine) for epoch in range(11)]
    assert rates[:2] == [1.0, 2.0]
    assert rates[6] == pytest.approx(1.0)
    assert 0 < rates[10] < 0.1
    plateau = FitSettings(epochs=11, learning_rate=2.0, schedule="plateau", patience=4)
    assert learning_rate_at(4, plateau, (0, 1, 2, 3)) == pytest.approx(0.2)
    assert learning_rate_at(5, plateau, (0, 1, 2, 3, 4)) == pytest.approx(0.02)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingError, match=r"no CUDA device here.*--device cpu"):
        train(tmp_path, FitSettings(epochs=1, batch_size=8, learning_rate=1e-3, patience=0, device="cuda"))
    with pytest.raises(SettingError, match="unknown device 'gpu'"):
        place("gpu")
    assert place("auto").accelerator == "cpu"


def test_out_of_memory_says_which_batch_size_to_try():
    told = r"out of memory with batches of 64\. Try --batch-size 32"
    with pytest.raises(SettingError, match=told), told_what_fits(64, "cpu"):
        torch.empty(1 << 60)
    with pytest.raises(SettingError, match="smaller model"), told_what_fits(2, "cpu"):
        np.empty(1 << 45)
    with pytest.raises(RuntimeError, match="shape"), told_what_fits(64, "cpu"):
        raise RuntimeError("shape")


@pytest.mark.parametrize(
    ("setting", "fact"),
    [
        ({"epochs": 0}, "below 1"),
        ({"batch_size": 1}, "below 2"),
        ({"schedule": "linear"}, "unknown schedule"),
        ({"learning_rate": 0.0}, "not above 0"),
        ({"label_smoothing": 1.0}, "0 to below 1"),
    ],
)
def test_settings_out_of_range(setting, fact):
    with pytest.raises(SettingError, match=fact):
        FitSettings(**setting)


def test_augmentation_of_waveforms_is_known():
    assert Augmentation(gain_db=3).of_waveforms
    assert not Augmentation(mixup=0.2, reverse=0.5).of_waveforms
