"""What a job asks the classifier about one clip, by the kind of method it names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from earmark.cli.job import Job
from earmark.errors import UsageError
from earmark.models.classifier import ReadsLyrics

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.components.component import ComponentKind
    from earmark.data.lyrics.lyrics import Lyrics
    from earmark.explain.case import Case
    from earmark.explain.explanation import Explanation
    from earmark.explain.further import Further
    from earmark.explain.game import Watch
    from earmark.explain.map import MapExplanation
    from earmark.listen.render import Listening
    from earmark.models.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Answer:
    """An explanation and what came with it.

    Parameters
    ----------
    explanation : the attributions.
    found : the map behind them, of a gradient method.
    further : interactions and counterfactual, where they were asked for.
    without : how the counterfactual sounds; None where none was asked for or found.
    """

    explanation: Explanation
    found: MapExplanation | None = None
    further: Further | None = None
    without: Listening | None = None


def ask(clip: Clip, classifier: Classifier, job: Job, watch: Watch, lyrics: Lyrics | None = None) -> Answer:
    """Ask as the job says.

    Parameters
    ----------
    clip : the sound.
    classifier : who is asked.
    job : what is asked.
    watch : progress and cancellation.
    lyrics : the words that it reads with the sound; they play along.

    Raises
    ------
    EarmarkError
        Whatever is wrong with the clip for this classifier, or with the settings for this clip.
    """
    clip, classifier, kind = kind_for(clip, classifier, job, lyrics)
    if job.gradient:
        return _map(clip, classifier, job, watch)
    if job.refine:
        return _refined(clip, classifier, job, watch)
    from earmark.components.levels import component_levels
    from earmark.explain.case import open_case

    case = open_case(clip, classifier, kind, seed=job.seed, watch=watch)
    contrast = job.pair(classifier.labels)
    plain = case.explain(job.how(), targets=_targets(job), output=job.output, contrast=contrast, seed=job.seed)
    explanation = replace(plain, levels_db=component_levels(case.components))
    if not (job.interactions or job.counterfactual):
        return Answer(explanation)
    watch.planned = 0  # how much more it takes is not known
    pairing = case
    if job.interactions and lyrics is not None:
        from earmark.cli.words import coarse

        pairing = open_case(clip, classifier, coarse(job.kind(), lyrics, classifier), seed=job.seed, watch=watch)
    return _further(clip, case, pairing, explanation, job, contrast)


def kind_for(
    clip: Clip, classifier: Classifier, job: Job, lyrics: Lyrics | None
) -> tuple[Clip, Classifier, ComponentKind]:
    """The clip with its words, the classifier as it is asked, and the components, words among them where it reads them.

    Raises
    ------
    UsageError
        If the method cannot switch words off.
    """
    kind = job.kind()
    if lyrics is None:
        # Not a classifier that is told already that there are no words.
        return clip, classifier.with_lyrics(None) if isinstance(classifier, ReadsLyrics) else classifier, kind
    if job.gradient or job.refine:
        raise UsageError(
            "words can only be switched off as they are",
            remedy="Choose --method shapley or lime" if job.gradient else "Leave it out",
            where="--method" if job.gradient else "--refine",
        )
    from earmark.cli.words import with_words

    return replace(clip, lyrics=lyrics.text), classifier, with_words(kind, lyrics, classifier, job)


def _further(
    clip: Clip, case: Case, pairing: Case, explanation: Explanation, job: Job, contrast: tuple[str, str] | None
) -> Answer:
    from earmark.explain.further import Further, flip_of, pairs_of
    from earmark.listen.render import listen_without

    pairs = flip = without = None
    if job.interactions:
        shown = [explanation.labels[row] for row in explanation.targets]
        pairs = pairs_of(pairing, shown, output=job.output, contrast=contrast, samples=job.samples, seed=job.seed)
    if job.counterfactual:
        label = contrast[0] if contrast is not None else explanation.labels[explanation.targets[0]]
        flip = flip_of(case, label, samples=job.samples)
        # Without words alone the sound is what it was.
        if flip.found.found and any(part.word is None for part in flip.removed):
            without = listen_without(case.components, clip, flip.found.removed, label=label)
    return Answer(explanation, further=Further(pairs, flip), without=without)


def _refined(clip: Clip, classifier: Classifier, job: Job, watch: Watch) -> Answer:
    from earmark.explain.refine import refine

    explanation = refine(
        clip,
        classifier,
        job.kind(),
        **asdict(job.how_refined()),
        targets=_targets(job),
        output=job.output,
        contrast=job.pair(classifier.labels),
        seed=job.seed,
        watch=watch,
    )
    return Answer(explanation)


def _map(clip: Clip, classifier: Classifier, job: Job, watch: Watch) -> Answer:
    from earmark.explain.gradient.pooled import explain_pooled

    contrast = job.pair(classifier.labels)
    found, explanation = explain_pooled(
        clip,
        classifier,
        job.kind(),
        job.how_map(),
        targets=None if contrast is not None else _targets(job),
        output=job.output,
        contrast=contrast,
        domain="waveform" if job.domain == "waveform" else "spectrogram",
        seed=job.seed,
        watch=watch,
    )
    return Answer(explanation, found)


def _targets(job: Job) -> list[str] | int:
    return job.targets if isinstance(job.targets, int) else list(job.targets)
