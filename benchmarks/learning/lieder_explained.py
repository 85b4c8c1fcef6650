"""Songs for voice and piano explained: voice and piano × time and lines, put together by composer."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.learning.gtzan_data import Floats
from benchmarks.learning.judge import row
from benchmarks.learning.lieder_data import Songs, songs, stems_of
from benchmarks.learning.lieder_heads import heads
from benchmarks.record import Benchmark, Row
from earmark.components.lyrics import MusicAndLyrics
from earmark.components.stems_time import StemsTime
from earmark.data.dataset import Item
from earmark.data.lyrics.read import read_lyrics
from earmark.data.read import read_item
from earmark.data.split import Split
from earmark.data.splits import split_folds
from earmark.explain.explanation import Explanation
from earmark.explain.run import explain
from earmark.explain.shapley import Shapley
from earmark.explain_global.aggregate.importance import aggregate
from earmark.explain_global.aggregate.table import Known, collect
from earmark.models.audio_encoder import audio_encoder
from earmark.models.bundle import save_bundle
from earmark.models.card import Card
from earmark.models.joint import JointClassifier, joint_bundle
from earmark.models.text.encoder import new_encoder
from earmark.models.zoo.joint import JOINT
from earmark.training.material import targets_of
from earmark.training.scores import Judged

PER_COMPOSER, SEGMENTS, LEAST = 10, 2, 3
HALVES = ("voice", "piano", "words")


def run(keep: Path | None = None) -> Benchmark:
    """Explain test songs of each composer, and what they say together; bundle and explanations are kept where asked."""
    with tempfile.TemporaryDirectory() as other:
        folder = keep or Path(other)
        data = songs()
        split = split_folds(data.dataset, by="artist", seed=0)[0]
        classifier, judged = joint_model(data, split, folder / "joint")
        chosen = some_of_each([data.dataset.items[place] for place in split.test], PER_COMPOSER)
        files = [explained(item, classifier, folder) for item in chosen]
        known = {item.path.name: Known(item.label, item.artist) for item in chosen}
        table = collect(files, folder / "evidence.parquet", known=known, segments=SEGMENTS).path
        found = aggregate([table], of="truth", least=LEAST)
        every = [Explanation.load(file) for file in files]
    rows = [row("the model on the songs left out", judged)]
    sizes = np.array([sizes_of(each, item.label) for each, item in zip(every, chosen, strict=True)])
    groups = [str(item.artist) for item in chosen]
    for number, name in enumerate(HALVES):
        rows.append(Row(f"{name}: part of the sizes of all effects", "", interval(sizes[:, number], groups)))
    for label in found.labels:
        for each in found.top(label, 2):
            known_ends = np.isfinite(each.low)
            note = f"in {each.count} of {found.explanations[label]} songs" + ("" if known_ends else ", of one set")
            name = f"{label}: {each.feature.name}"
            rows.append(
                Row(name, "of probability", (each.mean, each.low, each.high) if known_ends else (each.mean,), note=note)
            )
    flags = (f"{'Distrust' if flag.raised else 'Looked for, not found'}: {flag.sentence}." for flag in found.flags)
    setup = (
        f"One joint model (musicnn-msd, sentence) of the first of the folds above; {len(chosen)} songs left out, at "
        f"most {PER_COMPOSER} a composer, explained for their true composer: voice and piano (stems from files) × "
        f"{SEGMENTS} parts of 7.5 s, and each line; {_exact(every)}. Then what counts for each "
        "composer: the two features that come first, with the mean effect and its 95 % interval (bootstrap over song "
        f"sets, of so few too narrow). Features in fewer than {LEAST} songs of a composer are not ranked. "
        "Lines occur once, so none is. What is missing to 1 are other instruments. " + " ".join(flags)
    ).rstrip()
    return Benchmark("lieder_explained", "What composers are told by, by the joint model", setup, tuple(rows))


def joint_model(data: Songs, split: Split, folder: Path) -> tuple[JointClassifier, Judged]:
    """The joint model of a split, its bundle in a folder; and what it says about the songs left out."""
    labels, truth = data.dataset.labels, targets_of(data.dataset, data.dataset.labels)
    known = np.array([item.lyrics is not None for item in data.dataset.items])
    made = heads(data.blocks["musicnn"], data.blocks["sentence"], known, truth, split, len(labels))
    audio, text = audio_encoder("musicnn-msd", device="cpu"), new_encoder("sentence", [])
    card = Card("lieder", JOINT.architecture, dict(JOINT.settings), labels, "softmax")
    bundle = joint_bundle(card, audio, text, made.network)
    written = save_bundle(bundle, folder)
    groups = data.dataset.groups("artist")
    test = list(split.test)
    judged = Judged(labels, truth[test], made.said["joint"], tuple(groups[place] for place in test))
    return JointClassifier(written, audio, text, made.network), judged


def explained(item: Item, classifier: JointClassifier, folder: Path) -> Path:
    """The explanation of one song for its composer, as a file; one that is there is not made again."""
    place = folder / "line" / item.path.stem / "explanation.json"
    if not place.exists():
        kind = StemsTime(source=stems_of(item, folder / "stems" / item.path.stem), n=SEGMENTS)
        lyrics = read_lyrics(item.path.with_suffix(".lrc"))
        both = MusicAndLyrics.of(kind, lyrics, unit="line")
        why = explain(read_item(item), classifier, both, Shapley(), targets=[item.label])
        place.parent.mkdir(parents=True, exist_ok=True)
        why.save(place)
    return place


def some_of_each(items: Sequence[Item], most: int) -> list[Item]:
    """So many of each class at most, from as many song sets as there are, of those with words and two stems."""
    found: list[Item] = []
    for label in sorted({item.label for item in items}):
        its = [item for item in items if item.label == label and item.path.with_suffix(".lrc").exists()]
        seen: dict[str | None, int] = {}
        turn = []
        for item in its:
            seen[item.artist] = seen.get(item.artist, 0) + 1
            turn.append(seen[item.artist])
        found += [item for _, item in sorted(zip(turn, its, strict=True), key=lambda pair: pair[0])][:most]
    return found


def _exact(every: Sequence[Explanation]) -> str:
    exact = sum(why.exact for why in every)
    return "exact Shapley values" if exact == len(every) else f"Shapley values, exact for {exact} of {len(every)} songs"


def sizes_of(why: Explanation, label: str) -> Floats:
    """Shares of voice, piano and words in the sum of |effect| on a label."""
    sizes = np.abs(why.attributions[why.labels.index(label)])
    named = np.array(["words" if each.word is not None else str(each.stem) for each in why.components])
    found: Floats = np.array([sizes[named == name].sum() for name in HALVES]) / sizes.sum()
    return found


def interval(values: Floats, groups: Sequence[str], *, draws: int = 1000, seed: int = 0) -> tuple[float, float, float]:
    """Mean and the ends of its 95 % bootstrap interval over groups."""
    names, where = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(where, values), np.bincount(where)
    weights = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    low, high = np.quantile((weights @ sums) / (weights @ counts), (0.025, 0.975))
    return float(values.mean()), float(low), float(high)
