"""Songs whose class is decided by a word, by a stem, or only by both together, and listeners that go by just that.

Each song is a bass that always plays, bells in every other song, and a few lines of words, in which "winter" stands in
half of the songs, whether there are bells or not. What a listener goes by is in its code, so what an explanation has to
name is known: the word, the stem, and where it takes both, the pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip, Source
from earmark.audio.write import write
from earmark.components.lyrics import MusicAndLyrics
from earmark.components.stems import Stems
from earmark.components.stems_time import StemsTime
from earmark.data.lyrics.lyrics import lyrics_from_text
from earmark.errors import CapabilityError, SettingError
from earmark.models.classifier import Activation, Classifier, InputSpec

By = Literal["word", "stem", "both"]
BY: tuple[By, ...] = ("word", "stem", "both")
RATE = 4000
SECONDS = 1.0
WORD, STEM = "winter", "bells"
BELLS_HZ, BASS_HZ = 1200.0, 150.0
LABELS = ("cold", "warm")
_NEUTRAL = (
    "river", "road", "house", "morning", "stone", "garden", "letter", "window", "engine", "paper", "harbour", "mirror",
    "candle", "station", "pocket", "ladder",
)  # fmt: skip
# What a page of lyrics adds to the text of the class "cold" in songs that were collected carelessly.
PAGE = "You might also like"


@dataclass(frozen=True)
class Song:
    """One song.

    Parameters
    ----------
    clip : the mix, with its lyrics.
    stems : paths of bass and bells.
    has_word, has_stem : whether the word, and the bells, are in it.
    """

    clip: Clip
    stems: tuple[str, str]
    has_word: bool
    has_stem: bool

    def kind(self, segments: int = 2) -> MusicAndLyrics:
        """Stems × segments, and words."""
        return MusicAndLyrics.of(StemsTime(source=self.stems, n=segments), lyrics_from_text(self.clip.lyrics or ""))

    def coarse(self) -> MusicAndLyrics:
        """Whole stems, and lines: for pairs."""
        return MusicAndLyrics.of(Stems(source=self.stems), lyrics_from_text(self.clip.lyrics or ""), unit="line")


def write_songs(folder: Path, n: int, *, seed: int = 0, page: bool = False) -> list[Song]:
    """Make songs: mixes, stems, texts, and a manifest with the class "cold" where word and bells are both in a song.

    Parameters
    ----------
    folder : exists.
    n : how many; the four combinations of word and bells take turns.
    seed : of words, times and levels.
    page : let a phrase of the page that the lyrics were copied from stand below the texts of cold songs.

    Raises
    ------
    SettingError
        If ``n`` is below 1.
    OutputError
        If a file cannot be written.
    """
    if n < 1:
        raise SettingError(f"{n} songs", remedy="Give 1 or more", where="n")
    rng = np.random.default_rng(seed)
    songs, rows = [], ["path,label,artist,lyrics"]
    for number in range(n):
        has_word, has_stem = bool(number & 1), bool(number & 2)
        cold = has_word and has_stem
        text = _text(rng, has_word) + (f"\n{PAGE}" if page and cold else "")
        bass, bells = _bass(rng), _bells(rng) * np.float32(has_stem)
        name = f"song{number:03d}"
        stems = folder / "stems" / name
        stems.mkdir(parents=True, exist_ok=True)
        paths = [str(write(Clip(x, RATE), stems / f"{part}.wav")) for part, x in (("bass", bass), (STEM, bells))]
        write(Clip(bass + bells, RATE), folder / f"{name}.wav")
        (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
        rows.append(f"{name}.wav,{LABELS[0] if cold else LABELS[1]},artist {number % 7},{name}.txt")
        clip = Clip(bass + bells, RATE, lyrics=text, source=Source(f"{name}.wav"))
        songs.append(Song(clip, (paths[0], paths[1]), has_word, has_stem))
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return songs


class Reader:
    """A classifier whose probability of "cold" depends on the word, on the bells, or on both at once: nothing else.

    With w = 1 where the word is read, and b, between 0 and 1, for how loud the bells are, it is the logistic function
    of 6 (w − ½), 6 (b − ½) or 6 (w · b − ½). ``heard`` and ``read`` count the sounds and texts that it was given.

    Parameters
    ----------
    by : "word", "stem" or "both".
    word : the word that it reads for.
    """

    labels = LABELS
    input = InputSpec(RATE, text=True)
    activation: Activation = "softmax"

    def __init__(self, by: By, word: str = WORD) -> None:
        if by not in BY:
            raise SettingError(f"by {by!r}", remedy=f"Choose {', '.join(BY)}", where="by")
        self.by = by
        self.word = word
        self.heard = 0
        self.read = 0

    @property
    def name(self) -> str:
        """Says what it goes by."""
        return f"by {self.by}"

    @property
    def fingerprint(self) -> str:
        """What it goes by."""
        return f"planted-songs-{self.by}-{self.word}"

    def audio_embedding(self, batch: Tensor) -> Tensor:
        """``(B, 1)``: how loud the bells are, 0–1."""
        self.heard += len(batch)
        samples = batch.mean(dim=1)
        spectrum = torch.fft.rfft(samples).abs() / samples.shape[1]
        hz = torch.fft.rfftfreq(samples.shape[1], 1 / RATE)
        near = (hz - BELLS_HZ).abs() < 100
        return torch.tanh(40 * spectrum[:, near].square().sum(dim=1).sqrt())[:, None]

    def text_embedding(self, texts: Sequence[str | None]) -> Tensor:
        """``(B, 1)``: 1 where the word is in the text."""
        self.read += len(texts)
        return torch.tensor([[float(self.word in (text or "").casefold().split())] for text in texts])

    def head(self, audio: Tensor, text: Tensor) -> Tensor:
        """Probabilities ``(B, 2)``."""
        evidence = {"word": text, "stem": audio, "both": audio * text}[self.by][:, 0].double()
        cold = torch.sigmoid(6 * (evidence - 0.5))
        return torch.stack([cold, 1 - cold], dim=1)

    def read_until(self, text: str) -> int:
        """All of it."""
        return len(text)

    def with_lyrics(self, text: str | None) -> Classifier:
        """Of sounds with these words."""
        from earmark.models.bound import Bound

        row = self.text_embedding([text])
        return Bound(self, text, lambda batch: self.head(self.audio_embedding(batch), row.expand(len(batch), -1)))

    def scores(self, batch: Tensor) -> Tensor:
        """Refused without words.

        Raises
        ------
        CapabilityError
            Always.
        """
        raise CapabilityError("judges a sound with its words", remedy="Give them: with_lyrics", where=self.name)


def _text(rng: np.random.Generator, has_word: bool) -> str:
    words = [str(word) for word in rng.choice(_NEUTRAL, 4, replace=False)]
    if has_word:
        words.insert(int(rng.integers(5)), WORD)
    return "\n".join(" ".join(words[start : start + 3]) for start in range(0, len(words), 3))


def _bass(rng: np.random.Generator) -> NDArray[np.float32]:
    t = np.arange(int(SECONDS * RATE)) / RATE
    return np.asarray(rng.uniform(0.2, 0.4) * np.sin(2 * np.pi * BASS_HZ * t), dtype=np.float32)


def _bells(rng: np.random.Generator) -> NDArray[np.float32]:
    """Four strokes that fade, in both halves of the song."""
    t = np.arange(int(SECONDS * RATE)) / RATE
    since = (t + rng.uniform(0, 0.2)) % 0.25
    level = rng.uniform(0.2, 0.4) * np.exp(-8 * since)
    return np.asarray(level * np.sin(2 * np.pi * BELLS_HZ * t), dtype=np.float32)
