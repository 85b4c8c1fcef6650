"""For all tests: the same examples each time, and no clock that a busy machine could break."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("earmark", derandomize=True, deadline=None)
settings.load_profile("earmark")
