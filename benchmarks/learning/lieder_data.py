"""Songs for voice and piano: excerpts played from scores, their words, the language of these, folds of song sets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.learning.gtzan_data import FOLDER as GTZAN
from benchmarks.learning.gtzan_data import Floats
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.dataset import Dataset, Item
from earmark.data.lyrics.tokens import folded
from earmark.data.open import open_dataset
from earmark.data.read import read_item
from earmark.data.scorebook.own import build_from_scores
from earmark.data.tables import read_table
from earmark.features.descriptors.analysis import RATE
from earmark.features.descriptors.describe import describe_waveforms
from earmark.features.sounds import mono_sound
from earmark.files import cache_folder, replacing
from earmark.models.audio_encoder import audio_encoder
from earmark.models.prepare import prepare
from earmark.models.text.encoder import new_encoder

SCORES = GTZAN.parent / "lieder"
FOLDS = 4
# General MIDI, counted from 0: parts with words are sung by the choir.
CALLED = {"52": "voice", "0": "piano"}
# Words of which hardly a text of some length has none; what two of the languages have is in neither list.
FUNCTION_WORDS = {
    "German": "und der die das ich nicht ein ist mit du den dem mir zu auf wie sich dich mein im am aber auch",
    "French": "et le les je une est avec il vous pas que qui mon dans pour ses aux ce tout",
    "English": "and the of to i my that is with thy for not thou you it his her thine",
    "Italian": "che di per mi io lo con al mio è della ma sei già",
}


@dataclass(frozen=True, eq=False)
class Songs:
    """Items, what is known of each, and their rows of numbers.

    Parameters
    ----------
    dataset : N excerpts; the artist is the song set, the fold one of ``FOLDS`` of whole sets.
    whole : the words of the whole song of each; those of the excerpt are the item's.
    languages : of the excerpts' words.
    tempos : pulses a minute, as the score has them.
    blocks : rows ``(N, D)`` by name: "musicnn", "descriptors", "sentence" (words sung), "sentence, whole song".
    """

    dataset: Dataset
    whole: tuple[str, ...]
    languages: tuple[str, ...]
    tempos: Floats
    blocks: dict[str, Floats]

    def of(self, places: Sequence[int]) -> Songs:
        """Those songs, in folds of their own."""
        chosen = np.asarray(places, dtype=np.int64)
        blocks = {name: rows[chosen] for name, rows in self.blocks.items()}
        told = [tuple(each[place] for place in chosen) for each in (self.whole, self.languages)]
        return Songs(in_folds(self.dataset.subset(chosen.tolist())), told[0], told[1], self.tempos[chosen], blocks)


def songs() -> Songs:
    """All of them; built in the cache at first use, which takes some minutes."""
    folder = cache_folder() / "lieder"
    if not (folder / "manifest.csv").exists():
        build_from_scores(SCORES, folder, seed=0)
    dataset = in_folds(open_dataset(folder))
    scores = read_table(SCORES / "manifest.csv").rows
    texts = {row["score"]: (SCORES / row["lyrics"]).read_text("utf-8") for row in scores}
    rows = {row["path"]: row for row in read_table(folder / "manifest.csv").rows}
    told = [rows[item.path.relative_to(dataset.root).as_posix()] for item in dataset.items]
    whole = tuple(texts[row["track"]] for row in told)
    blocks = {
        "musicnn": heard(dataset.items),
        "descriptors": described(dataset.items),
        "sentence": read_as_sentences([item.lyrics or "" for item in dataset.items]),
        "sentence, whole song": read_as_sentences(whole),
    }
    tempos = np.array([float(row["tempo_bpm"]) for row in told])
    # Some songs have a translation below: what is sung decides, where it can.
    sung = [language(item.lyrics or "") for item in dataset.items]
    languages = tuple(language(text) if said == "none" else said for said, text in zip(sung, whole, strict=True))
    return Songs(dataset, whole, languages, tempos, blocks)


def heard(items: Sequence[Item], model: str = "musicnn-msd") -> Floats:
    """The tagger's embedding of each item, as a joint model takes it, ``(N, D)``."""
    encoder = audio_encoder(model, device="cpu")

    def one(place: int) -> Floats:
        clip = prepare(read_item(items[place]), encoder.input).clip
        row: Floats = encoder.embed(torch.tensor(clip.waveform).unsqueeze(0))[0].double().numpy()
        return row

    return kept(model, [item.path.read_bytes() for item in items], one)


def described(items: Sequence[Item], descriptors: str = "reference-89") -> Floats:
    """Descriptors of each, ``(N, F)``."""

    def one(place: int) -> Floats:
        row: Floats = describe_waveforms(torch.tensor(mono_sound(items[place], RATE))[None], RATE, descriptors)[0]
        return row

    return kept(descriptors, [item.path.read_bytes() for item in items], one)


def read_as_sentences(texts: Sequence[str]) -> Floats:
    """Sentence embeddings of texts, ``(N, 384)``."""
    encoder = new_encoder("sentence", [])

    def one(place: int) -> Floats:
        row: Floats = encoder.embed([texts[place]])[0].double().numpy()
        return row

    return kept("sentence", [text.encode() for text in texts], one)


def in_folds(dataset: Dataset) -> Dataset:
    """The same with folds: whole song sets, composers in each in their proportion as well as these allow."""
    items = dataset.items
    labels, sets = [item.label for item in items], [item.artist for item in items]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(items, labels, sets)
    dealt: dict[int, str] = {int(place): str(number) for number, (_, out) in enumerate(folds, start=1) for place in out}
    made: list[Item] = [replace(item, fold=dealt[place]) for place, item in enumerate(items)]
    return replace(dataset, items=tuple(made))


def language(text: str) -> str:
    """The language whose function words are most frequent in a text; "none" without any."""
    words = folded(text).split()
    counts = {name: sum(word in set(known.split()) for word in words) for name, known in FUNCTION_WORDS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "none"


def stems_of(item: Item, folder: Path) -> tuple[str, ...]:
    """The stems of an excerpt in a folder: "voice" is all that sings, "piano" all pianos; others keep their names.

    Features of many songs have to be called the same, whatever the scores call their parts. Where one name has several
    parts the file holds their sum, else it is a link.
    """
    root = item.path.parents[2]
    row = next(row for row in read_table(root / "manifest.csv").rows if root / row["path"] == item.path)
    parts: dict[str, list[Path]] = {}
    for name, program in zip(row["stems"].split(";"), row["programs"].split(";"), strict=True):
        parts.setdefault(CALLED.get(program, Path(name).stem), []).append(root / name)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, files in parts.items():
        file = folder / f"{name}.flac"
        file.unlink(missing_ok=True)
        if len(files) == 1:
            file.symlink_to(files[0].resolve())
        else:
            clips = [read(each) for each in files]
            write(replace(clips[0], waveform=np.sum([clip.waveform for clip in clips], axis=0)), file)
        made.append(str(file))
    return tuple(sorted(made, reverse=True))


def kept(name: str, keys: Sequence[bytes], make: Callable[[int], Floats]) -> Floats:
    """Rows ``(N, D)``, one a key; those that were worked out before come from the cache."""
    rows = []
    for place, key in enumerate(keys):
        digest = hashlib.sha256(key + name.encode()).hexdigest()[:20]
        path = cache_folder() / "features" / f"{digest}.npy"
        if not path.exists():
            row = make(place)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary, Path(temporary).open("wb") as file:
                np.save(file, row)
        rows.append(np.load(path))
    found: Floats = np.stack(rows)
    return found
