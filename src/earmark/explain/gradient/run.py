"""``explain_map``: one clip, one differentiable classifier, one gradient method."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch
from numpy.typing import NDArray

from earmark import __version__
from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, ScoresError, SettingError
from earmark.explain.case import clip_facts
from earmark.explain.explanation import ModelFacts
from earmark.explain.game import Floats, Watch
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain.gradient.method import Domain, MapMethod
from earmark.explain.gradient.subject import Pool, Span, Subject
from earmark.explain.gradient.target import make_target
from earmark.explain.map import MapExplanation, MapRecipe
from earmark.models.classifier import Classifier, Differentiable, Patchwise
from earmark.models.prepare import prepare

# front_end and logits must give the classifier's own scores: rounding apart, they are the same network.
_SAME_SCORE = 1e-3


def explain_map(
    clip: Clip,
    classifier: Classifier,
    method: MapMethod | str,
    *,
    targets: str | Sequence[str] | int | None = None,
    output: str = "logit",
    contrast: tuple[str, str] | None = None,
    domain: Domain = "spectrogram",
    seed: int = 0,
    batch_size: int = 16,
    watch: Watch | None = None,
) -> MapExplanation:
    """Which cells of the spectrogram (or samples of the waveform) does the classifier's answer rest on?

    Parameters
    ----------
    clip : the sound; converted to what the classifier takes, and the conversion is recorded.
    classifier : one that is also ``Differentiable``. The clip of a ``Patchwise`` one is explained whole: its score is
        the mean over patches, so its map is the sum of the patches' maps.
    method : settings (``IntegratedGradients(steps=64)``), or a name in ``GRADIENT_METHODS`` for the usual settings.
    targets : a label, several, or how many of the most probable; None for three.
    output : "logit" (before softmax or sigmoid), "probability", or "log_odds" in nats; see
        ``earmark.explain.gradient.target``.
    contrast : ("rock", "metal") explains the difference of the two outputs instead.
    domain : "spectrogram" or "waveform".
    seed : of every random draw.
    batch_size : patches that the network sees at once; bounds the memory.
    watch : progress and cancellation.

    Raises
    ------
    CapabilityError
        If the classifier is not differentiable, is in training mode, or has an operation that the method has no rule
        for.
    SettingError, UnknownNameError
        For a method, label, output or domain that does not exist or do not fit together.
    ScoresError
        If front end and logits do not give the classifier's own scores.
    CancelledError
        If the watch says so; nothing half-done is returned.
    """
    return map_and_errors(
        clip,
        classifier,
        method,
        targets=targets,
        output=output,
        contrast=contrast,
        domain=domain,
        seed=seed,
        batch_size=batch_size,
        watch=watch,
    )[0]


def map_and_errors(
    clip: Clip,
    classifier: Classifier,
    method: MapMethod | str,
    *,
    targets: str | Sequence[str] | int | None,
    output: str,
    contrast: tuple[str, str] | None,
    domain: Domain,
    seed: int,
    batch_size: int,
    watch: Watch | None,
    sums: Callable[[MapExplanation], Floats] | None = None,
) -> tuple[MapExplanation, Floats | None]:
    """As ``explain_map``, and the standard errors of ``sums`` of the map, where the method draws and can tell.

    ``sums`` turns a map into sums over n components, ``(T, n)``, linear in the map's values.
    """
    if isinstance(method, str):
        method = GRADIENT_METHODS.get(method)()
    if not isinstance(classifier, Differentiable):
        raise CapabilityError(
            f"{classifier.name} cannot be differentiated",
            remedy="Use a perturbation method (shapley, lime), which needs only scores",
            where=method.name,
        )
    if domain not in method.domains:
        raise SettingError(
            f"{method.name} at the {domain}", remedy=f"Choose {' or '.join(method.domains)}", where="domain"
        )
    watch = watch if watch is not None else Watch()
    before = watch.done
    prepared = prepare(clip, classifier.input)
    heard = prepared.clip
    device = next(classifier.network.parameters(), torch.empty(0)).device
    waveform = torch.from_numpy(heard.waveform.copy()).to(device)
    scores = _scores(classifier, waveform)
    with torch.no_grad():
        frames = int(classifier.front_end(waveform.unsqueeze(0)).shape[2])
    spans = _spans(classifier, frames, waveform.shape[1])
    target = make_target(
        classifier.labels,
        scores.tolist(),
        targets=targets,
        output=output,
        contrast=contrast,
        activation=classifier.activation,
        patches=len(spans),
    )
    front = classifier.front_end
    period = front.hop_length / front.sample_rate if domain == "spectrogram" else 1 / heard.sample_rate
    steps = frames if domain == "spectrogram" else waveform.shape[1]
    blank = MapExplanation(
        targets=target.names,
        values=np.zeros((len(target.names), 0, steps), dtype=np.float32),
        frame_s=np.arange(steps, dtype=np.float64) * np.float64(period),
        bin_hz=np.asarray(front.bin_hz, dtype=np.float64) if domain == "spectrogram" else np.zeros(0),
        base=np.full(len(target.names), np.nan),
        full=np.full(len(target.names), np.nan),
        scores=np.array([float(scores[rows[0]]) if len(rows) == 1 else np.nan for rows in target.indices]),
        gap=None,
        signed=method.signed,
        scale=front.scale if domain == "spectrogram" else "amplitude, full scale ±1",
        duration_s=heard.duration_s,
        model=ModelFacts(
            name=classifier.name,
            fingerprint=classifier.fingerprint,
            sample_rate=classifier.input.sample_rate,
            channels=classifier.input.channels,
            activation=classifier.activation,
        ),
        clip=clip_facts(clip, prepared.steps),
        recipe=MapRecipe(
            method=method.name,
            # JSON values (lists for tuples), as they come back from a file.
            method_settings=json.loads(json.dumps(asdict(method))),  # type: ignore[call-overload]
            domain=domain,
            output=output,
            contrast=contrast,
            seed=seed,
            version=__version__,
        ),
    )

    pool = None if sums is None else _pool(blank, sums)
    subject = Subject(classifier, target, domain, waveform, spans, batch_size, watch, pool)
    _require_same_scores(subject, classifier, scores)
    generator = torch.Generator().manual_seed(int(np.random.default_rng(seed).integers(2**62)))
    found = method.attribute(subject, generator)
    if not torch.isfinite(found.values).all():
        raise ScoresError(
            f"{method.name} gave NaN or infinite values",
            remedy="The front end may have no derivative at digital silence; try the spectrogram domain",
            where=classifier.name,
        )
    made = replace(
        blank,
        values=_float32(found.values),
        base=blank.base if found.base is None else found.base.numpy().astype(np.float64),
        full=subject.full.numpy().astype(np.float64),
        gap=None if found.gap is None else found.gap.numpy().astype(np.float64),
        diagnostics=found.diagnostics | {"patches": len(spans), "rows": watch.done - before},
    )
    return made, found.errors


def _pool(blank: MapExplanation, sums: Callable[[MapExplanation], Floats]) -> Pool:
    return lambda values: sums(replace(blank, values=_float32(values)))


def _float32(values: torch.Tensor) -> NDArray[np.float32]:
    return values.detach().cpu().numpy().astype(np.float32)


def _scores(classifier: Classifier, waveform: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return classifier.scores(waveform.unsqueeze(0))[0].double().cpu()


def _spans(classifier: Classifier, frames: int, samples: int) -> tuple[Span, ...]:
    if not isinstance(classifier, Patchwise):
        return (Span(0, frames),)
    patches = classifier.patches(samples)
    if not patches:
        raise CapabilityError(
            "no patch in a clip this short", remedy=f"Give at least {classifier.input.min_length_s:g} s"
        )
    return tuple(Span(patch.first_frame, patch.frames) for patch in patches)


def _require_same_scores(subject: Subject, classifier: Classifier, scores: torch.Tensor) -> None:
    logits = subject.logits_of_clip.double()
    rows = torch.sigmoid(logits) if classifier.activation == "sigmoid" else torch.softmax(logits, dim=1)
    gap = float((rows.mean(dim=0).cpu() - scores).abs().max())
    if not gap <= _SAME_SCORE:
        raise ScoresError(
            f"front_end and logits give scores {gap:.2g} away from the classifier's own",
            remedy="Make both describe the same network (padding, patches, normalisation)",
            where=classifier.name,
        )
