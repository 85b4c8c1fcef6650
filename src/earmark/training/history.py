"""The course of a training: one row an epoch, as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from earmark.files import write_text

CURVES = "curves.csv"


@dataclass(frozen=True)
class Epoch:
    """One epoch.

    Parameters
    ----------
    epoch : from 1.
    learning_rate : of its steps.
    train_loss, train_accuracy : over its batches as they were learnt from (augmented, with dropout); nats.
    loss, accuracy, macro_f1 : on the slices of the validation items; nats.
    since_better : epochs since the monitored figure was best, 0 in the best one.
    seconds : it took.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    loss: float
    accuracy: float
    macro_f1: float
    since_better: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}: loss {self.train_loss:.4f}, accuracy {self.train_accuracy:.3f}; on validation "
            f"{self.loss:.4f}, {self.accuracy:.3f} ({self.seconds:.1f} s)"
        )


def best_of(history: Sequence[Epoch]) -> Epoch:
    """The epoch whose weights were kept: the last that was better than all before it."""
    return [row for row in history if row.since_better == 0][-1]


def write_curves(history: Sequence[Epoch], folder: Path) -> Path:
    """``curves.csv``, whole."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    return write_text(folder / CURVES, out.getvalue())


def read_curves(path: Path) -> tuple[Epoch, ...]:
    """The epochs in a ``curves.csv``."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    whole = {"epoch", "since_better"}
    return tuple(
        Epoch(**{name: int(text) if name in whole else float(text) for name, text in row.items()})  # type: ignore[arg-type]
        for row in rows
    )


class TensorBoard:
    """An event file that grows by each epoch; a resumed run hides what it repeats.

    Parameters
    ----------
    folder : of the event files.
    first : the first epoch that will be added, from 1.
    """

    def __init__(self, folder: Path, first: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=first)

    def add(self, row: Epoch) -> None:
        """Add an epoch."""
        for name, value in asdict(row).items():
            if name in ("epoch", "since_better", "seconds"):
                continue
            kind, _, rest = name.partition("_")
            tag = name if kind == "learning" else f"{rest}/train" if kind == "train" else f"{name}/validation"
            self._writer.add_scalar(tag, value, row.epoch)

    def close(self) -> None:
        """Write what is not yet written."""
        self._writer.close()
