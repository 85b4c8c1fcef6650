"""What a command says: data on stdout, words for people on stderr, bars only where somebody watches."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earmark.explain.game import Watch


@dataclass(frozen=True)
class Console:
    """Where a command's words go.

    Parameters
    ----------
    quiet : say nothing on stderr but errors.
    verbose : also say details on stderr.
    bars : show progress on a terminal.
    json : stdout is for one JSON document; ``data`` is not printed.
    """

    quiet: bool = False
    verbose: bool = False
    bars: bool = True
    json: bool = False

    def say(self, text: str) -> None:
        """For people, on stderr."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def detail(self, text: str) -> None:
        """For people who asked with ``-v``, on stderr."""
        if self.verbose:
            self.say(text)

    def error(self, text: str) -> None:
        """One line about an input that failed while others go on; said even when quiet."""
        print(f"earmark: error: {text}", file=sys.stderr, flush=True)

    def data(self, text: str) -> None:
        """A line of the result, on stdout; nothing where JSON was asked for."""
        if not self.json:
            print(text, flush=True)

    def document(self, value: Any) -> None:
        """The one JSON document, on stdout; nothing where it was not asked for."""
        if self.json:
            unicode = (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")
            print(json.dumps(value, ensure_ascii=not unicode, indent=1, allow_nan=False), flush=True)

    @contextlib.contextmanager
    def watch(self, title: str) -> Iterator[Watch]:
        """A ``Watch`` whose progress is a bar with the time left, if stderr is a terminal."""
        from earmark.explain.game import Watch

        if self.quiet or not self.bars or not sys.stderr.isatty():
            yield Watch()
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("time left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=RichConsole(stderr=True), transient=True) as progress:
            task = progress.add_task(title, total=None)
            yield Watch(on_progress=lambda done, planned: progress.update(task, completed=done, total=planned or None))
