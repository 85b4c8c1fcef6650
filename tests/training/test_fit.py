"""From sounds to a bundle that the rest of earmark can use, by every kind of recipe."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from earmark.audio.read import read
from earmark.data.open import open_dataset
from earmark.data.splits import split_by_group, split_slices_at_random
from earmark.errors import DatasetError, OutputError, SettingError, UnknownNameError
from earmark.models.bundle import load_bundle
from earmark.models.load import load_model
from earmark.models.predict import predict
from earmark.models.recipe import recipe
from earmark.models.zoo import vgg16
from earmark.training.answers import answers
from earmark.training.augment import Augmentation
from earmark.training.fit import check_split, fit, repeated
from earmark.training.history import read_curves
from earmark.training.settings import FitSettings
from earmark.training.stages import gradual

# Slices of 40 frames instead of 130: less than a second.
QUICK = FitSettings(epochs=6, batch_size=8, learning_rate=2e-3, patience=6, frames=40, device="cpu")


def accuracy(folder, dataset, places):
    classifier = load_model(folder)
    items = [dataset.items[place] for place in places]
    said = [classifier.labels[int(np.argmax(predict(read(item.path), classifier)))] for item in items]
    return np.mean([one == item.label for one, item in zip(said, items, strict=True)])


def test_a_network_over_slices(dataset, split, tmp_path):
    fitted = fit("cnn", dataset, split, folder=tmp_path / "cnn", settings=QUICK)
    record = fitted.card.training
    assert (record.split, record.split_fingerprint, record.leaky) == (split.name, split.fingerprint, False)
    assert record.dataset_fingerprint == dataset.fingerprint
    assert fitted.card.labels == ("high", "hiss", "low")
    assert fitted.card.settings == {"bins": 13, "frames": 40}
    # What the card says about the validation clips is what the bundle itself says about their files.
    assert record.figures["validation_accuracy"] == pytest.approx(
        accuracy(fitted.folder, dataset, split.validation), abs=1e-6
    )
    assert accuracy(fitted.folder, dataset, split.test) >= 0.8
    assert read_curves(fitted.folder / "training" / "curves.csv") == fitted.history
    assert list((fitted.folder / "training").glob("events.*"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cnn"]


def test_validation_probabilities_are_those_of_the_bundle(dataset, split, tmp_path):
    fitted = fit("cnn", dataset, split, folder=tmp_path / "cnn", settings=replace(QUICK, epochs=2), calibrate=True)
    found = answers(load_model(fitted.folder), dataset.subset(split.validation)).clips
    rows = np.arange(len(found.truth))
    nll = -np.log(found.probabilities[rows, found.truth]).mean()
    assert fitted.validation.nll == pytest.approx(nll, rel=1e-3)
    assert fitted.card.temperature != 1.0


def test_same_seed_same_weights(dataset, split, tmp_path):
    quick = replace(QUICK, epochs=2)
    one, two, other = (
        fit("cnn", dataset, split, folder=tmp_path / name, settings=replace(quick, seed=seed)).card
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert one.weights_sha256 == two.weights_sha256 != other.weights_sha256


def test_augmented_waveforms_through_the_front_end(dataset, split, tmp_path):
    quick = replace(
        QUICK,
        epochs=2,
        augmentation=Augmentation(gain_db=6, noise_snr_db=10, shift_s=0.2, reverse=0.5, spec_bins=2, spec_frames=4),
    )
    fitted = fit("cnn", dataset, split, folder=tmp_path / "a", settings=quick)
    plain = fit("cnn", dataset, split, folder=tmp_path / "b", settings=replace(QUICK, epochs=2))
    assert fitted.card.weights_sha256 != plain.card.weights_sha256
    assert fitted.history[-1].train_loss != plain.history[-1].train_loss


def test_test_items_are_never_opened(folder, split, tmp_path):
    """The same weights, whether or not the files of the test items can be read at all."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    dataset = open_dataset(copy)
    again = split_by_group(dataset, fractions=(0.5, 0.25, 0.25), seed=0)
    assert again.test == split.test
    quick = replace(QUICK, epochs=2)
    whole = fit("cnn", dataset, again, folder=tmp_path / "whole", settings=quick)
    for place in again.test:
        dataset.items[place].path.write_bytes(b"no sound")
    blind = fit("cnn", dataset, again, folder=tmp_path / "blind", settings=quick)
    assert blind.card.weights_sha256 == whole.card.weights_sha256
    rows = fit("logreg", dataset, again, folder=tmp_path / "rows")
    assert rows.card.kind == "estimator"


def test_a_network_grown_on_another(dataset, split, tmp_path):
    quick = replace(QUICK, epochs=2)
    with pytest.raises(SettingError, match="grows on a trained cnn"):
        fit("cnn_lstm", dataset, split, folder=tmp_path / "lstm", settings=quick)
    trunk = fit("cnn", dataset, split, folder=tmp_path / "cnn", settings=quick)
    grown = fit("cnn_lstm", dataset, split, folder=tmp_path / "lstm", settings=quick, source=trunk.folder)
    load_model(grown.folder)
    network, base = load_bundle(grown.folder).weights, load_bundle(trunk.folder).weights
    assert torch.equal(network["cnn.norm.mean"], base["norm.mean"])
    assert torch.equal(network["cnn.block1.conv.weight"], base["block1.conv.weight"])
    assert not torch.equal(network["cnn.block3.conv.weight"], base["block3.conv.weight"])
    # A frozen batch norm does not drift.
    assert torch.equal(network["cnn.block1.norm.running_mean"], base["block1.norm.running_mean"])


def test_going_on_from_a_bundle(dataset, split, tmp_path):
    first = fit("cnn", dataset, split, folder=tmp_path / "a", settings=replace(QUICK, epochs=3))
    second = fit("cnn", dataset, split, folder=tmp_path / "b", settings=replace(QUICK, epochs=1), source=first.folder)
    fresh = fit("cnn", dataset, split, folder=tmp_path / "c", settings=replace(QUICK, epochs=1))
    assert second.history[0].train_loss < fresh.history[0].train_loss
    with pytest.raises(SettingError, match="is a cnn, not a crnn"):
        fit("crnn", dataset, split, folder=tmp_path / "d", settings=QUICK, source=first.folder)


@pytest.mark.parametrize("model", ["logreg", "random_forest"])
def test_estimators(dataset, split, tmp_path, model):
    settings = FitSettings(model={"n_estimators": 20} if model == "random_forest" else {"C": 0.5})
    fitted = fit(model, dataset, split, folder=tmp_path / model, settings=settings)
    assert fitted.history == ()
    assert fitted.card.training.figures["validation_accuracy"] == pytest.approx(
        accuracy(fitted.folder, dataset, split.validation), abs=1e-6
    )
    assert accuracy(fitted.folder, dataset, split.test) >= 0.8


def test_the_descriptor_network(dataset, split, tmp_path):
    settings = FitSettings(epochs=60, batch_size=12, patience=20, device="cpu")
    fitted = fit("mlp_30", dataset, split, folder=tmp_path / "mlp", settings=settings)
    assert len(fitted.card.descriptors.columns) == 30
    assert accuracy(fitted.folder, dataset, split.test) >= 0.8
    assert fitted.card.training.figures["validation_accuracy"] == pytest.approx(
        accuracy(fitted.folder, dataset, split.validation), abs=1e-6
    )


def test_a_probe_on_a_network_of_ones_own(dataset, split, tmp_path):
    base = fit("cnn", dataset, split, folder=tmp_path / "cnn", settings=replace(QUICK, epochs=3))
    settings = FitSettings(
        epochs=40, learning_rate=0.01, device="cpu", model={"pretrained": str(base.folder), "layer": "network.relu"}
    )
    fitted = fit("probe", dataset, split, folder=tmp_path / "probe", settings=settings)
    assert fitted.card.kind == "probe"
    assert fitted.card.embedding.fingerprint == base.card.fingerprint
    # What the head learnt from is what the bundle hears: no front end comes twice.
    found = answers(load_model(fitted.folder), dataset.subset(split.validation)).clips
    nll = -np.log(found.probabilities[np.arange(len(found.truth)), found.truth]).mean()
    assert fitted.validation.nll == pytest.approx(nll, rel=1e-3)
    assert accuracy(fitted.folder, dataset, split.test) >= 0.8


def test_the_record_tells_how_to_train_the_same_again(dataset, split, tmp_path):
    settings = replace(QUICK, epochs=1, augmentation=Augmentation(mixup=0.1), thaw=((1, "block1"),))
    fitted = fit("cnn", dataset, split, folder=tmp_path / "a", settings=settings)
    stored = json.loads((fitted.folder / "card.json").read_text())["training"]
    model, again, source = repeated(replace(fitted.card.training, settings=stored["settings"]))
    assert (model, source) == ("cnn", None)
    twin = fit("cnn", dataset, split, folder=tmp_path / "b", settings=again)
    assert twin.card.weights_sha256 == fitted.card.weights_sha256


def test_weights_taken_over_thaw_in_the_stages_of_the_recipe(dataset, split, tmp_path, monkeypatch):
    monkeypatch.setattr(vgg16, "BLOCKS", ((2, 3), (2, 4), (3, 5), (3, 6), (3, 7)))
    quick = FitSettings(batch_size=8, learning_rate=1e-3, patience=0, frames=40, device="cpu")
    file = tmp_path / "imagenet.pth"
    torch.save(vgg16.Vgg16(1000, bins=128, frames=40, dense=0).state_dict(), file)
    start = torch.load(file, weights_only=True)
    said = []

    def moved(name, **settings):
        fit("vgg16", dataset, split, folder=tmp_path / name, settings=replace(quick, **settings), source=file,
            say=said.append)  # fmt: skip
        weights = load_bundle(tmp_path / name).weights
        return [layer for layer in ("features.5", "features.10", "features.17", "features.24")
                if not torch.equal(weights[f"{layer}.weight"], start[f"{layer}.weight"])]  # fmt: skip

    assert moved("one", epochs=1, thaw=gradual(recipe("vgg16"), 1)) == []
    assert not any("layers thaw" in line for line in said)
    assert moved("two", epochs=2, thaw=gradual(recipe("vgg16"), 1)) == ["features.24"]
    assert moved("all", epochs=1, thaw=((0, "*"),)) == ["features.5", "features.10", "features.17", "features.24"]
    # Without a word about it the recipe's stages hold, three epochs each.
    assert moved("usual", epochs=4) == ["features.24"]
    assert any("layers thaw in 4 stages, one in 3 epochs" in line for line in said)


def test_what_has_no_stages_says_so():
    with pytest.raises(SettingError, match=r"cnn names no stages.*EPOCH:LAYER"):
        gradual(recipe("cnn"))
    with pytest.raises(SettingError, match="0 epochs a stage"):
        gradual(recipe("vgg16"), 0)


def test_what_is_there_is_not_replaced_unasked(dataset, split, tmp_path):
    first = fit("logreg", dataset, split, folder=tmp_path / "a")
    with pytest.raises(OutputError, match=r"is there already.*--overwrite"):
        fit("logreg", dataset, split, folder=tmp_path / "a")
    again = fit("logreg", dataset, split, folder=tmp_path / "a", overwrite=True)
    assert again.card.weights_sha256 == first.card.weights_sha256
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(OutputError, match="no bundle"):
        fit("logreg", dataset, split, folder=tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "diary.txt").read_text() == "dear"


class Stop(Exception):
    """The user's patience ends."""


def test_an_unfinished_training_goes_on_or_is_told(dataset, split, tmp_path):
    def stop(row):
        if row.epoch == 2:
            raise Stop

    quick = replace(QUICK, epochs=3)
    with pytest.raises(Stop):
        fit("cnn", dataset, split, folder=tmp_path / "a", settings=quick, on_epoch=stop)
    assert not (tmp_path / "a").exists()
    with pytest.raises(SettingError, match="unfinished training lies beside it, with another settings"):
        fit("cnn", dataset, split, folder=tmp_path / "a", settings=replace(quick, seed=9))
    resumed = fit("cnn", dataset, split, folder=tmp_path / "a", settings=quick)
    whole = fit("cnn", dataset, split, folder=tmp_path / "b", settings=quick)
    assert resumed.card.weights_sha256 == whole.card.weights_sha256


def test_slices_at_random_are_marked_for_good(dataset, tmp_path):
    with pytest.raises(SettingError, match="--leaky"):
        split_slices_at_random(dataset, slice_s=1.0)
    sliced, split = split_slices_at_random(dataset, slice_s=1.0, leaky=True)
    settings = replace(QUICK, epochs=1)
    fitted = fit("cnn", sliced, split, folder=tmp_path / "leaky", settings=settings)
    assert fitted.card.training.leaky
    assert json.loads((tmp_path / "leaky" / "card.json").read_text())["training"]["leaky"] is True


def test_splits_that_cannot_be_trained_on(dataset, split):
    with pytest.raises(DatasetError, match="of another data set"):
        check_split(dataset.subset(range(10)), split, validated=True)
    with pytest.raises(DatasetError, match="no validation items to stop by"):
        check_split(dataset, replace(split, validation=()), validated=True)
    check_split(dataset, replace(split, validation=()), validated=False)
    low = [i for i in split.train if dataset.items[i].label == "low"]
    with pytest.raises(DatasetError, match="'low' has no training item"):
        check_split(dataset, replace(split, train=tuple(i for i in split.train if i not in low)), validated=True)
    sharing = replace(dataset, items=tuple(replace(item, track="one") for item in dataset.items))
    shared = replace(split, dataset=sharing.fingerprint)
    with pytest.raises(DatasetError, match=r"parts of one track lie in .*--leaky"):
        check_split(sharing, shared, validated=True)
    check_split(sharing, replace(shared, group="nothing"), validated=True)
    one = dataset.subset([i for i, item in enumerate(dataset.items) if item.label == "low"])
    with pytest.raises(DatasetError, match="there is one class"):
        check_split(one, replace(split, dataset=one.fingerprint, train=(0,), validation=(), test=()), validated=False)


def test_bad_input(dataset, split, tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean cnn"):
        fit("cmn", dataset, split, folder=tmp_path / "a")
    with pytest.raises(SettingError, match="slices"):
        fit("logreg", dataset, split, folder=tmp_path / "a", settings=FitSettings(frames=40))
    with pytest.raises(DatasetError, match="shorter than a slice of 130 frames"):
        fit("cnn", dataset, split, folder=tmp_path / "a", settings=FitSettings(device="cpu"))
    assert not (tmp_path / "a").exists()
