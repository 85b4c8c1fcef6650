"""All kinds of edits, by name, and how one is written in a line: ``gain:60-250``, ``tempo@0.8/1.25``."""

from __future__ import annotations

from earmark.errors import SettingError
from earmark.explain_global.editing.edit import Edit
from earmark.registry import Registry

_HOME = "earmark.explain_global.editing"

EDITS: Registry[type[Edit]] = Registry("edit")
EDITS.add("gain", f"{_HOME}.spectral:BandGain", "gain of a band of frequencies, dB (gain:LOW-HIGH in Hz)")
EDITS.add("lowpass", f"{_HOME}.spectral:Lowpass", "only what lies below a frequency, Hz")
EDITS.add("highpass", f"{_HOME}.spectral:Highpass", "only what lies above a frequency, Hz")
EDITS.add("tempo", f"{_HOME}.timing:Tempo", "faster or slower at the same pitch, ratio")
EDITS.add("pitch", f"{_HOME}.timing:Pitch", "higher or lower at the same tempo, semitones")
EDITS.add("speed", f"{_HOME}.timing:Speed", "faster and higher, as a tape, ratio")
EDITS.add("noise", f"{_HOME}.mixing:Noise", "white noise at a signal-to-noise ratio, dB")
EDITS.add("stem_gain", f"{_HOME}.mixing:StemGain", "gain of the harmonic or percussive part, dB (stem_gain:percussive)")


def edit_from(text: str) -> tuple[Edit, tuple[float, ...]]:
    """An edit and its strengths from ``NAME[:TARGET][@A/B/C]``; the neutral strength is always among them.

    Raises
    ------
    UnknownNameError
        If there is no such edit or part.
    SettingError
        If the target or a strength cannot be read or is out of range.

    Examples
    --------
    >>> edit, strengths = edit_from("gain:60-250@-12/6")
    >>> edit.label, strengths
    ('gain 60–250 Hz', (-12.0, 0.0, 6.0))
    """
    head, at, tail = text.partition("@")
    name, colon, target = head.strip().partition(":")
    kind = EDITS.get(name)
    read = getattr(kind, "from_target", None)
    if colon and read is None:
        raise SettingError(f"{name} takes no target", remedy=f"Write {name}, or {name}@STRENGTH/STRENGTH", where=text)
    edit: Edit = read(target) if colon and read is not None else kind()
    try:
        wanted = [float(word) for word in tail.replace("−", "-").split("/")] if at else list(edit.strengths)
    except ValueError:
        raise SettingError(
            f"{tail!r} are no strengths", remedy=f"Write numbers in {edit.unit} with / between: {name}@1/2", where=text
        ) from None
    return edit, checked_strengths(edit, wanted)


def checked_strengths(edit: Edit, strengths: list[float]) -> tuple[float, ...]:
    """In ascending order, once each, with the neutral one.

    Raises
    ------
    SettingError
        If one is out of range, or there is none but the neutral one.
    """
    for strength in strengths:
        edit.check(strength)
    found = tuple(sorted({*strengths, edit.neutral}))
    if len(found) < 2:
        raise SettingError("there is no strength at which it changes something", remedy="Give some", where=edit.name)
    return found
