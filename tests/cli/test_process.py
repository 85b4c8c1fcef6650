"""The command as a process: exit codes, streams, signals, pipes and full disks."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EARMARK = [sys.executable, "-c", "import sys; from earmark.cli.main import main; sys.exit(main())"]
HEED = "signal.signal(signal.SIGINT, signal.default_int_handler)"


def earmark(*arguments, **options):
    return subprocess.run(
        [*EARMARK, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120, **options
    )


def test_the_installed_command_is_this_one():
    command = Path(sys.executable).with_name("earmark")
    if not command.exists():
        pytest.skip("earmark is not installed beside this Python")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "earmark 0.1.0\n", "")


def test_json_is_all_there_is_on_stdout():
    done = earmark("list", "--json")
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) == {
        "methods",
        "gradient_methods",
        "components",
        "fills",
        "formats",
        "data",
        "recipes",
        "front_ends",
        "descriptor_sets",
        "edits",
        "masks",
        "metrics",
        "metric_sets",
        "planted",
    }
    assert done.stderr == ""


def test_no_traceback_unless_asked_for(tmp_path):
    done = earmark("listen", tmp_path / "none.json", "x.wav")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"earmark: error: {tmp_path}/none.json: no such file or folder. "
        "Check the path, or make it with earmark explain.\n"
    )
    debugged = earmark("--debug", "listen", tmp_path / "none.json", "x.wav")
    assert debugged.returncode == 1
    assert "Traceback" in debugged.stderr
    assert debugged.stderr.endswith(done.stderr)


def test_interrupt_ends_with_130_and_one_line():
    # Reading its file list from a pipe that stays open, it can only be interrupted.
    process = subprocess.Popen(
        # What runs in the background of a shell inherits that interrupts are ignored.
        [sys.executable, "-c", f"import signal; {HEED}; {EARMARK[2]}", "predict", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until_reading(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == (
        "earmark: error: interrupted; no result is half-written. Run the same command again: it goes on where it can.\n"
    )


def wait_until_reading(pid):
    """Until the process sleeps in a read of its standard input."""
    state = Path(f"/proc/{pid}/wchan")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not state.exists():
            pytest.skip("no /proc here to see when the process waits for its input")
        syscall = Path(f"/proc/{pid}/syscall").read_text() if os.access(f"/proc/{pid}/syscall", os.R_OK) else ""
        if "pipe" in state.read_text() or syscall.startswith("0 0x0 "):
            return
        time.sleep(0.05)
    pytest.fail("it never read its standard input")


def test_a_reader_that_has_seen_enough_gets_no_traceback():
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            f"{sys.executable} -c 'import sys; from earmark.cli.main import main; sys.exit(main())' list | true",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_under_stdout_is_an_error():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*EARMARK, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr == ("earmark: error: standard output: no space left there. Make room, or send it elsewhere.\n")


def test_no_colour_and_no_bars_off_a_terminal():
    done = earmark("explain", "--help", env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0
    assert "\x1b[" not in done.stdout
