"""The machine and the versions behind the figures; nothing that names whose machine it is."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import torch

LIBRARIES = (
    "earmark", "torch", "numpy", "scipy", "librosa", "captum", "shap", "shapiq", "lime", "scikit-learn", "PyALE",
    "duckdb",
)  # fmt: skip
THREADS = 2


def machine() -> dict[str, Any]:
    """CPU model, cores, memory, system, threads used, and the load that others put on it when the run began."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "load_at_start": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Of everything that is compared."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def peer(library: str, what: str) -> str:
    """A peer with its version: ``captum 0.9.0 Lime``."""
    return f"{library} {importlib.metadata.version(library)} {what}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor() or "unknown"
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"
