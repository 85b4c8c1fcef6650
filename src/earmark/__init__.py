"""earmark: see, hear and test why an audio or music classifier decided as it did.

The names below are the public interface for everyday use; everything else is reached through its room
(``earmark.components.grid``, ``earmark.explain.lime``, …). Nothing heavy is imported until a name is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.audio.demo import demo_track
    from earmark.audio.read import read
    from earmark.audio.write import write
    from earmark.explain.explanation import Explanation
    from earmark.explain.gradient.run import explain_map
    from earmark.explain.run import explain as explain_clip
    from earmark.listen.render import listen as listen_to
    from earmark.metrics.measure import measure
    from earmark.models.callable import from_callable
    from earmark.models.load import load_model
    from earmark.models.predict import predict
    from earmark.report.html import write_report

__all__ = [
    "Clip",
    "Explanation",
    "demo_track",
    "explain_clip",
    "explain_map",
    "from_callable",
    "listen_to",
    "load_model",
    "measure",
    "predict",
    "read",
    "write",
    "write_report",
]

# A function and a room cannot share a name, hence explain_clip and listen_to.
_HOME = {
    "Clip": "earmark.audio.clip:Clip",
    "Explanation": "earmark.explain.explanation:Explanation",
    "demo_track": "earmark.audio.demo:demo_track",
    "explain_clip": "earmark.explain.run:explain",
    "explain_map": "earmark.explain.gradient.run:explain_map",
    "from_callable": "earmark.models.callable:from_callable",
    "listen_to": "earmark.listen.render:listen",
    "load_model": "earmark.models.load:load_model",
    "measure": "earmark.metrics.measure:measure",
    "predict": "earmark.models.predict:predict",
    "read": "earmark.audio.read:read",
    "write": "earmark.audio.write:write",
    "write_report": "earmark.report.html:write_report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'earmark' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
