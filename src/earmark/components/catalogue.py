"""The kinds of components and the fills, by name; and the way back from the settings in an explanation to the kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from earmark.errors import SettingError, UnknownNameError
from earmark.registry import Registry

if TYPE_CHECKING:
    from earmark.components.component import ComponentKind
    from earmark.components.fill import Fill

COMPONENTS: Registry[type[ComponentKind]] = Registry("kind of components")
COMPONENTS.add("time", "earmark.components.time:Time", "segments of time")
COMPONENTS.add("bands", "earmark.components.bands:Bands", "frequency bands, mel- or octave-spaced")
COMPONENTS.add("grid", "earmark.components.grid:Grid", "segments of time × frequency bands")
COMPONENTS.add("stems", "earmark.components.stems:Stems", "harmonic and percussive part, Demucs, or your stem files")
COMPONENTS.add("stems_time", "earmark.components.stems_time:StemsTime", "stems × segments of time")
COMPONENTS.add("beats", "earmark.components.beats:Beats", "groups of beats, or of onsets")
COMPONENTS.add("segments", "earmark.components.segments:Segments", "sections of a piece, by what sounds alike")
COMPONENTS.add(
    "superpixels",
    "earmark.components.superpixels:Superpixels",
    "regions of similar level in the spectrogram",
    extra="images",
)
COMPONENTS.add("nmf", "earmark.components.nmf:Nmf", "recurring sounds, by non-negative matrix factorisation")
COMPONENTS.add("joint", "earmark.components.joint:Joint", "components of several kinds as one set of players")
COMPONENTS.add(
    "lyrics", "earmark.components.lyrics:MusicAndLyrics", "parts of the sound, and words or lines of its text"
)
COMPONENTS.add("refined", "earmark.components.refined:Refined", "another kind, with some components split further")

FILLS: Registry[Fill] = Registry("fill")
FILLS.add("silence", "earmark.components.fill:silence", "nothing; kept and removed part add up to the clip")
FILLS.add("median", "earmark.components.fill:median", "the part's own median per frequency: a steady sound")
FILLS.add("noise_floor", "earmark.components.fill:noise_floor", "noise as loud as the part's quietest moments")


def kind_from(name: str, settings: Mapping[str, Any]) -> ComponentKind:
    """The kind with these settings, as ``Components.kind`` and ``Components.settings`` (or an explanation) give them.

    Raises
    ------
    UnknownNameError
        If no kind, or no setting of it, has that name.
    SettingError
        If a setting is missing or out of range.

    Examples
    --------
    >>> kind_from("time", {"n": 4, "fill": "median"})
    Time(n=4, seconds=None, fill='median', fade_s=0.008, edges_s=None)
    """
    kind = COMPONENTS.get(name)
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    for key in settings:
        if key not in known:
            raise UnknownNameError(f"setting of {name!r} components", key, known)
    try:
        return kind(**settings)
    except TypeError as error:
        raise SettingError(str(error), remedy=f"Settings of {name!r}: {', '.join(known)}", where=name) from error
