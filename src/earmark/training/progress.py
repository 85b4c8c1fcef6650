"""Progress out, cancellation in: what the slow parts of training ask of whoever watches."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """``earmark.explain.game.Watch`` is one, and so is what the command line shows as a bar."""

    planned: int

    def before_batch(self) -> None:
        """Raise ``CancelledError`` if the user wants to stop."""
        ...

    def after_batch(self, rows: int) -> None:
        """Count ``rows`` more and report."""
        ...
