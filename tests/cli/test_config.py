"""``--config`` and ``--print-config``: command line over file over default."""

import tomllib

import pytest


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('[explain]\nsegments = 20\ntop-targets = 2\ntarget = ["rock", "Hip-Hop"]\n\n[predict]\ntop = 9\n')
    return path


def options(done):
    assert (done.code, done.err) == (0, "")
    return tomllib.loads(done.out)


def test_the_command_line_wins_over_the_file_and_the_file_over_the_defaults(run, config):
    found = options(run("explain", "--config", config, "--segments", "5", "--print-config"))["explain"]
    assert (found["segments"], found["top-targets"], found["seed"]) == (5, 2, 0)
    assert found["target"] == ["rock", "Hip-Hop"]


def test_each_command_reads_its_own_table(run, config):
    assert options(run("predict", "--config", config, "--print-config"))["predict"]["top"] == 9


def test_what_is_printed_can_be_read_again(run, config, tmp_path):
    printed = run("explain", "--config", config, "-o", 'a "quoted" folder', "--stems", "x.wav", "--print-config")
    again = tmp_path / "again.toml"
    again.write_text(printed.out)
    assert run("explain", "--config", again, "--print-config") == printed
    assert options(printed)["explain"]["out"] == 'a "quoted" folder'


def test_a_setting_from_the_file_is_in_force(run, tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('[explain]\ncomponents = "tiem"\n')
    assert "Did you mean time" in run("explain", "x.wav", "--config", path).err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[explain]\nsegmnts = 3\n", "Did you mean segments"),
        ("[explain\n", "no TOML"),
        ("explain = 3\n", "no table"),
        ("[explain]\nsegments = 0\n", "1 or more"),
        ('[explain]\nsegments = "many"\n', "--segments"),
        ("[explain]\nfiles = 3\n", "files"),
        ("[explain]\nduration = nan\n", "Give seconds above 0"),
        ('[explain]\nmethod = "shaply"\n', "Did you mean shapley"),
        ('[explain]\nformat = "html,jsn"\n', "Did you mean json"),
        ('[explain]\nmethod-set = ["tolerence=1"]\n', "Did you mean tolerance"),
        ('[explain]\ncomponents = "time"\nbands = 4\n', "time components have no bands"),
        ('[explain]\ncomponents = "joint"\n', "kinds"),
    ],
)
def test_a_wrong_file_is_refused(run, tmp_path, text, says):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    done = run("explain", "x.wav", "--config", path)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert str(path) in done.err
    assert done.err.count("\n") == 1


def test_a_mistake_on_the_command_line_is_not_blamed_on_the_file(run, config):
    assert "settings.toml" not in run("explain", "x.wav", "--config", config, "--segments", "0").err
    assert run("predict", "x.wav", "--config", config, "--top", "x").err.startswith("earmark: error: --top: 'x'")
    # Nothing says which option this is about, so the file is named as a place to look.
    done = run("explain", "a/x.wav", "b/x.wav", "--config", config)
    assert done.err.endswith(f"Some options are from {config}.\n")
    assert run("explain", "x.wav", "--method", "shaply", "--config", config).err.startswith("earmark: error: unknown")


def test_a_missing_file_is_refused(run, tmp_path):
    done = run("explain", "x.wav", "--config", tmp_path / "none.toml")
    assert done.code == 2
    assert "none.toml: No such file" in done.err
