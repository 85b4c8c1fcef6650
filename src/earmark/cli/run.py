"""One file from sound to results: read, explain, listen, write."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.cli.ask import Answer, ask
from earmark.cli.console import Console
from earmark.cli.job import Job
from earmark.cli.results import all_or_nothing, check_writable
from earmark.cli.words import NONE, sound_and_lyrics
from earmark.errors import UsageError
from earmark.models.classifier import ReadsLyrics

if TYPE_CHECKING:
    from earmark.audio.clip import Clip
    from earmark.explain.explanation import Effect, Explanation
    from earmark.explain.further import Further
    from earmark.listen.render import Listening
    from earmark.metrics.measures import Measures
    from earmark.models.classifier import Classifier

# What each format writes, in the order in which paths are shown.
NAMES = {
    "html": ("report.html",),
    "flac": ("kept.flac", "removed.flac"),
    "json": ("explanation.json",),
    "map": ("map.safetensors",),
    "csv": ("components.csv",),
    "audacity": ("audacity.txt",),
    "raven": ("raven.txt",),
}
INTERACTIONS: dict[str, tuple[str, ...]] = {"json": ("interactions.json",)}
COUNTERFACTUAL = {"flac": ("without.flac", "taken_out.flac"), "json": ("counterfactual.json",)}
MEASURED: dict[str, tuple[str, ...]] = {"json": ("measures.json",)}
EVIDENCE = 5
_CANCELLED = 1e-3  # −60 dB


@dataclass(frozen=True, eq=False)
class Done:
    """One file explained, and what was written; ``silence`` says if a part of the sound is silent, and what helps."""

    file: str
    explanation: Explanation
    written: tuple[Path, ...]
    silence: str = ""
    further: Further | None = None
    measures: Measures | None = None

    @property
    def tags(self) -> list[tuple[str, float]]:
        """The targets and the classifier's score for each; for a contrast the difference that was explained."""
        e = self.explanation
        scores = e.full if e.recipe.contrast else e.scores
        return [(e.labels[i], float(scores[i])) for i in e.targets]

    def evidence(self, label: str, k: int = EVIDENCE) -> tuple[Effect, ...]:
        """The strongest components for a label; those without any effect are none."""
        return tuple(effect for effect in self.explanation.top(k, label) if not effect.none)

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        from earmark.explain.modalities import shares

        exact = self.explanation.exact
        return {
            "file": self.file,
            "top_tags": [{"label": label, "score": score} for label, score in self.tags],
            "evidence": [
                {
                    "label": label,
                    "component": effect.component.label,
                    "value": effect.value,
                    "error": None if math.isnan(effect.error) else effect.error,
                    "sentence": effect.sentence(exact=exact),
                }
                for label, _ in self.tags
                for effect in self.evidence(label)
            ],
            "totals": [
                {"label": label, "stem": stem, "value": value, "error": None if math.isnan(error) else error}
                for label, _ in self.tags
                for stem, value, error in self.explanation.totals(label)
            ],
            "shares": [
                {"label": label, "of": share.name, "part": share.part, "size": share.size, "total": share.total}
                for label, _ in self.tags
                for share in shares(self.explanation, label)
            ],
            "written": [str(path) for path in self.written],
            "explanation": self.explanation.to_dict(),
        } | self._further()

    def _further(self) -> dict[str, Any]:
        pairs, flip = (None, None) if self.further is None else (self.further.pairs, self.further.flip)
        asked = {"interactions": pairs, "counterfactual": flip}
        return {name: answer.to_dict() for name, answer in asked.items() if answer is not None}


def found_document(file: str, folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """For ``--json``: the document of an earlier run, or only where its files are if it kept no explanation.

    Raises
    ------
    ExplanationError
        If the explanation there cannot be read.
    """
    from earmark.explain.explanation import Explanation

    written = tuple(folder / name for name in names if (folder / name).exists())
    kept = folder / NAMES["json"][0]
    if not kept.exists():
        return {"file": file, "written": [str(path) for path in written]}
    return Done(file, Explanation.load(kept), written).document()


def names_of(formats: Sequence[str], job: Job) -> list[str]:
    """File names of the formats; a counterfactual that is not found leaves its sound out."""
    sets: list[dict[str, tuple[str, ...]]] = [NAMES]
    sets += [INTERACTIONS] if job.interactions else []
    sets += [COUNTERFACTUAL] if job.counterfactual else []
    sets += [MEASURED] if job.measure else []
    return [name for each in sets for known, names in each.items() if known in formats for name in names]


def required(names: Sequence[str]) -> list[str]:
    """Those of the file names that are always there once a run is done."""
    return [name for name in names if name not in COUNTERFACTUAL["flac"]]


def finished(folder: Path, names: Sequence[str]) -> bool:
    """Whether a run that would write these files is done in a folder; one of words alone wrote no sound."""
    needed = required(names)
    missing = {name for name in needed if not (folder / name).exists()}
    if not missing:
        return True
    kept = folder / NAMES["json"][0]
    if not missing <= set(NAMES["flac"]) or not kept.exists():
        return False
    from earmark.explain.explanation import Explanation
    from earmark.explain.modalities import sound_of

    return sound_of(Explanation.load(kept)) is None


def explain_file(
    file: str, job: Job, classifier: Classifier, out: Path, formats: Sequence[str], console: Console
) -> Done:
    """Explain one file and write what was found into ``out``.

    Raises
    ------
    EarmarkError
        Whatever is wrong with the file, the settings or the folder; then nothing new is under a final name.
    """
    from earmark.explain.modalities import sound_of
    from earmark.listen.render import listen

    check_writable(out)
    started = time.monotonic()
    clip, lyrics = sound_and_lyrics(file, classifier, job, console)
    unheard = _unheard(clip, classifier)
    if unheard:
        console.say(f"{clip.name}: {unheard}")
    if job.lyrics == NONE and isinstance(classifier, ReadsLyrics):
        classifier = classifier.with_lyrics(None)
    with console.watch(f"explaining {clip.name}") as watch:
        answer = ask(clip, classifier, job, watch, lyrics)
    explanation = answer.explanation
    for step in explanation.clip.conversion:
        console.detail(f"{clip.name}: {step}")
    console.detail(
        f"{clip.name}: {len(explanation.components)} components, {explanation.evaluations} {explanation.unit} "
        f"evaluations in {time.monotonic() - started:.1f} s, seed {job.seed}"
    )
    sound = sound_of(explanation)
    if sound is None:
        _check_silent(formats, job, classifier)
    listening = None if sound is None else listen(explanation, clip)
    measures = _measure(explanation, classifier, clip, console) if job.measure else None
    with all_or_nothing(out) as staging:
        command = job.command(file, out, listens=sound is not None)
        _write(staging, out, answer, clip, classifier, listening, measures, command, formats, console)
        made = {path.name for path in staging.iterdir()}
    names = names_of(formats, job)
    for stale in set(names) - made:
        # Of an earlier run that found a counterfactual: beside these results it would only mislead.
        (out / stale).unlink(missing_ok=True)
    written = tuple(out / name for name in names if name in made)
    silence = "" if listening is None else _silence(explanation, listening, file, out)
    return Done(file, explanation, written, silence, answer.further, measures)


def _check_silent(formats: Sequence[str], job: Job, classifier: Classifier) -> None:
    if set(formats) <= {"flac"}:
        raise UsageError(
            f"{classifier.name} reads words and does not listen: there is no sound to keep or to remove",
            remedy="Choose html, json or csv",
            where="--format",
        )
    if job.measure:
        raise UsageError(
            f"{classifier.name} reads words and does not listen: nothing in the sound could be measured",
            remedy="Leave it out",
            where="--measure",
        )


def _measure(explanation: Explanation, classifier: Classifier, clip: Clip, console: Console) -> Measures:
    from earmark.metrics.catalogue import QUICK
    from earmark.metrics.measure import measure

    with console.watch(f"measuring {clip.name}") as watch:
        return measure(explanation, classifier, clip, metrics=QUICK, watch=watch)


def _unheard(clip: Clip, classifier: Classifier) -> str:
    """Why there is no evidence to find in what the classifier is given; "" where there may be."""
    if not clip.waveform.any():
        return "is digital silence: whatever the model answers, nothing in the sound is evidence for it"
    if classifier.input.channels == 1 and abs(clip.waveform.mean(axis=0)).max() < _CANCELLED * abs(clip.waveform).max():
        return "its channels cancel each other in the mean that the model hears: explain one of them alone"
    return ""


def _silence(explanation: Explanation, listening: Listening, file: str, out: Path) -> str:
    from earmark.report.words import silence_text

    text = silence_text(explanation, listening)
    if not text or not listening.mask.any():
        return text
    words = ("earmark", "listen", str(out / NAMES["json"][0]), file, "--keep", "top:3")
    return f"{text} To hear the strongest by themselves: {shlex.join(words)}"


def _write(
    folder: Path,
    final: Path,
    answer: Answer,
    clip: Clip,
    classifier: Classifier,
    listening: Listening | None,
    measures: Measures | None,
    command: str,
    formats: Sequence[str],
    console: Console,
) -> None:
    from earmark.listen.write import write_listening
    from earmark.report import export

    explanation = answer.explanation
    if "flac" in formats and listening is not None:
        write_listening(listening, folder)
    if "html" in formats:
        from earmark.report.html import write_report  # brings matplotlib, which nothing else here needs
        from earmark.report.masks import REPORT_MASKS

        write_report(
            folder / NAMES["html"][0],
            explanation,
            clip,
            classifier,
            listening=listening,
            command=command,
            found_map=answer.found,
            further=answer.further,
            without=answer.without,
            masks=REPORT_MASKS,
            measures=measures,
            say=lambda text: console.say(f"{final / NAMES['html'][0]}: {text}"),
        )
    if "map" in formats and answer.found is not None:
        answer.found.save(folder / NAMES["map"][0])
    if "csv" in formats:
        export.to_csv(explanation, folder / NAMES["csv"][0])
    if "audacity" in formats:
        export.to_audacity(explanation, folder / NAMES["audacity"][0])
    if "raven" in formats:
        export.to_raven(explanation, folder / NAMES["raven"][0])
    if "json" in formats:
        explanation.save(folder / NAMES["json"][0])
    if "json" in formats and measures is not None:
        measures.save(folder / MEASURED["json"][0])
    _write_further(folder, answer, formats)


def _write_further(folder: Path, answer: Answer, formats: Sequence[str]) -> None:
    from earmark.explain.further import save
    from earmark.listen.write import write_listening

    further = answer.further
    if further is None:
        return
    if "json" in formats and further.pairs is not None:
        save(further.pairs.to_dict(), folder / INTERACTIONS["json"][0])
    if "json" in formats and further.flip is not None:
        save(further.flip.to_dict(), folder / COUNTERFACTUAL["json"][0])
    if "flac" in formats and answer.without is not None:
        write_listening(answer.without, folder, names=("without", "taken_out"))


def tell(done: Done, console: Console) -> None:
    """Print top tags, the strongest evidence in words, and where the results are."""
    from earmark.report.lyrics import beyond_text, excerpt_text, shares_line
    from earmark.report.words import totals_text, trust, unknown_errors

    explanation = done.explanation
    width = max(len(label) for label, _ in done.tags)
    console.data(f"{done.file}: {explanation.model.name}")
    for label, score in done.tags:
        console.data(f"  {label:<{width}}  {score:6.3f}  {bar(score)}".rstrip())
    for label, _ in done.tags:
        effects = done.evidence(label)
        console.data(f"evidence for {label}:" if effects else f"evidence for {label}: none of the components matters")
        for effect in effects:
            console.data(f"  {effect.sentence(exact=explanation.exact)}")
        totals = totals_text(explanation, label)
        if effects and totals:
            console.data(f"  in all: {totals}")
        parts = shares_line(explanation, label)
        if effects and parts:
            console.data(f"  of all that counts: {parts}")
    for note in (excerpt_text(explanation), beyond_text(explanation)):
        if note:
            console.say(note)
    if done.further is not None:
        _tell_further(done.further, console)
    if done.measures is not None:
        console.data(f"measured: {done.measures.trust.sentence}")
    if not explanation.perturbed:
        (console.detail if explanation.converged else console.say)(trust(explanation))
    elif unknown_errors(explanation):
        console.say(unknown_errors(explanation))
    elif not explanation.converged:
        console.say("the estimate has not settled: allow more with --samples before relying on the order")
    if done.silence and any(path.name in NAMES["html"] + NAMES["flac"] for path in done.written):
        console.say(done.silence)
    for path in done.written:
        console.data(str(path))


def _tell_further(further: Further, console: Console) -> None:
    pairs = further.pairs
    for label in () if pairs is None else pairs.labels:
        found = pairs.strongest(label, EVIDENCE) if pairs is not None else ()
        console.data(f"pairs for {label}:" if found else f"pairs for {label}: none does anything of its own")
        for pair in found:
            error = "" if pairs is None or pairs.exact else f" ± {pair.error:.2g}"
            size = f"{pair.value:+.3g}{error}".replace("-", "−").replace("± nan", "(error unknown)")
            console.data(f"  {pair.first.label} and {pair.second.label}: {size}")
    if further.flip is not None:
        console.data(further.flip.sentence)


def bar(score: float, width: int = 20) -> str:
    """A score from 0 to 1 as a bar of blocks."""
    return "█" * round(max(0.0, min(1.0, score)) * width)
