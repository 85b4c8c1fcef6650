"""The lyrics of a report, each word or line in the colour of its effect, and what sound and words add up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earmark.data.lyrics.lyrics import Line
from earmark.data.lyrics.tokens import TextUnit
from earmark.explain.explanation import Effect, Explanation
from earmark.explain.modalities import Share, Sheet, has_words, shares, sheet_of
from earmark.report.drawing import decimals_for
from earmark.report.theme import written
from earmark.report.words import direction, percent

# Of the largest effect of a word: less has no colour, and more has its number beside it.
_COLOURED = 0.03
_NUMBERED = 0.3


@dataclass(frozen=True)
class Piece:
    """Some text of a line, with one effect.

    ``kind`` is "raises", "lowers" or "matters", "beyond" what the classifier reads, or "" where nothing is to be said;
    ``strength`` 0–100 of the largest effect of a word; ``mark`` the sign (and number) shown beside it; ``says`` all of
    it in words.
    """

    text: str
    kind: str = ""
    strength: int = 0
    mark: str = ""
    says: str = ""
    unsure: bool = False


@dataclass(frozen=True)
class SheetLine:
    """One line of the lyrics; ``opens`` a stanza; times in seconds and the first as ``0:12.3``, where it is known."""

    pieces: tuple[Piece, ...]
    text: str
    opens: bool
    start_s: float | None
    end_s: float | None
    clock: str


@dataclass(frozen=True)
class LyricSheet:
    """Ready for the template.

    Parameters
    ----------
    lines : in order.
    timed : whether one of them has a time.
    caption : what the colours say.
    notes : what is beyond the classifier's window, and what may not be sung in this part; empty where nothing is.
    """

    lines: tuple[SheetLine, ...]
    timed: bool
    caption: str
    notes: tuple[str, ...]


def lyric_sheet(explanation: Explanation, label: str) -> LyricSheet | None:
    """The lyrics, coloured by what they do to a label; None where no words played along."""
    if not has_words(explanation):
        return None
    sheet = sheet_of(explanation)
    effects = {e.index: e for e in explanation.top(len(explanation.components), label) if e.index >= sheet.first}
    largest = max((abs(e.value) for e in effects.values()), default=0.0)
    decimals = decimals_for(np.array([largest])) + 1
    owner = _owners(sheet, effects)
    lines, at = [], 0
    stanza: int | None = None
    for line in sheet.lyrics.lines:
        if stanza is not None:
            at += 1 if stanza == line.stanza else 2
        opens, stanza = stanza is not None and stanza != line.stanza, line.stanza
        pieces = tuple(
            _piece(line.text[start - at : stop - at], unit, effect, explanation.exact, largest, decimals)
            for start, stop, unit, effect in _cut(owner, at, at + len(line.text))
        )
        start_s, end_s = _times(line)
        lines.append(SheetLine(pieces, line.text, opens, start_s, end_s, "" if start_s is None else clock(start_s)))
        at += len(line.text)
    timed = any(line.start_s is not None for line in lines)
    notes = tuple(note for note in (excerpt_text(explanation), beyond_text(explanation)) if note)
    return LyricSheet(tuple(lines), timed, _caption(explanation, label, sheet, largest, decimals), notes)


def shares_text(explanation: Explanation, label: str | int | None = None) -> str:
    """What sound and words have of all that counts for a label, in words; "" where not both took part."""
    found = shares(explanation, label)
    if not found:
        return ""
    name = explanation.labels[explanation.index(label)]
    sheet = sheet_of(explanation)
    if not sum(share.size for share in found):
        return f"Neither sound nor words matter to {name}."
    exact = explanation.exact
    counts = {"sound": f"{found[0].components} parts", "words": _units(found[1].components, sheet.unit)}
    verbs = {"sound": "has", "words": "have"}
    told = " and ".join(
        f"the {share.name} {verbs[share.name]} {_part(share, exact)} ({counts[share.name]})" for share in found
    )
    decimals = decimals_for(np.array([share.size for share in found])) + 1
    said = f"Of all that counts for {name} (the sizes of the effects, summed), {told}."
    if explanation.signed:
        signs = ", ".join(f"the {share.name} {_signed(share, exact, decimals)}" for share in found)
        said += f" With their signs: {signs}."
    if not exact and any(share.chance > 0.25 * share.size for share in found):
        noise = " and ".join(
            f"{share.chance:.{decimals}f} of the {share.name}’s {share.size:.{decimals}f}" for share in found
        )
        said += f" Of these sizes sampling alone would make {noise}: more evaluations would part them better."
    return said


def shares_line(explanation: Explanation, label: str | int | None = None) -> str:
    """The same in short: ``sound 62 % ± 3.1 %, words 38 % ± 3.1 %``."""
    found = shares(explanation, label)
    if not sum(share.size for share in found):
        return ""
    return ", ".join(f"{share.name} {_part(share, explanation.exact)}" for share in found)


def beyond_text(explanation: Explanation) -> str:
    """What of the lyrics the classifier does not read; "" where it reads all."""
    if not has_words(explanation):
        return ""
    sheet = sheet_of(explanation)
    count = len(sheet.beyond)
    if not count:
        return ""
    plural = "s" if count > 1 else ""
    stand = "stand" if count > 1 else "stands"
    return (
        f"{count} {sheet.unit}{plural} of {count + len(sheet.units)} {stand} behind what {explanation.model.name} "
        "reads (struck out in grey in the report): nothing is known about them, and they can have no effect."
    )


def excerpt_text(explanation: Explanation) -> str:
    """That words of the whole song were read with a part of its sound; "" where they were not."""
    if not has_words(explanation) or not explanation.recipe.component_settings.get("excerpt"):
        return ""
    start_s, end_s = explanation.clip.start_s, explanation.clip.start_s + explanation.clip.duration_s
    lines = len(sheet_of(explanation).lyrics.lines)
    return untimed_text(explanation.model.name, lines, start_s, end_s)


def untimed_text(model: str, lines: int, start_s: float, end_s: float) -> str:
    """That words of a whole song are read with the sound between two times, in seconds."""
    return (
        f"The lyrics have no times: {model} reads all {lines} lines of the song with {start_s:g}–{end_s:g} s of its "
        "sound, also those that are sung elsewhere. Lyrics with times (.lrc) would be cut to the part."
    )


def clock(seconds: float) -> str:
    """``0:12.3``, minutes and seconds.

    Examples
    --------
    >>> clock(72.04), clock(59.97)
    ('1:12.0', '1:00.0')
    """
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def _part(share: Share, exact: bool) -> str:
    return percent(share.part) + ("" if exact or np.isnan(share.part_error) else f" ± {percent(share.part_error)}")


def _signed(share: Share, exact: bool, decimals: int) -> str:
    if exact:
        return written(share.total, decimals)
    known = "(error unknown)" if np.isnan(share.total_error) else f"± {share.total_error:.{decimals}f}"
    return f"{written(share.total, decimals)} {known}"


def _units(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _caption(explanation: Explanation, label: str, sheet: Sheet, largest: float, decimals: int) -> str:
    if explanation.signed:
        verbs = "raises", "lowers"
        if not explanation.perturbed:
            verbs = "speaks for", "speaks against"
        colours = f"+ on orange {verbs[0]} {label}, − on hatched blue {verbs[1]} it"
    else:
        colours = f"The more violet, the more it matters to {label}"
    dotted = "" if explanation.exact else "Dotted: an effect smaller than two standard errors. "
    again = ""
    if any(len(unit.places) > 1 for unit in sheet.units):
        again = f" A {sheet.unit} that comes again was switched off in all its places at once, and has one effect."
    return (
        f"{colours}; full colour is {written(largest, decimals, directed=False)} (a scale of its own). "
        f"{dotted}Numbers stand beside the strongest, and all of them in the table."
        f"{again}"
    )


# Of each place in the text: start, stop, its unit, and the effect (None beyond the window).
_Place = tuple[int, int, TextUnit, Effect | None]


def _owners(sheet: Sheet, effects: dict[int, Effect]) -> list[_Place]:
    read = [(unit, effects.get(sheet.first + number)) for number, unit in enumerate(sheet.units)]
    unread: list[tuple[TextUnit, Effect | None]] = [(unit, None) for unit in sheet.beyond]
    places = [(place.start, place.stop, unit, effect) for unit, effect in (*read, *unread) for place in unit.places]
    return sorted(places, key=lambda place: place[:2])


def _cut(owner: list[_Place], start: int, stop: int) -> list[tuple[int, int, TextUnit | None, Effect | None]]:
    """The characters of a line from ``start`` to ``stop``, in pieces of one unit or none."""
    cut: list[tuple[int, int, TextUnit | None, Effect | None]] = []
    at = start
    for first, last, unit, effect in owner:
        first, last = max(first, start), min(last, stop)
        if first >= last:
            continue
        if first > at:
            cut.append((at, first, None, None))
        cut.append((first, last, unit, effect))
        at = last
    return [*cut, (at, stop, None, None)] if at < stop else cut


def _piece(
    text: str, unit: TextUnit | None, effect: Effect | None, exact: bool, largest: float, decimals: int
) -> Piece:
    if unit is None:
        return Piece(text)
    if effect is None:
        return Piece(text, "beyond", says="behind what the model reads")
    strength = abs(effect.value) / largest if largest else 0.0
    says = effect.sentence(exact=exact)
    told = direction(effect)
    unsure = told.endswith("uncertain")
    if len(unit.places) > 1:
        says += f", in all {len(unit.places)} places together"
    if unsure:
        says += " (uncertain)"
    if effect.none or strength < _COLOURED:
        return Piece(text, says=says)
    kind = "matters" if not effect.signed else "raises" if effect.value > 0 else "lowers"
    sign = "" if not effect.signed else "+" if effect.value > 0 else "−"
    number = written(effect.value, decimals, directed=effect.signed)
    numbered = strength >= _NUMBERED and not unsure
    return Piece(text, kind, round(100 * strength), number if numbered else sign, says, unsure)


def _times(line: Line) -> tuple[float | None, float | None]:
    timed = [word for word in line.words if word.start_s is not None]
    start = line.start_s if line.start_s is not None or not timed else timed[0].start_s
    end = line.end_s if line.end_s is not None or not timed else timed[-1].end_s
    return start, end
