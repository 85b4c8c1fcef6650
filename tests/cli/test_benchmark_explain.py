"""``earmark benchmark explain``: the files of a run, its table, and wrong input answered in one line."""

import json

import pytest
import torch

from earmark.audio.read import read
from earmark.audio.write import write
from earmark.features.front_end import FrontEndCard
from earmark.models.bundle import Bundle, Card, load_bundle, save_bundle
from earmark.models.zoo.cnn_mel import CnnMel

FILES = {
    "experiment.html", "experiment.parquet", "summary.csv", "comparisons.csv", "against_random.png", "area.png",
    "noise.png",
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Folder of a network over 16 bands, with weights drawn from a fixed seed."""
    network = CnnMel(2, bins=16, frames=60)
    generator = torch.Generator().manual_seed(1)
    weights = {
        name: torch.ones_like(tensor) * 300 if name == "norm.running_var"
        else torch.ones_like(tensor) if name.endswith("var")
        else torch.randn(tensor.shape, generator=generator) * 0.2 if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }  # fmt: skip
    front_end = FrontEndCard(
        sample_rate=16000, n_fft=512, hop_length=640, n_mels=16, fmin=0.0, fmax=8000.0, pad_mode="reflect",
        scaling="dB",
    )  # fmt: skip
    card = Card("small", "cnn_mel", {"bins": 16, "frames": 60}, ("jazz", "rock"), "softmax", front_end)
    folder = tmp_path_factory.mktemp("model") / "small"
    save_bundle(Bundle(card, weights), folder)
    return folder


@pytest.fixture(scope="module")
def data(sounds, tmp_path_factory):
    """Two labels of the small tagger, a sound each."""
    root = tmp_path_factory.mktemp("data")
    for label, start in (("rock", 0.0), ("jazz", 2.5)):
        write(read(sounds.song, start_s=start, duration_s=3.2), root / label / f"{label}.wav")
    return root


def test_a_run_writes_everything_and_random_rows_stand_in_every_table(run, small, data, tmp_path):
    arguments = (
        "benchmark", "explain", small, data, "--methods", "saliency,lime", "--masks", "binary,area:30", "--grid", "2x2",
        "--samples", "16", "--noise", "clean", "--noise", data / "rock" / "rock.wav", "--sounds", "1", "-o", "out",
    )  # fmt: skip
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == FILES | {"sounds"}
    tables = [block for block in done.out.split("\n\n") if ", mask " in block]
    assert [block.split(",")[0] for block in tables] == ["clean", "clean", "rock", "rock"]
    for table in tables:
        assert table.count("random, same area") == 2
        assert "everything kept" in table
        assert "nothing kept" in table
    assert "FF, better than a random mask by: " in done.out
    assert "  AI ↑" in done.out
    assert "  AD ↓" in done.out
    assert "AD ↓: by how many % the class drops when only that is left" in done.out
    assert "Only 2 clips: " in done.out
    page = (out / "experiment.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 9  # a clip; kept and removed by two methods, a random mask, the loudest cells
    assert "http://" not in page
    assert "https://" not in page
    assert "earmark benchmark explain" in page
    again = run(*arguments)
    assert again.code == 1
    assert "is there already" in again.err
    before = (out / "experiment.html").read_bytes()
    told = run(*arguments, "--overwrite", "--json")
    assert told.code == 0
    assert json.loads(told.out)["clips"] == 2
    assert (out / "experiment.html").read_bytes() == before


def test_a_run_that_ended_while_it_wrote_goes_on(run, small, data, tmp_path, monkeypatch):
    arguments = (
        "benchmark", "explain", small, data, "--methods", "shapley", "--masks", "binary,area:30", "--grid", "2x2",
        "--samples", "16", "--noise", "clean", "--sounds", "0", "-o", "out",
    )  # fmt: skip

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("earmark.report.experiment.write_experiment", stop)
        assert run(*arguments).code == 130
    assert (tmp_path / "out" / "experiment.parquet").exists()
    other = run(*arguments, "--seed", "1")
    assert other.code == 2
    assert "an unfinished run with other settings lies there" in other.err
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_a_method_with_nothing_to_say_is_told(run, small, data, tmp_path, monkeypatch):
    """Weights of zero: the network hears nothing, and every Shapley value is zero."""
    deaf = tmp_path / "deaf"
    bundle = load_bundle(small)
    save_bundle(Bundle(bundle.card, {n: t * 0 + n.endswith("var") for n, t in bundle.weights.items()}), deaf)
    done = run(
        "benchmark", "explain", deaf, data, "--methods", "shapley", "--masks", "binary,area:30", "--grid", "2x2",
        "--samples", "16", "--noise", "clean", "--sounds", "0", "-o", "out",
    )  # fmt: skip
    assert done.code == 0
    assert "shapley has no figures for 2 of 2 sounds: all attributions are zero" in done.err
    assert "everything kept" in done.out
    page = (tmp_path / "out" / "experiment.html").read_text(encoding="utf-8")
    assert "shapley has no figures for 2 of 2 sounds" in page


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--methods", "limes"), 2, "Did you mean lime"),
        (("--masks", "binery"), 2, "Did you mean binary"),
        (("--noise", "whyte"), 1, "no such noise or file"),
        (("--snr", "nan"), 2, "a signal-to-noise ratio of nan dB"),
        (("--grid", "6"), 2, "is no grid"),
        (("--masks", "binary"), 2, "have no equal area, by which methods could be compared. Add one that has"),
        (("--masks", "binary,area_30"), 2, "Did you mean area:30"),
        (("--masks", "binary,area:0"), 2, "area:0 would keep nothing"),
        (("--methods", ","), 2, "names nothing"),
    ],
)
def test_wrong_options_are_answered_before_any_work(run, small, data, tmp_path, options, code, words):
    done = run("benchmark", "explain", small, data, *options)
    assert done.code == code
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "experiment").exists()


QUICK = (
    "--methods", "occlusion", "--masks", "area:30", "--grid", "2x2", "--noise", "clean", "--sounds", "0",
)  # fmt: skip


def test_classes_that_the_model_does_not_know_are_told_and_do_no_harm(run, small, sounds, tmp_path):
    write(read(sounds.song, duration_s=3.2), tmp_path / "animals" / "dog" / "a.wav")
    done = run("benchmark", "explain", small, tmp_path / "animals", *QUICK)
    assert done.code == 0
    assert "1 of its 1 classes are none of small's labels (dog): what is explained is what it hears" in done.err
    assert "clean, mask area:30, 1 clip\n" in done.out


def test_sounds_without_classes_are_enough_and_one_that_cannot_be_read_is_told(run, small, sounds, tmp_path):
    for place, start in enumerate((0.0, 1.0, 2.0)):
        write(read(sounds.song, start_s=start, duration_s=3.2), tmp_path / "flat" / f"{place}.wav")
    (tmp_path / "flat" / "broken.wav").write_bytes(b"RIFF no sound")
    done = run("benchmark", "explain", small, tmp_path / "flat", *QUICK, "--clips", "2", "--json")
    assert done.code == 3
    assert "broken.wav: " in done.err
    document = json.loads(done.out)
    assert document["clips"] == 2
    assert document["too_few"].startswith(
        "Only 2 clips: intervals from fewer than 20 clips are too narrow; no difference"
    )
    refused = run("train", "cnn_mel", tmp_path / "flat", "-o", "model")  # what needs classes still does
    assert refused.code != 0
    assert "sub-folder" in refused.err
