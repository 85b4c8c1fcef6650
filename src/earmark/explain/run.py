"""``explain``: one clip, one classifier, one way to cut, one method."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.audio.clip import Clip
from earmark.components.component import ComponentKind, Components
from earmark.explain.case import open_case
from earmark.explain.explanation import Explanation
from earmark.explain.game import Watch
from earmark.explain.method import Method
from earmark.models.classifier import Classifier


def explain(
    clip: Clip,
    classifier: Classifier,
    components: ComponentKind | Components | str = "time",
    method: Method | str = "shapley",
    *,
    targets: Sequence[str] | int = 3,
    output: str = "probability",
    contrast: tuple[str, str] | None = None,
    seed: int = 0,
    batch_size: int = 16,
    strict: bool = False,
    watch: Watch | None = None,
) -> Explanation:
    """Why does the classifier score this clip as it does?

    Parameters
    ----------
    clip : the sound; converted to what the classifier takes, and the conversion is recorded.
    classifier : any ``Classifier``. A ``Patchwise`` one is explained patch by patch (exactly, for Shapley values).
    components : how to cut the clip (``Time(n=10)``, or "time" for the kind with its own defaults), or components
        already cut from this clip.
    method : how to play the game (``Lime(samples=2000)``, or "lime" for the method with its own defaults).
    targets : labels to report on, or how many of the most probable. Attributions are computed for all labels anyway.
    output : "probability", or "log_odds" in nats.
    contrast : ("rock", "metal") explains the difference of the two outputs instead.
    seed : of every random draw.
    batch_size : rows per call of the classifier.
    strict : see ``earmark.explain.play.play``.
    watch : progress and cancellation.

    Raises
    ------
    UnknownNameError
        For a label that the classifier does not have.
    AudioError
        If the classifier cannot take this clip (too short, …).
    ScoresError
        If the classifier fails on a masked version of the clip.
    CancelledError
        If the watch says so; nothing half-done is returned.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.models.callable import from_callable
    >>> def level(waveforms, sample_rate):
    ...     loud = np.minimum(np.abs(waveforms).mean(axis=(1, 2)), 1)
    ...     return np.stack([loud, 1 - loud], axis=1)
    >>> half = np.repeat([0.0, 0.5], 4000)
    >>> why = explain(Clip(half, 8000), from_callable(level, ["loud", "soft"], 8000), "time", targets=["loud"])
    >>> why.top(1)[0].component.start_s >= 0.5
    True
    """
    case = open_case(clip, classifier, components, seed=seed, batch_size=batch_size, strict=strict, watch=watch)
    return case.explain(method, targets=targets, output=output, contrast=contrast, seed=seed)
