"""Models of transformers from a folder: nothing is downloaded, unpickled or run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors
from transformers.utils import logging

from earmark.errors import BundleError

_READING = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, safetensors.SafetensorError)


def read_folder(kind: Any, folder: str | Path) -> Any:
    """A model in a folder as ``save_pretrained`` writes it.

    Parameters
    ----------
    kind : a class of transformers with ``from_pretrained``.
    folder : with ``config.json`` and ``model.safetensors``.

    Raises
    ------
    BundleError
        If there is none of this kind, or only one that would have to be unpickled or needs code of its own.
    """
    if not (Path(folder) / "config.json").is_file():
        raise BundleError(
            "has no config.json", remedy="Give a folder that save_pretrained of transformers wrote", where=folder
        )
    try:
        with _silent():
            return kind.from_pretrained(str(Path(folder).resolve()), local_files_only=True, use_safetensors=True)
    except _READING as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise BundleError(
            f"cannot be read as {kind.__name__} ({lines[0]})",
            remedy="Give a folder with config.json and model.safetensors of such a model",
            where=folder,
        ) from error


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """No bars of transformers: a model of this size is read at once."""
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
