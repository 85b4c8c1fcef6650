"""Where the slices of a clip lie: equally long windows of frames, side by side, from the clip's start."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from earmark.errors import AudioError
from earmark.models.classifier import FrontEnd, Patch


class PaddedFrontEnd(FrontEnd, Protocol):
    """A front end that says how it pads, and can be told that the waveform is padded already."""

    @property
    def center(self) -> bool:
        """Whether frame t is centred at ``t * hop_length``; it starts there otherwise."""
        ...

    @property
    def pad_mode(self) -> str:
        """How a centred waveform is extended: "reflect" or "constant"."""
        ...

    def without_padding(self, waveform: Tensor) -> Tensor:
        """As calling it, for a waveform that is padded already: frame t starts at sample ``t * hop_length``."""
        ...


class Slicing:
    """Slices of ``frames`` frames. Only full ones count: what is left over at the end of a clip is not heard.

    Parameters
    ----------
    front_end : waveform → spectrogram.
    frames : of a slice.
    name : of the classifier, for messages.
    """

    def __init__(self, front_end: PaddedFrontEnd, frames: int, name: str) -> None:
        self.front_end, self.frames, self.name = front_end, frames, name
        half = front_end.n_fft // 2
        # Samples that frame t reads before and after sample t * hop.
        self._before, self._after = (half, half) if front_end.center else (0, front_end.n_fft)
        self._beyond = 0 if front_end.center else front_end.n_fft

    @property
    def shortest(self) -> int:
        """Samples of the shortest sound with one slice."""
        return (self.frames - 1) * self.front_end.hop_length + self._beyond

    def count(self, samples: int) -> int:
        """Slices in so many samples.

        Raises
        ------
        AudioError
            If there is none.
        """
        count = ((samples - self._beyond) // self.front_end.hop_length + 1) // self.frames
        if count < 1:
            rate = self.front_end.sample_rate
            raise AudioError(
                f"the sound lasts {samples / rate:.2f} s, {self.name} needs at least {self.shortest / rate:.2f} s",
                remedy="Use a longer sound",
                where=self.name,
            )
        return count

    def spectrograms(self, batch: Tensor) -> Tensor:
        """Spectrograms ``(B, slices, bins, frames)`` of waveforms ``(B, 1, samples)``.

        Raises
        ------
        AudioError
            If they are shorter than one slice.
        """
        count = self.count(batch.shape[-1])
        spectrogram = self.front_end(batch)[:, :, : count * self.frames]
        return spectrogram.reshape(len(batch), -1, count, self.frames).transpose(1, 2)

    def patches(self, samples: int) -> tuple[Patch, ...]:
        """The slices of a clip of that many samples, in time order, side by side from its start to its end.

        The last one stands for what is left over as well, although the model does not hear it.

        Raises
        ------
        AudioError
            If the clip is shorter than one slice.
        """
        rate, hop, frames = self.front_end.sample_rate, self.front_end.hop_length, self.frames
        count = self.count(samples)
        # The border between two slices is halfway between the centres of two frames.
        centre = (self._after - self._before) / 2
        borders = [((index * frames - 0.5) * hop + centre) / rate for index in range(1, count)]
        borders_s = [0.0, *borders, samples / rate]
        made = []
        for index in range(count):
            first = index * frames
            start, stop = first * hop - self._before, (first + frames - 1) * hop + self._after
            made.append(
                Patch(
                    start_s=borders_s[index],
                    end_s=borders_s[index + 1],
                    start=max(0, start),
                    stop=min(samples, stop),
                    pad_left=max(0, -start),
                    pad_right=max(0, stop - samples),
                    first_frame=first,
                    frames=frames,
                )
            )
        return tuple(made)

    def patch_spectrograms(self, batch: Tensor, patch: Patch) -> Tensor:
        """Spectrograms ``(B, bins, frames)`` of one slice, from waveforms ``(B, 1, patch.stop - patch.start)``.

        Raises
        ------
        AudioError
            If the waveforms are not those samples.
        """
        if batch.shape[-1] != patch.stop - patch.start:
            raise AudioError(
                f"{batch.shape[-1]} samples instead of the patch's {patch.stop - patch.start}",
                remedy="Give it samples patch.start to patch.stop",
                where=self.name,
            )
        if patch.pad_left or patch.pad_right:
            # A clip is extended as its front end does, and both ends of a clip lie inside one slice each.
            batch = nn.functional.pad(batch, (patch.pad_left, patch.pad_right), mode=self.front_end.pad_mode)
        return self.front_end.without_padding(batch)
