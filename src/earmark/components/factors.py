"""Non-negative matrix factorisation of a magnitude spectrogram, and soft masks from its factors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

# Keeps quotients finite, and factors out of the denormal numbers, on which processors crawl. Far below what is heard.
TINY = 1e-12


def factorise(
    magnitude: NDArray[np.float32], n: int, *, iterations: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """W ``(bins, n)`` and H ``(n, frames)``, both ≥ 0, such that W H is near ``magnitude (bins, frames)``.

    Multiplicative updates that never raise the generalised Kullback–Leibler divergence (Lee & Seung 2001, theorem 2),
    from a random start, a given number of times. Columns of W sum to one.

    Examples
    --------
    >>> exact = np.outer([1.0, 2.0, 1.0], [3.0, 0.0, 1.0]).astype(np.float32)
    >>> w, h = factorise(exact, 1, iterations=5, rng=np.random.default_rng(0))
    >>> np.allclose(w @ h, exact, atol=1e-5), w.ravel()
    (True, array([0.25, 0.5 , 0.25], dtype=float32))
    """
    v = torch.from_numpy(magnitude.astype(np.float64))
    scale = float(v.mean()) or 1.0
    v = v / scale
    w = torch.from_numpy(rng.uniform(0.5, 1.5, (v.shape[0], n)))
    h = torch.from_numpy(rng.uniform(0.5, 1.5, (n, v.shape[1]))) / n
    for _ in range(iterations):
        w *= (v / (w @ h + TINY)) @ h.T / (h.sum(dim=1)[None] + TINY)
        h *= w.T @ (v / (w @ h + TINY)) / (w.sum(dim=0)[:, None] + TINY)
        total = w.sum(dim=0)
        w = (w / (total + TINY)).clamp_(min=TINY)
        h = (h * total[:, None]).clamp_(min=TINY)
    return w.numpy().astype(np.float32), (h * scale).numpy().astype(np.float32)


def soft_masks(w: NDArray[np.float64], h: NDArray[np.float64], power: float) -> NDArray[np.float32]:
    """Share of each factor, ``(n, bins, frames)``: (w h)^power over the sum; equal shares where nothing sounds."""
    parts = w.T[:, :, None] * h[:, None, :]
    loudest = parts.max(axis=0)
    # Relative to the loudest, so that no power of a small number vanishes.
    parts = (parts / np.where(loudest > 0, loudest, 1)) ** power
    parts[:, loudest == 0] = 1.0
    masks: NDArray[np.float32] = (parts / parts.sum(axis=0)).astype(np.float32)
    return masks
