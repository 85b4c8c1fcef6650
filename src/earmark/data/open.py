"""Open a data set: a folder, a manifest or a name, of a kind that is named or recognised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from earmark.data.catalogue import DATASETS
from earmark.data.dataset import Dataset
from earmark.errors import DatasetError

_PREFIXES = ("huggingface", "mirdata", "soundata")


def open_dataset(source: str | Path, *, kind: str | None = None) -> Dataset:
    """The items of a data set, with what was left out and why in ``problems``.

    Parameters
    ----------
    source : a folder or a manifest; or "huggingface:FOLDER", "mirdata:NAME" or "soundata:NAME".
    kind : one of ``DATASETS`` ("folder", "manifest", "gtzan", …); None recognises it by names of files and folders.

    Raises
    ------
    DatasetError
        If it is not there, is of another kind, or nothing in it can be used.
    UnknownNameError
        If there is no such kind.
    SettingError
        If a package that it needs is not installed.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from earmark.audio.clip import Clip
    >>> from earmark.audio.write import write
    >>> root = Path(tempfile.mkdtemp())
    >>> for label in ("hum", "hiss"):
    ...     _ = write(Clip(np.zeros(800), 8000), root / label / "a.wav")
    >>> open_dataset(root).counts
    {'hiss': 1, 'hum': 1}
    """
    prefix, colon, rest = str(source).partition(":")
    if colon and prefix in _PREFIXES:
        from earmark.data.hub import open_named

        return open_named(prefix, rest)
    path = Path(source)
    if kind is not None:
        DATASETS.entry(kind)
    if not path.exists():
        raise DatasetError("no such folder or file", remedy="Check the path and its spelling", where=path)
    return DATASETS.get(kind if kind is not None else recognise(path))(path)


def recognise(path: Path) -> str:
    """The kind of the data set in a folder or file.

    Raises
    ------
    DatasetError
        If it is a file that is no table, or a folder that cannot be listed.
    """
    from earmark.data import audioset, esc50, feature_table, gtzan, manifest, music4all, speech_commands

    try:
        if path.is_file():
            if path.suffix.lower() not in (".csv", ".tsv", ".parquet"):
                raise DatasetError(
                    "is no data set", remedy="Give a folder, or a manifest as .csv, .tsv or .parquet", where=path
                )
            if "segments" in path.name:
                return "audioset"
            return "descriptors" if feature_table.is_feature_table(path) else "manifest"
        tests: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("manifest", lambda: manifest.find_manifest(path) is not None),
            ("speech_commands", lambda: speech_commands.is_speech_commands(path)),
            ("gtzan", lambda: gtzan.is_gtzan(path)),
            ("esc50", lambda: esc50.is_esc50(path)),
            ("esc10", lambda: esc50.is_esc10(path)),
            ("music4all", lambda: music4all.is_music4all(path)),
            ("audioset", lambda: bool(audioset.segment_lists(path))),
        )
        return next((kind for kind, fits in tests if fits()), "folder")
    except OSError as error:
        raise DatasetError(
            f"cannot be listed ({error.strerror or error})", remedy="Check its permissions", where=path
        ) from error
