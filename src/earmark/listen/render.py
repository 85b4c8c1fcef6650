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
from earmark.errors import ExplanationError
from earmark.explain.explanation import Explanation
from earmark.listen.mask import keep_mask, keep_rule


@dataclass(frozen=True, eq=False)
class Listening:
    """Original, kept and removed part of a clip, at its own rate and channels.

    Where the components' fill is silence, kept + removed = original to −80 dBFS.

    Parameters
    ----------
    original : the clip itself, at the same gain.
    kept : the components of the mask.
    removed : all others.
    mask : True for each component that is kept, shape ``(n,)``.
    label : the label that they raise.
    keep : the rule that made the mask.
    gain_db : gain in dB that kept, removed and the original share, so that no version exceeds full scale. 0 as a rule:
        parts of a sound can have higher peaks than the whole.
    original_lufs, kept_lufs, removed_lufs : integrated loudness in LUFS at that gain; −inf where silent.
    """

    original: Clip
    kept: Clip
    removed: Clip
    mask: NDArray[np.bool_]
    label: str
    keep: str
    gain_db: float
    original_lufs: float
    kept_lufs: float
    removed_lufs: float


def listen(
    explanation: Explanation, clip: Clip, *, label: str | int | None = None, keep: str | None = None
) -> Listening:
    """What raises a label's score, as sound.

    The clip is cut again as the explanation says (edges in seconds and Hz), but at its own rate and channels: a
    classifier that heard 16 kHz mono is listened to in the stereo of the file. What lies above the classifier's Nyquist
    frequency, which it never heard, goes with the topmost band or with its stem.

    Parameters
    ----------
    explanation : made from this clip.
    clip : the clip as it was given to ``explain``.
    label : whose attributions; the first target by default.
    keep : "raising", "half" or "top:K", see ``earmark.listen.mask.keep_mask``; by default "raising", or "half" where
        attributions have no direction.

    Raises
    ------
    ExplanationError
        If the explanation belongs to another clip.
    UnknownNameError
        If it has no such label.
    SettingError
        If ``keep`` says nothing known.
    """
    check_same_clip(explanation, clip)
    keep = keep_rule(explanation) if keep is None else keep
    mask = keep_mask(explanation, label, keep)
    recipe = explanation.recipe
    components = kind_from(recipe.components, recipe.component_settings).build(clip, seed=recipe.seed)
    if components.n != len(mask):
        raise ExplanationError(
            f"the clip has {components.n} components, the explanation {len(mask)}",
            remedy="Explain the clip again",
            where=clip.name,
        )
    return play_mask(components, clip, mask, label=explanation.labels[explanation.index(label)], keep=keep)


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


def play_mask(components: Components, clip: Clip, mask: NDArray[np.bool_], *, label: str, keep: str) -> Listening:
    """Kept and removed part of a clip for one mask ``(n,)``; ``components`` must be cut from that very clip."""
    kept, removed = components.render(np.stack((mask, ~mask))).numpy()
    peak = max(float(np.abs(x).max()) for x in (kept, removed, clip.waveform))
    # A hair more than needed, or a product that rounds up would be refused by the writer.
    gain = 1.0 if peak <= 1.0 else (1.0 - 1e-6) / peak
    versions = [replace(clip, waveform=x * np.float32(gain)) for x in (clip.waveform, kept, removed)]
    loudness = [integrated_lufs(version) for version in versions]
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
    )


def check_same_clip(explanation: Explanation, clip: Clip) -> None:
    """That the explanation was made from this clip.

    Raises
    ------
    ExplanationError
        If neither the sound, nor the file and the span in it, is the same.
    """
    facts = explanation.clip
    if clip.fingerprint == facts.fingerprint:
        return
    source = clip.source
    # The same file read by another decoder differs in the last bits, not in its bytes on disk.
    if (
        source is not None
        and source.file_sha256
        and source.file_sha256 == facts.file_sha256
        and abs(source.start_s - facts.start_s) < 1e-6
        and abs(clip.duration_s - facts.duration_s) < 1e-3
    ):
        return
    raise ExplanationError(
        f"the explanation belongs to another sound ({facts.name}, {facts.start_s:g} s on, {facts.duration_s:.2f} s)",
        remedy="Give the clip, and the span of it, that was explained",
        where=clip.name,
    )
