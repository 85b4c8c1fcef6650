"""Where fetched models are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "EARMARK_CACHE"


def cache_folder() -> Path:
    """``$EARMARK_CACHE`` where it is set, else earmark's folder in the user's cache of this platform."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("earmark", appauthor=False))


def bundle_folder(name: str) -> Path:
    """Where the bundle of a pre-trained model is, or would be."""
    return cache_folder() / "models" / name
