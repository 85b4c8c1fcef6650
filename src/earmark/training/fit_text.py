"""Classifiers of lyrics, and of sounds with their lyrics, fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from earmark.data.dataset import Dataset
from earmark.data.lyrics.leak_screen import leak_screen
from earmark.data.read import read_item
from earmark.errors import DatasetError, SettingError
from earmark.models.audio_encoder import PENULTIMATE, AudioEncoder, audio_encoder
from earmark.models.joint import joint_bundle
from earmark.models.prepare import prepare
from earmark.models.text.encoder import TextEncoder, new_encoder
from earmark.models.text.lyrics_classifier import LyricsClassifier, fit_head, lyrics_bundle
from earmark.models.zoo.joint import MODALITIES, Joint
from earmark.training import material
from earmark.training.examples import RowExamples
from earmark.training.fit_kinds import Made
from earmark.training.history import Epoch
from earmark.training.network import train_network

if TYPE_CHECKING:
    from earmark.training.fit_kinds import Task

_MOST_LEAKS = 10


def fit_text(task: Task) -> Made:
    """Logistic regression on the embeddings of texts; items without lyrics are refused.

    Raises
    ------
    DatasetError
        If a training or validation item has no lyrics.
    SettingError
        If a setting is unknown or makes no sense.
    """
    _all_have_lyrics(task.items)
    _say_leaks(task)
    chosen = dict(task.recipe.settings)
    model = str(chosen.pop("model"))
    strength = chosen.pop("C")
    if isinstance(strength, bool) or not isinstance(strength, (int, float)):
        raise SettingError(f"C {strength!r}", remedy="Give a number above 0", where="--set")
    learnt = [item.lyrics or "" for item in task.training.items]
    encoder = new_encoder(model, learnt, chosen)
    head = fit_head(
        encoder.embed(learnt).double().numpy(),
        [item.label for item in task.training.items],
        strength=float(strength),
        balanced=task.settings.class_weights,
        standardised=encoder.card.encoder != "tfidf",
        seed=task.settings.seed,
    )
    bundle = lyrics_bundle(task.card(settings={"C": float(strength)}), encoder, head)
    held_out = [item.lyrics or "" for item in task.validation.items]
    _say_window(task, encoder, [*learnt, *held_out])
    judged = LyricsClassifier(bundle.card, encoder, head).text_scores(held_out).numpy() if held_out else None
    return Made(bundle, (), judged, np.arange(len(held_out)))


def fit_joint(task: Task) -> Made:
    """Three heads on the embeddings of sound and words: on both, on the sound, on the words.

    Raises
    ------
    DatasetError, AudioError
        If no training item has lyrics, or a sound cannot be used.
    SettingError
        If a setting is unknown or makes no sense.
    """
    chosen = dict(task.recipe.settings)
    audio_name, text_name = str(chosen.pop("audio")), str(chosen.pop("text"))
    layer = str(chosen.pop("layer", PENULTIMATE))
    of_text = chosen.pop("text_settings", {})
    if chosen or not isinstance(of_text, dict):
        raise SettingError(
            f"no setting {', '.join(chosen) or 'text_settings of this kind'}",
            remedy="It has audio, text, layer and text_settings",
            where="--set",
        )
    told = [item.lyrics for item in task.items.items]
    count = len(task.training.items)
    learnt = [text for text in told[:count] if text is not None]
    if not learnt:
        raise DatasetError(
            "no training item has lyrics", remedy="Give a manifest with a column lyrics", where=task.training.name
        )
    _say_leaks(task)
    text = new_encoder(text_name, learnt, of_text)
    audio = audio_encoder(audio_name, layer, device=task.settings.device)
    _say_window(task, text, [each for each in told if each is not None])
    sounds = _sounds(task, audio)
    words, known = _words(text, told)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.settings.seed)
        network = Joint(len(task.labels), audio=audio.width, text=text.width)
    network.audio_norm.set(sounds[:count].mean(0), sounds[:count].std(0, correction=0))
    heard = words[:count][known[:count]]
    network.text_norm.set(heard.mean(0), heard.std(0, correction=0))
    targets = material.targets_of(task.items, task.labels)
    rows = network.rows(sounds, words, known)
    training = RowExamples(rows[:count], targets[:count], np.arange(count))
    validation = RowExamples(rows[count:], targets[count:], np.arange(len(rows) - count)) if len(rows) > count else None
    history = _train_heads(task, network, training, validation)
    missing = count - len(learnt)
    if task.say is not None:
        task.say(
            f"{missing} of {count} training items have no lyrics; the row that stands for none is learnt from them"
            if missing
            else "all training items have lyrics; for a song without any the mean of all texts will stand"
        )
    bundle = joint_bundle(task.card(), audio, text, network)
    if validation is None:
        return Made(bundle, history, None, np.empty(0, dtype=np.int64))
    network.eval()
    said = {}
    with torch.inference_mode():
        for modality in MODALITIES:
            said[modality] = torch.softmax(network(validation.rows, modality).double(), 1).numpy()
    figures = {
        f"validation_accuracy_{modality}_only": float(np.mean(said[modality].argmax(1) == validation.targets))
        for modality in MODALITIES[1:]
    }
    figures["training_items_without_lyrics"] = float(missing)
    return Made(bundle, history, said["joint"], validation.items, figures)


def _train_heads(
    task: Task, network: Joint, training: RowExamples, validation: RowExamples | None
) -> tuple[Epoch, ...]:
    """Train the three, one after the other; returns the course of the joint one."""
    history: tuple[Epoch, ...] = ()
    for modality in MODALITIES:
        main = modality == "joint"
        folder = task.folder if main else task.folder / modality
        folder.mkdir(parents=True, exist_ok=True)
        head = network.heads[modality]
        trained = train_network(
            head,
            training,
            validation,
            len(task.labels),
            task.settings,
            folder,
            mean=training.rows.mean(0),
            watch=task.watch if main else None,
            on_epoch=task.on_epoch if main else None,
        )
        head.load_state_dict(trained.weights)
        history = trained.history if main else history
    return history


def _sounds(task: Task, audio: AudioEncoder) -> Tensor:
    if task.watch is not None:
        task.watch.planned = len(task.items.items)
    rows = []
    for item in task.items.items:
        if task.watch is not None:
            task.watch.before_batch()
        clip = prepare(read_item(item), audio.input).clip
        rows.append(audio.embed(torch.tensor(clip.waveform).unsqueeze(0))[0])
        if task.watch is not None:
            task.watch.after_batch(1)
    return torch.stack(rows)


def _words(text: TextEncoder, told: Sequence[str | None]) -> tuple[Tensor, Tensor]:
    """Embeddings ``(N, D)``, 0 where there are no lyrics, and where there are ``(N,)``."""
    known = torch.tensor([each is not None for each in told])
    rows = torch.zeros(len(told), text.width)
    rows[known] = text.embed([each for each in told if each is not None])
    return rows, known


def _all_have_lyrics(dataset: Dataset) -> None:
    missing = [item for item in dataset.items if not item.lyrics]
    if missing:
        raise DatasetError(
            f"{len(missing)} of {len(dataset.items)} items have no lyrics, the first is {missing[0].path.name}",
            remedy="Leave them out, or train a joint model, which takes songs without",
            where=dataset.name,
        )


def _say_leaks(task: Task) -> None:
    """What of the training items a model should not learn is said before it does."""
    if task.say is None:
        return
    items = [item for item in task.training.items if item.lyrics]
    artists = [item.artist or item.track for item in items]
    table = leak_screen([item.lyrics or "" for item in items], [item.label for item in items], artists)
    for line in str(table).splitlines()[:_MOST_LEAKS]:
        task.say(f"in the lyrics, perhaps never sung: {line}")
    if len(table.rows) > _MOST_LEAKS:
        task.say(f"and {len(table.rows) - _MOST_LEAKS} more: earmark data audit tells them all")


def _say_window(task: Task, encoder: TextEncoder, texts: Sequence[str]) -> None:
    longer = sum(encoder.read_until(text) < len(text.rstrip()) for text in texts)
    if longer and task.say is not None:
        name = encoder.card.encoder
        task.say(f"{longer} of {len(texts)} texts are longer than the window of {name}; their ends are not read")
