"""Spectrograms of a data set in one HDF5 file.

Safe against being killed at any moment: each finished spectrogram is a file of its own in ``NAME.parts`` (written whole
or not at all); when all are there, the HDF5 file is written under another name and takes its place in one step, and the
parts go. What is found under NAME is therefore complete, and what was computed before a kill is not computed again.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from earmark.errors import CancelledError, DatasetError, OutputError, SettingError
from earmark.features.front_end import FrontEndCard, front_end_from
from earmark.features.sounds import Watch, files_fingerprint, mono_sound
from earmark.files import replacing, write_bytes, write_text

if TYPE_CHECKING:
    from earmark.data.dataset import Dataset

SCHEMA = "earmark.features"
SCHEMA_VERSION = 1
_REMEDY = "Delete it, or choose another file with -o"


class FeatureCache:
    """Spectrograms of the items of a data set, ``(bins, frames)`` float32 each; opened by ``open``.

    A context manager; ``close`` closes the file.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        self._file = file
        self._ends: NDArray[np.int64] = np.cumsum(file["frames"][:])

    @classmethod
    def open(
        cls,
        path: str | Path,
        card: FrontEndCard,
        dataset: Dataset,
        *,
        watch: Watch | None = None,
        jobs: int = 1,
    ) -> FeatureCache:
        """Open the cache at ``path``, after computing what it lacks.

        Parameters
        ----------
        path : of the HDF5 file.
        card : the front end.
        dataset : whose items; a part of a file is read alone.
        watch : progress (items) and cancellation.
        jobs : threads.

        Raises
        ------
        DatasetError
            If the file is of another front end or data set, of sounds that have changed since, or no such cache; or if
            a spectrogram is not finite.
        AudioError
            If a sound cannot be read or is too short for one frame.
        SettingError
            If the front end makes no sense, ``jobs`` is not positive, or h5py is not installed.
        OutputError
            If the file cannot be written.
        CancelledError
            If the user stops it; what is done is kept.
        """
        h5py = _h5py()
        path = Path(path)
        if jobs < 1:
            raise SettingError(f"{jobs} jobs", remedy="Give at least 1", where="jobs")
        front_end_from(card)
        facts = {
            "schema": SCHEMA,
            "version": SCHEMA_VERSION,
            "front_end": json.dumps(asdict(card), sort_keys=True),
            "front_end_fingerprint": card.fingerprint,
            "dataset": dataset.name,
            "items": files_fingerprint(dataset),
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot be made ({error.strerror})", remedy="Choose another folder with -o", where=path.parent
            ) from error
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not path.exists():
                _fill(path, card, dataset, facts, watch, jobs)
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise DatasetError("is damaged, or no HDF5 file", remedy=_REMEDY, where=path) from error
        try:
            _check({key: _plain(value) for key, value in file.attrs.items()}, facts, path)
            return cls(path, file)
        except BaseException:
            file.close()
            raise

    def __len__(self) -> int:
        return len(self._ends)

    def spectrogram(self, index: int) -> NDArray[np.float32]:
        """The spectrogram of the item at that place, ``(bins, frames)``.

        Raises
        ------
        IndexError
            If there is no such item.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"item {index} of {len(self)}")
        start = int(self._ends[index - 1]) if index else 0
        found: NDArray[np.float32] = self._file["spectrograms"][:, start : int(self._ends[index])]
        return found

    def close(self) -> None:
        """Close the file; spectrograms handed out stay."""
        self._file.close()

    def __enter__(self) -> FeatureCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self.close()


def parts_folder(path: Path) -> Path:
    """Where the finished spectrograms of an unfinished cache lie."""
    return path.with_name(f"{path.name}.parts")


def remove_cache(path: str | Path) -> None:
    """Remove a cache, finished or not; nothing happens where there is none.

    Raises
    ------
    OutputError
        If it cannot be removed.
    """
    path = Path(path)
    try:
        path.unlink(missing_ok=True)
        if parts_folder(path).exists():
            shutil.rmtree(parts_folder(path))
    except OSError as error:
        raise OutputError(
            f"cannot be removed ({error.strerror})", remedy="Check its permissions", where=path
        ) from error


def _fill(
    path: Path, card: FrontEndCard, dataset: Dataset, facts: dict[str, Any], watch: Watch | None, jobs: int
) -> None:
    folder = parts_folder(path)
    note = folder / "facts.json"
    if note.exists():
        _check(json.loads(note.read_text(encoding="utf-8")), facts, folder)
    else:
        write_text(note, json.dumps(facts))
    missing = [n for n in range(len(dataset.items)) if not (folder / f"{n}.npy").exists()]
    front_end = front_end_from(card)

    def one(index: int) -> None:
        item = dataset.items[index]
        sound = torch.from_numpy(mono_sound(item, card.sample_rate).copy())
        with torch.inference_mode():
            made = front_end(sound[None, None])[0].numpy().astype(np.float32)
        if not np.isfinite(made).all():
            raise DatasetError("its spectrogram is not finite", remedy="Repair it, or leave it out", where=item.path)
        packed = io.BytesIO()
        np.save(packed, made)
        write_bytes(folder / f"{index}.npy", packed.getvalue())

    if watch is not None:
        watch.planned = len(dataset.items)
        watch.after_batch(len(dataset.items) - len(missing))
    with ThreadPoolExecutor(jobs) as pool:
        for first in range(0, len(missing), jobs):
            if watch is not None:
                _ask(watch, path)
            some = missing[first : first + jobs]
            list(pool.map(one, some))
            if watch is not None:
                watch.after_batch(len(some))
    _assemble(path, card, len(dataset.items), facts)


def _ask(watch: Watch, path: Path) -> None:
    try:
        watch.before_batch()
    except CancelledError as error:
        raise CancelledError(
            "stopped on request", remedy="The same command goes on where it stopped", where=path
        ) from error


def _assemble(path: Path, card: FrontEndCard, count: int, facts: dict[str, Any]) -> None:
    folder = parts_folder(path)
    frames = [np.load(folder / f"{n}.npy", mmap_mode="r").shape[1] for n in range(count)]
    ends = np.cumsum(frames)
    with replacing(path) as temporary, _h5py().File(temporary, "w") as file:
        for key, value in facts.items():
            file.attrs[key] = value
        file["frames"] = np.array(frames, dtype=np.int64)
        data = file.create_dataset("spectrograms", (card.bins, sum(frames)), np.float32)
        for n, (length, end) in enumerate(zip(frames, ends, strict=True)):
            data[:, int(end) - length : int(end)] = np.load(folder / f"{n}.npy")
    # What cannot be tidied away is only space; the cache itself is whole.
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)


def _check(found: dict[str, Any], wanted: dict[str, Any], where: Path) -> None:
    if found.get("schema") != SCHEMA:
        raise DatasetError("is no cache of spectrograms", remedy=_REMEDY, where=where)
    version = found.get("version")
    if version != SCHEMA_VERSION:
        raise DatasetError(
            f"has version {version}, this earmark reads {SCHEMA_VERSION}", remedy="Update earmark", where=where
        )
    if found.get("front_end_fingerprint") != wanted["front_end_fingerprint"]:
        theirs, ours = json.loads(found.get("front_end", "{}")), json.loads(wanted["front_end"])
        different = ", ".join(f"{key} {theirs.get(key)} (asked: {value})" for key, value in ours.items()
                              if theirs.get(key) != value)  # fmt: skip
        raise DatasetError(f"was made by another front end: {different}", remedy=_REMEDY, where=where)
    if found.get("items") != wanted["items"]:
        raise DatasetError(
            f"was made from other items or files (of {found.get('dataset')})", remedy=_REMEDY, where=where
        )


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise SettingError(
            "h5py is not installed", remedy="Run: pip install 'earmark[train]'", where="feature cache"
        ) from error
    return h5py
