"""The search for settings: fresh trials, the same after an interruption, chosen on validation only."""

import shutil

import pytest

from earmark.data.open import open_dataset
from earmark.data.splits import split_by_group
from earmark.errors import OutputError, SettingError, UnknownNameError
from earmark.models.bundle import read_card
from earmark.models.recipe import recipe
from earmark.training.augment import Augmentation
from earmark.training.fit import fit
from earmark.training.search import Choice, grid, space_from, usual_space, with_values
from earmark.training.settings import FitSettings
from earmark.training.tune import tune

SPACE = space_from(["model.C=1e-3..10.0:log"])


def told(found):
    return [(dict(t.values), t.figure) for t in found.trials]


@pytest.fixture(scope="module")
def whole(dataset, split, tmp_path_factory):
    """Ten trials that nothing interrupted."""
    return tune("logreg", dataset, split, folder=tmp_path_factory.mktemp("w"), space=SPACE, trials=10, metric="nll")


def test_the_best_is_best_and_trained_like_any(dataset, split, whole, tmp_path):
    assert whole.best.figure == min(t.figure for t in whole.trials)
    assert len({t.values["model.C"] for t in whole.trials}) == 10
    again = fit(
        "logreg", dataset, split, folder=tmp_path / "best", settings=with_values(FitSettings(), whole.best.values)
    )
    assert again.card.weights_sha256 == read_card(whole.folder / "best").weights_sha256
    assert again.card.training.figures["validation_nll"] == whole.best.figure


class Stop(Exception):
    """The power goes."""


def test_an_interrupted_search_finds_the_same(dataset, split, whole, tmp_path, monkeypatch):
    from earmark.training import tune as module

    count = 0

    def failing(*arguments, **options):
        nonlocal count
        count += 1
        if count == 9:
            raise Stop
        return fit(*arguments, **options)

    monkeypatch.setattr(module, "fit", failing)
    with pytest.raises(Stop):
        tune("logreg", dataset, split, folder=tmp_path, space=SPACE, trials=10, metric="nll")
    assert count == 9
    resumed = tune("logreg", dataset, split, folder=tmp_path, space=SPACE, trials=10, metric="nll")
    assert count == 11  # two were missing
    assert told(resumed) == told(whole)
    assert resumed.card.weights_sha256 == whole.card.weights_sha256


def test_a_lost_best_bundle_is_made_again(dataset, split, tmp_path):
    options = {"space": SPACE, "trials": 2, "metric": "nll"}
    first = tune("logreg", dataset, split, folder=tmp_path, **options)
    shutil.rmtree(tmp_path / "best")
    again = tune("logreg", dataset, split, folder=tmp_path, **options)
    assert again.card.weights_sha256 == first.card.weights_sha256


def test_a_grid_is_every_combination_once(dataset, split, tmp_path):
    space = space_from(["model.C=0.01,1.0", "class_weights=true,false"])
    found = tune("logreg", dataset, split, folder=tmp_path, space=space, sampler="grid", trials=10)
    assert [dict(t.values) for t in found.trials] == grid(space)
    assert len(found.trials) == 4
    assert tune("logreg", dataset, split, folder=tmp_path, space=space, sampler="grid", trials=10) == found


def test_test_items_stay_closed(folder, whole, tmp_path):
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    dataset = open_dataset(copy)
    split = split_by_group(dataset, fractions=(0.5, 0.25, 0.25), seed=0)
    for place in split.test:
        dataset.items[place].path.write_bytes(b"no sound")
    found = tune("logreg", dataset, split, folder=tmp_path / "t", space=SPACE, trials=10, metric="nll")
    assert told(found) == told(whole)


def test_another_search_in_the_same_folder_is_refused(dataset, split, tmp_path):
    tune("logreg", dataset, split, folder=tmp_path, space=SPACE, trials=1)
    with pytest.raises(OutputError, match="another model, split or settings"):
        tune("random_forest", dataset, split, folder=tmp_path, trials=1)


def test_words_of_the_search_space():
    space = space_from(["learning_rate=1e-4..1e-2:log", "batch_size=16,32", "model.layers=64r,32r", "epochs=1..9"])
    assert space["learning_rate"] == Choice(low=1e-4, high=1e-2, log=True)
    assert space["model.layers"].values == ("64r", "32r")
    assert space["epochs"].whole
    settings = with_values(FitSettings(), {"batch_size": 16, "model.C": 2.0, "augment.mixup": 0.2})
    assert (settings.batch_size, settings.model, settings.augmentation) == (16, {"C": 2.0}, Augmentation(mixup=0.2))
    with pytest.raises(UnknownNameError, match="Did you mean batch_size"):
        space_from(["batchsize=1,2"])
    for word in ("batch_size=", "epochs=9..1", "learning_rate=0.0..1.0:log", "epochs=a..b"):
        with pytest.raises(SettingError):
            space_from([word])
    with pytest.raises(SettingError, match="a grid needs values"):
        grid(space_from(["epochs=1..9"]))


@pytest.mark.parametrize("model", ["logreg", "svm", "random_forest", "hist_gradient_boosting", "cnn", "probe"])
def test_every_kind_has_a_usual_space(model):
    assert usual_space(recipe(model))


def test_bad_settings(dataset, split, tmp_path):
    for options in ({"sampler": "random"}, {"metric": "f2"}, {"trials": 0}):
        with pytest.raises(SettingError, match="Use tpe or grid"):
            tune("logreg", dataset, split, folder=tmp_path / "x", **options)
    assert not (tmp_path / "x").exists()
