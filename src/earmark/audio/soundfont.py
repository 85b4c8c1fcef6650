"""Read a SoundFont 2 bank: which samples play, and how, for a program, key and velocity.

Source: SoundFont Technical Specification 2.04 (E-mu Systems, 2006), chapters 7 to 9. What a layer needs to sound in
tune and in shape is read: sample, loop, root key, tuning, pan, attenuation, low-pass filter, volume envelope.
Modulators, both LFOs, the modulation envelope, chorus and reverb are not.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.errors import AudioError

# Generator numbers (specification 8.1.2).
_KEY_RANGE, _VELOCITY_RANGE, _INSTRUMENT, _SAMPLE = 43, 44, 41, 53
_DEFAULTS = {8: 13500, 33: -12000, 34: -12000, 35: -12000, 36: -12000, 38: -12000, 56: 100, 58: -1}
# These hold in an instrument only; in a preset they mean nothing (8.5).
_INSTRUMENT_ONLY = frozenset({0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58})
_LOOPING = (1, 3)

Generators = dict[int, int]


@dataclass(frozen=True)
class Layer:
    """One sample as it sounds for a note.

    Parameters
    ----------
    start, end, loop_start, loop_end : indices into the bank's samples.
    loops : whether the loop is played.
    sample_rate : of the sample, in Hz.
    root_key : the key, in semitones (fractional), at which the sample plays at its own rate.
    cents_per_key : 100 for an ordinary keyboard, 0 for a fixed pitch.
    pan : from -0.5 (left) to 0.5 (right).
    attenuation_db : dB by which it is softer.
    cutoff_hz, resonance_db : of the low-pass filter.
    delay_s, attack_s, hold_s, decay_s, release_s : the volume envelope; decay and release are the time for 100 dB.
    sustain_db : dB below the peak at which the decay ends.
    choke_group : notes of one group other than 0 cut each other off, as a closed hi-hat does the open one.
    """

    start: int
    end: int
    loop_start: int
    loop_end: int
    loops: bool
    sample_rate: int
    root_key: float
    cents_per_key: int
    pan: float
    attenuation_db: float
    cutoff_hz: float
    resonance_db: float
    delay_s: float
    attack_s: float
    hold_s: float
    decay_s: float
    sustain_db: float
    release_s: float
    choke_group: int


class SoundFont:
    """A SoundFont 2 bank in memory.

    Parameters
    ----------
    path : the .sf2 file.

    Raises
    ------
    AudioError
        If it is missing or no SoundFont 2 bank.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise AudioError(
                f"cannot be read ({error.strerror or error})", remedy="Check the path", where=path
            ) from error
        if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
            raise AudioError("is no SoundFont 2 bank", remedy="Give a .sf2 file", where=path)
        chunks = _chunks(data)
        try:
            self.samples: NDArray[np.int16] = np.frombuffer(chunks["smpl"], dtype="<i2")
            self._headers = list(struct.iter_unpack("<20sIIIIIBbHH", chunks["shdr"]))
            presets = list(struct.iter_unpack("<20sHHHIII", chunks["phdr"]))
            instruments = list(struct.iter_unpack("<20sH", chunks["inst"]))
            preset_zones = _zones([p[3] for p in presets], chunks["pbag"], chunks["pgen"])
            self._instruments = _zones([i[1] for i in instruments], chunks["ibag"], chunks["igen"])
        except (KeyError, struct.error, ValueError) as error:
            raise AudioError("is damaged or breaks off", remedy="Install it again", where=path) from error
        self._presets = {(p[2], p[1]): zones for p, zones in zip(presets, preset_zones, strict=False)}

    def layers(self, bank: int, program: int, key: int, velocity: int) -> tuple[Layer, ...]:
        """The layers that sound for a note; bank 128 is the drum kits.

        Raises
        ------
        AudioError
            If the bank has no such program.
        """
        if (bank, program) not in self._presets:
            raise AudioError(f"has no program {program} in bank {bank}", remedy="Choose another", where=self.path)
        found = []
        for preset_zone in _sounding(self._presets[bank, program], _INSTRUMENT, key, velocity):
            for zone in _sounding(self._instruments[preset_zone[_INSTRUMENT]], _SAMPLE, key, velocity):
                found.append(self._layer(preset_zone, zone))
        return tuple(found)

    def _layer(self, preset: Generators, zone: Generators) -> Layer:
        def value(generator: int) -> int:
            own = zone.get(generator, _DEFAULTS.get(generator, 0))
            return own if generator in _INSTRUMENT_ONLY else own + preset.get(generator, 0)

        def seconds(generator: int) -> float:
            return float(2 ** (value(generator) / 1200))

        _, start, end, loop_start, loop_end, rate, pitch, correction, _, _ = self._headers[zone[_SAMPLE]]
        root = value(58) if value(58) >= 0 else (pitch if pitch < 128 else 60)
        return Layer(
            start=start + value(0) + 32768 * value(4),
            end=end + value(1) + 32768 * value(12),
            loop_start=loop_start + value(2) + 32768 * value(45),
            loop_end=loop_end + value(3) + 32768 * value(50),
            loops=value(54) in _LOOPING and loop_end > loop_start,
            sample_rate=rate,
            root_key=root - value(51) - (value(52) + correction) / 100,
            cents_per_key=value(56),
            pan=max(-500, min(500, value(17))) / 1000,
            # The E-mu hardware, for which banks are made, applies 0.4 of what is written; so do other players.
            attenuation_db=0.4 * max(0, value(48)) / 10,
            cutoff_hz=8.176 * 2 ** (value(8) / 1200),
            resonance_db=value(9) / 10,
            delay_s=seconds(33),
            attack_s=seconds(34),
            hold_s=seconds(35),
            decay_s=seconds(36),
            sustain_db=max(0, value(37)) / 10,
            release_s=seconds(38),
            choke_group=value(57),
        )


def _chunks(data: bytes) -> dict[str, bytes]:
    """The innermost chunks by name; lists are opened."""
    found: dict[str, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"LIST":
            at += 12
            continue
        found[name.decode("latin-1")] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


def _zones(first_bags: list[int], bags: bytes, generators: bytes) -> list[list[Generators]]:
    """For each preset or instrument its zones; the last record of each table only marks the end."""
    first_generators = [bag[0] for bag in struct.iter_unpack("<HH", bags)]
    amounts = list(struct.iter_unpack("<HH", generators))
    zones: list[list[Generators]] = []
    for begin, stop in itertools.pairwise(first_bags):
        owned = []
        for bag in range(begin, stop):
            entries = amounts[first_generators[bag] : first_generators[bag + 1]]
            owned.append({number: _amount(number, amount) for number, amount in entries})
        zones.append(owned)
    return zones


def _amount(generator: int, amount: int) -> int:
    if generator in (_KEY_RANGE, _VELOCITY_RANGE, _INSTRUMENT, _SAMPLE):
        return amount
    return amount - 65536 if amount >= 32768 else amount


def _sounding(zones: list[Generators], target: int, key: int, velocity: int) -> list[Generators]:
    """The zones that answer to the note, with the global zone's settings beneath their own."""
    beneath: Generators = zones[0] if zones and target not in zones[0] else {}
    merged = [{**beneath, **zone} for zone in zones if target in zone]
    return [z for z in merged if _inside(z.get(_KEY_RANGE), key) and _inside(z.get(_VELOCITY_RANGE), velocity)]


def _inside(packed: int | None, value: int) -> bool:
    return packed is None or packed & 0xFF <= value <= packed >> 8
