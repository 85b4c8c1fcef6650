"""Faithfulness of a mask, from class probabilities: FF, AI, AD, AG, Fid-In.

``full`` are the probabilities ``(B, K)`` of B sounds as they are, ``kept`` those of what the masks keep, ``removed``
those of what they take away. The class c of a sound is the most probable one of ``full`` unless ``rows`` names others.
Each function gives one figure per sound, ``(B,)``; the mean over sounds is what tables print. Percentages are 0 to 100.

The names are those of Parekh et al., "Listen to Interpret" (NeurIPS 2022; FF), Chattopadhay et al., "Grad-CAM++"
(WACV 2018; AI, AD), Zhang et al., "Opti-CAM" (2024; AG) and Paissan et al., "Listenable Maps for Audio Classifiers"
(ICML 2024; Fid-In).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import SettingError
from earmark.explain.game import Floats

Rows = NDArray[np.intp]


def ff(full: ArrayLike, removed: ArrayLike, rows: ArrayLike | None = None) -> Floats:
    """Faithfulness: what the class loses when the kept part is taken out, p_c(x) − p_c(out); higher is better.

    Examples
    --------
    >>> ff([[0.9, 0.1]], [[0.2, 0.8]])
    array([0.7])
    """
    p, q = _of_class(full, removed, rows)
    return p - q


def ai(full: ArrayLike, kept: ArrayLike, rows: ArrayLike | None = None) -> Floats:
    """Average increase: 100 where the kept part scores higher than the whole, else 0; higher is better.

    Examples
    --------
    >>> ai([[0.6, 0.4], [0.6, 0.4]], [[0.7, 0.3], [0.6, 0.4]])
    array([100.,   0.])
    """
    p, q = _of_class(full, kept, rows)
    increased: Floats = np.where(q > p, 100.0, 0.0)
    return increased


def ad(full: ArrayLike, kept: ArrayLike, rows: ArrayLike | None = None) -> Floats:
    """Average drop: 100 · max(0, p_c(x) − p_c(in)) / p_c(x), in per cent of the score; lower is better.

    Raises
    ------
    SettingError
        If p_c(x) is 0: there is nothing to drop.

    Examples
    --------
    >>> ad([[0.8, 0.2]], [[0.2, 0.8]])
    array([75.])
    """
    p, q = _of_class(full, kept, rows)
    if (p <= 0).any():
        raise SettingError(
            "a class with probability 0 has nothing to drop", remedy="Measure a label that the model hears", where="AD"
        )
    drop: Floats = 100.0 * np.maximum(0.0, p - q) / p
    return drop


def ad_double_softmax(full: ArrayLike, kept: ArrayLike, rows: ArrayLike | None = None) -> Floats:
    """AD as a widely used recipe computes it: a softmax over numbers that are probabilities already.

    Only for reading old tables. At p_c = 1, total failure with the rest spread over many classes reads about 63 %
    instead of 100: the figure is near 100 · (1 − exp(−(p_c(x) − p_c(in)))).

    Examples
    --------
    >>> import numpy as np
    >>> sure, lost = np.eye(50)[:1], np.full((1, 50), 1 / 49) * (1 - np.eye(50)[:1])
    >>> float(ad(sure, lost)[0]), round(float(ad_double_softmax(sure, lost)[0]), 1)
    (100.0, 62.7)
    """
    p, q = _probabilities(full), _probabilities(kept)
    chosen = _rows(p, rows)
    return ad(_softmax(p), _softmax(q), chosen)


def ag(full: ArrayLike, kept: ArrayLike, rows: ArrayLike | None = None) -> Floats:
    """Average gain: 100 · max(0, p_c(in) − p_c(x)) / (1 − p_c(x)), in per cent of what was left; higher is better.

    Where p_c(x) is 1 there is nothing to gain, and the figure is 0.

    Examples
    --------
    >>> ag([[0.6, 0.4], [1.0, 0.0]], [[0.8, 0.2], [1.0, 0.0]])
    array([50.,  0.])
    """
    p, q = _of_class(full, kept, rows)
    left = 1.0 - p
    gain: Floats = 100.0 * np.divide(np.maximum(0.0, q - p), left, out=np.zeros_like(p), where=left > 0)
    return gain


def fid_in(full: ArrayLike, kept: ArrayLike, rows: ArrayLike | None = None) -> Floats:
    """Input fidelity: 1 where the most probable class of the kept part is c, else 0; higher is better.

    Examples
    --------
    >>> fid_in([[0.6, 0.4], [0.6, 0.4]], [[0.9, 0.1], [0.2, 0.8]])
    array([1., 0.])
    """
    p, q = _probabilities(full), _probabilities(kept)
    _same_shape(p, q)
    same: Floats = (q.argmax(axis=1) == _rows(p, rows)).astype(np.float64)
    return same


def _of_class(full: ArrayLike, part: ArrayLike, rows: ArrayLike | None) -> tuple[Floats, Floats]:
    p, q = _probabilities(full), _probabilities(part)
    _same_shape(p, q)
    chosen = _rows(p, rows)
    every = np.arange(len(p))
    return p[every, chosen], q[every, chosen]


def _rows(p: Floats, rows: ArrayLike | None) -> Rows:
    if rows is None:
        likeliest: Rows = p.argmax(axis=1)
        return likeliest
    chosen = np.asarray(rows, dtype=np.intp)
    if chosen.shape != (len(p),) or (chosen < 0).any() or (chosen >= p.shape[1]).any():
        raise SettingError(
            f"rows of shape {chosen.shape} for {len(p)} sounds and {p.shape[1]} classes",
            remedy="Give one class number for each sound",
            where="rows",
        )
    return chosen


def _probabilities(values: ArrayLike) -> Floats:
    p = np.asarray(values, dtype=np.float64)
    if p.ndim != 2 or 0 in p.shape:
        raise SettingError(f"probabilities of shape {p.shape}", remedy="Give (sounds, classes)", where="faithfulness")
    if not (np.isfinite(p) & (p >= -1e-6) & (p <= 1 + 1e-6)).all():
        raise SettingError(
            "numbers outside [0, 1] are no probabilities",
            remedy="Apply the softmax or sigmoid first, once",
            where="faithfulness",
        )
    return p


def _same_shape(p: Floats, q: Floats) -> None:
    if p.shape != q.shape:
        raise SettingError(
            f"probabilities of shape {p.shape} and {q.shape}",
            remedy="Score the same sounds with the same classifier",
            where="faithfulness",
        )


def _softmax(p: Floats) -> Floats:
    e = np.exp(p - p.max(axis=1, keepdims=True))
    shares: Floats = e / e.sum(axis=1, keepdims=True)
    return shares
