"""The planted cases, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.registry import Registry

if TYPE_CHECKING:
    from earmark.metrics.planted.case import Case

_ROOM = "earmark.metrics.planted"

PLANTED: Registry[type[Case]] = Registry("planted case")
PLANTED.add("noiseless", f"{_ROOM}.tones:Noiseless", "a burst in one cell of the grid, heard by a closed-form detector")
PLANTED.add("band", f"{_ROOM}.tones:Band", "a steady tone in one band tells the class, among other tones and noise")
PLANTED.add("span", f"{_ROOM}.tones:Span", "a sweep, rising or falling, tells the class")
PLANTED.add("cell", f"{_ROOM}.tones:Cell", "a burst in one band at one time tells the class")
PLANTED.add("both", f"{_ROOM}.tones:Both", "a steady tone and a burst elsewhere tell the class, each alone is enough")
PLANTED.add("stem", f"{_ROOM}.mixtures:StemCase", "one stem of a piece of music went through a ring modulator")
PLANTED.add("hum", f"{_ROOM}.shortcuts:Hum", "shortcut: a hum at 15 Hz that nobody hears")
PLANTED.add("codec", f"{_ROOM}.shortcuts:Codec", "shortcut: one class went through a codec that cuts off the treble")
PLANTED.add("click", f"{_ROOM}.shortcuts:Click", "shortcut: a watermark, one click at always the same time")
