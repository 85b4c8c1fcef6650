"""Keeps the best weights as a copy, the course of the training, and a state to go on from after a kill."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from earmark.errors import SettingError
from earmark.training import scores
from earmark.training.history import Epoch, TensorBoard, write_curves
from earmark.training.learner import Learner
from earmark.training.progress import Watch
from earmark.training.settings import FitSettings

STATE = "state.ckpt"
SAVE_EVERY_S = 2.0


class Keeper(pl.Callback):
    """Judges each epoch, stops when nothing gets better, and writes the state to ``folder``, whole or not at all.

    Parameters
    ----------
    folder : for the state and the curves.
    settings : filled.
    held_out : whether there are validation examples; without them the last weights are the best.
    watch : told of every batch.
    on_epoch : told of every epoch.
    """

    def __init__(
        self,
        folder: Path,
        settings: FitSettings,
        *,
        held_out: bool,
        watch: Watch | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
    ) -> None:
        self._folder, self._settings, self._held_out = folder, settings, held_out
        self._watch, self._on_epoch = watch, on_epoch
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        self._board: TensorBoard | None = None
        self._began = self._saved = 0.0

    @property
    def state_key(self) -> str:
        """Under which Lightning files the state."""
        return "earmark"

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs, as numbers and tensors."""
        return {"history": [asdict(row) for row in self.history], "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self.history = [Epoch(**row) for row in state_dict["history"]]
        self.best = state_dict["best"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The bar begins where the state left off."""
        if self._watch is not None:
            self._watch.planned = (self._settings.epochs or 0) * int(trainer.num_training_batches)
            if self.history:
                self._watch.after_batch(len(self.history) * int(trainer.num_training_batches))
        if trainer.is_global_zero:
            self._board = TensorBoard(self._folder, len(self.history) + 1)

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        """Stop where the user wants to; at an epoch's first batch, tell what the learning rate may depend on."""
        if self._watch is not None:
            self._watch.before_batch()
        if batch.index == 0 and isinstance(pl_module, Learner):
            self._began = time.monotonic()
            pl_module.since_better = tuple(row.since_better for row in self.history)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Report."""
        if self._watch is not None:
            self._watch.after_batch(1)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the epoch (validation has run by now), keep the best, save."""
        if not isinstance(pl_module, Learner):
            raise TypeError(type(pl_module).__name__)
        row = self._row(pl_module)
        self.history.append(row)
        if row.since_better == 0:
            self.best = {k: v.detach().cpu().clone() for k, v in pl_module.network.state_dict().items()}
        patience = self._settings.patience or 0
        ended = row.epoch == self._settings.epochs or (patience > 0 and row.since_better >= patience)
        trainer.should_stop = trainer.should_stop or ended
        if trainer.is_global_zero:
            write_curves(self.history, self._folder)
            if self._board is not None:
                self._board.add(row)
            if self._on_epoch is not None:
                self._on_epoch(row)
        # Every process decides the same: by the clock of the first.
        due = trainer.strategy.broadcast(ended or time.monotonic() - self._saved > SAVE_EVERY_S)
        if due:
            self._save(trainer)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Close the event file, whatever happened."""
        if self._board is not None:
            self._board.close()
            self._board = None

    def _row(self, learner: Learner) -> Epoch:
        loss, right, count = learner.summed(learner.learned)
        epoch = len(self.history) + 1
        if not math.isfinite(loss):
            raise SettingError(
                f"the loss is no number any more in epoch {epoch}",
                remedy="Train with a lower learning rate, or with --precision 32",
                where="training",
            )
        labels = len(learner.class_weights)
        told = learner.summed(learner.judged) if self._held_out else np.full(1 + labels**2, math.nan)
        matrix = told[1:].reshape(1, labels, labels)
        figures = {
            "loss": float(told[0] / matrix.sum()),
            "accuracy": float(scores.accuracy(matrix)[0]) if self._held_out else math.nan,
            "macro_f1": float(scores.macro_f1(matrix)[0]) if self._held_out else math.nan,
        }
        return Epoch(
            epoch,
            learner.rate,
            float(loss / count),
            float(right / count),
            **figures,
            since_better=self._since(figures[self._settings.monitor]),
            seconds=time.monotonic() - self._began,
        )

    def _since(self, figure: float) -> int:
        # Without validation, or where the user wants all epochs, the last weights are taken.
        if not self._held_out or not self._settings.patience or not self.history:
            return 0
        sign = -1 if self._settings.monitor == "loss" else 1
        best = max(sign * getattr(row, self._settings.monitor) for row in self.history)
        return 0 if sign * figure > best else self.history[-1].since_better + 1

    def _save(self, trainer: pl.Trainer) -> None:
        fresh = self._folder / f"{STATE}.new"
        trainer.save_checkpoint(fresh)
        if trainer.is_global_zero:
            os.replace(fresh, self._folder / STATE)
        self._saved = time.monotonic()


def read_state(folder: Path) -> dict[str, Any] | None:
    """The keeper's part of the state in a folder; None where there is none. Nothing is unpickled."""
    path = folder / STATE
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["callbacks"]["earmark"]
    return state


def is_ended(history: list[Epoch], settings: FitSettings) -> bool:
    """Whether there is nothing left to train."""
    patience = settings.patience or 0
    last = history[-1] if history else None
    return last is not None and (last.epoch >= (settings.epochs or 0) or 0 < patience <= last.since_better)
