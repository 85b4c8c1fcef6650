"""An explanation becomes sound: the part of a clip that raises a score, and all the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs
from earmark.components.catalogue import kind_from
from earmark.components.component import Components
from earmark.errors import ExplanationError, SettingError
from earmark.explain.explanation import Explanation
from earmark.explain.game import Watch
from earmark.explain.map import MapExplanation
from earmark.explain.modalities import sound_of
from earmark.listen.belongs import check_heard
from earmark.listen.belongs import check_same_clip as check_same_clip
from earmark.listen.cells import Cells, check_above
from earmark.listen.loudness import shared_lufs
from earmark.listen.mask import check_keep, keep_mask, keep_notes, keep_rule
from earmark.listen.masks import Mask, area_of, make_mask
from earmark.listen.spectral import masked_waveforms


@dataclass(frozen=True, eq=False)
class Listening:
    """Original, kept and removed part of a clip, at its own rate and channels.

    Where the components' fill is silence, and always of a map, kept + removed = original to −80 dBFS.

    Parameters
    ----------
    original : the clip itself, at the same gain.
    kept : what the mask keeps.
    removed : the rest.
    mask : how much of each component is kept, ``(n,)``, or of each cell of a map, ``(bins, frames)``. Of a sound with
        its lyrics, n are the components of the sound.
    label : the label that it is about.
    keep : the rule or the mask that made it.
    gain_db : gain in dB that kept, removed and the original share, so that no version exceeds full scale. 0 as a rule:
        parts of a sound can have higher peaks than the whole.
    original_lufs, kept_lufs, removed_lufs : integrated loudness in LUFS as they are here; −inf where silent.
    match_db : gain in dB that each version (original, kept, removed) has beside that to be as loud as the others; zeros
        unless loudness matching was asked for.
    notes : what the mask had to decide, see ``earmark.listen.masks.Mask``.
    """

    original: Clip
    kept: Clip
    removed: Clip
    mask: NDArray[np.bool_] | NDArray[np.float64]
    label: str
    keep: str
    gain_db: float
    original_lufs: float
    kept_lufs: float
    removed_lufs: float
    match_db: tuple[float, float, float] = (0.0, 0.0, 0.0)
    notes: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        """Share of the components or cells that is kept: the mean of the mask."""
        return float(np.mean(self.mask))


def listen(
    explanation: Explanation | MapExplanation,
    clip: Clip,
    *,
    label: str | int | None = None,
    keep: str | None = None,
    mask: str | None = None,
    above: str = "pass",
    match_loudness: bool = False,
    watch: Watch | None = None,
) -> Listening:
    """What raises a label's score, as sound.

    The clip is cut again as the explanation says (edges in seconds and Hz), but at its own rate and channels: a
    classifier that heard 16 kHz mono is listened to in the stereo of the file. What lies above the classifier's Nyquist
    frequency, which it never heard, goes with the topmost band or with its stem. A gradient map is carried to the
    clip's own STFT (``earmark.listen.spectral``). Where words played along, the sound's half is listened to, and rules
    and masks choose among its components.

    Parameters
    ----------
    explanation : made from this clip: of components, or a map of the spectrogram.
    clip : the clip as it was given to ``explain``.
    label : whose attributions; the first target by default.
    keep : "raising", "half" or "top:K", see ``earmark.listen.mask.keep_mask``; by default "raising", or "half" where
        attributions have no direction. For components only.
    mask : name of a mask in ``earmark.listen.masks.MASKS`` instead, soft ones too, or ``area:PERCENT``. Of a map
        "binary" by default, or "top_30" where its cells have no direction.
    above : of a map: whether what lies above the model's band goes to the kept part ("pass") or to the removed one
        ("mute").
    match_loudness : make all versions equally loud (LUFS, as far as peaks allow); kept + removed is then no longer the
        original.
    watch : progress and cancellation, for maps.

    Raises
    ------
    ExplanationError
        If the explanation belongs to another clip, is of words alone, or a mask is asked of attributions that are all
        zero or not finite.
    AudioError
        If a mask is asked of digital silence.
    UnknownNameError
        If there is no such label or mask.
    SettingError
        If ``keep`` says nothing known, both ``keep`` and ``mask`` are given, or a setting does not fit the explanation.
    """
    check_asked(explanation, keep=keep, mask=mask, above=above)
    check_same_clip(explanation, clip)
    if mask is not None or isinstance(explanation, MapExplanation):
        check_heard(clip)
    if isinstance(explanation, MapExplanation):
        return _listen_map(explanation, clip, label, mask, above, match_loudness, watch)
    explanation = _sound_half(explanation)
    recipe = explanation.recipe
    values: NDArray[np.bool_] | NDArray[np.float64]
    if mask is not None:
        made = make_mask(explanation.values(label), mask)
        values, rule, notes = made.values, mask, made.notes
    else:
        rule = keep_rule(explanation) if keep is None else keep
        values = keep_mask(explanation, label, rule)
        notes = keep_notes(explanation, rule, values)
    components = kind_from(recipe.components, recipe.component_settings).build(clip, seed=recipe.seed)
    if components.n != len(values):
        raise ExplanationError(
            f"the clip has {components.n} components, the explanation {len(values)}",
            remedy="Explain the clip again",
            where=clip.name,
        )
    named = explanation.labels[explanation.index(label)]
    heard = play_mask(components, clip, values, label=named, keep=rule, match_loudness=match_loudness)
    return replace(heard, notes=notes)


def check_asked(
    explanation: Explanation | MapExplanation, *, keep: str | None, mask: str | None, above: str = "pass"
) -> None:
    """That ``listen`` can do as it is asked with this explanation, before any sound is read; raises what it raises."""
    if keep is not None and mask is not None:
        raise SettingError(f"{keep!r} and the mask {mask!r} are two rules", remedy="Choose one of them", where="keep")
    if mask is not None:
        area_of(mask)
    check_above(above)
    if isinstance(explanation, MapExplanation):
        if keep is not None:
            raise SettingError(
                f"{keep!r} chooses components, and a map has cells",
                remedy="Choose a mask, such as top_5",
                where="keep",
            )
        return
    half = _sound_half(explanation)
    if above != "pass":
        raise SettingError(
            "components take with them what the model does not hear",
            remedy="Leave it, or listen to a map of the spectrogram",
            where="above",
        )
    if keep is not None:
        check_keep(half, keep)


def _sound_half(explanation: Explanation) -> Explanation:
    half = sound_of(explanation)
    if half is None:
        raise ExplanationError(
            "it is about words alone, and no part of the sound was switched off",
            remedy="Read its report, or explain a model that listens",
            where=explanation.clip.name,
        )
    return half


def listen_without(
    components: Components, clip: Clip, removed: Sequence[int], *, label: str, keep: str = "counterfactual"
) -> Listening:
    """A clip without some components, and those alone: how a counterfactual sounds.

    Parameters
    ----------
    components : the cut that was explained, on any version of the clip.
    clip : the sound to play, at its own rate and channels.
    removed : indices of the components to take out.
    label : what it is about.
    keep : what made the mask.

    Raises
    ------
    AudioError
        If the clip is another one than was cut.
    """
    mask = np.ones(components.n, dtype=np.bool_)
    mask[list(removed)] = False
    return play_mask(components.on(clip), clip, mask, label=label, keep=keep)


def play_mask(
    components: Components,
    clip: Clip,
    mask: NDArray[np.bool_] | NDArray[np.float64],
    *,
    label: str,
    keep: str,
    match_loudness: bool = False,
) -> Listening:
    """Kept and removed part of a clip for one mask ``(n,)``; ``components`` must be cut from that very clip."""
    kept, removed = components.render(np.stack((mask.astype(np.float64), 1.0 - mask))).numpy()
    return _versions(clip, kept, removed, mask, label, keep, match_loudness)


def default_mask(found: MapExplanation) -> str:
    """The mask of a map where none is named: what speaks for the label, or the strongest 30 %."""
    return "binary" if found.signed else "top_30"


def map_mask(found: MapExplanation, label: str | int | None, name: str) -> Mask:
    """The mask of that name of a map's cells ``(bins, frames)``; raises what ``make_mask`` raises."""
    return make_mask(found.values[found.index(label)], name)


def _listen_map(
    found: MapExplanation,
    clip: Clip,
    label: str | int | None,
    mask: str | None,
    above: str,
    match_loudness: bool,
    watch: Watch | None,
) -> Listening:
    cells = Cells.of_map(found)
    made = map_mask(found, label, default_mask(found) if mask is None else mask)
    kept = masked_waveforms(clip, cells, made.values[np.newaxis], above=above, watch=watch)[0].numpy()
    # The rest itself, so that the two sum to the clip whatever becomes of the frequencies that no cell covers.
    heard = _versions(
        clip, kept, clip.waveform - kept, made.values, found.targets[found.index(label)], made.name, match_loudness
    )
    return replace(heard, notes=made.notes)


def _versions(
    clip: Clip,
    kept: NDArray[np.float32],
    removed: NDArray[np.float32],
    mask: NDArray[np.bool_] | NDArray[np.float64],
    label: str,
    keep: str,
    match_loudness: bool,
) -> Listening:
    peak = max(float(np.abs(x).max()) for x in (kept, removed, clip.waveform))
    # A hair more than needed, or a product that rounds up would be refused by the writer.
    gain = 1.0 if peak <= 1.0 else (1.0 - 1e-6) / peak
    versions = [replace(clip, waveform=x * np.float32(gain)) for x in (clip.waveform, kept, removed)]
    loudness = [integrated_lufs(version) for version in versions]
    match_db = [0.0, 0.0, 0.0]
    if match_loudness:
        shared = shared_lufs(list(zip(versions, loudness, strict=True)))
        match_db = [0.0 if math.isinf(lufs) else shared - lufs for lufs in loudness]
        gains = [np.float32(10 ** (db / 20) * (1.0 - 1e-6)) for db in match_db]
        versions = [replace(clip, waveform=x.waveform * g) for x, g in zip(versions, gains, strict=True)]
        loudness = [lufs + db for lufs, db in zip(loudness, match_db, strict=True)]
    return Listening(
        original=versions[0],
        kept=versions[1],
        removed=versions[2],
        mask=mask,
        label=label,
        keep=keep,
        gain_db=20 * math.log10(gain),
        original_lufs=loudness[0],
        kept_lufs=loudness[1],
        removed_lufs=loudness[2],
        match_db=(match_db[0], match_db[1], match_db[2]),
    )
