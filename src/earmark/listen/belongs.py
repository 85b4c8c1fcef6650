"""Whether an explanation, a clip and a classifier belong together."""

from __future__ import annotations

from earmark.audio.clip import Clip
from earmark.errors import AudioError, ExplanationError
from earmark.explain.explanation import Explanation
from earmark.explain.map import MapExplanation
from earmark.models.classifier import Classifier


def check_same_clip(explanation: Explanation | MapExplanation, clip: Clip) -> None:
    """That the explanation was made from this clip.

    Raises
    ------
    ExplanationError
        If neither the sound, nor the file and the span in it, is the same.
    """
    facts = explanation.clip
    if clip.fingerprint == facts.fingerprint:
        return
    source = clip.source
    # The same file read by another decoder differs in the last bits, not in its bytes on disk.
    if (
        source is not None
        and source.file_sha256
        and source.file_sha256 == facts.file_sha256
        and abs(source.start_s - facts.start_s) < 1e-6
        and abs(clip.duration_s - facts.duration_s) < 1e-3
    ):
        return
    raise ExplanationError(
        f"the explanation belongs to another sound ({facts.name}, {facts.start_s:g} s on, {facts.duration_s:.2f} s)",
        remedy="Give the clip, and the span of it, that was explained",
        where=clip.name,
    )


def check_same_model(explanation: Explanation | MapExplanation, classifier: Classifier) -> None:
    """That the explanation is of this classifier.

    Raises
    ------
    ExplanationError
        If the fingerprints differ: other weights, other labels, or another model.
    """
    if classifier.fingerprint != explanation.model.fingerprint:
        raise ExplanationError(
            f"the explanation belongs to another model ({explanation.model.name}, fingerprint "
            f"{explanation.model.fingerprint[:12]}, this one has {classifier.fingerprint[:12]})",
            remedy="Give the classifier that was explained",
            where=classifier.name,
        )


def check_heard(clip: Clip) -> None:
    """That there is something to hear.

    Raises
    ------
    AudioError
        If every sample is zero.
    """
    if not clip.waveform.any():
        raise AudioError(
            "the clip is digital silence, there is nothing to keep or to remove",
            remedy="Choose another file, or another span of it",
            where=clip.name,
        )
