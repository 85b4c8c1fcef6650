"""Cutting a long sound into equal slices."""

from __future__ import annotations

from earmark.errors import AudioError, SettingError


def slice_starts(samples: int, length: int, hop: int) -> tuple[int, ...]:
    """Where the whole slices of a sound begin; a rest that fills no slice is left out.

    Parameters
    ----------
    samples : length of the sound, in samples or frames.
    length, hop : of a slice and from slice to slice, in the same unit.

    Raises
    ------
    SettingError
        If length or hop is not positive.
    AudioError
        If the sound is shorter than one slice.

    Examples
    --------
    >>> slice_starts(30 * 22050, 3 * 22050, 3 * 22050)
    (0, 66150, 132300, 198450, 264600, 330750, 396900, 463050, 529200, 595350)
    >>> slice_starts(10, 4, 3)
    (0, 3, 6)
    """
    if length < 1 or hop < 1:
        raise SettingError(f"slices of {length} every {hop}", remedy="Both must be positive", where="slices")
    if samples < length:
        raise AudioError(
            f"{samples} samples or frames are shorter than one slice of {length}",
            remedy="Leave this sound out, or choose a shorter slice",
        )
    return tuple(range(0, samples - length + 1, hop))
