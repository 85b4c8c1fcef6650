"""The three heads of the recipe ``joint`` on embeddings that are known already: its losses and steps in a plain loop.

``earmark train joint`` embeds every sound anew for every fold, and keeps a state that can go on: neither is needed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.learning.gtzan_data import Floats
from earmark.data.split import Split
from earmark.models.zoo.joint import JOINT, MODALITIES, Joint


@dataclass(frozen=True, eq=False)
class Heads:
    """The trained network; of the test items, what each head says, ``(test, labels)`` by "joint", "audio", "text"."""

    network: Joint
    said: dict[str, Floats]


def heads(
    sounds: Floats,
    words: Floats,
    known: NDArray[np.bool_],
    truth: NDArray[np.int64],
    split: Split,
    labels: int,
    *,
    seed: int = 0,
) -> Heads:
    """Train them on the training items, stop by the validation items.

    Parameters
    ----------
    sounds, words : embeddings of all items, ``(N, D)``.
    known : which items have words at all.
    truth : place of the class of each.
    split : who learns, who stops the training, who is asked about.
    labels : K.
    seed : of weights and order.
    """
    audio, text = torch.from_numpy(sounds).float(), torch.from_numpy(words).float()
    train, validation, test = (torch.tensor(part) for part in (split.train, split.validation, split.test))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Joint(labels, audio=audio.shape[1], text=text.shape[1])
    network.audio_norm.set(audio[train].mean(0), audio[train].std(0, correction=0))
    has_words = torch.from_numpy(known)
    read = text[train][has_words[train]]
    network.text_norm.set(read.mean(0), read.std(0, correction=0))
    rows = network.rows(audio, text, has_words).detach()
    targets = torch.from_numpy(truth)
    said = {}
    for modality in MODALITIES:
        head = network.heads[modality]
        _train(head, rows, targets, train, validation, seed)
        with torch.inference_mode():
            said[modality] = torch.softmax(head(rows[test]).double(), 1).numpy()
    return Heads(network, said)


def _train(
    head: nn.Module, rows: torch.Tensor, targets: torch.Tensor, train: torch.Tensor, held: torch.Tensor, seed: int
) -> None:
    """Adam until the validation loss has not fallen for so many epochs; the best weights stay."""
    order = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(head.parameters(), lr=JOINT.learning_rate)
    best, waited = float("inf"), 0
    kept = copy.deepcopy(head.state_dict())
    for _ in range(JOINT.epochs):
        for places in train[torch.randperm(len(train), generator=order)].split(JOINT.batch_size):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(head(rows[places]), targets[places])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.inference_mode():
            reached = float(nn.functional.cross_entropy(head(rows[held]), targets[held]))
        if reached < best:
            best, waited, kept = reached, 0, copy.deepcopy(head.state_dict())
        else:
            waited += 1
            if waited >= JOINT.patience:
                break
    head.load_state_dict(kept)
