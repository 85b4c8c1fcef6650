"""How loud the components of a clip are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earmark.components.component import Components
from earmark.components.lyrics import SoundAndText

# Below what 24 bits can hold; silence has no level in dB, and a number is easier to rank than minus infinity.
FLOOR_DB = -150.0
# Rows that are rendered at once.
_ROWS = 8


def component_levels(components: Components) -> NDArray[np.float64]:
    """Level of what is missing when a component is switched off, shape ``(n,)``: dB (full scale), RMS over the clip.

    With any fill: it is the difference between the clip and the clip without the component. At least ``FLOOR_DB``, and
    that for words, which are in no sound.

    Examples
    --------
    >>> from earmark.audio.clip import Clip
    >>> from earmark.components.time import Time
    >>> clip = Clip(np.repeat([0.1, 0.0], 8000), 8000)
    >>> component_levels(Time(n=2, fade_s=0.0).build(clip)).round().tolist()
    [-23.0, -150.0]
    """
    if isinstance(components, SoundAndText):
        heard = np.empty(0) if components.sound is None else component_levels(components.sound)
        return np.concatenate([heard, np.full(components.blocks[1], FLOOR_DB)])
    levels = np.empty(components.n)
    whole = components.clip.waveform
    for first in range(0, components.n, _ROWS):
        rows = min(_ROWS, components.n - first)
        masks = np.ones((rows, components.n))
        masks[np.arange(rows), first + np.arange(rows)] = 0
        missing = whole - components.render(masks).numpy()
        power = np.square(missing, dtype=np.float64).mean(axis=(1, 2))
        levels[first : first + rows] = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return levels
