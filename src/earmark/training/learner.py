"""The network as Lightning trains it: one step, one look at the validation slices, and nothing that a kill could lose.

Every random draw is a function of the seed, the epoch and the batch: the order and the shifts (``examples``), the
augmentation, and dropout, whose generator is set anew at the start of each epoch. So a run that goes on after epoch 7
does what one would have done that was never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn

from earmark.models.freeze import freeze, thaw, train_mode
from earmark.training import augment
from earmark.training.examples import Batch, Batches, EpochOrder, Examples
from earmark.training.settings import FitSettings, learning_rate_at


class Learner(pl.LightningModule):
    """A network, what it learns from and how.

    Parameters
    ----------
    network : slices ``(B, bins, frames)`` or rows ``(B, F)`` → logits ``(B, K)``.
    training, validation : examples; ``validation`` None where nothing is held out.
    labels : K.
    settings : filled.
    class_weights : ``(K,)``, mean 1 over the training examples.
    mean : of the training data per bin, what SpecAugment fills with.
    front_end : turns the training examples into spectrograms, where they are waveforms (padded already).
    """

    class_weights: Tensor
    mean: Tensor

    def __init__(
        self,
        network: nn.Module,
        training: Examples,
        validation: Examples | None,
        labels: int,
        settings: FitSettings,
        *,
        class_weights: Tensor,
        mean: Tensor,
        front_end: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.front_end = front_end
        self.register_buffer("class_weights", class_weights)
        self.register_buffer("mean", mean)
        self._examples, self._validation, self._labels, self._settings = training, validation, labels, settings
        self.since_better: tuple[int, ...] = ()  # of the epochs before; the keeper tells
        self.epoch = 0
        self.learned = torch.zeros(3)
        self.judged = torch.zeros(1 + labels * labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, or AdamW where weights decay; the learning rate is set at the start of each epoch."""
        rate, decay = self._settings.learning_rate or 0.0, self._settings.weight_decay
        if decay:
            return torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=decay)
        return torch.optim.Adam(self.network.parameters(), lr=rate)

    def train_dataloader(self) -> Any:
        """The batches of an epoch."""
        batches = Batches(
            self._examples,
            self._settings.batch_size or 1,
            self._settings.seed,
            rank=self.trainer.global_rank,
            world=self.trainer.world_size,
        )
        done: int = self.trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]
        return _loader(batches, done)

    def val_dataloader(self) -> Any:
        """The validation slices in their own order; nothing where there are none."""
        if self._validation is None:
            return []
        size = max(64, self._settings.batch_size or 1)
        batches = Batches(self._validation, size, None, rank=self.trainer.global_rank, world=self.trainer.world_size)
        return _loader(batches)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Lightning does not look into our class."""
        return Batch(batch.x.to(device), batch.targets.to(device), batch.epoch, batch.index)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """At the first batch: learning rate, thawed layers and dropout's generator of its epoch.

        Lightning does not call ``on_train_epoch_start`` in the epoch after a resumption, and counts differently there.
        """
        if batch.index:
            return
        self.epoch, rank = batch.epoch, self.global_rank
        epoch = self.epoch
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.rate
        asleep = [name for first, name in self._settings.thaw if epoch < first]
        awake = [name for first, name in self._settings.thaw if epoch >= first]
        if asleep:
            freeze(self.network, asleep)
        if awake:
            thaw(self.network, awake)
        train_mode(self.network)
        seed = np.random.SeedSequence([self._settings.seed, 3, epoch, rank]).generate_state(1, np.uint64)[0]
        torch.manual_seed(int(seed) % 2**63)
        self.learned = torch.zeros(3, device=self.device)

    @property
    def rate(self) -> float:
        """The learning rate of this epoch."""
        return learning_rate_at(self.epoch, self._settings, self.since_better)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Cross-entropy, nats."""
        how = self._settings.augmentation
        rng = np.random.default_rng([self._settings.seed, 4, batch.epoch, batch.index, self.global_rank])
        x = batch.x
        targets = nn.functional.one_hot(batch.targets, self._labels).to(torch.float32)
        if self.front_end is not None:
            with torch.autocast(x.device.type, enabled=False):
                x = self.front_end.without_padding(augment.waveforms(x, how, rng).unsqueeze(1))  # type: ignore[operator]
        if x.ndim == 3:
            x = augment.spectrograms(x, how, self.mean, rng)
        if how.mixup:
            x, targets = augment.mixed(x, targets, how.mixup, rng)
        logits = self.network(x).float()
        loss = nn.functional.cross_entropy(
            logits, targets, weight=self.class_weights, label_smoothing=self._settings.label_smoothing
        )
        with torch.no_grad():
            right = (logits.argmax(1) == targets.argmax(1)).sum()
            self.learned += torch.stack([loss * len(x), right.to(loss), loss.new_tensor(len(x))])
        return loss

    def on_validation_epoch_start(self) -> None:
        """Nothing judged yet."""
        self.judged = torch.zeros(1 + self._labels**2, device=self.device, dtype=torch.float64)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Count what is said about the validation slices."""
        if not len(batch.targets):
            return
        logits = self.network(batch.x).float()
        self.judged[0] += nn.functional.cross_entropy(logits, batch.targets, reduction="sum")
        said = batch.targets * self._labels + logits.argmax(1)
        self.judged[1:] += torch.bincount(said, minlength=self._labels**2)

    def summed(self, values: Tensor) -> np.ndarray:
        """Over all processes."""
        return np.asarray(self.trainer.strategy.reduce(values, reduce_op="sum").cpu().double())


def _loader(batches: Batches, epoch: int = 0) -> torch.utils.data.DataLoader[Batch]:
    order = EpochOrder(len(batches), epoch)
    return torch.utils.data.DataLoader(batches, batch_size=None, sampler=order)


def weights_of(targets: Sequence[int] | np.ndarray, labels: int, *, balanced: bool) -> Tensor:
    """Class weights ``(K,)`` whose mean over the examples is 1: all 1, or such that all classes count the same."""
    counts = np.bincount(np.asarray(targets), minlength=labels)
    if not balanced:
        return torch.ones(labels)
    occurring = np.count_nonzero(counts)
    return torch.tensor(np.where(counts > 0, len(targets) / (occurring * np.maximum(counts, 1)), 0.0)).float()
