"""Music and words together: the components of a sound and the units of its lyrics as one set of players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.components.catalogue import kind_from
from earmark.components.component import Component, Components
from earmark.components.mask import checked_masks
from earmark.data.lyrics.lyrics import Line, Lyrics, Word, lyrics_from_text
from earmark.data.lyrics.tokens import Repeated, TextUnit, Unit, text_with, tokens
from earmark.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor

# Four stems × ten segments where there are stems (MusicLIME, Sotirou et al. 2024); two without.
AUDIO: Mapping[str, Any] = {"kind": "stems_time"}


@dataclass(frozen=True)
class MusicAndLyrics:
    """Parts of the sound, and words, lines or stanzas of its lyrics, masked together.

    A word that is off is left out of the text; what is heard does not change with it, and the other way round. So the
    players fall into two halves, and whoever asks a classifier that embeds sound and text apart needs each half of a
    mask only once.

    Parameters
    ----------
    audio : the kind of components of the sound, a mapping of ``kind`` (registered name) and its settings; None for
        the words alone.
    unit : "word", "line" or "stanza".
    repeated : "together" makes one player of all places with the same words, "each" one of each place.
    placeholder : stands for what is left out of the text, such as "[MASK]"; by default nothing does.
    lines : the lyrics, as ``document`` gives them; by default those of the clip, without times.
    until : characters of the text that the classifier reads; units behind them are no players. None for all.
    excerpt : whether the sound is a part of the song, of which the lyrics, having no times, are the whole.

    Raises
    ------
    SettingError
        If ``audio`` is no kind with settings.

    Examples
    --------
    >>> clip = Clip(np.zeros(16000), 8000, lyrics="so long\\nso far")
    >>> both = MusicAndLyrics(audio={"kind": "time", "n": 2}, unit="line").build(clip)
    >>> [part.label for part in both.table]
    ['0.0–1.0 s', '1.0–2.0 s', '“so long”', '“so far”']
    >>> both.texts(np.array([[1, 1, 0, 1]]))
    ['so far']
    """

    name: ClassVar[str] = "lyrics"

    audio: Mapping[str, Any] | None = None
    unit: Unit = "word"
    repeated: Repeated = "together"
    placeholder: str = ""
    lines: tuple[Any, ...] | None = None
    until: int | None = None
    excerpt: bool = False

    def __post_init__(self) -> None:
        if self.audio is not None and not isinstance(self.audio.get("kind"), str):
            raise SettingError(
                f"{dict(self.audio)!r} is no kind with settings",
                remedy='Give a mapping like {"kind": "stems_time", "n": 10}, or None for the words alone',
                where="audio",
            )
        if self.lines is not None:
            object.__setattr__(self, "lines", tuple(self.lines))

    @classmethod
    def of(
        cls,
        audio: Any,
        lyrics: Lyrics,
        *,
        unit: Unit = "word",
        repeated: Repeated = "together",
        excerpt: bool = False,
    ) -> MusicAndLyrics:
        """The kind from a kind of audio components (None for none) and lyrics with their times."""
        how = None if audio is None else {"kind": audio.name, **asdict(audio)}
        return cls(how, unit, repeated, lines=document(lyrics), excerpt=excerpt)

    def lyrics(self, clip: Clip | None = None) -> Lyrics:
        """The lyrics: its own, or the clip's.

        Raises
        ------
        SettingError
            If neither has any.
        LyricsError
            If they are no lyrics.
        """
        if self.lines is not None:
            return _lyrics(self.lines)
        if clip is None or clip.lyrics is None:
            raise SettingError("there are no lyrics", remedy="Give them: --lyrics FILE", where="lyrics")
        return lyrics_from_text(clip.lyrics)

    def reads(self, unit: TextUnit) -> bool:
        """Whether the classifier reads a unit in at least one of its places."""
        return self.until is None or unit.places[0].start < self.until

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> SoundAndText:
        """Cut the clip and take the lyrics apart."""
        lyrics = self.lyrics(clip)
        sound = None
        if self.audio is not None:
            settings = {key: value for key, value in self.audio.items() if key != "kind"}
            sound = kind_from(self.audio["kind"], settings).build(clip, snap_s=snap_s, seed=seed)
        return SoundAndText(replace(self, lines=document(lyrics)), clip, sound, lyrics, seed=seed)


class SoundAndText:
    """A clip and its lyrics, cut; see ``earmark.components.component.Components``.

    Parameters
    ----------
    how : complete settings.
    clip : the sound.
    sound : its components; None where the words play alone.
    lyrics : the words.
    seed : of every random draw.

    Raises
    ------
    SettingError
        If all words are behind what the classifier reads.
    """

    def __init__(self, how: MusicAndLyrics, clip: Clip, sound: Components | None, lyrics: Lyrics, *, seed: int) -> None:
        self.how = how
        self.sound = sound
        self.lyrics = lyrics
        self._clip = clip
        self._seed = seed
        every = tokens(lyrics, how.unit, how.repeated)
        self.units = tuple(unit for unit in every if how.reads(unit))
        if not self.units:
            raise SettingError(f"no {how.unit} is within what the classifier reads", remedy="Explain the sound alone")
        self._read = _within(self.units, how.until)
        # What is behind the window must not move up into it when words before it are left out.
        self._text = lyrics.text if how.until is None else lyrics.text[: max(u.places[-1].stop for u in self._read)]
        beyond = len(every) - len(self.units)
        self.notes: tuple[str, ...] = () if sound is None else sound.notes
        if beyond:
            plural = "" if beyond == 1 else "s"
            self.notes += (f"{beyond} {how.unit}{plural} behind what the text side reads: no player{plural}",)

    @property
    def blocks(self) -> tuple[int, int]:
        """How many components the sound has, and how many the text."""
        return (0 if self.sound is None else self.sound.n, len(self.units))

    @property
    def n(self) -> int:
        """Number of components."""
        return sum(self.blocks)

    @property
    def table(self) -> tuple[Component, ...]:
        """First the components of the sound, then the units of the text."""
        return (*(() if self.sound is None else self.sound.table), *(_component(unit) for unit in self.units))

    @property
    def kind(self) -> str:
        """ "lyrics"."""
        return self.how.name

    @property
    def settings(self) -> dict[str, object]:
        """Complete: the cut of the sound, and the lyrics."""
        sound = None if self.sound is None else {"kind": self.sound.kind, **self.sound.settings}
        lines = [list(line) for line in self.how.lines or ()]
        return asdict(self.how) | {"audio": sound, "lines": lines}

    @property
    def linear(self) -> bool:
        """Whether kept and removed part of the sound add up to the clip; without any both are the clip."""
        return self.sound is not None and self.sound.linear

    @property
    def clip(self) -> Clip:
        """The sound."""
        return self._clip

    def render(self, masks: NDArray[np.generic], start: int = 0, stop: int | None = None) -> Tensor:
        """Waveforms ``(B, channels, stop - start)`` of masks ``(B, n)``: words have no part in it."""
        masks = checked_masks(masks, self.n)
        if self.sound is not None:
            return self.sound.render(masks[:, : self.sound.n], start, stop)
        import torch

        whole = torch.from_numpy(self._clip.waveform[:, start:stop].copy())
        return whole.expand(len(masks), -1, -1)

    def texts(self, masks: NDArray[np.generic]) -> list[str]:
        """The text of each mask ``(B, n)``, without the units that are off; all of them give the text itself.

        Else without what stands behind the window, too.
        """
        masks = checked_masks(masks, self.n)
        return [
            text_with(self._text, self._read, [bool(on) for on in row], placeholder=self.how.placeholder)
            if not row.all()
            else self.lyrics.text
            for row in masks[:, self.blocks[0] :]
        ]

    def within(self, until: int) -> SoundAndText:
        """The same, with the units behind the first ``until`` characters of the text as no players."""
        return SoundAndText(replace(self.how, until=until), self._clip, self.sound, self.lyrics, seed=self._seed)

    def overlapping(self, start_s: float, end_s: float) -> NDArray[np.intp]:
        """Components of the sound between two times, in seconds, and all of the text: it is read as a whole."""
        sound, text = self.blocks
        heard = np.empty(0, dtype=np.intp) if self.sound is None else self.sound.overlapping(start_s, end_s)
        return np.concatenate([heard, np.arange(sound, sound + text, dtype=np.intp)])

    def on(self, clip: Clip) -> SoundAndText:
        """The same on another version of the sound."""
        sound = None if self.sound is None else self.sound.on(clip)
        return SoundAndText(self.how, clip, sound, self.lyrics, seed=self._seed)


def document(lyrics: Lyrics) -> tuple[Any, ...]:
    """Lyrics as JSON values: for each line its text, times, stanza, and its words with theirs where they are known."""
    return tuple(
        [
            line.text,
            line.start_s,
            line.end_s,
            line.stanza,
            [[w.text, w.start_s, w.end_s] for w in line.words]
            if any(w.start_s is not None for w in line.words)
            else [],
        ]
        for line in lyrics.lines
    )


def _lyrics(lines: Sequence[Any]) -> Lyrics:
    try:
        return Lyrics(
            tuple(
                Line(
                    text,
                    start_s,
                    end_s,
                    tuple(Word(*word) for word in words) or tuple(Word(word) for word in text.split()),
                    int(stanza),
                )
                for text, start_s, end_s, stanza, words in lines
            )
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingError(
            f"these are no lines of lyrics ({error})", remedy="Give what earmark wrote", where="lines"
        ) from error


def _within(units: Sequence[TextUnit], until: int | None) -> tuple[TextUnit, ...]:
    """The units with those of their places that are read."""
    if until is None:
        return tuple(units)
    return tuple(replace(unit, places=tuple(p for p in unit.places if p.start < until)) for unit in units)


def _component(unit: TextUnit) -> Component:
    # What is sung at several times has no time of its own.
    place = unit.places[0] if len(unit.places) == 1 else None
    start, end = (None, None) if place is None else (place.start_s, place.end_s)
    return Component(word=unit.label, start_s=start, end_s=None if start is None else end)
