"""Play notes with the samples of a SoundFont: pitch, loop, filter, volume envelope, pan. Deterministic.

The envelope's attack is linear in amplitude, decay and release are linear in dB (SoundFont 2.04, section 9.1.7);
velocity acts as 40 log10(127 / velocity) dB (its default modulator, 8.4.1). Samples are read between their points with
a four-point, third-order Hermite polynomial.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from earmark.audio.demo_score import NoteEvent, Part
from earmark.audio.soundfont import Layer, SoundFont

DRUM_BANK = 128

# A release is followed until it is this far down, but never for longer than this.
_FLOOR_DB = 90.0
_LONGEST_TAIL_S = 2.0
# How fast a choked note falls silent.
_CHOKE_S = 0.01


def play(part: Part, font: SoundFont, sample_rate: int, length_s: float) -> NDArray[np.float32]:
    """All notes of a part, float32 ``(2, samples)`` at ``sample_rate`` Hz; what sounds beyond ``length_s`` is cut."""
    total = np.zeros((2, round(length_s * sample_rate)))
    sounds: dict[tuple[int, int, float], NDArray[np.float64]] = {}
    for note, cut_s in zip(part.notes, _cuts(part, font), strict=True):
        key = (note.pitch, note.velocity, note.duration_s)
        if key not in sounds:
            sounds[key] = _sound(part, note, font, sample_rate)
        sound = sounds[key] if cut_s is None else _cut_off(sounds[key], cut_s, sample_rate)
        start = round(note.start_s * sample_rate)
        space = total[:, start : start + sound.shape[1]]
        space += sound[:, : space.shape[1]]
    return (total * 10 ** (part.gain_db / 20)).astype(np.float32)


def _layers(part: Part, note: NoteEvent, font: SoundFont) -> tuple[Layer, ...]:
    return font.layers(DRUM_BANK if part.is_drum else 0, part.program, note.pitch, note.velocity)


def _cuts(part: Part, font: SoundFont) -> list[float | None]:
    """For each note the seconds after which a later one of its choke group cuts it off."""
    groups = [{layer.choke_group for layer in _layers(part, note, font)} - {0} for note in part.notes]
    cuts: list[float | None] = []
    for note, group in zip(part.notes, groups, strict=True):
        later = [
            other.start_s - note.start_s
            for other, others in zip(part.notes, groups, strict=True)
            if group & others and other.start_s > note.start_s
        ]
        cuts.append(min(later) if later else None)
    return cuts


def _cut_off(sound: NDArray[np.float64], after_s: float, sample_rate: int) -> NDArray[np.float64]:
    stop, fade = round(after_s * sample_rate), round(_CHOKE_S * sample_rate)
    if sound.shape[1] <= stop + fade:
        return sound
    done = sound[:, : stop + fade].copy()
    done[:, stop:] *= np.linspace(1.0, 0.0, fade)
    return done


def _sound(part: Part, note: NoteEvent, font: SoundFont, sample_rate: int) -> NDArray[np.float64]:
    voices = [
        _voice(layer, note, font.samples, sample_rate, struck=part.is_drum) for layer in _layers(part, note, font)
    ]
    mixed = np.zeros((2, max((v.shape[1] for v in voices), default=0)))
    for voice in voices:
        mixed[:, : voice.shape[1]] += voice
    return mixed


def _voice(
    layer: Layer, note: NoteEvent, samples: NDArray[np.int16], sample_rate: int, *, struck: bool
) -> NDArray[np.float64]:
    cents = layer.cents_per_key * (note.pitch - layer.root_key)
    step = layer.sample_rate / sample_rate * 2 ** (cents / 1200)
    tail_s = min(layer.release_s * _FLOOR_DB / 100, _LONGEST_TAIL_S)
    count = round((note.duration_s + tail_s) * sample_rate)
    if struck and not layer.loops:
        # A drum rings out: its note has no end that a player would hear.
        count = round(_LONGEST_TAIL_S * sample_rate)
    if not layer.loops:
        count = min(count, int((layer.end - layer.start - 1) / step))
    held_s = count / sample_rate if struck else note.duration_s
    tone = _read(layer, samples, step, count) * _envelope(layer, held_s, count, sample_rate)
    tone = _low_passed(tone, layer, sample_rate)
    softer_db = layer.attenuation_db + 40 * math.log10(127 / note.velocity)
    angle = (layer.pan + 0.5) * math.pi / 2
    return np.outer([math.cos(angle), math.sin(angle)], tone) * 10 ** (-softer_db / 20)


def _read(layer: Layer, samples: NDArray[np.int16], step: float, count: int) -> NDArray[np.float64]:
    position = layer.start + np.arange(count) * step
    whole = np.floor(position).astype(np.int64)
    t = position - whole
    points = []
    for offset in (-1, 0, 1, 2):
        index = whole + offset
        if layer.loops:
            beyond = index >= layer.loop_end
            length = layer.loop_end - layer.loop_start
            index[beyond] = layer.loop_start + (index[beyond] - layer.loop_start) % length
        else:
            index = np.minimum(index, layer.end - 1)
        points.append(samples[np.maximum(index, layer.start)] / 32768.0)
    before, here, after, later = points
    slope = (after - before) / 2
    curve = before - 2.5 * here + 2 * after - 0.5 * later
    bend = 1.5 * (here - after) + 0.5 * (later - before)
    return np.asarray(((bend * t + curve) * t + slope) * t + here)


def _envelope(layer: Layer, held_s: float, count: int, sample_rate: int) -> NDArray[np.float64]:
    t = np.arange(count) / sample_rate
    rise = np.clip((t - layer.delay_s) / layer.attack_s, 0.0, 1.0)
    falling_s = t - (layer.delay_s + layer.attack_s + layer.hold_s)
    down_db = np.clip(falling_s / layer.decay_s * 100, 0.0, min(layer.sustain_db, 100.0))
    released_s = np.maximum(t - held_s, 0.0)
    # From the end of the note on, what was reached is held and falls from there.
    end = min(count - 1, int(held_s * sample_rate))
    if count:
        rise[end:], down_db[end:] = rise[end], down_db[end]
    return np.asarray(rise * 10 ** (-(down_db + released_s / layer.release_s * 100) / 20))


def _low_passed(tone: NDArray[np.float64], layer: Layer, sample_rate: int) -> NDArray[np.float64]:
    if layer.cutoff_hz >= min(19_000.0, 0.45 * sample_rate) or not tone.size:
        return tone
    # Bristow-Johnson's second-order low-pass; the resonance is the peak's height above a flat response.
    omega = 2 * math.pi * layer.cutoff_hz / sample_rate
    alpha = math.sin(omega) / (2 * 10 ** ((layer.resonance_db - 3.01) / 20))
    cosine = math.cos(omega)
    numerator = np.array([(1 - cosine) / 2, 1 - cosine, (1 - cosine) / 2])
    return np.asarray(lfilter(numerator, [1 + alpha, -2 * cosine, 1 - alpha], tone))
