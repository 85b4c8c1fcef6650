"""Wrong usage: exit code 2, one line on stderr, before anything is read or fetched."""

import pytest

from earmark.cli.job import Job
from earmark.errors import SettingError, UnknownNameError, UsageError


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nope"], "nope"),
        (["explain"], "no FILE given"),
        (["explain", "x.wav", "--segmnts", "3"], "--segments"),
        (["explain", "x.wav", "--segments", "0"], "1 or more"),
        (["explain", "x.wav", "--top-targets", "many"], "--top-targets"),
        (["explain", "x.wav", "--components", "tiem"], "Did you mean time"),
        (["explain", "x.wav", "--method", "shaply"], "Did you mean shapley"),
        (["explain", "x.wav", "--method", "grad_cm"], "Did you mean grad_cam"),
        (["explain", "x.wav", "--method", "saliency", "--fill", "median"], "switches nothing off"),
        (["explain", "x.wav", "--method", "saliency", "--component-set", "fill=median"], "switches nothing off"),
        (["explain", "x.wav", "--method", "saliency", "--samples", "9"], "draws no samples"),
        (["explain", "x.wav", "--method", "saliency", "--layer", "a"], "looks at no layer"),
        (["explain", "x.wav", "--method", "saliency", "--output", "logits"], "Did you mean logit"),
        (["explain", "x.wav", "--method", "saliency", "--domain", "wave"], "Did you mean waveform"),
        (["explain", "x.wav", "--method", "grad_cam", "--domain", "waveform"], "Choose spectrogram"),
        (["explain", "x.wav", "--method", "lime", "--layer", "a"], "no gradient method"),
        (["explain", "x.wav", "--method", "lime", "--output", "logit"], "unknown output"),
        (["explain", "x.wav", "--format", "map"], "only gradient methods make a map"),
        (["explain", "x.wav", "--fill", "silense"], "Did you mean silence"),
        (["explain", "x.wav", "--output", "logodds"], "Did you mean log_odds"),
        (["explain", "x.wav", "--format", "html,jsn"], "Did you mean json"),
        (["explain", "x.wav", "--format", ","], "no format"),
        (["explain", "x.wav", "--components", "time", "--bands", "4"], "time components have no bands"),
        (["explain", "x.wav", "--components", "stems", "--segments", "4"], "stems components have no segments"),
        (["explain", "x.wav", "--components", "grid", "--stems", "a.wav"], "grid components have no stems"),
        (["explain", "x.wav", "--method", "occlusion", "--samples", "9"], "draws no samples"),
        (["explain", "x.wav", "--component-set", "n"], "as KEY=VALUE"),
        (["explain", "x.wav", "--component-set", "fade=1"], "Did you mean fade_s"),
        (["explain", "x.wav", "--method", "lime", "--method-set", "kernel_widht=1"], "Did you mean kernel_width"),
        (["explain", "x.wav", "--components", "joint"], "kinds"),
        (["explain", "x.wav", "--target", "rock", "--contrast", "rock,pop"], "exclude each other"),
        (["explain", "x.wav", "--overwrite", "--skip-existing"], "exclude each other"),
        (["explain", "x.wav", "y.wav", "--stems", "a.wav"], "stems belong to one FILE"),
        (["explain", "a/x.wav", "b/x.wav"], "would both go to out/x"),
        (["predict", "x.wav", "--top", "0"], "1 or more"),
        (["predict", "x.wav", "--start", "-1"], "--start"),
        (
            ["predict", "x.wav", "--top", "x"],
            "--top: 'x' does not do, it takes a whole number, 1 or more. Run: earmark",
        ),
        (["predict", "x.wav", "--top", "1.5"], "--top: '1.5' does not do, it takes a whole number, 1 or more."),
        (["predict", "x.wav", "--start", "1:30"], "--start: '1:30' does not do, it takes a number of seconds, such as"),
        (["predict", "x.wav", "--duration", "nan"], "--duration: nan s is no length of time. Give seconds above 0."),
        (["predict", "x.wav", "--duration", "0"], "--duration: 0 s is no length of time. Give seconds above 0."),
        (["explain", "x.wav", "--start", "inf"], "--start: inf s is no time in a file. Give 0 or more seconds."),
        (["listen"], "EXPLANATION"),
        (["models"], "Missing command"),
    ],
)
def test_wrong_usage(run, arguments, says):
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("earmark: error: ")
    assert done.err.count("\n") == 1
    assert says in done.err


def test_no_arguments_show_the_commands(run):
    done = run()
    assert done.code == 0
    assert "explain" in done.out


def test_a_folder_without_stems_is_refused(run, tmp_path):
    done = run("explain", "x.wav", "--stems", tmp_path)
    assert done.code == 2
    assert str(tmp_path) in done.err


def test_a_part_that_is_separated_is_no_file_of_a_stem(run):
    done = run("explain", "x.wav", "--stems", "harmonic")
    assert done.code == 2
    assert "--stems: 'harmonic' is no file or folder. Give the files of stems, or leave it out" in done.err


def test_contrast_of_labels_with_commas_in_them():
    labels = ("rock, hard", "pop", "rock")
    assert Job("m", contrast="rock, hard,pop").pair(labels) == ("rock, hard", "pop")
    assert Job("m", contrast="pop, rock").pair(labels) == ("pop", "rock")


def test_contrast_must_name_two_labels():
    with pytest.raises(UnknownNameError, match="Did you mean rock"):
        Job("m", contrast="rokc,pop").pair(("rock", "pop"))
    with pytest.raises(UsageError, match="two different"):
        Job("m", contrast="rock").pair(("rock", "pop"))
    with pytest.raises(UsageError, match="two different"):
        Job("m", contrast="rock,rock").pair(("rock", "pop"))


def test_options_reach_the_kind_of_components_and_the_method():
    grid = Job("m", components="grid", segments=3, bands=5, spacing="octave", fill="median").kind()
    assert (grid.n_times, grid.n_bands, grid.spacing, grid.fill) == (3, 5, "octave", "median")
    assert Job("m", components="stems_time", stems=("a.wav", "b.wav")).kind().source == ("a.wav", "b.wav")
    assert Job("m", method="lime", samples=77).how().samples == 77
    assert Job("m", method="lime", method_set=("kernel_width=0.5",)).how().kernel_width == 0.5
    cut = Job("m", components="beats", component_set=("at=onsets", "every=2"), fill="median").kind()
    assert (cut.at, cut.every, cut.fill) == ("onsets", 2, "median")
    with pytest.raises(SettingError):
        Job("m", components="time", spacing="mel").kind()
