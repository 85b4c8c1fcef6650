"""Train a network with Lightning: early stopping with the best weights, kill-safe, the same for the same seed."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from earmark.models.zoo.standardise import Standardise
from earmark.training.device import Place, place, told_what_fits
from earmark.training.examples import Examples, RowExamples, SliceExamples
from earmark.training.history import Epoch
from earmark.training.progress import Watch
from earmark.training.settings import FitSettings

_PRECISION: dict[str, Literal["32-true", "16-mixed", "bf16-mixed"]] = {
    "32": "32-true",
    "16": "16-mixed",
    "bf16": "bf16-mixed",
}


@dataclass(frozen=True, eq=False)
class Trained:
    """The best weights (on the CPU) and the course of the training."""

    weights: dict[str, Tensor]
    history: tuple[Epoch, ...]


def train_network(
    network: nn.Module,
    training: Examples,
    validation: Examples | None,
    labels: int,
    settings: FitSettings,
    folder: Path,
    *,
    mean: Tensor,
    front_end: nn.Module | None = None,
    watch: Watch | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train; go on from the state in ``folder`` where there is one.

    Parameters
    ----------
    network : as it starts; it is changed.
    training, validation : examples; without ``validation`` the last weights are taken.
    labels : K.
    settings : filled, see ``FitSettings.filled``.
    folder : for state and curves; exists.
    mean : of the training data per bin, ``(bins,)``.
    front_end : where the training examples are padded waveforms; those of validation are spectrograms.
    watch, on_epoch : told of batches and epochs.

    Raises
    ------
    SettingError
        If the device is not there, memory runs out, or the loss is no number any more.
    CancelledError
        If the watch says so; the state stays.
    """
    import lightning.pytorch as pl

    from earmark.training.keeper import STATE, Keeper, is_ended, read_state
    from earmark.training.learner import Learner, weights_of

    where = place(settings.device, settings.devices)
    several = where.count > 1
    keeper = Keeper(
        folder,
        settings,
        held_out=validation is not None,
        # A bar is a thread, and threads do not go to other processes.
        watch=None if several else watch,
        on_epoch=None if several else on_epoch,
    )
    before = read_state(folder)
    if before is not None:
        keeper.load_state_dict(before)
    if not is_ended(keeper.history, settings):
        weights = weights_of(training.targets, labels, balanced=settings.class_weights)
        learner = Learner(
            network, training, validation, labels, settings, class_weights=weights, mean=mean, front_end=front_end
        )
        with _quiet(), _own_randomness(where), told_what_fits(settings.batch_size or 0, where.accelerator):
            trainer = pl.Trainer(
                accelerator=where.accelerator,
                devices=where.devices,
                strategy="ddp_spawn" if several else "auto",
                precision=_PRECISION[settings.precision],
                max_epochs=settings.epochs,
                gradient_clip_val=settings.clip_norm or None,
                callbacks=[keeper],
                default_root_dir=folder,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
                use_distributed_sampler=False,
            )
            trainer.fit(learner, ckpt_path=str(folder / STATE) if before is not None else None, weights_only=True)
        after = read_state(folder)
        if after is None:
            raise RuntimeError(f"no state in {folder} after training")
        keeper.load_state_dict(after)
    return Trained(keeper.best, tuple(keeper.history))


def standardise(network: nn.Module, training: Examples) -> Tensor:
    """Set the network's first ``Standardise`` layer, if it has one, from the training data; returns the mean per bin.

    Parameters
    ----------
    network : with or without such a layer.
    training : rows, or slices of spectrograms.
    """
    mean, deviation = statistics(training)
    layer = next((module for module in network.modules() if isinstance(module, Standardise)), None)
    if layer is not None:
        layer.set(mean, deviation)
    return mean


def statistics(training: Examples) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per bin (or column) of the training data, each ``(bins,)``."""
    if isinstance(training, RowExamples):
        return training.rows.mean(0), training.rows.std(0, correction=0)
    if not isinstance(training, SliceExamples):
        raise TypeError(f"no statistics of {type(training).__name__}")
    bins = training.sounds[0].shape[0]
    used = [training.sounds[item] for item in dict.fromkeys(training.items.tolist())]
    count = sum(sound.shape[1] for sound in used)
    # In double and in two passes: the first MFCC is hundreds of times its deviation.
    mean = torch.zeros(bins, dtype=torch.float64)
    for sound in used:
        mean += torch.from_numpy(sound).double().sum(1) / count
    square = torch.zeros(bins, dtype=torch.float64)
    for sound in used:
        square += (torch.from_numpy(sound).double() - mean[:, None]).square().sum(1) / count
    return mean.float(), square.sqrt().float()


@contextlib.contextmanager
def _own_randomness(where: Place) -> Iterator[None]:
    """Whatever training draws from torch's global generators, they are afterwards as they were before."""
    cuda = range(torch.cuda.device_count()) if where.accelerator == "cuda" else []
    with (
        torch.random.fork_rng(devices=list(cuda)),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
    ):
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's advice is for people who wrote the training loop."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", message=r".*(does not have many workers|val_dataloader).*")
            yield
    finally:
        logger.setLevel(level)
