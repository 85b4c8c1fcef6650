"""Data sets through other packages' loaders: Hugging Face ``datasets``, mirdata, soundata."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from earmark.data.dataset import Dataset
from earmark.data.huggingface import from_table, from_tables
from earmark.data.mir_loaders import from_loader
from earmark.errors import DatasetError, SettingError, UnknownNameError
from earmark.files import cache_folder

PREFIXES = ("huggingface", "mirdata", "soundata")


def open_named(prefix: str, rest: str) -> Dataset:
    """What "huggingface:FOLDER", "mirdata:NAME" or "soundata:NAME" means; NAME may be NAME@FOLDER.

    Nothing is downloaded: the folder is one that ``datasets`` saved (``save_to_disk``), the name is that of a loader
    whose data are on this machine.

    Parameters
    ----------
    prefix : which package.
    rest : what follows the colon.

    Raises
    ------
    UnknownNameError
        If there is no such prefix, or no loader of that name.
    SettingError
        If the package is not installed.
    DatasetError
        If there is nothing there that can be used.
    """
    if prefix not in PREFIXES:
        raise UnknownNameError("loader", prefix, PREFIXES)
    if prefix == "huggingface":
        package = _package("datasets")
        if not Path(rest).is_dir():
            raise DatasetError("no such folder", remedy="Give one that datasets saved (save_to_disk)", where=rest)
        try:
            loaded = package.load_from_disk(rest)
        except (OSError, ValueError) as error:
            raise DatasetError(f"cannot be loaded ({error})", remedy="Save it again", where=rest) from error
        folder = cache_folder() / "huggingface" / Path(rest).absolute().name
        return from_tables(loaded, folder) if isinstance(loaded, Mapping) else from_table(loaded, folder)
    package = _package(prefix)
    name, at, home = rest.partition("@")
    if name not in package.list_datasets():
        raise UnknownNameError(f"loader of {prefix}", name, package.list_datasets())
    return from_loader(package.initialize(name, data_home=home if at else None))


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise SettingError(
            f"this needs the package {name}, which is not installed", remedy="Run: pip install 'earmark[loaders]'"
        ) from error
