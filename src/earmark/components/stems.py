"""Components that are stems: the instruments or layers of a mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from earmark.audio.clip import Clip
from earmark.components.layered import Layered
from earmark.components.settings import check_cut
from earmark.components.stem_layers import check_source, stem_layers


@dataclass(frozen=True)
class Stems:
    """Cut into stems (audioLIME, Haunschmid, Manilow & Widmer 2020).

    Parameters
    ----------
    source : "hpss" (harmonic and percussive part), "demucs" (extra ``demucs``, with ``weights``), or paths of stem
        files, called after their names.
    fill : registered name of what takes the place of what is off.
    rest : whether what stem files (or Demucs) leave over is a component of its own; None: if it is above −60 dB of
        the clip.
    checksums : sha256 that the files (or the weights) must have, in their order; None takes them as they are.
    weights : path of Demucs' weights, a .safetensors file; none are shipped.

    Raises
    ------
    SettingError, UnknownNameError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> clip = Clip(np.sin(np.arange(8000) / 5) / 2, 16000)
    >>> [c.label for c in Stems().build(clip).table]
    ['harmonic', 'percussive']
    """

    name: ClassVar[str] = "stems"

    source: str | tuple[str, ...] = "hpss"
    fill: str = "silence"
    rest: bool | None = None
    checksums: tuple[str, ...] | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", check_source(self.source, self.weights))
        object.__setattr__(self, "checksums", None if self.checksums is None else tuple(self.checksums))
        check_cut(self.fill)

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip. Stems have no cuts in time: ``snap_s`` changes nothing.

        Raises
        ------
        AudioError
            If a stem file cannot be read or does not belong to the clip.
        """
        stems = stem_layers(self.source, clip, weights=self.weights, rest=self.rest, checksums=self.checksums)
        how = replace(self, rest=stems.rest, checksums=stems.checksums)
        return Layered(how, clip, stems.layers, stems.parts, edges_s=None, fill=self.fill, seed=seed, notes=stems.notes)
