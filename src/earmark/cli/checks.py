"""What ``earmark doctor`` looks at. Each check tries the thing itself, not whether a file for it exists."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from earmark import __version__
from earmark.audio.clip import Clip
from earmark.errors import AudioError, EarmarkError

Status = Literal["ok", "missing", "broken"]

_ESSENTIAL = ("torch", "numpy", "scipy", "soundfile", "soxr", "librosa", "safetensors", "matplotlib")
_OPTIONAL = {"av": "video"}
_ENCODED = ("wav", "flac", "ogg", "mp3")


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name : what.
    status : "ok", "missing" (earmark works without it) or "broken" (it does not).
    detail : what was found.
    remedy : what to do about it, if anything.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""

    def document(self) -> dict[str, str]:
        """For ``--json``."""
        return asdict(self)


def every_check() -> list[Check]:
    """All checks, in the order in which they are shown."""
    return [*versions(), *decoders(), *devices(), soundfont(), *models(), *writable()]


def versions() -> Iterator[Check]:
    """earmark, Python, and the packages that matter."""
    yield Check("earmark", "ok", f"{__version__} in {Path(__file__).parents[1]}")
    yield Check("python", "ok", f"{platform.python_version()} ({sys.platform}, {platform.machine()})")
    for name in _ESSENTIAL:
        try:
            yield Check(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "broken", "not installed", f"Run: pip install {name}")
    for name, extra in _OPTIONAL.items():
        try:
            yield Check(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "missing", "not installed", _install(extra))


def _install(extra: str) -> str:
    """How to install what an extra brings, into the Python that runs now, from the sources where it runs from them."""
    python = shlex.quote(sys.executable or "python")
    sources = Path(__file__).parents[3]
    if (sources / "pyproject.toml").is_file():
        return f"Run: {python} -m pip install -e {shlex.quote(f'{sources}[{extra}]')}"
    return f"Run: {python} -m pip install 'earmark[{extra}]'"


def decoders() -> Iterator[Check]:
    """Writes a tone in each format and reads it again; for FFmpeg, asks PyAV what it can decode."""
    from earmark.audio.read import read
    from earmark.audio.write import encode

    tone = Clip(0.5 * np.sin(np.arange(4410) * 0.1), 44100)
    for suffix in _ENCODED:
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"tone.{suffix}"
                path.write_bytes(encode(tone, suffix))
                read(path)
            yield Check(f"read {suffix}", "ok", "written and read again")
        except (EarmarkError, OSError) as error:
            yield Check(f"read {suffix}", "broken", str(error), "Run: pip install --force-reinstall soundfile")
    try:
        import av
    except ImportError:
        yield Check("read m4a, video", "missing", "PyAV is not installed", _install("video"))
        return
    known = [name for name in ("aac", "opus", "vorbis", "mp3") if name in av.codecs_available]
    yield Check("read m4a, video", "ok", f"PyAV {av.__version__} decodes {', '.join(known)}")


def devices() -> Iterator[Check]:
    """The processor, and each CUDA device with its memory."""
    import torch

    yield Check("cpu", "ok", f"{torch.get_num_threads()} threads")
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        yield Check(f"cuda:{index}", "ok", f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")
    if not torch.cuda.device_count():
        yield Check("cuda", "missing", "no CUDA device; everything runs on the processor")


def soundfont() -> Check:
    """The soundfont of the demo track."""
    from earmark.audio.demo import soundfont_path

    try:
        path = soundfont_path()
    except AudioError as error:
        return Check("soundfont", "broken", error.fact, error.remedy)
    return Check("soundfont", "ok", f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def models() -> Iterator[Check]:
    """Each pre-trained model in the cache, its checksum verified."""
    from earmark.models.bundle import bundle_folder, load_bundle
    from earmark.models.catalogue import PRETRAINED

    for name in PRETRAINED.names():
        folder = bundle_folder(name)
        if not folder.exists():
            yield Check(name, "missing", "not fetched yet", f"Run: earmark models get {name}")
            continue
        try:
            card = load_bundle(folder).card
            yield Check(name, "ok", f"{len(card.labels)} labels, checksum of the weights verified")
        except EarmarkError as error:
            yield Check(name, "broken", f"{error.where}: {error.fact}", f"Run: earmark models get {name}")


def writable() -> Iterator[Check]:
    """Whether results and models can be written."""
    from earmark.files import cache_folder

    for name, folder in (("results here", Path.cwd()), ("model cache", cache_folder())):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        try:
            with tempfile.TemporaryFile(dir=existing):
                pass
        except OSError as error:
            yield Check(
                name, "broken", f"{folder}: cannot be written ({error.strerror})", "Check its permissions and its disk"
            )
        else:
            yield Check(name, "ok", f"{folder} can be written")
