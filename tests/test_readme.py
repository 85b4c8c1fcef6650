"""What the README shows is what happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import earmark
from earmark.audio.demo import demo_track
from earmark.audio.write import write

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    # The example reads seconds 30 to 40 of an mp3: a track that goes on for long enough.
    demo = demo_track().clip

    write(earmark.Clip(np.tile(demo.waveform, 2), demo.sample_rate), tmp_path / "song.mp3")
    done = subprocess.run([sys.executable, "-c", code[1]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert (tmp_path / "kept.wav").stat().st_size > 1_000_000
    assert earmark.Explanation.load(tmp_path / "explanation.json").exact


def test_every_command_of_the_readme_is_understood() -> None:
    """`--help` is appended, so nothing runs; an option that does not exist would still be refused."""
    command = shutil.which("earmark", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if command is None:
        pytest.skip("the earmark command is not installed")
    lines = re.findall(r"^(?:\$ )?earmark (?!doctor)([a-z]+)([^#\n]*)", README, re.MULTILINE)
    known = subprocess.run([command, "--help"], capture_output=True, text=True, check=True).stdout
    options = {}
    for name, rest in lines:
        assert name in known
        if name not in options:
            shown = subprocess.run([command, name, "--help"], capture_output=True, text=True, check=True,
                                   env=os.environ | {"COLUMNS": "200"}).stdout  # fmt: skip
            options[name] = shown
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in options[name], f"earmark {name} {option}"
    assert len(lines) >= 7


def test_files_that_the_readme_points_to_exist() -> None:
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / target).exists(), target
