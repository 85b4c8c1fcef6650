"""The plain question: what does the classifier say about this clip?"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.models.classifier import Classifier, ReadsLyrics
from earmark.models.prepare import prepare
from earmark.models.scores import checked_scores


def predict(clip: Clip, classifier: Classifier) -> NDArray[np.float64]:
    """Probabilities of a clip, ``(K,)``, in the order of ``classifier.labels``; with its lyrics, where these are read.

    Raises
    ------
    LyricsError
        If the classifier reads lyrics alone and the clip has none.
    AudioError
        If the clip is too short or not of the classifier's length.
    ScoresError
        If the answer is not one row of probabilities.
    """
    if isinstance(classifier, ReadsLyrics):
        classifier = classifier.with_lyrics(clip.lyrics)
    waveform = torch.tensor(prepare(clip, classifier.input).clip.waveform).unsqueeze(0)
    with torch.no_grad():
        scores = classifier.scores(waveform)
    row: NDArray[np.float64] = checked_scores(
        scores.detach().cpu().numpy(), 1, len(classifier.labels), where=classifier.name
    )[0]
    return row
