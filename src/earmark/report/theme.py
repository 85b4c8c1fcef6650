"""Colours of figures on light and on dark ground, and how numbers with a sign are written.

Energy is drawn in magma. Effects are drawn in a diverging map, blue – ground – orange, centred at 0, which readers with
red-green deficiency tell apart; the sign is always there a second time, as hatching and as text. What has no direction
is drawn in one hue, from the ground up to violet.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.colors import LinearSegmentedColormap

from earmark.errors import UnknownNameError

NEGATIVE_HATCH = "////"


@dataclass(frozen=True)
class Theme:
    """Colours of a figure.

    Parameters
    ----------
    ground, ink, muted, line : of the page, text, secondary text, and rules.
    neutral : middle of the diverging map.
    raises, lowers : its ends.
    matters : end of the scale of what has no direction.
    """

    name: str
    ground: str
    ink: str
    muted: str
    line: str
    neutral: str
    raises: str
    lowers: str
    matters: str

    @property
    def diverging(self) -> LinearSegmentedColormap:
        """lowers – neutral – raises."""
        return LinearSegmentedColormap.from_list(f"earmark-{self.name}", [self.lowers, self.neutral, self.raises])

    @property
    def sequential(self) -> LinearSegmentedColormap:
        """neutral – matters."""
        return LinearSegmentedColormap.from_list(f"earmark-{self.name}-one", [self.neutral, self.matters])


LIGHT = Theme("light", "#ffffff", "#1c1e21", "#5c6168", "#c9ccd1", "#f3f3f1", "#c4490b", "#1f63a8", "#6b3fa0")
DARK = Theme("dark", "#16181c", "#e8e9eb", "#a2a7af", "#454a52", "#25282e", "#f08a4b", "#5aa5ea", "#b79af0")
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def theme_of(name: str) -> Theme:
    """The theme "light" or "dark"."""
    if name not in THEMES:
        raise UnknownNameError("theme", name, THEMES)
    return THEMES[name]


def signed(value: float, decimals: int = 3) -> str:
    """A number with its sign, always, and a true minus; what rounds to zero has none.

    Examples
    --------
    >>> signed(0.25), signed(-0.25, 2), signed(-0.0001)
    ('+0.250', '−0.25', '0.000')
    """
    text = f"{value:+.{decimals}f}"
    if float(text) == 0:
        return text[1:]
    return text.replace("-", "−")


def written(value: float, decimals: int = 3, *, directed: bool = True) -> str:
    """As ``signed``; without the plus where there is no direction.

    Examples
    --------
    >>> written(0.25, directed=False), written(-0.25, 2, directed=False)
    ('0.250', '−0.25')
    """
    return signed(value, decimals).removeprefix("" if directed else "+")
