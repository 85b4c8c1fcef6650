"""The assessment of a bundle: by hand, beside its baselines, under noise; and what leaks."""

import json
from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.read import read
from earmark.data.split_lists import split_from_lists
from earmark.data.splits import split_by_group
from earmark.errors import DatasetError, SettingError
from earmark.models.load import load_model
from earmark.models.predict import predict
from earmark.report.assessment import document, write_assessment
from earmark.training.answers import answers
from earmark.training.assess import assess
from earmark.training.fit import SPLIT, fit
from earmark.training.leak import leak_report
from earmark.training.settings import FitSettings

QUICK = FitSettings(epochs=6, batch_size=8, learning_rate=2e-3, patience=6, frames=40, device="cpu")


@pytest.fixture(scope="module")
def bundle(dataset, split, tmp_path_factory):
    """A cnn on slices of 0.93 s."""
    return fit("cnn", dataset, split, folder=tmp_path_factory.mktemp("models") / "cnn", settings=QUICK).folder


@pytest.fixture(scope="module")
def found(dataset, split, bundle):
    """Its assessment."""
    return assess(load_model(bundle), dataset, split, snrs_db=(20.0, -20.0), draws=200, folder=bundle)


def test_clips_and_slices_are_those_of_the_classifier(dataset, split, bundle, found):
    classifier = load_model(bundle)
    items = [dataset.items[place] for place in split.test]
    said = [classifier.labels[int(np.argmax(predict(read(item.path), classifier)))] for item in items]
    right = np.mean([one == item.label for one, item in zip(said, items, strict=True)])
    assert found.clips.accuracy.value == pytest.approx(right)
    assert (found.clips.n, found.clips.groups) == (6, 6)
    assert found.slices.n == 12  # two slices of 40 frames in 2.2 s
    assert found.slices.groups == 6
    assert found.songs is None  # one clip a track
    assert [sum(row) for row in found.clips.confusion] == [2, 2, 2]


def test_baselines_stand_beside_it(found):
    majority, regression = found.baselines
    assert majority.scores.accuracy.value == pytest.approx(1 / 3)
    assert majority.model_minus_this.value == pytest.approx(found.clips.accuracy.value - 1 / 3)
    assert regression.scores.accuracy.value >= 0.5
    assert regression.scores.n == found.clips.n


def test_noise_hurts(found):
    mild, hard = found.noise
    assert (mild.snr_db, hard.snr_db) == (20.0, -20.0)
    assert hard.accuracy.value < mild.accuracy.value


def test_noise_lies_at_its_ratio(dataset, split, bundle):
    """What the classifier hears at an SNR is the sound plus noise of that power, the same each time."""
    testing = dataset.subset(split.test)
    heard = []

    class Ear:
        name, labels, activation, fingerprint = "ear", dataset.labels, "softmax", ""
        input = load_model(bundle).input

        def scores(self, batch):
            heard.append(batch.numpy()[0, 0].astype(float))
            return np_to_torch(np.full((1, 3), 1 / 3))

    import torch

    np_to_torch = torch.from_numpy
    for snr in (None, 7.0, 7.0):
        answers(Ear(), testing, snr_db=snr)
    clean, noisy, again = heard[:6], heard[6:12], heard[12:]
    for one, other, third in zip(clean, noisy, again, strict=True):
        assert np.array_equal(other, third)
        assert 10 * np.log10((one**2).mean() / ((other - one) ** 2).mean()) == pytest.approx(7.0, abs=0.05)


def test_temperature_comes_from_the_validation_clips(found):
    assert found.calibration.validation_clips == 6
    assert found.calibration.temperature != 1.0
    assert found.calibration.after.accuracy == found.clips.accuracy
    assert found.calibration.after.nll != found.clips.nll


def test_openings_are_counted(dataset, split, bundle, found):
    again = assess(load_model(bundle), dataset, split, draws=100, folder=bundle)
    assert again.openings == found.openings + 1
    assert json.loads((bundle / "openings.json").read_text()) == {split.fingerprint: again.openings}


def test_a_bundle_carries_its_split(dataset, split, bundle):
    assert split_from_lists(dataset, bundle / SPLIT).fingerprint == split.fingerprint


def test_another_split_would_judge_by_what_was_learnt(dataset, bundle):
    other = split_by_group(dataset, fractions=(0.5, 0.25, 0.25), seed=1)
    with pytest.raises(SettingError, match="was trained on the split"):
        assess(load_model(bundle), dataset, other)


def test_splits_that_cannot_be_judged(dataset, split, bundle):
    classifier = load_model(bundle)
    with pytest.raises(DatasetError, match="of another data set"):
        assess(classifier, dataset.subset(range(12)), split)
    with pytest.raises(DatasetError, match="no test items"):
        assess(classifier, dataset, replace(split, test=()))
    stranger = replace(dataset, items=(replace(dataset.items[0], label="owl"),))
    with pytest.raises(DatasetError, match="'owl', which the model does not know"):
        answers(classifier, stranger)


def test_broken_test_items_are_told_and_the_others_judged(dataset, split, bundle, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    testing = dataset.subset(split.test)
    items = (replace(testing.items[0], path=broken), *testing.items[1:])
    found = answers(load_model(bundle), replace(testing, items=items))
    assert len(found.clips.truth) == 5
    assert [problem.where for problem in found.problems] == [str(broken)]
    with pytest.raises(DatasetError, match="none of 1 items"):
        answers(load_model(bundle), replace(testing, items=items[:1]))


def test_songs_are_the_mean_of_their_clips(dataset, split, bundle):
    two = [replace(item, track=item.label) for item in dataset.subset(split.test).items]
    found = answers(load_model(bundle), replace(dataset, items=tuple(two)))
    assert found.songs == tuple(item.label for item in two)


def test_page_and_pictures(found, tmp_path):
    paths = write_assessment(tmp_path, found, command="earmark assess a b")
    assert {path.name for path in paths} == {
        "assessment.html", "assessment.json", "confusion.png", "reliability.png", "noise.png",
    }  # fmt: skip
    page = (tmp_path / "assessment.html").read_text()
    assert f"{found.clips.accuracy.value:.3f}" in page
    assert "logistic regression on descriptors" in page
    assert "http" not in page.replace("http-equiv", "")
    assert json.loads((tmp_path / "assessment.json").read_text()) == json.loads(json.dumps(document(found)))
    before = {path.name: path.read_bytes() for path in paths}
    write_assessment(tmp_path, found, command="earmark assess a b")
    assert {path.name: path.read_bytes() for path in paths} == before


def test_names_in_the_page_are_escaped(found, tmp_path):
    write_assessment(tmp_path, replace(found, model="<script>alert(1)</script>"), command="x")
    page = (tmp_path / "assessment.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_leak_report_compares_three_splits(dataset):
    options = {"settings": replace(QUICK, epochs=1), "fractions": (0.5, 0.25, 0.25), "draws": 100}
    rows = leak_report("cnn", dataset, **options)
    assert [row.kept_apart for row in rows] == ["nothing", "track", "artist"]
    assert all(row.slices is not None and row.songs is not None for row in rows), [row.why_not for row in rows]
    without = replace(dataset, items=tuple(replace(item, artist=None) for item in dataset.items))
    told = leak_report("cnn", without, **options)
    assert told[2].slices is None
    assert "artist" in told[2].why_not
    assert told[1] == rows[1]
