"""Training on a table of descriptors, with no sound anywhere."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earmark.data.open import open_dataset
from earmark.data.splits import split_by_group
from earmark.errors import CapabilityError, DatasetError, SettingError
from earmark.features.descriptors import DescriptorTable, descriptor_names
from earmark.models.estimators import fit_estimator
from earmark.models.load import load_model
from earmark.training.answers import answers
from earmark.training.assess import assess
from earmark.training.fit import fit
from earmark.training.settings import FitSettings


def rows(count, columns, seed=0):
    """Three classes, each with its own mean in the first columns."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((count, columns))
    values[np.arange(count), np.arange(count) % 3] += 4.0
    return values, tuple("abc"[at % 3] for at in range(count))


@pytest.fixture
def table(tmp_path):
    values, labels = rows(60, 4)
    lines = [f"s{at},{label},{at // 2}," + ",".join(map(str, row)) for at, (label, row) in
             enumerate(zip(labels, values, strict=True))]  # fmt: skip
    path = tmp_path / "table.csv"
    path.write_text("id,label,artist,one,two,three,four\n" + "\n".join(lines) + "\n")
    return path


def test_an_estimator_on_a_table_is_the_estimator_of_its_numbers(table, tmp_path):
    dataset = open_dataset(table)
    split = split_by_group(dataset, seed=0)
    said = []
    fitted = fit("logreg", dataset, split, folder=tmp_path / "lr", say=said.append)
    assert said == ["learns from all 4 columns of table"]
    values, labels = rows(60, 4)
    train, test = list(split.train), list(split.test)
    own = fit_estimator("logreg", values[train], [labels[at] for at in train], ("one", "two", "three", "four"))
    model = load_model(fitted.folder)
    found = answers(model, dataset.subset(split.test))
    np.testing.assert_allclose(found.clips.probabilities, own.predict_proba(values[test]), atol=1e-12)
    judged = assess(model, dataset, split, folder=fitted.folder, draws=100)
    right = np.mean([dataset.labels[k] == labels[at] for k, at in
                     zip(found.clips.probabilities.argmax(1), test, strict=True)])  # fmt: skip
    assert judged.clips.accuracy.value == pytest.approx(right)
    assert right > 0.9
    assert judged.slices is None
    assert judged.calibration is not None
    # The baseline learns from the same columns.
    assert judged.baselines[1].scores.accuracy.value == judged.clips.accuracy.value
    with pytest.raises(CapabilityError, match="learnt from a table of numbers, and hears no sound"):
        model.scores(torch.zeros(1, 1, 22050))
    with pytest.raises(SettingError, match="takes no noise"):
        assess(model, dataset, split, snrs_db=(10.0,), draws=100)
    other = replace(dataset, columns=("one", "two", "three", "five"))
    with pytest.raises(DatasetError, match=r"has no column four, which the model needs \(1 of 4 are missing\)"):
        answers(model, other)


def test_a_network_on_a_table(table, tmp_path):
    dataset = open_dataset(table)
    split = split_by_group(dataset, seed=0)
    settings = FitSettings(epochs=25, batch_size=16, learning_rate=3e-3, patience=0, device="cpu",
                           model={"layers": "16r-8r"})  # fmt: skip
    fitted = fit("mlp_30", dataset, split, folder=tmp_path / "mlp", settings=settings)
    assert fitted.card.settings["columns"] == 4
    found = answers(load_model(fitted.folder), dataset.subset(split.test)).clips
    assert (found.probabilities.argmax(1) == found.truth).mean() > 0.8


def test_a_model_of_a_table_of_earmarks_own_also_hears(tmp_path):
    names = descriptor_names("reference-85")
    values, labels = rows(30, len(names))
    ids = tuple(f"s{at}" for at in range(30))
    path = DescriptorTable("reference-85", ids, labels, names, values).write(tmp_path / "t.parquet")
    dataset = open_dataset(path)
    fitted = fit("mlp_30", dataset, split_by_group(dataset, seed=0), folder=tmp_path / "m",
                 settings=FitSettings(epochs=1, patience=0, device="cpu"))  # fmt: skip
    # Of a table that has the recipe's own columns, these are taken.
    assert fitted.card.descriptors.columns == tuple(f"mfcc_{n:02}_mean" for n in range(1, 31))
    model = load_model(fitted.folder)
    assert model.scores(torch.zeros(1, 1, 22050)).shape == (1, 3)


def test_what_sees_sound_refuses_a_table(table, tmp_path):
    dataset = open_dataset(table)
    with pytest.raises(SettingError, match="cnn sees sound, and table is a table of descriptors"):
        fit("cnn", dataset, split_by_group(dataset, seed=0), folder=tmp_path / "cnn")
    assert not (tmp_path / "cnn").exists()
