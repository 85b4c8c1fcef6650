"""For all tests: the same examples each time, no clock that a busy machine could break, no cache shared by workers."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from hypothesis import settings

# Workers that compile librosa's code into one cache at the same time leave a cache that crashes whoever reads it.
# numba reads this when it is first imported, and what a test starts inherits it.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
_VERSION = f"{sys.version_info.major}{sys.version_info.minor}"
os.environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"earmark-tests-numba-{_VERSION}" / _WORKER)

settings.register_profile("earmark", derandomize=True, deadline=None)
settings.load_profile("earmark")
