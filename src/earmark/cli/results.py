"""The folder that a run writes: all of its files or none, and never over others unasked."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from earmark.errors import OutputError, UsageError

REMEDY = "Choose another folder with -o, or make room and check its permissions"


def folder_for(file: str, out: Path | None, *, several: bool) -> Path:
    """Where the results of a file go: ``out`` itself for one file, ``out/<stem>`` for several."""
    if out is None:
        return Path("out") / Path(file).stem
    return out / Path(file).stem if several else out


def check_distinct(folders: Sequence[Path], files: Sequence[str]) -> None:
    """That no two inputs would be written to the same place.

    Raises
    ------
    UsageError
        If two would.
    """
    seen: dict[Path, str] = {}
    for folder, file in zip(folders, files, strict=True):
        if folder in seen:
            raise UsageError(
                f"the results of {seen[folder]} and {file} would both go to {folder}",
                remedy="Run them one by one with different -o",
            )
        seen[folder] = file


def existing(folder: Path, names: Sequence[str]) -> list[Path]:
    """Which of the results are there already."""
    return [folder / name for name in names if (folder / name).exists()]


def refuse_existing(folder: Path, names: Sequence[str], *, skips: bool = False) -> None:
    """Raise if a result is there already; ``skips``: whether the command knows ``--skip-existing``.

    Raises
    ------
    OutputError
        Naming the first of them.
    """
    found = existing(folder, names)
    if found:
        ways = "--overwrite or --skip-existing" if skips else "--overwrite"
        raise OutputError("is there already", remedy=f"Add {ways}, or choose another -o", where=found[0])


def check_writable(folder: Path) -> None:
    """Find out before the work, not after it, that results cannot be written; leaves nothing behind.

    Raises
    ------
    OutputError
        If the folder, or the one that it would be made in, takes no file.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror})", remedy=REMEDY, where=folder) from error


@contextlib.contextmanager
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """A staging folder beside ``folder`` whose files move into it when the block ends well.

    Raises
    ------
    OutputError
        If something cannot be written; then nothing new is under a final name.
    """
    staging: Path | None = None
    made: list[Path] = []
    try:
        made = _make(folder)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".earmark-"))
        yield staging
        for path in sorted(staging.iterdir()):
            path.replace(folder / path.name)
        made = []
    except OutputError as error:
        where = folder / Path(error.where).name if error.where.startswith(str(staging)) else error.where
        raise OutputError(error.fact, remedy=error.remedy, where=where) from error
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror or error})", remedy=REMEDY, where=folder) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        for path in made:
            # A folder that this run made, and that stayed empty, goes again.
            with contextlib.suppress(OSError):
                path.rmdir()


def _make(folder: Path) -> list[Path]:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
