"""Estimators of scikit-learn in a file, by skops: what is read is checked before anything of it is built.

skops names the parts of its archive after places in memory; here they are numbered in order, so that the same estimator
gives the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from types import ModuleType
from typing import Any

from earmark.errors import BundleError, SettingError

# Compiled or private parts of scikit-learn that skops does not trust by itself; none of them can run code of a file.
TRUSTED = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def estimator_bytes(estimator: Any) -> bytes:
    """A fitted estimator or pipeline of scikit-learn as a file of skops, the same bytes for the same estimator.

    Raises
    ------
    SettingError
        If skops is not installed, or the estimator has parts that could not be read back safely.
    """
    skops = _skops()
    raw = skops.dumps(estimator)
    strange = _strange(skops, raw)
    if strange:
        raise SettingError(
            f"the estimator has parts that are not of scikit-learn or NumPy: {', '.join(strange)}",
            remedy="Use estimators of scikit-learn only; in memory, from_estimator explains any other",
            where=type(estimator).__name__,
        )
    return _numbered(raw)


def estimator_from_bytes(raw: bytes, *, where: object, remedy: str) -> Any:
    """The estimator in a file of skops.

    Raises
    ------
    BundleError
        If it is no such file, or names types that are not of scikit-learn, NumPy or SciPy.
    SettingError
        If skops is not installed.
    """
    skops = _skops()
    try:
        strange = _strange(skops, raw)
        if strange:
            raise BundleError(
                f"would build {', '.join(strange)}, which no classifier of scikit-learn needs",
                remedy="Do not use this file; ask its author for one made by earmark",
                where=where,
            )
        return skops.loads(raw, trusted=list(TRUSTED))
    # What a damaged archive or another version of scikit-learn leads to.
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, ImportError) as error:
        raise BundleError(
            f"cannot be read as an estimator ({type(error).__name__}: {error})", remedy=remedy, where=where
        ) from error


def _skops() -> ModuleType:
    try:
        import skops.io
    except ModuleNotFoundError as error:
        raise SettingError(
            f"this model needs the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[train]'",
        ) from error
    module: ModuleType = skops.io
    return module


def _strange(skops: ModuleType, raw: bytes) -> list[str]:
    return sorted(set(skops.get_untrusted_types(data=raw)) - set(TRUSTED))


def _numbered(raw: bytes) -> bytes:
    """The same archive with its parts numbered in the order of the schema, in that order, without dates."""
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        told = {key: walk(value) for key, value in node.items()}
        if isinstance(told.get("__id__"), int):
            told["__id__"] = numbers.setdefault(told["__id__"], len(numbers))
        file = told.get("file")
        if isinstance(file, str) and file in inside:
            told["file"] = names.setdefault(file, f"{len(names)}{file[file.rfind('.') :]}")
        return told

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(out, "w") as fresh:
        inside = set(archive.namelist())
        schema = walk(json.loads(archive.read("schema.json")))
        for old, new in names.items():
            fresh.writestr(zipfile.ZipInfo(new, _EPOCH), archive.read(old), zipfile.ZIP_DEFLATED)
        fresh.writestr(zipfile.ZipInfo("schema.json", _EPOCH), json.dumps(schema), zipfile.ZIP_DEFLATED)
    return out.getvalue()
